//! Where a clause of a statement ends: comma-separated parts at the same depth of parentheses.
//!
//! The parse tree gives only where things start. This walks the bytes, knowing quotes, comments and
//! parentheses, without scanning the statement again.

use std::ops::Range;

/// From `start` to the end of its clause: the next comma or closing parenthesis at the same depth, or
/// the end of the text. Trailing blanks are left out.
pub fn from(text: &str, start: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = start.min(bytes.len());
    let mut depth = 0usize;
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'(' | b'[' => depth += 1,
            b')' | b']' if depth == 0 => break,
            b')' | b']' => depth -= 1,
            b',' | b';' if depth == 0 => break,
            _ => {}
        }
        at = skip(bytes, at);
    }
    trimmed(text, start, at)
}

/// The position after the (qualified, perhaps quoted) name at `at`, with a trailing `*` of old inheritance syntax.
pub fn after_name(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = at;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = quoted(bytes, at),
            b'.' | b'_' | b'$' | b'*' => at += 1,
            byte if byte.is_ascii_alphanumeric() || byte >= 0x80 => at += 1,
            _ => {
                let next = from_end(text, at);
                if next > at && bytes.get(next) == Some(&b'.') {
                    at = from_end(text, next + 1);
                } else {
                    break;
                }
            }
        }
    }
    at.min(bytes.len())
}

/// The comma-separated parts of the text from `start` on, at the depth of `start`.
pub fn parts(text: &str, start: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut at = start;
    loop {
        let part = from(text, at);
        let end = from_end(text, part.end);
        let lead = text[part.clone()].len() - text[part.clone()].trim_start().len();
        parts.push(part.start + lead..part.end);
        if text.as_bytes().get(end) != Some(&b',') {
            return parts;
        }
        at = end + 1;
    }
}

/// The next byte after blanks and comments.
fn from_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = at;
    while at < bytes.len() {
        let next = skip(bytes, at);
        if !bytes[at].is_ascii_whitespace() && next == at + 1 {
            break;
        }
        if matches!(bytes[at], b'\'' | b'"' | b'$') {
            break;
        }
        at = next;
    }
    at
}

fn trimmed(text: &str, start: usize, end: usize) -> Range<usize> {
    let end = text.floor_char_boundary(end);
    let start = text.floor_char_boundary(start);
    start..start + text[start..end].trim_end().len()
}

/// The position after the byte, string, quoted name, dollar quote or comment at `at`.
fn skip(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        b'\'' | b'"' => quoted(bytes, at),
        b'-' if bytes.get(at + 1) == Some(&b'-') => bytes[at..]
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(bytes.len(), |line| at + line),
        b'/' if bytes.get(at + 1) == Some(&b'*') => comment(bytes, at),
        b'$' => dollar_quoted(bytes, at).unwrap_or(at + 1),
        _ => at + 1,
    }
}

fn quoted(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    bytes[at + 1..]
        .iter()
        .position(|&byte| byte == quote)
        .map_or(bytes.len(), |end| at + 1 + end + 1)
}

fn comment(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0usize;
    let mut at = at;
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'/', b'*') => {
                depth += 1;
                at += 2;
            }
            (b'*', b'/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

fn dollar_quoted(bytes: &[u8], at: usize) -> Option<usize> {
    let tag_end = bytes[at + 1..]
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80))?
        + at
        + 1;
    if bytes[tag_end] != b'$' || bytes[at + 1].is_ascii_digit() {
        return None;
    }
    let tag = &bytes[at..=tag_end];
    bytes[tag_end + 1..]
        .windows(tag.len())
        .position(|window| window == tag)
        .map(|end| tag_end + 1 + end + tag.len())
}

#[cfg(test)]
mod tests {
    use super::{from, parts};

    fn cut(text: &str, start: usize) -> &str {
        &text[from(text, start)]
    }

    #[test]
    fn a_clause_ends_at_the_comma_of_its_own_depth() {
        let text = "ALTER TABLE t ADD a numeric(10, 2) DEFAULT 1, ADD b int";
        assert_eq!(cut(text, 14), "ADD a numeric(10, 2) DEFAULT 1");
    }

    #[test]
    fn a_clause_ends_at_the_parenthesis_around_it() {
        let text = "CREATE TABLE t (a int NOT NULL )";
        assert_eq!(cut(text, 22), "NOT NULL");
    }

    #[test]
    fn commas_in_strings_comments_and_dollar_quotes_do_not_count() {
        let text = "a 'x,y' /* , */ $q$ , $q$ \"c,d\" -- ,\n e, f";
        assert_eq!(cut(text, 0), "a 'x,y' /* , */ $q$ , $q$ \"c,d\" -- ,\n e");
    }

    #[test]
    fn a_name_may_be_qualified_and_quoted() {
        for text in ["a.b X", "\"a b\".\"c\" X", "a . b X", "straße X", "t* X"] {
            assert_eq!(&text[super::after_name(text, 0)..], " X", "{text}");
        }
    }

    #[test]
    fn parts_are_trimmed() {
        let text = "ADD a int , DROP b,ADD c text";
        let found: Vec<_> = parts(text, 0).into_iter().map(|r| &text[r]).collect();
        assert_eq!(found, ["ADD a int", "DROP b", "ADD c text"]);
    }

    #[test]
    fn unterminated_text_ends_the_clause() {
        for text in ["'abc", "$x$ abc", "/* abc", "\"", "$", "-- x", "((("] {
            assert_eq!(from(text, 0).end, text.trim_end().len());
            assert_eq!(parts(text, 0).len(), 1);
        }
    }
}
