//! One file's text and the places in it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A file as it was read: its path as the user would write it, and its text.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    text: String,
    line_starts: OnceLock<Vec<usize>>,
    /// How many characters come before each block of [`BLOCK`] bytes.
    characters: OnceLock<Vec<usize>>,
    adds_enum_values: OnceLock<bool>,
}

/// Columns further from the start of their line than this are counted from the nearest block, so
/// that many places on one long line do not cost its length each.
const BLOCK: usize = 4096;

/// A place in a file. Line and column are 1-based; the column counts Unicode scalar values; the
/// offset is the 0-based byte offset (design.md section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    pub line: usize,
    pub column: usize,
    pub offset: usize,
}

impl Source {
    /// `text` is the whole file, including a byte order mark if it has one, so that offsets are
    /// the file's own.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Source {
            path: path.into(),
            text: text.into(),
            line_starts: OnceLock::new(),
            characters: OnceLock::new(),
            adds_enum_values: OnceLock::new(),
        }
    }

    /// Whether `ALTER TYPE ... ADD VALUE` may stand anywhere in the file, as `ask` tells. Asked for each script
    /// of the file, and answered once.
    pub fn adds_enum_values(&self, ask: impl FnOnce(&str) -> bool) -> bool {
        *self.adds_enum_values.get_or_init(|| ask(&self.text))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of a byte offset. An offset past the end, or inside a character, is moved back to
    /// the nearest place that exists.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset.min(self.text.len()));
        let starts = self.line_starts();
        let line = starts.partition_point(|&start| start <= offset);
        let start = starts[line - 1];
        Position {
            line,
            column: self.characters_between(start, offset) + 1,
            offset,
        }
    }

    /// The bytes of a line (1-based) without its line end. None past the last line.
    pub fn line_range(&self, line: usize) -> Option<Range<usize>> {
        let starts = self.line_starts();
        let start = *starts.get(line.checked_sub(1)?)?;
        let end = starts.get(line).map_or(self.text.len(), |next| next - 1);
        let text = &self.text[start..end];
        Some(start..start + text.strip_suffix('\r').unwrap_or(text).len())
    }

    fn characters_between(&self, start: usize, end: usize) -> usize {
        if end - start < BLOCK {
            return characters(&self.text.as_bytes()[start..end]);
        }
        self.characters_before(end) - self.characters_before(start)
    }

    fn characters_before(&self, offset: usize) -> usize {
        let bytes = self.text.as_bytes();
        let blocks = self.characters.get_or_init(|| {
            let sums = bytes.chunks(BLOCK).scan(0, |sum, block| {
                *sum += characters(block);
                Some(*sum)
            });
            std::iter::once(0).chain(sums).collect()
        });
        let block = offset / BLOCK;
        blocks[block] + characters(&bytes[block * BLOCK..offset])
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            std::iter::once(0)
                .chain(self.text.match_indices('\n').map(|(at, _)| at + 1))
                .collect()
        })
    }
}

/// A character is where no continuation byte is.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn columns_count_characters_and_offsets_count_bytes() {
        let source = Source::new("x.sql", "é;\n  ü x");
        let at = source.position("é;\n  ü ".len());
        assert_eq!((at.line, at.column, at.offset), (2, 5, 9));
    }

    /// A file of a thousand changesets is not looked through a thousand times.
    #[test]
    fn what_each_script_asks_is_answered_once() {
        let source = Source::new("x.sql", "a");
        let asked = std::cell::Cell::new(0);
        for _ in 0..3 {
            let ask = |text: &str| {
                asked.set(asked.get() + 1);
                text == "a"
            };
            assert!(source.adds_enum_values(ask));
        }
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn a_place_past_the_end_is_the_end() {
        let source = Source::new("x.sql", "a\n");
        let at = source.position(99);
        assert_eq!((at.line, at.column, at.offset), (2, 1, 2));
    }

    #[test]
    fn lines_are_given_without_their_ends() {
        let source = Source::new("x.sql", "a\r\n\nbc");
        let line = |line| source.line_range(line).map(|range| &source.text()[range]);
        assert_eq!(line(0), None);
        assert_eq!(line(1), Some("a"));
        assert_eq!(line(2), Some(""));
        assert_eq!(line(3), Some("bc"));
        assert_eq!(line(4), None);
    }

    #[test]
    fn columns_of_a_long_line_are_those_of_a_short_one() {
        let text = format!("x\n{}", "aé€".repeat(5_000));
        let source = Source::new("x.sql", text.clone());
        for offset in [2, 3, 4_096, 8_195, 20_000, text.len()] {
            let offset = text.floor_char_boundary(offset);
            let expected = text[2..offset].chars().count() + 1;
            assert_eq!(source.position(offset).column, expected, "{offset}");
        }
    }
}
