//! graphile-migrate: `committed/<6 digits>.sql`, then `current.sql` or `current/*.sql`; forward only.
//!
//! Read from graphile/migrate (README, `docs/`, `src/current.ts`):
//!
//! - A committed file begins with `--! Previous:` and `--! Hash:`. `--! split:` lines are comments.
//! - A file runs in a transaction as one message, unless the first line after the headers is
//!   `--! no-transaction`; then it must hold one statement, since a message of several is a transaction.
//! - `:NAME` placeholders come from `placeholders` in `.gmrc`, and `pgSettings` there are set for each migration, among them
//!   `search_path` (`src/pgReal.ts` and `src/settings.ts` of graphile/migrate; the value `!ENV` leaves it to the environment).
//! - The current migration is several files in the order of the numbers at their beginning, applied together.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::config_files::{above, json_with_comments, list};
use super::files::{digits, one_message};
use super::{Arrangement, Directory, Layout, Place};
use crate::project::tree::Tree;
use crate::project::{Direction, ToolSettings, TransactionMode, order};

pub struct GraphileMigrate;

const CURRENT: &str = "current";
const COMMITTED: &str = "committed";

impl Layout for GraphileMigrate {
    fn name(&self) -> &'static str {
        "graphile-migrate"
    }

    fn place(&self, file: &Path, tree: &Tree) -> Option<Place> {
        let parent = file.parent()?;
        if is_home(parent, tree) {
            return Some(Place::Chain(parent.to_path_buf()));
        }
        let ours = [COMMITTED, CURRENT].map(OsStr::new);
        let inside = parent.file_name().is_some_and(|name| ours.contains(&name));
        let home = parent.parent()?;
        (inside && is_home(home, tree)).then(|| Place::Chain(home.to_path_buf()))
    }

    fn subdirectories(&self, directory: &Path, tree: &Tree) -> Vec<PathBuf> {
        if !is_home(directory, tree) {
            return Vec::new();
        }
        vec![directory.join(COMMITTED), directory.join(CURRENT)]
    }

    fn recognises(&self, directory: &Directory) -> bool {
        is_home(directory.path, directory.tree)
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let relative = file.relative.trim_end_matches(".sql");
            let version = match relative.split_once('/') {
                Some((COMMITTED, name)) if digits(name) >= 6 => &name[..digits(name)],
                Some((CURRENT, name)) if digits(name) > 0 => CURRENT,
                None if relative == CURRENT => CURRENT,
                Some(_) | None => {
                    let reason =
                        "graphile-migrate runs only committed/*.sql and the current migration";
                    arrangement.skip(index, reason);
                    continue;
                }
            };
            let transaction = if opts_out(file.source.text()) {
                TransactionMode::Message
            } else {
                TransactionMode::File
            };
            let unit = one_message(index, file, relative, version, Direction::Up, transaction);
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn tool_settings(&self, directory: &Directory) -> ToolSettings {
        let mut settings = ToolSettings::default();
        let files = above(directory.path, directory.tree, &[".gmrc"]);
        let read = files.first().and_then(|(_, text)| json_with_comments(text));
        let Some(config) = read else {
            return settings;
        };
        if let Some(path) = config["pgSettings"]["search_path"].as_str() {
            let names = list(path).into_iter();
            settings.search_path = names
                .map(
                    |name| match name.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
                        Some(quoted) => quoted.to_string(),
                        None => name.to_ascii_lowercase(),
                    },
                )
                .collect();
        }
        for (name, value) in config["placeholders"].as_object().into_iter().flatten() {
            if let Some(value) = value.as_str().filter(|value| *value != "!ENV") {
                let name = name.trim_start_matches(':').to_string();
                settings.placeholders.insert(name, value.to_string());
            }
        }
        settings
    }

    fn is_repeatable(&self, key: &str) -> bool {
        key.starts_with(CURRENT)
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        let is_current = |key: &str| key.starts_with(CURRENT);
        is_current(a)
            .cmp(&is_current(b))
            .then_with(|| order::compare(a, b))
    }
}

/// A directory with `committed` beside the current migration.
fn is_home(directory: &Path, tree: &Tree) -> bool {
    let here = tree.list(directory);
    let current = here.files.contains(OsStr::new("current.sql"))
        || here.directories.contains(OsStr::new(CURRENT));
    current && here.directories.contains(OsStr::new(COMMITTED))
}

fn opts_out(text: &str) -> bool {
    let header = |line: &&str| {
        let name = line.strip_prefix("--!").map(str::trim_start);
        line.trim().is_empty() || name.is_some_and(|it| it.starts_with(char::is_uppercase))
    };
    let first = text.lines().find(|line| !header(line));
    let directive = first.and_then(|line| line.strip_prefix("--!"));
    directive
        .and_then(|words| words.trim_start().strip_prefix("no-transaction"))
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}

#[cfg(test)]
mod tests {
    use super::opts_out;

    #[test]
    fn the_opt_out_is_the_first_line_after_the_headers() {
        assert!(opts_out("--! no-transaction\nx;"));
        assert!(opts_out(
            "--! Previous: -\n--! Hash: sha1:0\n\n--! no-transaction\nx;"
        ));
        assert!(!opts_out("--! Previous: -\nx;\n--! no-transaction\n"));
        assert!(!opts_out("-- ! no-transaction\nx;"));
        assert!(!opts_out("--! no-transactions\nx;"));
    }
}
