//! Play evolutions: `conf/evolutions/<database>/<number>.sql` with `!Ups` and `!Downs`.
//!
//! Play manual, "Managing database evolutions", and the API's defaults:
//!
//! - A line that matches `^(#|--).*!Ups` begins the way up, `!Downs` the way down. Other lines that begin with `#` are
//!   comments; text before the first marker is not run.
//! - `;` ends a statement, `;;` stands for a `;` inside one. Parts that only `;;` separates are one message.
//! - Each statement commits by itself (`autocommit = true` is the default).

use std::ops::Range;

use super::files::{Rewrite, both_ways, compare_numbers, digits, mostly};
use super::{Arrangement, Directory, File, Layout, markers};
use crate::project::{Direction, Script, TransactionMode};

pub struct Play;

impl Layout for Play {
    fn name(&self) -> &'static str {
        "play"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let marked = |file: &File| {
            let text = file.source.text();
            markers::lines(text).any(|line| marker(&text[line]).is_some())
        };
        mostly(directory, |file| version(&file.relative).is_some(), marked)
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some(version) = version(&file.relative) else {
                arrangement.skip(index, "Play runs only files named <number>.sql");
                continue;
            };
            let units = both_ways(index, version, version, sections(file.source.text()));
            arrangement.units.extend(units);
        }
        arrangement
    }

    fn compare(&self, a: &str, b: &str) -> std::cmp::Ordering {
        compare_numbers(a, b)
    }
}

fn version(relative: &str) -> Option<&str> {
    let stem = relative.strip_suffix(".sql")?;
    (digits(stem) == stem.len() && !stem.is_empty()).then_some(stem)
}

fn marker(line: &str) -> Option<Direction> {
    if !line.starts_with('#') && !line.starts_with("--") {
        return None;
    }
    if line.contains("!Ups") {
        return Some(Direction::Up);
    }
    line.contains("!Downs").then_some(Direction::Down)
}

fn sections(text: &str) -> Vec<(Direction, Script)> {
    let found: Vec<(Direction, Range<usize>)> = markers::lines(text)
        .filter_map(|line| Some((marker(&text[line.clone()])?, line)))
        .collect();
    let mut sections = Vec::new();
    for (index, (direction, line)) in found.iter().enumerate() {
        let end = found.get(index + 1).map_or(text.len(), |next| next.1.start);
        sections.push((*direction, section(text, line.end..end)));
    }
    sections
}

fn section(text: &str, range: Range<usize>) -> Script {
    let mut rewrite = Rewrite::new(text, range.clone());
    let content = &text[range.clone()];
    for line in markers::lines(content) {
        if content[line.clone()].trim_start().starts_with('#') {
            rewrite.blank(range.start + line.start..range.start + line.end);
        }
    }
    let mut doubled = false;
    for (at, _) in content.match_indices(";;") {
        doubled = true;
        rewrite.put(range.start + at + 1, b' ');
    }
    let alone = content.replace(";;", "").contains(';');
    let transaction = if doubled && !alone {
        TransactionMode::Message
    } else {
        TransactionMode::None
    };
    Script {
        text: rewrite.finish(),
        ..Script::new(range, transaction)
    }
}

#[cfg(test)]
mod tests {
    use super::{marker, sections};
    use crate::project::Direction::{Down, Up};
    use crate::project::TransactionMode::{Message, None as Alone};

    #[test]
    fn markers_of_all_kinds() {
        for line in ["# --- !Ups", "# --!Ups", "-- --- !Ups", "#!Ups"] {
            assert_eq!(marker(line), Some(Up), "{line}");
        }
        assert_eq!(marker("# -- !Downs"), Some(Down));
        assert_eq!(marker(" # --- !Downs"), None);
        assert_eq!(marker("# --- !ups"), None);
    }

    #[test]
    fn hash_lines_are_comments_and_double_semicolons_are_single_ones() {
        let text = "# Users\n# --- !Ups\n# é\na;;\nb;;\n# --- !Downs\nc;\n";
        let parts = sections(text);
        assert_eq!((parts[0].0, parts[0].1.transaction), (Up, Message));
        assert_eq!(parts[0].1.text.as_deref(), Some("    \na; \nb; \n"));
        assert_eq!((parts[1].0, parts[1].1.transaction), (Down, Alone));
        assert_eq!(parts[1].1.text, None);
    }
}
