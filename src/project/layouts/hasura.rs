//! Hasura: `migrations/<database>/<milliseconds>_<name>/up.sql` and `down.sql`.
//!
//! Hasura manual, "Migration file format": the version is the time in milliseconds. The CLI sends each file
//! as one `run_sql` request, which is one message in one transaction (hasura/graphql-engine at 01bba5e,
//! `server/src-lib/Hasura/Backends/Postgres/DDL/RunSQL.hs`: `multiQE` in `runTx`); a flag `no_transaction` of that request
//! exists, but the CLI has no way to set it (hasura/graphql-engine#2939), so that a file cannot opt out.

use super::files::{compare_numbers, digits, in_directory, one_message};
use super::{Arrangement, Directory, Layout, Unit};
use crate::project::{Direction, TransactionMode};

pub struct Hasura;

impl Layout for Hasura {
    fn name(&self) -> &'static str {
        "hasura"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let found = directory.files.iter().filter(|file| {
            migration(&file.relative).is_some_and(|(version, _, _)| version.len() == 13)
        });
        found.count() * 2 > directory.files.len()
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some((version, name, direction)) = migration(&file.relative) else {
                arrangement.skip(
                    index,
                    "Hasura runs only <version>_<name>/up.sql and down.sql",
                );
                continue;
            };
            let mode = TransactionMode::File;
            let unit = one_message(index, file, name, version, direction, mode);
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(unit.version.clone())
    }

    fn compare(&self, a: &str, b: &str) -> std::cmp::Ordering {
        compare_numbers(&a[..digits(a)], &b[..digits(b)]).then_with(|| a.cmp(b))
    }
}

/// Version, directory and direction.
fn migration(relative: &str) -> Option<(&str, &str, Direction)> {
    let (name, file) = in_directory(relative)?;
    let direction = match file {
        "up.sql" => Direction::Up,
        "down.sql" => Direction::Down,
        _ => return None,
    };
    let version = &name[..digits(name)];
    (!version.is_empty()).then_some((version, name, direction))
}
