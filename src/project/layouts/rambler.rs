//! rambler: `*.sql` in the order of their names, with `-- rambler up` and `-- rambler down` sections.
//!
//! Read from elwinar/rambler at 0ebb15b (`migration.go`, `service.go`, `driver/postgresql/driver.go`): a line that begins
//! with `-- rambler` ends a section, and begins one if nothing but `up` or `down` follows. What stands before the
//! first is not run. There is no transaction: each section is one message; the down sections run from the last to
//! the first.

use std::cmp::Ordering;
use std::ops::Range;

use super::files::mostly;
use super::{Arrangement, Directory, Layout, Unit, markers};
use crate::project::{Direction, Script, TransactionMode, order};

pub struct Rambler;

const PREFIX: &str = "-- rambler";

impl Layout for Rambler {
    fn name(&self) -> &'static str {
        "rambler"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        mostly(
            directory,
            |file| !file.relative.contains('/'),
            |file| {
                let text = file.source.text();
                markers::lines(text).any(|line| marker(&text[line]) == Some("up"))
            },
        )
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            if file.relative.contains('/') {
                arrangement.skip(index, "rambler does not look into directories");
                continue;
            }
            let text = file.source.text();
            let stem = file.relative.trim_end_matches(".sql");
            let unit = |direction, scripts| Unit {
                file: index,
                key: file.relative.clone(),
                version: order::version(stem).unwrap_or(stem).to_string(),
                direction,
                scripts,
            };
            let up = sections(text, "up");
            let mut down = sections(text, "down");
            down.reverse();
            arrangement.units.push(unit(Direction::Up, up));
            if !down.is_empty() {
                arrangement.units.push(unit(Direction::Down, down));
            }
        }
        arrangement
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        a.cmp(b)
    }
}

/// What follows the prefix on a line that begins with it.
fn marker(line: &str) -> Option<&str> {
    line.strip_prefix(PREFIX).map(str::trim)
}

/// The sections of one direction in order, without those that hold nothing.
fn sections(text: &str, wanted: &str) -> Vec<Script> {
    let marks: Vec<(&str, Range<usize>)> = markers::lines(text)
        .filter_map(|line| Some((marker(&text[line.clone()])?, line)))
        .collect();
    let mut found = Vec::new();
    for (at, (name, line)) in marks.iter().enumerate() {
        let end = marks.get(at + 1).map_or(text.len(), |next| next.1.start);
        if *name == wanted && !text[line.end..end].trim().is_empty() {
            found.push(Script::new(line.end..end, TransactionMode::Message));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::sections;

    #[test]
    fn a_marker_line_ends_a_section_and_only_up_and_down_begin_one() {
        let text = "lost;\n-- rambler up\na;\n-- rambler up\nb;\n-- ramble on\n-- rambler note\nlost;\n-- rambler down\nc;\n";
        let of = |wanted| -> Vec<&str> {
            let found = sections(text, wanted);
            found.into_iter().map(|it| &text[it.range]).collect()
        };
        assert_eq!(of("up"), ["a;\n", "b;\n-- ramble on\n"]);
        assert_eq!(of("down"), ["c;\n"]);
    }
}
