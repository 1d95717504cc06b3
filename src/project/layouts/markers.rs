//! Lines by which migration tools divide a file into an up and a down part.
//!
//! This is what the plain layout knows of tools that have no layout of their own (or whose files
//! were not recognised): enough that a down part is never taken for forward SQL.

use std::ops::Range;

use crate::project::Direction;

/// The parts of a file in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    pub parts: Vec<(Direction, Range<usize>)>,
}

/// A tool's section markers.
struct Markers {
    up: Line,
    down: Line,
    /// A down marker counts only after an up marker: without one the words may be prose.
    up_first: bool,
}

/// What a marker line looks like. Words compare without case.
enum Line {
    /// `--`, blanks, these words, then the end of the line or a blank.
    Comment(&'static [&'static str]),
    /// The same with nothing else on the line.
    WholeComment(&'static [&'static str]),
    /// A `#` or `--` line that contains the word.
    Contains(&'static str),
    /// The line begins with exactly this.
    Prefix(&'static str),
    /// The tool has no such marker.
    Never,
}

const TABLE: &[Markers] = &[
    // goose
    Markers {
        up: Line::Comment(&["+goose", "up"]),
        down: Line::Comment(&["+goose", "down"]),
        up_first: false,
    },
    // sql-migrate
    Markers {
        up: Line::Comment(&["+migrate", "up"]),
        down: Line::Comment(&["+migrate", "down"]),
        up_first: false,
    },
    // micrate
    Markers {
        up: Line::Comment(&["+micrate", "up"]),
        down: Line::Comment(&["+micrate", "down"]),
        up_first: false,
    },
    // dbmate
    Markers {
        up: Line::Comment(&["migrate:up"]),
        down: Line::Comment(&["migrate:down"]),
        up_first: false,
    },
    // rambler
    Markers {
        up: Line::WholeComment(&["rambler", "up"]),
        down: Line::WholeComment(&["rambler", "down"]),
        up_first: true,
    },
    // node-pg-migrate
    Markers {
        up: Line::WholeComment(&["up", "migration"]),
        down: Line::WholeComment(&["down", "migration"]),
        up_first: true,
    },
    // Play evolutions
    Markers {
        up: Line::Contains("!ups"),
        down: Line::Contains("!downs"),
        up_first: false,
    },
    // tern
    Markers {
        up: Line::Never,
        down: Line::Prefix("---- create above / drop below ----"),
        up_first: false,
    },
    // MyBatis Migrations
    Markers {
        up: Line::Never,
        down: Line::Comment(&["//@undo"]),
        up_first: false,
    },
];

/// Cuts a text at a tool's section markers. None where there is no down part to be cut off. The
/// marker lines belong to no part; text before the first marker belongs to the up part.
pub fn cut(text: &str) -> Option<Cut> {
    let marks = |line: &Range<usize>| text[line.start..].starts_with(['-', '#']);
    let candidates: Vec<Range<usize>> = lines(text).filter(marks).collect();
    TABLE
        .iter()
        .find_map(|markers| markers.cut(text, &candidates))
}

/// Whether this is Liquibase's formatted SQL with rollbacks. They are comments, so that nothing has
/// to be cut off.
pub fn has_liquibase_rollback(text: &str) -> bool {
    let head = text.trim_start_matches('\u{feff}').trim_start();
    let formatted = words(
        head.lines().next().unwrap_or(""),
        &["liquibase", "formatted", "sql"],
    );
    formatted.is_some()
        && text
            .lines()
            .any(|line| words(line, &["rollback"]).is_some())
}

impl Markers {
    /// `candidates`: the lines that may be a marker of any tool.
    fn cut(&self, text: &str, candidates: &[Range<usize>]) -> Option<Cut> {
        let mut parts: Vec<(Direction, Range<usize>)> = Vec::new();
        let (mut direction, mut start, mut seen_up) = (Direction::Up, 0, false);
        let mut downs = 0;
        for line in candidates {
            let content = &text[line.clone()];
            let up = self.up.matches(content);
            let down = self.down.matches(content) && (seen_up || !self.up_first);
            if !up && !down {
                continue;
            }
            seen_up |= up;
            downs += usize::from(down);
            parts.push((direction, start..line.start));
            direction = if down { Direction::Down } else { Direction::Up };
            start = line.end;
        }
        if downs == 0 {
            return None;
        }
        parts.push((direction, start..text.len()));
        // Play's own comments before the first marker begin with `#`, which is not SQL.
        let preface = text[parts[0].1.clone()].trim_start_matches('\u{feff}');
        let mut content = preface.lines().map(str::trim);
        if content.all(|line| line.is_empty() || line.starts_with('#')) {
            parts.remove(0);
        }
        Some(Cut { parts })
    }
}

impl Line {
    fn matches(&self, line: &str) -> bool {
        match self {
            Line::Comment(expected) => words(line, expected).is_some(),
            Line::WholeComment(expected) => {
                words(line, expected).is_some_and(|rest| rest.trim().is_empty())
            }
            Line::Contains(word) => {
                (line.starts_with('#') || line.starts_with("--"))
                    && line.to_ascii_lowercase().contains(word)
            }
            Line::Prefix(prefix) => line.starts_with(prefix),
            Line::Never => false,
        }
    }
}

/// What follows the given words in a `--` comment that stands at the beginning of a line.
fn words<'a>(line: &'a str, expected: &[&str]) -> Option<&'a str> {
    let mut rest = line.strip_prefix("--")?;
    for (index, word) in expected.iter().enumerate() {
        let trimmed = rest.trim_start_matches([' ', '\t']);
        if index > 0 && trimmed.len() == rest.len() {
            return None;
        }
        let head = trimmed.get(..word.len())?;
        if !head.eq_ignore_ascii_case(word) {
            return None;
        }
        rest = &trimmed[word.len()..];
    }
    let whole = rest.is_empty() || rest.starts_with(|next: char| next.is_ascii_whitespace());
    whole.then_some(rest)
}

