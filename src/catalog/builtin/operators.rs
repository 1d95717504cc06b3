//! The operators of the schema pg_catalog (`pg_operator`).

use super::table::{Row, Table, Versions};
use crate::catalog::Volatility;
use crate::version::PgVersion;

static TABLE: Table<Operator> = Table::new(include_str!("operators.tsv"), Operator::read);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    pub name: &'static str,
    /// None for a prefix operator.
    pub left: Option<&'static str>,
    /// None for a postfix operator (12 and 13 have `!`).
    pub right: Option<&'static str>,
    pub result: &'static str,
    /// The function of pg_catalog behind it.
    pub function: &'static str,
    pub volatility: Volatility,
    /// It answers NULL as soon as an operand is NULL.
    pub strict: bool,
    pub versions: Versions,
}

impl Operator {
    fn read(mut row: Row) -> Option<Self> {
        let name = row.text()?;
        Operator::read_named(name, row)
    }

    /// The fields behind the name.
    pub(super) fn read_named(name: &'static str, mut row: Row) -> Option<Self> {
        Some(Operator {
            name,
            left: row.optional()?,
            right: row.optional()?,
            result: row.text()?,
            function: row.text()?,
            volatility: row.volatility()?,
            strict: row.flag()?,
            versions: row.versions,
        })
    }
}

/// The operators of this name that this version has.
pub fn operators(name: &str, version: PgVersion) -> impl Iterator<Item = Operator> {
    TABLE
        .find(name)
        .iter()
        .copied()
        .filter(move |operator| operator.versions.contains(version))
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{assert_sorted, rows};
    use super::*;

    #[test]
    fn every_row_is_read_and_in_order() {
        assert_sorted(&TABLE);
        for (line, row) in rows(&TABLE) {
            assert!(Operator::read(row).is_some(), "{line}");
        }
    }

    #[test]
    fn operands_decide_the_volatility() {
        let plus = |left, right| {
            operators("+", PgVersion::NEWEST)
                .find(|operator| (operator.left, operator.right) == (Some(left), Some(right)))
                .map(|operator| (operator.result, operator.volatility))
        };
        assert_eq!(plus("int4", "int4"), Some(("int4", Volatility::Immutable)));
        assert_eq!(
            plus("timestamptz", "interval"),
            Some(("timestamptz", Volatility::Stable))
        );
        assert_eq!(
            plus("timestamp", "interval"),
            Some(("timestamp", Volatility::Immutable))
        );
    }

    #[test]
    fn names_that_look_like_a_comment_are_found() {
        assert!(operators("#", PgVersion::NEWEST).count() > 0);
        assert!(operators("##", PgVersion::NEWEST).count() > 0);
    }

    #[test]
    fn prefix_operators_have_no_left_operand() {
        assert!(
            operators("-", PgVersion::NEWEST)
                .any(|operator| operator.left.is_none() && operator.right == Some("int4"))
        );
    }
}
