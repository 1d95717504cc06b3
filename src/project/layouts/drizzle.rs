//! Drizzle: `<tag>.sql` in the order of `meta/_journal.json`, or `<tag>/migration.sql` with a `snapshot.json`.
//!
//! Read from drizzle-team/drizzle-orm at 00cbce5 (`drizzle-orm/src/pg-core/dialect.ts`, `migrate`): the migrator reads the
//! journal's entries in their order, splits each file at `--> statement-breakpoint`, sends each piece as a message and
//! runs all pending migrations in one transaction. No file can opt out; a COMMIT in a piece of its own ends
//! the transaction for what follows. See drizzle-team/drizzle-orm#860 and #6133.
//!
//! The transaction spans all files that are pending. Here each file counts as a deployment of its own.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::files::in_directory;
use super::{Arrangement, Directory, Layout, Unit};
use crate::project::{Direction, Script, TransactionMode, order};

pub struct Drizzle;

const JOURNAL: &str = "meta/_journal.json";
const BREAKPOINT: &str = "--> statement-breakpoint";

impl Layout for Drizzle {
    fn name(&self) -> &'static str {
        "drizzle"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let with_snapshot = |relative: &str| {
            in_directory(relative).is_some_and(|(name, file)| {
                file == "migration.sql" && directory.has(&format!("{name}/snapshot.json"))
            })
        };
        directory.has(JOURNAL)
            || directory.files.iter().any(|it| with_snapshot(&it.relative))
            || directory
                .files
                .iter()
                .any(|it| it.source.text().contains(BREAKPOINT))
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        let journal = journal(directory);
        for (index, file) in directory.files.iter().enumerate() {
            let tag = match in_directory(&file.relative) {
                Some((name, "migration.sql")) => name,
                Some(_) | None => file.relative.trim_end_matches(".sql"),
            };
            let position = journal.as_ref().map(|it| it.get(tag).copied());
            let key = match position {
                Some(None) => {
                    arrangement.skip(index, "Drizzle's meta/_journal.json does not list it");
                    continue;
                }
                Some(Some(position)) => format!("{position:06} {tag}"),
                None => tag.to_string(),
            };
            let text = file.source.text();
            arrangement.units.push(Unit {
                file: index,
                key,
                version: order::version(tag).unwrap_or(tag).to_string(),
                direction: Direction::Up,
                scripts: pieces(text),
            });
        }
        arrangement
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        a.cmp(b)
    }
}

/// The places of the tags in the journal. None without one that can be read: then the names decide.
fn journal(directory: &Directory) -> Option<BTreeMap<String, usize>> {
    let text = directory.beside(JOURNAL)?;
    let journal: serde_json::Value = serde_json::from_str(&text).ok()?;
    let entries = journal.get("entries")?.as_array()?.iter().enumerate();
    let tags = entries.filter_map(|(at, entry)| {
        let tag = entry.get("tag")?.as_str()?;
        Some((tag.to_string(), at))
    });
    Some(tags.collect())
}

fn pieces(text: &str) -> Vec<Script> {
    let mut start = 0;
    let mut scripts = Vec::new();
    for piece in text.split(BREAKPOINT) {
        let script = Script {
            joined: start > 0,
            message: true,
            ..Script::new(start..start + piece.len(), TransactionMode::File)
        };
        scripts.push(script);
        start += piece.len() + BREAKPOINT.len();
    }
    scripts
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn a_breakpoint_ends_a_statement_without_semicolon() {
        let text = "a--> statement-breakpoint\nb;--> statement-breakpoint\n";
        let found: Vec<_> = pieces(text)
            .into_iter()
            .map(|it| (it.joined, &text[it.range]))
            .collect();
        assert_eq!(found, [(false, "a"), (true, "\nb;"), (true, "\n")]);
    }
}
