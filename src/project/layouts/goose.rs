//! goose: `<digits>_<name>.sql` with `-- +goose Up` and `-- +goose Down` sections.
//!
//! Read from pressly/goose at 05b28e6, `internal/sqlparser/parser.go`:
//!
//! - A file name begins with a number and `_`; the number gives the order.
//! - An annotation is a line that begins with `--` (no blank before it) and holds nothing else. Later
//!   versions compare without case.
//! - Statements are sent one by one: a line that ends in `;` ends one. What stands between
//!   `StatementBegin` and `StatementEnd` is one message, with or without a `;` at its end.
//! - A file runs in a transaction, each direction in its own, unless `-- +goose NO TRANSACTION` stands
//!   anywhere in it.
//! - A file without `-- +goose Up` is refused.

use std::ops::Range;

use super::files::{both_ways, compare_numbers, mostly, number, numbered};
use super::{Arrangement, Directory, File, Layout, Unit, markers};
use crate::project::{Direction, Script, TransactionMode};

pub struct Goose;

impl Layout for Goose {
    fn name(&self) -> &'static str {
        "goose"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let marked = |file: &File| {
            let text = file.source.text();
            markers::lines(text).any(|line| annotation(&text[line]) == Some(Annotation::Up))
        };
        mostly(directory, |file| version(&file.relative).is_some(), marked)
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some(version) = version(&file.relative) else {
                arrangement.skip(index, "goose runs only files named <number>_<name>.sql");
                continue;
            };
            let text = file.source.text();
            if !markers::lines(text).any(|line| annotation(&text[line]) == Some(Annotation::Up)) {
                arrangement.refuse(
                    index,
                    "goose refuses this file: it has no `-- +goose Up` line",
                );
            }
            let units = both_ways(index, version, version, sections(text));
            arrangement.units.extend(units);
        }
        arrangement
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(number(&unit.key).to_string())
    }

    fn compare(&self, a: &str, b: &str) -> std::cmp::Ordering {
        compare_numbers(a, b)
    }
}

fn version(relative: &str) -> Option<&str> {
    let (version, _) = numbered(relative.strip_suffix(".sql")?)?;
    (!relative.contains('/')).then_some(version)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Annotation {
    Up,
    Down,
    StatementBegin,
    StatementEnd,
    NoTransaction,
}

fn annotation(line: &str) -> Option<Annotation> {
    let words = line.strip_prefix("--")?.trim();
    let command = words.strip_prefix("+goose").or_else(|| {
        let head = words.get(..6)?;
        head.eq_ignore_ascii_case("+goose").then(|| &words[6..])
    })?;
    [
        ("up", Annotation::Up),
        ("down", Annotation::Down),
        ("statementbegin", Annotation::StatementBegin),
        ("statementend", Annotation::StatementEnd),
        ("no transaction", Annotation::NoTransaction),
    ]
    .into_iter()
    .find(|(name, _)| command.trim().eq_ignore_ascii_case(name))
    .map(|(_, annotation)| annotation)
}

/// The parts of a file in order. What stands before the first annotation is comments, or refused.
fn sections(text: &str) -> Vec<(Direction, Script)> {
    let found: Vec<(Annotation, Range<usize>)> = markers::lines(text)
        .filter_map(|line| Some((annotation(&text[line.clone()])?, line)))
        .collect();
    let in_transaction = !found
        .iter()
        .any(|(annotation, _)| *annotation == Annotation::NoTransaction);
    let mut sections = Vec::new();
    let mut part = Part {
        direction: Direction::Up,
        start: 0,
        block: false,
    };
    for (annotation, line) in found {
        if annotation == Annotation::NoTransaction {
            continue;
        }
        part.close(text, line.start, in_transaction, &mut sections);
        part.start = line.end;
        part.block = annotation == Annotation::StatementBegin;
        match annotation {
            Annotation::Up => part.direction = Direction::Up,
            Annotation::Down => {
                part.direction = Direction::Down;
                sections.push((
                    Direction::Down,
                    Script::new(line.end..line.end, mode(in_transaction, false)),
                ));
            }
            Annotation::StatementBegin | Annotation::StatementEnd | Annotation::NoTransaction => {}
        }
    }
    part.close(text, text.len(), in_transaction, &mut sections);
    let goes_down = |it: &(Direction, Script)| it.0 == Direction::Down && !it.1.range.is_empty();
    if sections.iter().any(goes_down) {
        sections.retain(|(_, script)| !script.range.is_empty());
    }
    sections
}

fn mode(in_transaction: bool, block: bool) -> TransactionMode {
    match (in_transaction, block) {
        (true, _) => TransactionMode::File,
        (false, true) => TransactionMode::Message,
        (false, false) => TransactionMode::None,
    }
}

/// The part that is being read.
struct Part {
    direction: Direction,
    start: usize,
    block: bool,
}

impl Part {
    fn close(
        &self,
        text: &str,
        end: usize,
        in_transaction: bool,
        sections: &mut Vec<(Direction, Script)>,
    ) {
        if text[self.start..end].trim().is_empty() {
            return;
        }
        let before = |(direction, script): &(Direction, Script)| {
            *direction == self.direction && !script.range.is_empty()
        };
        let joined = in_transaction && sections.iter().any(before);
        let script = Script {
            joined,
            message: self.block,
            ..Script::new(self.start..end, mode(in_transaction, self.block))
        };
        sections.push((self.direction, script));
    }
}

#[cfg(test)]
mod tests {
    use super::{Annotation, annotation, sections};
    use crate::project::Direction::{Down, Up};
    use crate::project::TransactionMode::{File, Message, None as Alone};
    use crate::project::{Direction, TransactionMode};

    fn parts(text: &str) -> Vec<(Direction, TransactionMode, bool, &str)> {
        let parts = sections(text).into_iter();
        parts
            .map(|(way, it)| (way, it.transaction, it.joined, &text[it.range]))
            .filter(|(_, _, _, text)| !text.is_empty())
            .collect()
    }

    #[test]
    fn annotations_begin_their_line_and_compare_without_case() {
        for line in ["-- +goose Up", "--+goose up\r\n", "--   +GOOSE UP  "] {
            assert_eq!(annotation(line), Some(Annotation::Up), "{line:?}");
        }
        for line in [
            "  -- +goose Up",
            "-- +goose Upward",
            "-- goose Up",
            "/* +goose Up */",
        ] {
            assert_eq!(annotation(line), None, "{line:?}");
        }
        let opt_out = annotation("-- +goose no transaction");
        assert_eq!(opt_out, Some(Annotation::NoTransaction));
    }

    #[test]
    fn a_block_needs_no_semicolon_and_stays_in_the_transaction() {
        let text = "-- +goose Up\na;\n-- +goose StatementBegin\nb\n-- +goose StatementEnd\nc;\n-- +goose Down\nd;\n";
        assert_eq!(
            parts(text),
            [
                (Up, File, false, "a;\n"),
                (Up, File, true, "b\n"),
                (Up, File, true, "c;\n"),
                (Down, File, false, "d;\n"),
            ]
        );
    }

    #[test]
    fn no_transaction_counts_anywhere_and_for_both_directions() {
        let text = "-- +goose Up\na; b;\n-- +goose StatementBegin\nc; d;\n-- +goose StatementEnd\n-- +goose Down\ne;\n-- +goose NO TRANSACTION\n";
        assert_eq!(
            parts(text),
            [
                (Up, Alone, false, "a; b;\n"),
                (Up, Message, false, "c; d;\n"),
                (Down, Alone, false, "e;\n-- +goose NO TRANSACTION\n"),
            ]
        );
    }
}
