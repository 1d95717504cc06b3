//! One file's text and the places in it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A file as it was read: its path as the user would write it, and its text.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    text: String,
    line_starts: OnceLock<Vec<usize>>,
}

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
        }
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
            column: self.text[start..offset].chars().count() + 1,
            offset,
        }
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            std::iter::once(0)
                .chain(
                    self.text
                        .bytes()
                        .enumerate()
                        .filter(|&(_, byte)| byte == b'\n')
                        .map(|(at, _)| at + 1),
                )
                .collect()
        })
    }
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

    #[test]
    fn a_place_past_the_end_is_the_end() {
        let source = Source::new("x.sql", "a\n");
        let at = source.position(99);
        assert_eq!((at.line, at.column, at.offset), (2, 1, 2));
    }
}
