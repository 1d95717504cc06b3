//! dbmate: `<digits>_<name>.sql` with `-- migrate:up` and `-- migrate:down` blocks.
//!
//! Read from amacneil/dbmate at f3e08f1: `pkg/dbmate/migration.go` (blocks and options) and
//! `pkg/dbmate/db.go` (which files, in which order, how they are sent):
//!
//! - File names match `^(\d+).*\.sql$` and are applied in byte order of the names, not by number.
//! - A marker matches `(?m)^--\s*migrate:up(\s*$|\s+\S+)`, the same for `down`: from the very
//!   beginning of a line, in lower case, followed by a blank or the end. So an indented marker is
//!   none, and the comment `-- migrate:down is not needed` is one.
//! - Several up blocks may follow each other, each with its own down block; each block is sent by
//!   itself. Only comments and blank lines may come before the first up block.
//! - Each block runs in a transaction unless its marker line says `transaction:false`. The block is
//!   then sent as one simple-protocol message (`Exec` without arguments, see `conn.go` of lib/pq), so that
//!   several statements in it are still one implicit transaction.
//! - Version 2 and later refuse a file without a down block. Older ones did not, so it is not
//!   reported here.

use std::cmp::Ordering;
use std::ops::Range;

use super::{Arrangement, Directory, File, Layout, Unit, markers};
use crate::project::{Direction, Script, TransactionMode};

pub struct Dbmate;

impl Layout for Dbmate {
    fn name(&self) -> &'static str {
        "dbmate"
    }

    /// At least half of the files that dbmate would run have an up marker.
    fn recognises(&self, directory: &Directory) -> bool {
        let runs = |file: &&File| version(&file.relative).is_some();
        let marked = |file: &&File| {
            let text = file.source.text();
            markers::lines(text).any(|line| marker(text, &line) == Some(Direction::Up))
        };
        let candidates = directory.files.iter().filter(runs);
        let found = candidates.clone().filter(marked).count();
        found > 0 && found * 2 >= candidates.count()
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some(version) = version(&file.relative) else {
                let reason =
                    "dbmate runs only files whose name begins with digits and ends in .sql";
                arrangement.skipped.push((index, reason.to_string()));
                continue;
            };
            let blocks = blocks(file.source.text());
            if let Some(reason) = blocks.refused {
                arrangement.refused.push((index, reason));
            }
            for direction in [Direction::Up, Direction::Down] {
                let of_direction = blocks.scripts.iter().filter(|(it, _)| *it == direction);
                let scripts: Vec<Script> = of_direction.map(|(_, script)| script.clone()).collect();
                if direction == Direction::Down && scripts.is_empty() {
                    continue;
                }
                arrangement.units.push(Unit {
                    file: index,
                    key: file.relative.clone(),
                    version: version.to_string(),
                    direction,
                    scripts,
                });
            }
        }
        arrangement
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(unit.version.clone())
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        a.cmp(b)
    }
}

/// The version of a file that dbmate runs.
fn version(relative: &str) -> Option<&str> {
    let end = relative.bytes().take_while(u8::is_ascii_digit).count();
    let runs = end > 0 && relative.ends_with(".sql") && !relative.contains('/');
    runs.then(|| &relative[..end])
}

/// The blocks of a file in order, without their marker lines.
struct Blocks {
    scripts: Vec<(Direction, Script)>,
    /// What dbmate has to say against the file.
    refused: Option<String>,
}

fn blocks(text: &str) -> Blocks {
    let found: Vec<(Direction, Range<usize>)> = markers::lines(text)
        .filter_map(|line| Some((marker(text, &line)?, line)))
        .collect();
    let first_up = found
        .iter()
        .find(|(direction, _)| *direction == Direction::Up)
        .map(|(_, line)| line.start);
    let refused = refusal(text, &found, first_up);

    let mut scripts = Vec::new();
    let preface = 0..found.first().map_or(text.len(), |(_, line)| line.start);
    let blank = text[preface.clone()]
        .trim_matches('\u{feff}')
        .trim()
        .is_empty();
    if !blank || found.is_empty() {
        let transaction = found.first().map_or(TransactionMode::File, |(_, line)| {
            transaction(&text[line.clone()])
        });
        scripts.push((
            Direction::Up,
            Script::new(preface, transaction).as_message(),
        ));
    }
    for (index, (direction, line)) in found.iter().enumerate() {
        let end = found
            .get(index + 1)
            .map_or(text.len(), |(_, next)| next.start);
        let script = Script::new(line.end..end, transaction(&text[line.clone()])).as_message();
        scripts.push((*direction, script));
    }
    Blocks { scripts, refused }
}

