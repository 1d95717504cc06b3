//! Storage parameters: which relations have them, and the lock that setting them takes.

use super::table::{self, Row, Table, Versions};
use super::values::Values;
use crate::version::PgVersion;

static TABLE: Table<Reloption> = Table::new(include_str!("reloptions.tsv"), Reloption::read);

/// A storage parameter of one kind of relation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reloption {
    pub name: &'static str,
    pub kind: ReloptionKind,
    /// ALTER ... SET and RESET take AccessExclusiveLock on the relation; else ShareUpdateExclusiveLock.
    /// Of a list of parameters the strongest decides.
    pub access_exclusive: bool,
    pub values: Values,
    pub versions: Versions,
}

/// What a storage parameter belongs to. Partitioned tables have none of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloptionKind {
    /// Tables and materialized views.
    Heap,
    /// `toast.NAME` of a table or materialized view, which is what gets locked.
    Toast,
    /// ALTER COLUMN ... SET; the table gets locked.
    Column,
    View,
    Btree,
    Hash,
    Gist,
    SpGist,
    Gin,
    Brin,
}

impl ReloptionKind {
    /// The kind of an index, by its access method; None for one that an extension brings.
    pub fn of_index(access_method: &str) -> Option<Self> {
        Some(match access_method {
            "btree" => ReloptionKind::Btree,
            "hash" => ReloptionKind::Hash,
            "gist" => ReloptionKind::Gist,
            "spgist" => ReloptionKind::SpGist,
            "gin" => ReloptionKind::Gin,
            "brin" => ReloptionKind::Brin,
            _ => return None,
        })
    }

    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "heap" => ReloptionKind::Heap,
            "toast" => ReloptionKind::Toast,
            "column" => ReloptionKind::Column,
            "view" => ReloptionKind::View,
            access_method => return ReloptionKind::of_index(access_method),
        })
    }
}

impl Reloption {
    fn read(mut row: Row) -> Option<Self> {
        Some(Reloption {
            name: row.text()?,
            kind: ReloptionKind::read(row.text()?)?,
            access_exclusive: match row.text()? {
                "AccessExclusiveLock" => true,
                "ShareUpdateExclusiveLock" => false,
                _ => return None,
            },
            values: Values::read(row.text()?)?,
            versions: row.versions,
        })
    }
}

/// The parameter of that name (lower case, without `toast.`), if this version knows it for this kind.
pub fn reloption(kind: ReloptionKind, name: &str, version: PgVersion) -> Option<Reloption> {
    let mut found = TABLE.find(name).iter();
    found
        .find(|option| option.kind == kind && option.versions.contains(version))
        .copied()
}

/// When some kind of relation had a parameter of this name; None when no version from 12 to 18 has one.
pub fn reloption_versions(name: &str) -> Option<Versions> {
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
            assert!(Reloption::read(row).is_some(), "{line}");
        }
    }

    #[test]
    fn the_lock_depends_on_the_parameter() {
        let access_exclusive = |kind, name| {
            reloption(kind, name, PgVersion::NEWEST).map(|option| option.access_exclusive)
        };
        assert_eq!(
            access_exclusive(ReloptionKind::Heap, "fillfactor"),
            Some(false)
        );
        assert_eq!(
            access_exclusive(ReloptionKind::Heap, "user_catalog_table"),
            Some(true)
        );
        assert_eq!(
            access_exclusive(ReloptionKind::Gin, "fastupdate"),
            Some(true)
        );
        assert_eq!(access_exclusive(ReloptionKind::Btree, "fastupdate"), None);
        assert_eq!(
            access_exclusive(ReloptionKind::Column, "n_distinct"),
            Some(false)
        );
        assert_eq!(access_exclusive(ReloptionKind::Toast, "fillfactor"), None);
    }

    #[test]
    fn a_version_has_only_its_own_parameters() {
        assert_eq!(
            reloption(ReloptionKind::Btree, "deduplicate_items", at(12)),
            None
        );
        assert!(reloption(ReloptionKind::Btree, "deduplicate_items", at(13)).is_some());
        let versions = reloption_versions("autovacuum_vacuum_max_threshold").unwrap();
        assert_eq!(versions.first, at(18));
        assert_eq!(reloption_versions("no_such_parameter"), None);
    }
}
