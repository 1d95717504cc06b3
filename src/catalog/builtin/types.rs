//! The types of the schema pg_catalog (`pg_type`, `pg_range`).

use super::table::{self, Row, Table, Versions};
use crate::catalog::Volatility;
use crate::version::PgVersion;

static TABLE: Table<Type> = Table::new(include_str!("types.tsv"), Type::read);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Type {
    pub name: &'static str,
    pub kind: TypeKind,
    /// `pg_type.typcategory`: `N` numbers, `S` strings, `D` dates and times ...
    pub category: char,
    /// The type that PostgreSQL prefers within the category when it has to guess.
    pub preferred: bool,
    /// Bytes; -1 when it varies, -2 for a C string.
    pub length: i16,
    /// What subscripting gives; not only arrays have one (`point`, `name`).
    pub element: Option<&'static str>,
    /// The type of arrays of it. Those of row types of system catalogs have no entry of their own.
    pub array: Option<&'static str>,
    /// What a range is over, and the range that a multirange is made of.
    pub subtype: Option<&'static str>,
    /// Of the function that reads a literal.
    pub input_volatility: Volatility,
    /// Of the function that writes the text form.
    pub output_volatility: Volatility,
    pub collatable: bool,
    /// It takes a modifier, as in `varchar(10)`.
    pub modifiers: bool,
    pub versions: Versions,
}

/// `pg_type.typtype`, with arrays told from other base types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    Base,
    Array,
    /// The row type of a system catalog.
    Composite,
    /// No column can have it: `record`, `anyelement`, `trigger` ...
    Pseudo,
    Range,
    Multirange,
}

impl Type {
    fn read(mut row: Row) -> Option<Self> {
        Some(Type {
            name: row.text()?,
            kind: match row.text()? {
                "b" => TypeKind::Base,
                "a" => TypeKind::Array,
                "c" => TypeKind::Composite,
                "p" => TypeKind::Pseudo,
                "r" => TypeKind::Range,
                "m" => TypeKind::Multirange,
                _ => return None,
            },
            category: row.text()?.chars().next()?,
            preferred: row.flag()?,
            length: row.number()?,
            element: row.optional()?,
            array: row.optional()?,
            subtype: row.optional()?,
            input_volatility: row.volatility()?,
            output_volatility: row.volatility()?,
            collatable: row.flag()?,
            modifiers: row.flag()?,
            versions: row.versions,
        })
    }
}

/// The built-in type of that internal name. (`integer` and the like are the parser's aliases.)
pub fn type_named(name: &str, version: PgVersion) -> Option<Type> {
    let mut found = TABLE.find(name).iter();
    found.find(|it| it.versions.contains(version)).copied()
}

/// When there was a type of this name; None when no version from 12 to 18 has one.
pub fn type_versions(name: &str) -> Option<Versions> {
    table::span(TABLE.find(name).iter().map(|it| it.versions))
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{assert_sorted, rows};
    use super::*;

    fn at(major: u8) -> PgVersion {
        PgVersion::new(major).unwrap()
    }

    #[test]
    fn every_row_is_read_and_in_order() {
        assert_sorted(&TABLE);
        for (line, row) in rows(&TABLE) {
            assert!(Type::read(row).is_some(), "{line}");
        }
    }

    #[test]
    fn a_version_has_only_its_own_types() {
        assert_eq!(type_named("int4multirange", at(13)), None);
        let multirange = type_named("int4multirange", at(14)).unwrap();
        assert_eq!(multirange.kind, TypeKind::Multirange);
        assert_eq!(multirange.subtype, Some("int4range"));
        assert_eq!(
            type_versions("int4multirange").map(|versions| versions.first),
            Some(at(14))
        );
        assert_eq!(type_versions("integer"), None);
    }

    #[test]
    fn arrays_lead_to_their_element_and_back() {
        let array = type_named("_varchar", at(12)).unwrap();
        assert_eq!(
            (array.kind, array.element),
            (TypeKind::Array, Some("varchar"))
        );
        let element = type_named("varchar", at(12)).unwrap();
        assert_eq!(
            (element.kind, element.array),
            (TypeKind::Base, Some("_varchar"))
        );
        assert_eq!(
            type_named("point", at(12)).map(|found| found.kind),
            Some(TypeKind::Base)
        );
    }

    #[test]
    fn the_facts_of_some_types() {
        let text = type_named("text", at(18)).unwrap();
        assert!(text.preferred && text.collatable && !text.modifiers);
        assert_eq!((text.category, text.length), ('S', -1));
        let timestamptz = type_named("timestamptz", at(18)).unwrap();
        assert_eq!((timestamptz.length, timestamptz.modifiers), (8, true));
        assert_eq!(timestamptz.input_volatility, Volatility::Stable);
        assert_eq!(
            type_named("int4", at(18)).map(|int| int.input_volatility),
            Some(Volatility::Immutable)
        );
        assert_eq!(
            type_named("trigger", at(18)).map(|found| found.kind),
            Some(TypeKind::Pseudo)
        );
    }
}