fn refusal(
    text: &str,
    found: &[(Direction, Range<usize>)],
    first_up: Option<usize>,
) -> Option<String> {
    let Some(first_up) = first_up else {
        return Some("dbmate refuses this file: it has no `-- migrate:up` line".to_string());
    };
    let mut before = markers::lines(&text[..first_up]);
    if let Some(line) = before.find(|line| !is_blank_or_comment(&text[line.clone()])) {
        return Some(format!(
            "dbmate refuses this file: line {} comes before the first `-- migrate:up` and is neither empty nor a `--` comment",
            line_number(text, line.start)
        ));
    }
    let mut seen_up = false;
    let mut downs = 0;
    for (direction, line) in found {
        match direction {
            Direction::Up => (seen_up, downs) = (true, 0),
            Direction::Down if seen_up => downs += 1,
            Direction::Down => {}
        }
        if downs > 1 {
            return Some(format!(
                "dbmate refuses this file: `-- migrate:down` on line {} has no `-- migrate:up` of its own",
                line_number(text, line.start)
            ));
        }
    }
    None
}

fn line_number(text: &str, offset: usize) -> usize {
    text[..offset].bytes().filter(|&byte| byte == b'\n').count() + 1
}

/// `\s` of Go's regular expressions.
fn is_blank(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\u{c}' | '\r' | ' ')
}

fn is_blank_or_comment(line: &str) -> bool {
    let content = line.trim_start_matches(is_blank);
    content.is_empty() || content.starts_with("--")
}

/// The direction of the block that begins at this line, if it is a marker.
fn marker(text: &str, line: &Range<usize>) -> Option<Direction> {
    // `\s*` also matches line feeds, so that the words may stand on a later line than the dashes.
    let words = text[line.start..]
        .strip_prefix("--")?
        .trim_start_matches(is_blank);
    let name = words.strip_prefix("migrate:")?;
    let (direction, rest) = match name.strip_prefix("up") {
        Some(rest) => (Direction::Up, rest),
        None => (Direction::Down, name.strip_prefix("down")?),
    };
    (rest.is_empty() || rest.starts_with(is_blank)).then_some(direction)
}

