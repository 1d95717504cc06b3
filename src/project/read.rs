//! Reading a file as UTF-8 text, and saying why when it cannot be.

use std::io::ErrorKind;
use std::path::Path;

/// The text of a file. A byte order mark and NUL bytes stay in it, so that offsets are the file's
/// own. The error is a sentence for the user, without the path.
pub fn read(path: &Path) -> Result<String, String> {
    let metadata = path.metadata().map_err(|error| reason(path, &error))?;
    if metadata.is_dir() {
        return Err("is a directory".to_string());
    }
    if !metadata.is_file() {
        // Reading a FIFO or a device could wait for ever.
        return Err("not a regular file".to_string());
    }
    let bytes = std::fs::read(path).map_err(|error| reason(path, &error))?;
    decode(bytes)
}

fn reason(path: &Path, error: &std::io::Error) -> String {
    let dangling = error.kind() == ErrorKind::NotFound && path.symlink_metadata().is_ok();
    if dangling {
        return "cannot be read: a symbolic link whose target does not exist".to_string();
    }
    format!("cannot be read: {}", plain(error))
}

/// An I/O error's message without the number that the standard library adds.
pub fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(at) => text[..at].to_lowercase(),
        None => text,
    }
}

/// The text of a file's bytes, or a sentence for the user that says why it is none.
pub fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if looks_like_utf16(&bytes) {
        return Err("UTF-16; save as UTF-8".to_string());
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = bytes[..offset]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1;
        format!(
            "not valid UTF-8: byte 0x{:02X} on line {line} (byte offset {offset}); save as UTF-8",
            bytes[offset]
        )
    })
}

/// A UTF-16 byte order mark, or a NUL in nearly every second byte of the beginning, which is what
/// UTF-16 without a mark looks like where the text is mostly ASCII.
fn looks_like_utf16(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return true;
    }
    let head = &bytes[..bytes.len().min(1024)];
    let nuls = |start: usize| {
        head.iter()
            .skip(start)
            .step_by(2)
            .filter(|&&b| b == 0)
            .count()
    };
    let units = head.len() / 2;
    let (even, odd) = (nuls(0), nuls(1));
    units >= 4 && even.max(odd) * 10 >= units * 8 && even.min(odd) * 10 <= units
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_byte_order_mark_and_nul_bytes_stay() {
        let text = "\u{feff}select 1;\0";
        assert_eq!(decode(text.as_bytes().to_vec()).as_deref(), Ok(text));
    }

    #[test]
    fn invalid_utf8_is_placed() {
        assert_eq!(
            decode(b"select 1;\n-- caf\xE9\n".to_vec()),
            Err("not valid UTF-8: byte 0xE9 on line 2 (byte offset 16); save as UTF-8".to_string())
        );
    }

    #[test]
    fn a_character_cut_short_at_the_end_is_placed() {
        let error = decode(b"select 'e\xCC".to_vec()).unwrap_err();
        assert!(
            error.contains("byte 0xCC on line 1 (byte offset 9)"),
            "{error}"
        );
    }

    #[test]
    fn utf16_is_named_with_and_without_its_mark() {
        let little: Vec<u8> = "select 1;"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = "select 1;"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let marked: Vec<u8> = [0xFF, 0xFE].into_iter().chain(little.clone()).collect();
        for bytes in [little, big, marked] {
            assert_eq!(decode(bytes), Err("UTF-16; save as UTF-8".to_string()));
        }
    }

    #[test]
    fn a_file_of_nul_bytes_is_not_taken_for_utf16() {
        assert!(decode(vec![0; 64]).is_ok());
        assert!(decode(Vec::new()).is_ok());
    }
}
