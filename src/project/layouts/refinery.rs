//! refinery: `V<version>__<name>.sql` in a Rust project; `U` files are forward migrations too.
//!
//! Read from rust-db/refinery at 04541f9 (`refinery_core/src/util.rs`): names match
//! `^(U|V)(\d+(?:\.\d+)?)__(\w+)\.sql$` and are searched for in all directories below. `U` stands for a migration that
//! may come out of order, not for an undo. Each file is one `batch_execute` in a transaction of its own
//! (`drivers/postgres.rs`); no file can opt out.
//!
//! The names are Flyway's. It is refinery where a `Cargo.toml` above mentions it, and in a Rust workspace's `crates`
//! directory.

use std::cmp::Ordering;
use std::ffi::OsStr;

use super::files::{mentioned_above, one_message};
use super::flyway::{Flyway, Kind, Name};
use super::{Arrangement, Directory, Layout, Unit};
use crate::project::{Direction, TransactionMode};

pub struct Refinery;

impl Layout for Refinery {
    fn name(&self) -> &'static str {
        "refinery"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let rust = mentioned_above(directory.path, directory.tree, "Cargo.toml", "refinery")
            || directory
                .path
                .iter()
                .any(|part| part == OsStr::new("crates"));
        rust && Flyway.recognises(directory)
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let name = Name::of(file.relative.rsplit('/').next().unwrap_or_default());
            let Some(name) = name.filter(|it| matches!(it.kind, Kind::Versioned | Kind::Undo))
            else {
                arrangement.skip(
                    index,
                    "refinery runs only files named V<version>__<name>.sql",
                );
                continue;
            };
            let key: Vec<&str> = name
                .version
                .split(['.', '_'])
                .map(super::files::number)
                .collect();
            let mode = TransactionMode::File;
            let unit = one_message(
                index,
                file,
                &key.join("."),
                name.version,
                Direction::Up,
                mode,
            );
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(unit.key.clone())
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        Flyway.compare(a, b)
    }
}
