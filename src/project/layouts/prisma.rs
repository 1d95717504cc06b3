//! Prisma Migrate: `<name>/migration.sql`, forward only, in the order of the directories' names.
//!
//! Read from prisma/prisma-engines at 3dd25f3 (`schema-engine/connectors/sql-schema-connector/src/flavour/postgres/connector/native/`):
//!
//! - `apply_migration_script` in `mod.rs` hands the whole file to `simple_query`: it is one simple-protocol message, so that several
//!   statements are one implicit transaction and a single one commits by itself. The engine begins no transaction, and writes its
//!   own table `_prisma_migrations` in statements of their own before and after. See prisma/prisma#14456, where CREATE INDEX
//!   CONCURRENTLY works alone and fails behind a SET.
//! - The shadow database of `migrate dev` (`shadow_db.rs`) is an empty one in which all migrations run in the same way: what fails
//!   there fails in production too, and the other way round.
//! - Versions from 7.4 on (February 2026) are said in #14456 to send a script with CONCURRENTLY statement by statement; which version
//!   is in use is not in the files, so that a script that only works there is still reported.
//! - The directories compare by name; any directory with a `migration.sql` is one, dated or numbered (`01_init`).

use std::cmp::Ordering;

use super::files::{in_directory, one_message};
use super::{Arrangement, Directory, Layout};
use crate::project::{Direction, TransactionMode, order};

pub struct Prisma;

impl Layout for Prisma {
    fn name(&self) -> &'static str {
        "prisma"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let ours = |name: &str| migration(name).is_some();
        let found = directory.files.iter().filter(|it| ours(&it.relative));
        let count = found.count();
        let locked = directory.has("migration_lock.toml");
        count > 0 && (locked || count * 2 > directory.files.len())
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some((name, direction)) = migration(&file.relative) else {
                arrangement.skip(index, "Prisma runs only <name>/migration.sql");
                continue;
            };
            let version = order::version(name).unwrap_or(name);
            let mode = TransactionMode::Message;
            let unit = one_message(index, file, name, version, direction, mode);
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        a.cmp(b)
    }
}

/// A `down.sql` is not Prisma's, but what its manual proposes for `prisma db execute`.
fn migration(relative: &str) -> Option<(&str, Direction)> {
    let (name, file) = in_directory(relative)?;
    match file {
        "migration.sql" => Some((name, Direction::Up)),
        "down.sql" => Some((name, Direction::Down)),
        _ => None,
    }
}
