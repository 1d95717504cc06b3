//! sql-migrate: `-- +migrate Up` and `-- +migrate Down` sections in files of any name.
//!
//! Read from rubenv/sql-migrate at 1a9ac40: `sqlparse/sqlparse.go` and `migrate.go`:
//!
//! - A marker line begins with exactly `-- +migrate `, then the command and its options between blanks.
//!   Text before the first marker is not looked at.
//! - Each direction of a file runs in a transaction, unless its marker has the option `notransaction`.
//!   Statements are sent one by one; `StatementBegin` to `StatementEnd` is one message.
//! - The number at the beginning of the names gives the order, then the names do.

use std::ops::Range;

use super::files::{both_ways, mostly};
use super::{Arrangement, Directory, File, Layout, markers};
use crate::project::{Direction, Script, TransactionMode, order};

pub struct SqlMigrate;

impl Layout for SqlMigrate {
    fn name(&self) -> &'static str {
        "sql-migrate"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let marked = |file: &File| {
            let text = file.source.text();
            markers::lines(text).any(|line| command(&text[line]).is_some_and(|it| it.0 == "Up"))
        };
        mostly(directory, |file| !file.relative.contains('/'), marked)
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            if file.relative.contains('/') {
                arrangement.skip(index, "sql-migrate does not look into directories");
                continue;
            }
            let text = file.source.text();
            let sections = sections(text);
            if sections.is_empty() {
                arrangement.refuse(
                    index,
                    "sql-migrate refuses this file: it has no `-- +migrate Up` line",
                );
                continue;
            }
            let stem = file.relative.trim_end_matches(".sql");
            let version = order::version(stem).unwrap_or(stem);
            let units = both_ways(index, &file.relative, version, sections);
            arrangement.units.extend(units);
        }
        arrangement
    }
}

/// The command of a marker line and its options.
fn command(line: &str) -> Option<(&str, bool)> {
    let mut words = line.strip_prefix("-- +migrate ")?.split_whitespace();
    let command = words.next()?;
    Some((command, words.any(|option| option == "notransaction")))
}

fn sections(text: &str) -> Vec<(Direction, Script)> {
    let found: Vec<(&str, bool, Range<usize>)> = markers::lines(text)
        .filter_map(|line| {
            let (command, alone) = command(&text[line.clone()])?;
            Some((command, alone, line))
        })
        .collect();
    // The option of one Up marker is that of all: the tool keeps one answer for each direction.
    let alone = |wanted: &str| found.iter().any(|(it, alone, _)| *it == wanted && *alone);
    let (up_alone, down_alone) = (alone("Up"), alone("Down"));
    let mut sections: Vec<(Direction, Script)> = Vec::new();
    let mut direction = None;
    for (index, (command, _, line)) in found.iter().enumerate() {
        match *command {
            "Up" => direction = Some(Direction::Up),
            "Down" => direction = Some(Direction::Down),
            _ => {}
        }
        let Some(direction) = direction else {
            continue;
        };
        let end = found.get(index + 1).map_or(text.len(), |it| it.2.start);
        let alone = match direction {
            Direction::Up => up_alone,
            Direction::Down => down_alone,
        };
        let transaction = match (alone, *command) {
            (false, _) => TransactionMode::File,
            (true, "StatementBegin") => TransactionMode::Message,
            (true, _) => TransactionMode::None,
        };
        let joined = !alone && sections.iter().any(|(it, _)| *it == direction);
        let script = Script {
            joined,
            message: *command == "StatementBegin",
            ..Script::new(line.end..end, transaction)
        };
        sections.push((direction, script));
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::sections;
    use crate::project::Direction::{self, Down, Up};
    use crate::project::TransactionMode::{self, File, None as Alone};

    fn parts(text: &str) -> Vec<(Direction, TransactionMode, &str)> {
        let parts = sections(text).into_iter();
        parts
            .map(|(way, it)| (way, it.transaction, &text[it.range]))
            .collect()
    }

    #[test]
    fn each_direction_has_its_own_option() {
        let text = "/* licence */\n-- +migrate Up notransaction\na;\n-- +migrate Down\nb;\n";
        assert_eq!(parts(text), [(Up, Alone, "a;\n"), (Down, File, "b;\n")]);
    }

    #[test]
    fn only_the_exact_prefix_is_a_marker() {
        for line in [
            "--+migrate Down",
            " -- +migrate Down",
            "-- +Migrate Down",
            "-- +migrate",
        ] {
            let text = format!("-- +migrate Up\na;\n{line}\nb;\n");
            assert_eq!(parts(&text).len(), 1, "{line}");
        }
    }

    #[test]
    fn a_file_without_markers_has_no_sections() {
        assert_eq!(parts("create table a ();"), []);
    }
}
