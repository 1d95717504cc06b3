//! tern: `<digits>_<name>.sql`, the way down below a line of its own.
//!
//! Read from jackc/tern at 0189c51 (`migrate/migrate.go`) and its README:
//!
//! - File names match `\A(\d+)_.+\.sql\z`; the numbers run from 1 without a gap, or tern refuses the directory.
//! - The first `---- create above / drop below ----` parts up from down. Without it, or with nothing below it,
//!   the migration is irreversible.
//! - Each direction runs in a transaction as one message, unless a line is `---- tern: disable-tx ----`: then
//!   statement by statement. `RESET ALL` follows each migration, so no setting reaches the next one.
//! - The text is a Go template; `{{ template "shared/x.sql" . }}` brings in files from directories below. Those
//!   are no migrations. `{{ .name }}` comes from the section `[data]` of `tern.conf`.

use std::ffi::OsStr;
use std::ops::Range;
use std::path::Path;

use memchr::memmem;

use super::config_files::{above, section};
use super::files::{both_ways, compare_numbers, first_missing, number, numbered};
use super::{Arrangement, Directory, Layout, Place, Unit, markers};
use crate::project::tree::Tree;
use crate::project::{Direction, Script, ToolSettings, TransactionMode};

pub struct Tern;

const SEPARATOR: &str = "---- create above / drop below ----";
const OPT_OUT: &str = "---- tern: disable-tx ----";

impl Layout for Tern {
    fn name(&self) -> &'static str {
        "tern"
    }

    fn place(&self, file: &Path, tree: &Tree) -> Option<Place> {
        let home = file.parent()?.parent()?;
        let configured = tree.list(home).files.contains(OsStr::new("tern.conf"));
        configured.then_some(Place::NotAMigration(
            "tern runs it only where a migration includes it",
        ))
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let mut runs = directory
            .files
            .iter()
            .filter(|it| version(&it.relative).is_some());
        runs.clone().next().is_some()
            && (directory.has("tern.conf")
                || runs.any(|file| {
                    let text = file.source.text();
                    separator(text).is_some() || opts_out(text)
                }))
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        let versions = || {
            directory
                .files
                .iter()
                .filter_map(|it| version(&it.relative))
        };
        let missing = first_missing(versions());
        let behind = versions().filter(|it| compare_numbers(it, &missing.to_string()).is_gt());
        let gap = behind.min_by(|a, b| compare_numbers(a, b));
        for (index, file) in directory.files.iter().enumerate() {
            let Some(version) = version(&file.relative) else {
                arrangement.skip(index, "tern runs only files named <number>_<name>.sql");
                continue;
            };
            if gap == Some(version) {
                let reason = format!("tern refuses the directory: migration {missing} is missing");
                arrangement.refuse(index, &reason);
            }
            let parts = parts(file.source.text());
            let units = both_ways(index, version, version, parts);
            arrangement.units.extend(units);
        }
        arrangement
    }

    fn tool_settings(&self, directory: &Directory) -> ToolSettings {
        let files = above(directory.path, directory.tree, &["tern.conf"]);
        let data = files.first().map(|(_, text)| section(text, "data"));
        // A value may be a template itself: `{{ env "PREFIX" }}`.
        let known = data
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.contains("{{"));
        ToolSettings {
            placeholders: known.collect(),
            ..ToolSettings::default()
        }
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(number(&unit.key).to_string())
    }

    fn compare(&self, a: &str, b: &str) -> std::cmp::Ordering {
        compare_numbers(a, b)
    }
}

fn version(relative: &str) -> Option<&str> {
    let (version, rest) = numbered(relative.strip_suffix(".sql")?)?;
    (!relative.contains('/') && !rest.is_empty()).then_some(version)
}

fn separator(text: &str) -> Option<usize> {
    memmem::find(text.as_bytes(), SEPARATOR.as_bytes())
}

fn opts_out(text: &str) -> bool {
    // Only a line of its own counts, and few files hold it at all.
    memmem::find(text.as_bytes(), OPT_OUT.as_bytes()).is_some()
        && markers::lines(text).any(|line| text[line].trim_end_matches('\n') == OPT_OUT)
}

/// In its transaction a direction is one message; without one, tern parts the statements itself.
fn script(range: Range<usize>, transaction: TransactionMode) -> Script {
    Script {
        message: transaction == TransactionMode::File,
        ..Script::new(range, transaction)
    }
}

fn parts(text: &str) -> Vec<(Direction, Script)> {
    let transaction = if opts_out(text) {
        TransactionMode::None
    } else {
        TransactionMode::File
    };
    let Some(at) = separator(text) else {
        return vec![(Direction::Up, script(0..text.len(), transaction))];
    };
    let below = at + SEPARATOR.len()..text.len();
    let mut parts = vec![(Direction::Up, script(0..at, transaction))];
    if !text[below.clone()].trim().is_empty() {
        parts.push((Direction::Down, script(below, transaction)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{OPT_OUT, parts};
    use crate::project::Direction::{Down, Up};
    use crate::project::TransactionMode::{File, None as Alone};

    #[test]
    fn the_separator_parts_up_from_down() {
        let text = "a;\n---- create above / drop below ----\nb;";
        let found: Vec<_> = parts(text)
            .into_iter()
            .map(|(way, it)| (way, &text[it.range]))
            .collect();
        assert_eq!(found, [(Up, "a;\n"), (Down, "\nb;")]);
        assert_eq!(
            parts("a;\n---- create above / drop below ----\n\n").len(),
            1
        );
    }

    #[test]
    fn the_opt_out_is_a_line_of_its_own() {
        let alone = format!("{OPT_OUT}\nvacuum;");
        assert_eq!(parts(&alone)[0].1.transaction, Alone);
        let indented = format!(" {OPT_OUT}\nvacuum;");
        assert_eq!(parts(&indented)[0].1.transaction, File);
    }
}
