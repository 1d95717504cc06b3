//! golang-migrate: `<digits>_<name>.up.sql` and `.down.sql`.
//!
//! Read from golang-migrate/migrate at 3a4ea1e: `source/parse.go` (names match
//! `^([0-9]+)_(.*)\.(down|up)\.(.*)$`, versions are numbers) and `database/postgres/postgres.go`: a file is one
//! `Exec` without arguments, so one simple-protocol message. Several statements in it are an implicit
//! transaction, a single one commits by itself, and the file's own BEGIN and COMMIT count.
//!
//! sqlx has the same names, as have others that open a transaction around a file. Without a `go.mod` above, the user
//! is told what was assumed. (With
//! `x-multi-statement=true` in the URL it would send statement by statement; files do not show that.)

use super::files::{compare_numbers, directed, exists_above, numbered, one_message};
use super::{Arrangement, Directory, Layout, Unit};
use crate::project::{Direction, TransactionMode};

pub struct GolangMigrate;

impl Layout for GolangMigrate {
    fn name(&self) -> &'static str {
        "golang-migrate"
    }

    /// Most files are half of a pair by their names.
    fn recognises(&self, directory: &Directory) -> bool {
        let named = directory.files.iter().filter_map(|it| pair(&it.relative));
        let (count, ups) = named.fold((0, 0), |(count, ups), (_, direction)| {
            (count + 1, ups + usize::from(direction == Direction::Up))
        });
        ups > 0 && count * 2 > directory.files.len()
    }

    fn may_be(&self, directory: &Directory) -> Option<&'static str> {
        let go = exists_above(directory.path, directory.tree, "go.mod");
        (!go).then_some("sqlx")
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some((version, direction)) = pair(&file.relative) else {
                let reason =
                    "golang-migrate runs only files named <digits>_<name>.up.sql or .down.sql";
                arrangement.skip(index, reason);
                continue;
            };
            let key = super::files::number(version);
            let mode = TransactionMode::Message;
            let unit = one_message(index, file, key, version, direction, mode);
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(unit.key.clone())
    }

    fn compare(&self, a: &str, b: &str) -> std::cmp::Ordering {
        compare_numbers(a, b)
    }
}

fn pair(relative: &str) -> Option<(&str, Direction)> {
    let (base, direction) = directed(relative)?;
    let (version, _) = numbered(base)?;
    (!relative.contains('/')).then_some((version, direction))
}
