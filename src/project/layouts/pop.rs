//! pop and Ory's popx: `<digits>_<name>[.<dialect>][.autocommit].(up|down).sql`.
//!
//! Read from ory/x at 0dd59c2 (`popx/match.go`): names match
//! `^(\d+)_([^.]+)(\.[a-z0-9]+)?(|\.autocommit)\.(up|down)\.(sql|fizz)$`. A file for the database's dialect goes before the
//! one for all. Each file is one message in a transaction of its own; `.autocommit.` in the name turns the transaction off,
//! so that a single statement commits by itself. The text is a Go template.

use std::collections::BTreeSet;

use super::files::{compare_numbers, directed, number, numbered, one_message};
use super::{Arrangement, Directory, Layout, Unit};
use crate::project::{Direction, TransactionMode};

pub struct Pop;

impl Layout for Pop {
    fn name(&self) -> &'static str {
        "pop"
    }

    /// A name that only pop understands, or its templates.
    fn recognises(&self, directory: &Directory) -> bool {
        let names: Vec<Name> = directory
            .files
            .iter()
            .filter_map(|it| Name::of(&it.relative))
            .collect();
        let typical = |name: &Name| name.autocommit || name.dialect.is_some_and(is_dialect);
        let template = |text: &str| text.contains("{{") && text.contains(".Options");
        names.len() * 2 > directory.files.len()
            && (names.iter().any(typical)
                || directory
                    .files
                    .iter()
                    .any(|file| template(file.source.text())))
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        let names: Vec<Option<Name>> = directory
            .files
            .iter()
            .map(|it| Name::of(&it.relative))
            .collect();
        let ours: BTreeSet<(&str, bool)> = names
            .iter()
            .flatten()
            .filter(|name| name.dialect.is_some_and(is_postgres))
            .map(|name| (name.version, name.is_down()))
            .collect();
        for ((index, file), name) in directory.files.iter().enumerate().zip(&names) {
            let Some(name) = name else {
                let reason = "pop runs only files named <digits>_<name>.up.sql or .down.sql";
                arrangement.skip(index, reason);
                continue;
            };
            match name.dialect {
                Some(dialect) if !is_postgres(dialect) => {
                    arrangement.skip(index, "it is for another database by its name");
                    continue;
                }
                None if ours.contains(&(name.version, name.is_down())) => {
                    arrangement.skip(index, "the same migration has a file for PostgreSQL");
                    continue;
                }
                Some(_) | None => {}
            }
            let transaction = if name.autocommit {
                TransactionMode::Message
            } else {
                TransactionMode::File
            };
            let key = number(name.version);
            let unit = one_message(index, file, key, name.version, name.direction, transaction);
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

struct Name<'a> {
    version: &'a str,
    dialect: Option<&'a str>,
    autocommit: bool,
    direction: Direction,
}

impl<'a> Name<'a> {
    fn of(relative: &'a str) -> Option<Self> {
        let (base, direction) = directed(relative)?;
        let (version, rest) = numbered(base)?;
        let mut parts = rest.split('.');
        parts
            .next()
            .filter(|name| !name.is_empty() && !relative.contains('/'))?;
        let (dialect, autocommit) = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => (None, false),
            (Some("autocommit"), None, _) => (None, true),
            (Some(dialect), None, _) => (Some(dialect), false),
            (Some(dialect), Some("autocommit"), None) => (Some(dialect), true),
            _ => return None,
        };
        Some(Name {
            version,
            dialect,
            autocommit,
            direction,
        })
    }

    fn is_down(&self) -> bool {
        self.direction == Direction::Down
    }
}

/// The names of `pop.CanonicalDialect` for PostgreSQL.
fn is_postgres(dialect: &str) -> bool {
    matches!(dialect, "postgres" | "postgresql" | "pg" | "pgx")
}

fn is_dialect(dialect: &str) -> bool {
    let others = [
        "cockroach",
        "cockroachdb",
        "crdb",
        "mysql",
        "mariadb",
        "sqlite",
        "sqlite3",
    ];
    is_postgres(dialect) || others.contains(&dialect)
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names() {
        let name = |name| Name::of(name).map(|it| (it.version, it.dialect, it.autocommit));
        assert_eq!(name("1_a.up.sql"), Some(("1", None, false)));
        assert_eq!(
            name("1_a.postgres.up.sql"),
            Some(("1", Some("postgres"), false))
        );
        assert_eq!(name("1_a.autocommit.down.sql"), Some(("1", None, true)));
        assert_eq!(
            name("1_a.mysql.autocommit.up.sql"),
            Some(("1", Some("mysql"), true))
        );
        assert_eq!(name("1_a.sql"), None);
        assert_eq!(name("a.up.sql"), None);
    }
}