/// The lines of a text as byte ranges, each with its line feed.
pub fn lines(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let line = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
        let range = start..start + line;
        start = range.end;
        Some(range)
    })
}

/// Whether a part holds anything but blank lines and `--` comments.
pub fn has_substance(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_matches('\u{feff}').trim();
        !line.is_empty() && !line.starts_with("--")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{cut, has_liquibase_rollback, has_substance};
    use crate::project::Direction::{Down, Up};

    /// The parts as text, for reading.
    fn parts(text: &str) -> Option<Vec<(crate::project::Direction, &str)>> {
        let cut = cut(text)?;
        Some(
            cut.parts
                .into_iter()
                .map(|(way, range)| (way, &text[range]))
                .collect(),
        )
    }

    #[test]
    fn each_tools_down_part_is_cut_off() {
        for (up, down) in [
            ("-- +goose Up", "-- +goose Down"),
            ("-- +GOOSE UP", "--+goose down"),
            ("-- +migrate Up", "-- +migrate Down"),
            (
                "-- +migrate Up notransaction",
                "-- +migrate Down notransaction",
            ),
            ("-- migrate:up", "-- migrate:down transaction:false"),
            ("-- rambler up", "-- rambler down"),
            ("-- Up Migration", "-- Down Migration"),
            ("# --- !Ups", "# --- !Downs"),
            ("-- --- !Ups", "-- --- !Downs"),
            ("# --!Ups", "# -- !Downs"),
        ] {
            let text = format!("{up}\ncreate table a ();\n{down}\ndrop table a;\n");
            let expected = vec![(Up, "create table a ();\n"), (Down, "drop table a;\n")];
            assert_eq!(parts(&text), Some(expected), "{up}");
        }
    }

    #[test]
    fn tern_has_no_up_marker() {
        let text = "create table a ();\r\n---- create above / drop below ----\r\ndrop table a;";
        let expected = vec![(Up, "create table a ();\r\n"), (Down, "drop table a;")];
        assert_eq!(parts(text), Some(expected));
    }

    #[test]
    fn text_before_the_first_marker_stays_with_the_up_part() {
        let text = "-- licence\n-- +goose Up\nselect 1;\n-- +goose Down\n";
        let expected = vec![(Up, "-- licence\n"), (Up, "select 1;\n"), (Down, "")];
        assert_eq!(parts(text), Some(expected));
    }

    #[test]
    fn sections_may_alternate() {
        let text = "-- +migrate Up\na;\n-- +migrate Down\nb;\n-- +migrate Up\nc;\n";
        let expected = vec![(Up, "a;\n"), (Down, "b;\n"), (Up, "c;\n")];
        assert_eq!(parts(text), Some(expected));
    }

    #[test]
    fn prose_and_indented_markers_cut_nothing() {
        for text in [
            "-- Down Migration is not supported\ndrop table a;",
            "-- rambler down\ndrop table a;",
            "-- Down Migration\ndrop table a;",
            "-- +goose Downward\ndrop table a;",
            "    -- migrate:down\ndrop table a;",
            "-- +goose Up\ncreate table a ();",
            "",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_before_the_first_marker_is_no_part() {
        let text = "\u{feff}\n-- +goose Up\na;\n-- +goose Down\nb;";
        assert_eq!(parts(text), Some(vec![(Up, "a;\n"), (Down, "b;")]));
    }

    #[test]
    fn comments_of_play_before_the_first_marker_are_no_part() {
        let text = "# --- Users\n\n# --- !Ups\na;\n# --- !Downs\nb;";
        assert_eq!(parts(text), Some(vec![(Up, "a;\n"), (Down, "b;")]));
    }

    #[test]
    fn liquibase_rollbacks_are_seen_in_formatted_sql_only() {
        let text =
            "--liquibase formatted sql\n--changeset a:1\ndrop table b;\n--rollback select 1;\n";
        assert!(has_liquibase_rollback(text));
        assert!(!has_liquibase_rollback(
            "-- rollback of the last change\nselect 1;"
        ));
        assert_eq!(cut(text), None);
    }

    #[test]
    fn comments_are_no_substance() {
        assert!(!has_substance(
            "\u{feff}\n-- nothing to undo\n  -- really\n"
        ));
        assert!(has_substance("-- undo\ndrop table a;"));
    }

    proptest! {
        #[test]
        fn parts_lie_in_order_inside_any_text(
            lines in proptest::collection::vec(
                "(\u{feff}|# |--)? ?(migrate:|\\+goose |!|é)?(up|down|Downs|;)?[ é\r]?\n?", 0..12)
        ) {
            let text = lines.concat();
            let mut end = 0;
            for (_, range) in cut(&text).map(|cut| cut.parts).unwrap_or_default() {
                prop_assert!(end <= range.start && range.start <= range.end);
                prop_assert!(text.get(range.clone()).is_some());
                end = range.end;
            }
        }
    }
}
