//! Functions and operators of contrib extensions (`pg_proc`, `pg_operator` with the extensions installed).
//! They live in whatever schema the extension was created in.

use super::functions::Function;
use super::operators::Operator;
use super::table::Table;
use crate::version::PgVersion;

static FUNCTIONS: Table = Table::new(include_str!("extension_functions.tsv"));
static OPERATORS: Table = Table::new(include_str!("extension_operators.tsv"));

/// The functions of this name, each with the extension that brings it.
pub fn extension_functions(
    name: &str,
    version: PgVersion,
) -> impl Iterator<Item = (&'static str, Function)> {
    FUNCTIONS
        .find(name)
        .filter_map(|mut row| {
            let name = row.text()?;
            let extension = row.text()?;
            Some((extension, Function::read_named(name, row)?))
        })
        .filter(move |(_, function)| function.versions.contains(version))
}

/// The operators of this name, each with the extension that brings it.
pub fn extension_operators(
    name: &str,
    version: PgVersion,
) -> impl Iterator<Item = (&'static str, Operator)> {
    OPERATORS
        .find(name)
        .filter_map(|mut row| {
            let name = row.text()?;
            let extension = row.text()?;
            Some((extension, Operator::read_named(name, row)?))
        })
        .filter(move |(_, operator)| operator.versions.contains(version))
}

/// Whether all functions and operators that an extension brings to expressions are known here.
pub fn is_known_extension(name: &str) -> bool {
    const KNOWN: &[&str] = &[
        "btree_gin",
        "btree_gist",
        "citext",
        "cube",
        "earthdistance",
        "fuzzystrmatch",
        "hstore",
        "intarray",
        "ltree",
        "pg_trgm",
        "pgcrypto",
        "plpgsql",
        "seg",
        "tablefunc",
        "unaccent",
        "uuid-ossp",
        "xml2",
    ];
    KNOWN.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{assert_sorted, rows};
    use super::*;
    use crate::catalog::Volatility;

    #[test]
    fn every_row_is_read_and_in_order() {
        assert_sorted(&FUNCTIONS);
        assert_sorted(&OPERATORS);
        for (line, mut row) in rows(&FUNCTIONS) {
            let name = row.text().unwrap();
            assert!(row.text().is_some_and(is_known_extension), "{line}");
            assert!(Function::read_named(name, row).is_some(), "{line}");
        }
        for (line, mut row) in rows(&OPERATORS) {
            let name = row.text().unwrap();
            assert!(row.text().is_some_and(is_known_extension), "{line}");
            assert!(Operator::read_named(name, row).is_some(), "{line}");
        }
    }

    #[test]
    fn uuids_are_volatile() {
        let found: Vec<_> = extension_functions("uuid_generate_v4", PgVersion::OLDEST)
            .map(|(extension, function)| (extension, function.volatility))
            .collect();
        assert_eq!(found, [("uuid-ossp", Volatility::Volatile)]);
    }
}
