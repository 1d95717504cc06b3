//! Play evolutions: `conf/evolutions/<database>/<number>.sql` with `!Ups` and `!Downs`.
//!
//! Read from playframework/playframework at 059fa10, `persistence/play-jdbc-evolutions`: `EvolutionsApi.scala`,
//! `Evolutions.scala`:
//!
//! - The files 1, 2, 3 ... are read until one is missing; zeros may stand before the number. What comes after a gap
//!   is never run.
//! - A line that matches `^(#|--).*!Ups.*$` without the blanks around it begins the way up, `!Downs` the way down; text
//!   before the first marker is not run. Several parts of one direction are put together. Other lines that begin with `#` are meant as
//!   comments and read as such here.
//! - A text is parted at each single `;`, wherever it stands: in a string, a comment or a body too. `;;` is how a `;` inside a
//!   statement is written; parts that only `;;` separates are one message.
//! - Each statement commits by itself unless `play.evolutions` says `autocommit = false`: then all pending evolutions are one
//!   transaction. `application.conf` tells.

use std::ops::Range;

use super::files::{Rewrite, both_ways, compare_numbers, digits, first_missing, mostly, number};
use super::{Arrangement, Directory, File, Layout, Unit, markers};
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
        let commits = !one_transaction(directory);
        let versions = directory
            .files
            .iter()
            .filter_map(|it| version(&it.relative));
        let missing = first_missing(versions);
        for (index, file) in directory.files.iter().enumerate() {
            let Some(version) = version(&file.relative) else {
                arrangement.skip(index, "Play runs only files named <number>.sql");
                continue;
            };
            if compare_numbers(version, &missing.to_string()).is_gt() || number(version) == "0" {
                arrangement.refuse(
                    index,
                    &format!("Play never runs this file: it counts from 1 and stops at the first missing number, {missing}"),
                );
            }
            let sections = sections(file.source.text(), commits);
            let units = both_ways(index, version, version, sections);
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

/// Whether the configuration says `autocommit = false`, for all databases or one.
fn one_transaction(directory: &Directory) -> bool {
    let mut above = directory.path.ancestors().skip(1).take(3);
    let text = above.find_map(|it| directory.tree.read(&it.join("application.conf")).ok());
    text.unwrap_or_default().lines().any(|line| {
        let line = line.trim();
        let setting = line.find("autocommit").map(|at| &line[at..]);
        let value = setting.and_then(|it| it.split_once(['=', ':']));
        !line.starts_with(['#', '/']) && value.is_some_and(|(_, it)| it.trim() == "false")
    })
}

fn version(relative: &str) -> Option<&str> {
    let stem = relative.strip_suffix(".sql")?;
    (digits(stem) == stem.len() && !stem.is_empty()).then_some(stem)
}

fn marker(line: &str) -> Option<Direction> {
    let line = line.trim();
    if !line.starts_with('#') && !line.starts_with("--") {
        return None;
    }
    if line.contains("!Ups") {
        return Some(Direction::Up);
    }
    line.contains("!Downs").then_some(Direction::Down)
}

/// `commits`: each statement commits by itself.
fn sections(text: &str, commits: bool) -> Vec<(Direction, Script)> {
    let found: Vec<(Direction, Range<usize>)> = markers::lines(text)
        .filter_map(|line| Some((marker(&text[line.clone()])?, line)))
        .collect();
    let mut sections: Vec<(Direction, Script)> = Vec::new();
    for (index, (direction, line)) in found.iter().enumerate() {
        let end = found.get(index + 1).map_or(text.len(), |next| next.1.start);
        for piece in pieces(text, line.end..end) {
            let joined = !commits && sections.iter().any(|(it, _)| it == direction);
            let mode = match commits {
                true => TransactionMode::Message,
                false => TransactionMode::File,
            };
            let script = Script {
                joined,
                transaction: mode,
                message: true,
                ..piece
            };
            sections.push((*direction, script));
        }
    }
    sections
}

/// The parts between single semicolons. A section without any is one empty part.
fn pieces(text: &str, range: Range<usize>) -> Vec<Script> {
    let content = &text[range.clone()];
    let bytes = content.as_bytes();
    let alone = |at: &usize| {
        let before = at.checked_sub(1).map(|it| bytes[it]);
        before != Some(b';') && bytes.get(at + 1) != Some(&b';')
    };
    let ends = markers::lines(content)
        .filter(|line| !content[line.clone()].trim_start().starts_with('#'))
        .flat_map(|line| line.filter(|&at| bytes[at] == b';'))
        .filter(alone)
        .map(|at| range.start + at + 1);
    let mut start = range.start;
    let mut pieces = Vec::new();
    for end in ends.chain([range.end]) {
        if !text[start..end]
            .trim_matches([' ', '\t', '\r', '\n', ';'])
            .is_empty()
        {
            pieces.push(piece(text, start..end));
        }
        start = end;
    }
    if pieces.is_empty() {
        pieces.push(Script::new(range, TransactionMode::Message));
    }
    pieces
}

fn piece(text: &str, range: Range<usize>) -> Script {
    let mut rewrite = Rewrite::new(text, range.clone());
    let content = &text[range.clone()];
    for line in markers::lines(content) {
        if content[line.clone()].trim_start().starts_with('#') {
            rewrite.blank(range.start + line.start..range.start + line.end);
        }
    }
    for (at, _) in content.match_indices(";;") {
        rewrite.put(range.start + at + 1, b' ');
    }
    Script {
        text: rewrite.finish(),
        ..Script::new(range, TransactionMode::Message)
    }
}

#[cfg(test)]
mod tests {
    use super::{marker, sections};
    use crate::project::Direction::{self, Down, Up};
    use crate::project::TransactionMode::{File, Message};

    #[test]
    fn markers_of_all_kinds() {
        for line in [
            "# --- !Ups",
            "# --!Ups",
            "-- --- !Ups",
            "#!Ups",
            "  # --- !Ups\r\n",
        ] {
            assert_eq!(marker(line), Some(Up), "{line}");
        }
        assert_eq!(marker("# -- !Downs"), Some(Down));
        for line in ["# --- !ups", "!Ups", "/* !Ups */"] {
            assert_eq!(marker(line), None, "{line}");
        }
    }

    fn parts(text: &str) -> Vec<(Direction, String)> {
        let parts = sections(text, true).into_iter();
        parts
            .map(|(way, it)| {
                assert_eq!(it.transaction, Message);
                let written = &text[it.range];
                (way, it.text.as_deref().unwrap_or(written).to_string())
            })
            .collect()
    }

    #[test]
    fn hash_lines_are_comments_and_double_semicolons_are_single_ones() {
        let text = "# Users\n# --- !Ups\n# é; è\na;;\nb;;\n# --- !Downs\nc;\n";
        assert_eq!(
            parts(text),
            [
                (Up, "        \na; \nb; \n".to_string()),
                (Down, "c;".to_string())
            ]
        );
    }

    #[test]
    fn a_single_semicolon_ends_a_statement_wherever_it_stands() {
        let text = "# --- !Ups\nf $$ a;; b;; $$;\nc 'd;e';\n# --- !Downs\n";
        let up = |text: &str| (Up, text.to_string());
        assert_eq!(
            parts(text),
            [
                up("f $$ a;  b;  $$;"),
                up("\nc 'd;"),
                up("e';"),
                (Down, String::new())
            ]
        );
    }

    #[test]
    fn without_autocommit_a_direction_is_one_transaction() {
        let text = "# --- !Ups\na;b;\n# --- !Downs\nc;";
        let found: Vec<_> = sections(text, false)
            .into_iter()
            .map(|(way, it)| (way, it.transaction, it.joined))
            .collect();
        assert_eq!(
            found,
            [(Up, File, false), (Up, File, true), (Down, File, false)]
        );
    }
}
