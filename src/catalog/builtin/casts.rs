//! The casts between built-in types (`pg_cast`).
//!
//! Casts that PostgreSQL makes without an entry there are not listed: to and from strings through the text
//! form, element by element between arrays, and those of domains, enums and row types.

use super::table::{Row, Table, Versions};
use crate::catalog::Volatility;
use crate::version::PgVersion;

static TABLE: Table<Cast> = Table::new(include_str!("casts.tsv"), Cast::read);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cast {
    /// Where source and target are the same type, this applies a modifier (`varchar` to `varchar(10)`).
    pub source: &'static str,
    pub target: &'static str,
    pub method: CastMethod,
    pub context: CastContext,
    /// Of the function, or of the worse of the two that go through the text form.
    pub volatility: Volatility,
    pub versions: Versions,
}

/// `pg_cast.castmethod`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CastMethod {
    /// The bits stay as they are.
    Binary,
    /// The name of the function of pg_catalog that converts.
    Function(&'static str),
    /// Written as text and read again.
    InputOutput,
}

/// `pg_cast.castcontext`: where the cast is made without being asked for, fewest places first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CastContext {
    Explicit,
    Assignment,
    Implicit,
}

impl Cast {
    fn read(mut row: Row) -> Option<Self> {
        let (source, target) = (row.text()?, row.text()?);
        let (method, context, function) = (row.text()?, row.text()?, row.text()?);
        Some(Cast {
            source,
            target,
            method: match method {
                "b" => CastMethod::Binary,
                "f" => CastMethod::Function(function),
                "i" => CastMethod::InputOutput,
                _ => return None,
            },
            context: match context {
                "e" => CastContext::Explicit,
                "a" => CastContext::Assignment,
                "i" => CastContext::Implicit,
                _ => return None,
            },
            volatility: row.volatility()?,
            versions: row.versions,
        })
    }
}

/// The cast between two built-in types that this version has.
pub fn cast(source: &str, target: &str, version: PgVersion) -> Option<Cast> {
    casts_from(source, version).find(|cast| cast.target == target)
}

/// All casts of a built-in type.
pub fn casts_from(source: &str, version: PgVersion) -> impl Iterator<Item = Cast> {
    TABLE
        .find(source)
        .iter()
        .copied()
        .filter(move |cast| cast.versions.contains(version))
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{assert_sorted, rows};
    use super::*;

    #[test]
    fn every_row_is_read_and_in_order() {
        assert_sorted(&TABLE);
        for (line, row) in rows(&TABLE) {
            assert!(Cast::read(row).is_some(), "{line}");
        }
    }

    #[test]
    fn methods_and_contexts_are_told_apart() {
        let found = |source, target| {
            cast(source, target, PgVersion::NEWEST).map(|cast| (cast.method, cast.context))
        };
        assert_eq!(
            found("varchar", "text"),
            Some((CastMethod::Binary, CastContext::Implicit))
        );
        assert_eq!(
            found("int8", "int4"),
            Some((CastMethod::Function("int4"), CastContext::Assignment))
        );
        assert_eq!(
            found("json", "jsonb"),
            Some((CastMethod::InputOutput, CastContext::Assignment))
        );
        assert_eq!(found("json", "int4"), None);
        assert_eq!(found("no_such_type", "int4"), None);
    }

    #[test]
    fn a_cast_may_be_less_than_immutable() {
        let cast = cast("timestamp", "timestamptz", PgVersion::NEWEST).unwrap();
        assert_eq!(cast.volatility, Volatility::Stable);
    }
}
