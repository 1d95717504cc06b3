//! Atlas: `<version>_<name>.sql` beside an `atlas.sum`.
//!
//! Read from ariga/atlas at a5e0aec: `sql/migrate/dir.go` (files, directives), `sql/migrate/lex.go` (delimiter),
//! `cmd/atlas/internal/cmdapi/migrate.go` (transactions); archives and `*.up.sql` from the manual, "Migration directory":
//!
//! - Files are the `*.sql` of the directory itself, in the order of their names, which compare as text; the version is
//!   what stands before the first `_`. `*.up.sql` and `*.down.sql` are golang-migrate's format, which Atlas reads too.
//! - Each file runs in a transaction of its own (`--tx-mode file` is the default), statement by statement, unless a
//!   directive of it is `-- atlas:txmode none`.
//! - Directives of a file are the comment lines from its very first byte on, and only if a blank line parts them from
//!   what follows. `txmode` directly above a statement counts for nothing.
//! - `-- atlas:delimiter X` as the first line says what ends a statement.
//! - `-- atlas:checkpoint` files hold the whole schema and run on new databases only.
//! - `-- atlas:txtar` files hold several: `migration.sql`, `checks.sql`, `down.sql`.

use std::cmp::Ordering;
use std::ops::Range;

use super::files::{Rewrite, both_ways, directed, whole};
use super::{Arrangement, Directory, Layout, Unit, markers};
use crate::project::{Direction, Script, TransactionMode, order};

pub struct Atlas;

impl Layout for Atlas {
    fn name(&self) -> &'static str {
        "atlas"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        directory.has("atlas.sum")
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            if file.relative.contains('/') {
                arrangement.skip(index, "Atlas does not look into directories");
                continue;
            }
            let text = file.source.text();
            let head = Head::of(text);
            if head.checkpoint {
                arrangement.skip(index, "an Atlas checkpoint: only new databases run it");
                continue;
            }
            let (base, direction) = directed(&file.relative)
                .unwrap_or((file.relative.trim_end_matches(".sql"), Direction::Up));
            let version = order::version(base).unwrap_or(base);
            if head.txtar {
                let units = both_ways(index, base, version, archive(text, head.transaction));
                arrangement.units.extend(units);
                continue;
            }
            let mut unit: Unit = whole(index, file, base, version, direction, head.transaction);
            if let (Some(delimiter), Some(script)) = (&head.delimiter, unit.scripts.first_mut()) {
                script.text = with_semicolons(text, 0..text.len(), delimiter).finish();
            }
            arrangement.units.push(unit);
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

/// The directives in the comments at the head of a file.
struct Head {
    transaction: TransactionMode,
    checkpoint: bool,
    txtar: bool,
    delimiter: Option<String>,
}

impl Head {
    fn of(text: &str) -> Self {
        let mut head = Head {
            transaction: TransactionMode::File,
            checkpoint: false,
            txtar: false,
            delimiter: None,
        };
        // Atlas takes no BOM off, and finds no directive behind one.
        for (index, line) in comments(text).into_iter().enumerate() {
            let Some((prefix, directive)) = line.split_once("atlas:") else {
                continue;
            };
            let (name, value) = directive.split_once(' ').unwrap_or((directive, ""));
            match (name, value.trim()) {
                ("txmode", "none") => head.transaction = TransactionMode::None,
                ("checkpoint", _) => head.checkpoint = true,
                ("txtar", _) => head.txtar = true,
                ("delimiter", value) if index == 0 && prefix == "-- " && !value.is_empty() => {
                    head.delimiter = Some(value.replace("\\n", "\n").replace("\\t", "\t"));
                }
                _ => {}
            }
        }
        head
    }
}

/// The comments that are about the file: those from its first byte on, if a blank line or the end comes after
/// them. A delimiter needs no blank line.
fn comments(text: &str) -> Vec<&str> {
    let is_comment = |line: &&str| line.starts_with("--") || line.starts_with('#');
    let found: Vec<&str> = text.lines().take_while(is_comment).collect();
    let detached = text
        .lines()
        .nth(found.len())
        .is_none_or(|next| next.trim_matches([' ', '\t', '\r']).is_empty());
    let delimiter = found
        .first()
        .filter(|line| line.starts_with("-- atlas:delimiter"));
    match detached {
        true => found,
        false => delimiter.copied().into_iter().collect(),
    }
}

/// The text with a `;` where a delimiter stands.
pub fn with_semicolons(text: &str, range: Range<usize>, delimiter: &str) -> Rewrite {
    let mut rewrite = Rewrite::new(text, range.clone());
    if delimiter == ";" || delimiter.is_empty() {
        return rewrite;
    }
    for (at, found) in text[range.clone()].match_indices(delimiter) {
        let at = range.start + at;
        rewrite.blank(at..at + found.len());
        rewrite.put(at, b';');
    }
    rewrite
}

/// The parts of a txtar archive: a line `-- <name> --` begins each.
fn archive(text: &str, transaction: TransactionMode) -> Vec<(Direction, Script)> {
    let names: Vec<(&str, Range<usize>)> = markers::lines(text)
        .filter_map(|line| {
            let name = text[line.clone()].trim_end().strip_prefix("-- ")?;
            Some((name.strip_suffix(" --")?.trim(), line))
        })
        .collect();
    let mut parts = Vec::new();
    for (index, (name, line)) in names.iter().enumerate() {
        let end = names.get(index + 1).map_or(text.len(), |next| next.1.start);
        let direction = match *name {
            "migration.sql" => Direction::Up,
            "down.sql" => Direction::Down,
            _ => continue,
        };
        parts.push((direction, Script::new(line.end..end, transaction)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{Head, archive, with_semicolons};
    use crate::project::Direction::{Down, Up};
    use crate::project::TransactionMode::{File, None as Alone};

    #[test]
    fn directives_stand_at_the_head() {
        let mode = |text| Head::of(text).transaction;
        assert_eq!(mode("-- atlas:txmode none\n\ncreate index;"), Alone);
        assert_eq!(mode("-- licence\r\n-- atlas:txmode none\r\n\r\nx;"), Alone);
        assert_eq!(mode("-- atlas:txmode none"), Alone);
        assert_eq!(mode("-- licence\n\n-- atlas:txmode none\n\n"), File);
        assert_eq!(mode("-- atlas:txmode none\ncreate index;"), File);
        assert_eq!(mode("\n-- atlas:txmode none\n\ncreate index;"), File);
        assert_eq!(mode("create index;\n-- atlas:txmode none\n"), File);
        assert_eq!(mode("-- atlas:txmode file\n"), File);
    }

    #[test]
    fn a_delimiter_becomes_a_semicolon_of_the_same_length() {
        let text = "a\n-- end\nb\n-- end\n";
        let rewritten = with_semicolons(text, 0..text.len(), "-- end").finish();
        assert_eq!(rewritten.as_deref(), Some("a\n;     \nb\n;     \n"));
        let head = Head::of("-- atlas:delimiter \\n\\n\na;\n\nb;");
        assert_eq!(head.delimiter.as_deref(), Some("\n\n"));
    }

    #[test]
    fn an_archive_has_a_way_up_and_a_way_down() {
        let text = "-- atlas:txtar\n\n-- checks.sql --\nselect 1;\n-- migration.sql --\na;\n-- down.sql --\nb;\n";
        let parts = archive(text, File);
        let found: Vec<_> = parts
            .into_iter()
            .map(|(way, it)| (way, &text[it.range]))
            .collect();
        assert_eq!(found, [(Up, "a;\n"), (Down, "b;\n")]);
    }
}
