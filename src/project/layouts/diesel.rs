//! Diesel: `<version>_<name>/up.sql` and `down.sql`, with a `metadata.toml` beside them.
//!
//! Read from diesel-rs/diesel at 02191f0: `diesel_migrations/src/file_based_migrations.rs` and
//! `migration_harness.rs`, `migrations_internals/src/lib.rs`:
//!
//! - The version is what stands before the first `_`, without its `-`; versions compare as text.
//! - A file is one `batch_execute`, which is one simple-protocol message, in a transaction of its own
//!   unless `metadata.toml` says `run_in_transaction = false`; that counts for both directions.

use std::cmp::Ordering;

use super::files::{digits, exists_above, in_directory, one_message};
use super::{Arrangement, Directory, Layout, Unit};
use crate::project::{Direction, TransactionMode};

pub struct Diesel;

impl Layout for Diesel {
    fn name(&self) -> &'static str {
        "diesel"
    }

    /// A version as `diesel migration generate` writes it, Diesel's own files, or Diesel's first migration.
    fn recognises(&self, directory: &Directory) -> bool {
        let found: Vec<&str> = directory
            .files
            .iter()
            .filter_map(|file| migration(&file.relative))
            .map(|(name, _)| name)
            .collect();
        let typical = |name: &&str| is_dated(name) || name.contains("diesel_initial_setup");
        found.len() * 2 > directory.files.len()
            && (found.iter().any(typical)
                || found.iter().any(|name| metadata(directory, name).is_some())
                || exists_above(directory.path, directory.tree, "diesel.toml"))
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some((name, direction)) = migration(&file.relative) else {
                let reason = "Diesel runs only <version>_<name>/up.sql and down.sql";
                arrangement.skip(index, reason);
                continue;
            };
            let alone = metadata(directory, name).is_some_and(|text| {
                toml::from_str::<toml::Table>(&text).is_ok_and(|table| {
                    table.get("run_in_transaction") == Some(&toml::Value::Boolean(false))
                })
            });
            let transaction = if alone {
                TransactionMode::Message
            } else {
                TransactionMode::File
            };
            let version = name.split('_').next().unwrap_or(name);
            let unit = one_message(index, file, name, version, direction, transaction);
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn settings_file(&self, relative: &str) -> Option<String> {
        migration(relative).map(|_| "metadata.toml".to_owned())
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(unit.version.replace('-', ""))
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        let version = |name: &str| name.split('_').next().unwrap_or(name).replace('-', "");
        version(a).cmp(&version(b)).then_with(|| a.cmp(b))
    }
}

fn migration(relative: &str) -> Option<(&str, Direction)> {
    let (name, file) = in_directory(relative)?;
    match file {
        "up.sql" => Some((name, Direction::Up)),
        "down.sql" => Some((name, Direction::Down)),
        _ => None,
    }
}

fn metadata(directory: &Directory, name: &str) -> Option<String> {
    directory.beside(&format!("{name}/metadata.toml"))
}

/// `2024-01-02-030405_x`, `2024-01-02-030405-0000_x`, `2021-01-5_x`, `20240102030405_x`.
fn is_dated(name: &str) -> bool {
    let version = name.split('_').next().unwrap_or(name);
    let groups: Vec<&str> = version.split('-').collect();
    let numeric = groups
        .iter()
        .all(|it| !it.is_empty() && digits(it) == it.len());
    let lengths: Vec<usize> = groups.iter().map(|it| it.len()).collect();
    numeric
        && matches!(
            lengths.as_slice(),
            [14] | [4, 2, 1 | 2] | [4, 2, 2, 6] | [4, 2, 2, 6, 4]
        )
}

#[cfg(test)]
mod tests {
    use super::{Diesel, is_dated};
    use crate::project::layouts::Layout;

    #[test]
    fn versions_that_the_tool_writes() {
        for name in [
            "2024-01-02-030405_x",
            "2024-01-02-030405-0000_x",
            "2021-01-5_x",
            "20240102030405_x",
        ] {
            assert!(is_dated(name), "{name}");
        }
        for name in ["001_x", "1500000000000_x", "x", "2024_x", "2024-x"] {
            assert!(!is_dated(name), "{name}");
        }
    }

    #[test]
    fn dashes_do_not_count() {
        let order = Diesel.compare("2024-01-02-030405_b", "20240102030404_a");
        assert_eq!(order, std::cmp::Ordering::Greater);
    }
}
