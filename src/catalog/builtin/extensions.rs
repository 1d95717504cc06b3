//! Functions and operators of contrib extensions (`pg_proc`, `pg_operator` with the extensions installed).
//! They live in whatever schema the extension was created in.

use super::functions::Function;
use super::operators::Operator;
use super::table::{Row, Table};
use crate::version::PgVersion;

static FUNCTIONS: Table<(&str, Function)> =
    Table::new(include_str!("extension_functions.tsv"), read_function);
static OPERATORS: Table<(&str, Operator)> =
    Table::new(include_str!("extension_operators.tsv"), read_operator);

/// The extension stands behind the name.
fn read_function(mut row: Row) -> Option<(&'static str, Function)> {
    let name = row.text()?;
    let extension = row.text()?;
    Some((extension, Function::read_named(name, row)?))
}

fn read_operator(mut row: Row) -> Option<(&'static str, Operator)> {
    let name = row.text()?;
    let extension = row.text()?;
    Some((extension, Operator::read_named(name, row)?))
}

/// The functions of this name, each with the extension that brings it.
pub fn extension_functions(
    name: &str,
    version: PgVersion,
) -> impl Iterator<Item = (&'static str, Function)> {
    FUNCTIONS
        .find(name)
        .iter()
        .copied()
        .filter(move |(_, function)| function.versions.contains(version))
}

/// The operators of this name, each with the extension that brings it.
pub fn extension_operators(
    name: &str,
    version: PgVersion,
) -> impl Iterator<Item = (&'static str, Operator)> {
    OPERATORS
        .find(name)
        .iter()
        .copied()
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
        for (line, row) in rows(&FUNCTIONS) {
            let known = read_function(row).is_some_and(|(it, _)| is_known_extension(it));
            assert!(known, "{line}");
        }
        for (line, row) in rows(&OPERATORS) {
            let known = read_operator(row).is_some_and(|(it, _)| is_known_extension(it));
            assert!(known, "{line}");
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