/// What the options on a marker line say: `key:value` pairs between blanks, the last one of a key counts.
fn transaction(marker_line: &str) -> TransactionMode {
    let mut values = marker_line
        .split(is_blank)
        .filter_map(|pair| pair.strip_prefix("transaction:"));
    match values.rfind(|value| !value.contains(':')) {
        Some("false") => TransactionMode::Message,
        Some(_) | None => TransactionMode::File,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{blocks, version};
    use crate::project::Direction::{self, Down, Up};
    use crate::project::TransactionMode::{self, File, Message};

    fn parts(text: &str) -> Vec<(Direction, TransactionMode, &str)> {
        let scripts = blocks(text).scripts;
        scripts
            .into_iter()
            .map(|(direction, script)| (direction, script.transaction, &text[script.range]))
            .collect()
    }

    fn refused(text: &str) -> String {
        blocks(text).refused.unwrap_or_default()
    }

    #[test]
    fn up_and_down_blocks() {
        let text = "-- migrate:up\na;\n-- migrate:down\nb;\n";
        assert_eq!(parts(text), [(Up, File, "a;\n"), (Down, File, "b;\n")]);
        assert_eq!(refused(text), "");
    }

    #[test]
    fn blanks_and_line_ends_around_the_marker() {
        for text in [
            "--migrate:up\na;\n--migrate:down\nb;",
            "--   migrate:up   \na;\n--\tmigrate:down\t\nb;",
            "-- migrate:up\r\na;\n-- migrate:down\r\nb;",
        ] {
            assert_eq!(
                parts(text),
                [(Up, File, "a;\n"), (Down, File, "b;")],
                "{text:?}"
            );
            assert_eq!(refused(text), "", "{text:?}");
        }
    }

    #[test]
    fn a_marker_at_the_end_of_the_file_opens_an_empty_block() {
        let text = "-- migrate:up\na;\n-- migrate:down";
        assert_eq!(parts(text), [(Up, File, "a;\n"), (Down, File, "")]);
    }

    #[test]
    fn prose_that_begins_like_a_marker_is_one() {
        let text = "-- migrate:up\na;\n-- migrate:down is intentionally empty\nb;\n";
        assert_eq!(parts(text), [(Up, File, "a;\n"), (Down, File, "b;\n")]);
    }

    #[test]
    fn what_only_looks_like_a_marker_is_none() {
        for line in [
            "    -- migrate:down",
            "-- Migrate:Down",
            "-- migrate: down",
            "-- migrate:downward",
            "-- migrate:down,",
            "/* migrate:down */",
            "\u{a0}-- migrate:down",
            "-- migrate:down\u{a0}",
        ] {
            let text = format!("-- migrate:up\na;\n{line}\nb;\n");
            assert_eq!(parts(&text).len(), 1, "{line:?}");
        }
    }

    #[test]
    fn options_stand_on_the_marker_line_of_each_block() {
        let text = "-- migrate:up transaction:false\na;\n-- migrate:down\nb;\n\
                    -- migrate:up foo:bar\nc;\n-- migrate:down x transaction:false y\nd;\n";
        assert_eq!(
            parts(text),
            [
                (Up, Message, "a;\n"),
                (Down, File, "b;\n"),
                (Up, File, "c;\n"),
                (Down, Message, "d;\n"),
            ]
        );
        assert_eq!(refused(text), "");
    }

    #[test]
    fn only_the_exact_option_turns_the_transaction_off() {
        for (option, expected) in [
            ("transaction:false", Message),
            ("transaction:true transaction:false", Message),
            ("transaction:false transaction:true", File),
            ("transaction:False", File),
            ("transaction: false", File),
            ("transaction:false:", File),
            ("Transaction:false", File),
            ("notransaction", File),
        ] {
            let text = format!("-- migrate:up {option}\r\na;\r\n-- migrate:down\r\n");
            assert_eq!(parts(&text)[0].1, expected, "{option}");
        }
    }

    #[test]
    fn comments_before_the_first_block_are_kept_and_statements_are_refused() {
        let text = "-- licence\n\n-- migrate:up transaction:false\na;\n-- migrate:down\n";
        assert_eq!(parts(text)[0], (Up, Message, "-- licence\n\n"));
        assert_eq!(refused(text), "");
        let text = "-- licence\ncreate type t as enum ('a');\n-- migrate:up\na;\n-- migrate:down\n";
        assert_eq!(parts(text)[0].0, Up);
        assert!(
            refused(text).contains("line 2 comes before"),
            "{}",
            refused(text)
        );
        assert!(refused("/* licence */\n-- migrate:up\n").contains("line 1"));
    }

    #[test]
    fn a_file_without_an_up_block_is_refused_and_still_seen() {
        let text = "create table a ();\n-- migrate:down\ndrop table a;\n";
        let expected = [
            (Up, File, "create table a ();\n"),
            (Down, File, "drop table a;\n"),
        ];
        assert_eq!(parts(text), expected);
        assert!(refused(text).contains("no `-- migrate:up`"));
        assert_eq!(parts(""), [(Up, File, "")]);
    }

    #[test]
    fn a_byte_order_mark_hides_the_marker_behind_it() {
        let text = "\u{feff}-- migrate:up\na;\n";
        assert!(refused(text).contains("no `-- migrate:up`"));
    }

    #[test]
    fn a_second_down_block_is_refused() {
        let text = "-- migrate:up\na;\n-- migrate:down\nb;\n-- migrate:down\nc;\n";
        assert!(refused(text).contains("line 5"), "{}", refused(text));
        assert_eq!(parts(text).len(), 3);
    }

    #[test]
    fn file_names() {
        assert_eq!(version("20240102030405_a.sql"), Some("20240102030405"));
        assert_eq!(version("1.sql"), Some("1"));
        assert_eq!(version("a_1.sql"), None);
        assert_eq!(version("1_a.SQL"), None);
    }

    proptest! {
        #[test]
        fn blocks_lie_in_order_inside_any_text(
            lines in proptest::collection::vec(
                "(\u{feff}|--|  )?[ \t]?(migrate:)?(up|down|é;)?( transaction:false)?[\r\u{a0}]?\n?", 0..12)
        ) {
            let text = lines.concat();
            let mut end = 0;
            for (_, script) in blocks(&text).scripts {
                let range = script.range;
                prop_assert!(end <= range.start && range.start <= range.end);
                prop_assert!(text.get(range.clone()).is_some());
                end = range.end;
            }
        }
    }
}
