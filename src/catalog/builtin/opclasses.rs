//! Operator classes of indexes (`pg_opclass`), and the equality operators of btree families (`pg_amop`).

use super::table::{Row, Table, Versions};
use crate::version::PgVersion;

static OPCLASSES: Table<Opclass> = Table::new(include_str!("opclasses.tsv"), Opclass::read);
static OF_EXTENSIONS: Table<(&str, Opclass)> = Table::new(
    include_str!("extension_opclasses.tsv"),
    Opclass::read_of_extension,
);
static EQUALITIES: Table<Equality> = Table::new(include_str!("equalities.tsv"), Equality::read);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opclass {
    /// The access method: `btree`, `gin` ...
    pub method: &'static str,
    pub name: &'static str,
    /// The type it indexes; types that are binary coercible to it count too.
    pub input: &'static str,
    /// It is taken for its type when an index names none.
    pub default: bool,
    pub family: &'static str,
    pub versions: Versions,
}

impl Opclass {
    fn read(mut row: Row) -> Option<Self> {
        let method = row.text()?;
        Opclass::read_of(method, row)
    }

    fn read_of_extension(mut row: Row) -> Option<(&'static str, Self)> {
        let method = row.text()?;
        Some((row.text()?, Opclass::read_of(method, row)?))
    }

    fn read_of(method: &'static str, mut row: Row) -> Option<Self> {
        Some(Opclass {
            method,
            name: row.text()?,
            input: row.text()?,
            default: row.flag()?,
            family: row.text()?,
            versions: row.versions,
        })
    }
}

/// Of an operator family.
struct Equality {
    left: &'static str,
    right: &'static str,
    versions: Versions,
}

impl Equality {
    fn read(mut row: Row) -> Option<Self> {
        row.text()?;
        Some(Equality {
            left: row.text()?,
            right: row.text()?,
            versions: row.versions,
        })
    }
}

/// The operator classes of an access method that this version has.
pub fn opclasses(method: &str, version: PgVersion) -> impl Iterator<Item = Opclass> {
    OPCLASSES
        .find(method)
        .iter()
        .copied()
        .filter(move |opclass| opclass.versions.contains(version))
}

/// The operator classes that contrib extensions add to an access method, each with the extension.
pub fn extension_opclasses(
    method: &str,
    version: PgVersion,
) -> impl Iterator<Item = (&'static str, Opclass)> {
    OF_EXTENSIONS
        .find(method)
        .iter()
        .copied()
        .filter(move |(_, opclass)| opclass.versions.contains(version))
}

/// Whether a btree operator family has an equality operator between these two types.
pub fn has_equality(family: &str, left: &str, right: &str, version: PgVersion) -> bool {
    EQUALITIES.find(family).iter().any(|equality| {
        (equality.left, equality.right) == (left, right) && equality.versions.contains(version)
    })
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{assert_sorted, rows};
    use super::*;

    #[test]
    fn every_row_is_read_and_in_order() {
        assert_sorted(&OPCLASSES);
        assert_sorted(&EQUALITIES);
        assert_sorted(&OF_EXTENSIONS);
        for (line, row) in rows(&OF_EXTENSIONS) {
            assert!(Opclass::read_of_extension(row).is_some(), "{line}");
        }
        for (line, row) in rows(&EQUALITIES) {
            assert!(Equality::read(row).is_some(), "{line}");
        }
        for (line, row) in rows(&OPCLASSES) {
            assert!(Opclass::read(row).is_some(), "{line}");
        }
    }

    #[test]
    fn a_method_has_one_default_for_a_type() {
        let btree: Vec<&str> = opclasses("btree", PgVersion::NEWEST)
            .filter(|opclass| opclass.default && opclass.input == "text")
            .map(|opclass| opclass.name)
            .collect();
        assert_eq!(btree, ["text_ops"]);
    }

    #[test]
    fn families_compare_across_types() {
        let equal = |family, left, right| has_equality(family, left, right, PgVersion::NEWEST);
        assert!(equal("integer_ops", "int4", "int8"));
        assert!(!equal("integer_ops", "int4", "numeric"));
        assert!(equal("datetime_ops", "date", "timestamptz"));
    }
}
