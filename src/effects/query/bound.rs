//! How far the text bounds the rows that a statement writes.

use pg_query::protobuf::{SelectStmt, SubLinkType};
use pg_query::{Node, NodeEnum};

use super::access::Known;
use super::build::limit_of;
use super::facts::{ColumnTest, Fact};
use super::level::{Level, Rows};
use crate::catalog::IndexTarget;
use crate::effects::RowBound;

/// Of UPDATE and DELETE: the first source of the level.
pub(super) fn of_target(known: &Known<'_, '_>) -> RowBound {
    let level = known.level;
    if level.never || level.sources.is_empty() {
        return RowBound::Bounded;
    }
    if level.conditions.is_empty() {
        return RowBound::Unbounded;
    }
    if is_bounded(known, 0) {
        RowBound::Bounded
    } else {
        RowBound::Filtered
    }
}

fn is_bounded(known: &Known<'_, '_>, target: usize) -> bool {
    let limited = known.facts.iter().any(|fact| match fact {
        Fact::Rows { source, rows, .. } => *source == target && gives_limited(known.level, *rows),
        Fact::Column {
            source,
            column,
            test,
        } if *source == target => lists_rows(column, test),
        _ => false,
    });
    limited || by_unique_key(known, target) || by_range(known, target)
}

fn gives_limited(level: &Level<'_>, source: usize) -> bool {
    match level.sources[source].rows {
        Rows::Planned(count) => count.is_bounded(),
        Rows::Table { .. } | Rows::Unknown(_) => false,
    }
}

/// Row addresses, or values that a subquery with LIMIT gives.
fn lists_rows(column: &str, test: &ColumnTest<'_>) -> bool {
    match test {
        ColumnTest::Equal(values) => {
            column == "ctid"
                && values
                    .as_ref()
                    .is_none_or(|values| values.iter().all(|value| !is_unlimited_query(value)))
        }
        ColumnTest::InArray(array) => {
            is_limited_query(array) || column == "ctid" && !is_unlimited_query(array)
        }
        ColumnTest::Null
        | ColumnTest::Above(_)
        | ColumnTest::Below(_)
        | ColumnTest::Prefix
        | ColumnTest::Contains => false,
    }
}

fn query_of(value: &Node) -> Option<(&SelectStmt, SubLinkType)> {
    let NodeEnum::SubLink(sublink) = value.node.as_ref()? else {
        return None;
    };
    match sublink.subselect.as_ref()?.node.as_ref()? {
        NodeEnum::SelectStmt(select) => Some((select, sublink.sub_link_type())),
        _ => None,
    }
}

fn is_limited_query(value: &Node) -> bool {
    query_of(value).is_some_and(|(select, kind)| {
        kind == SubLinkType::ArraySublink && limit_of(select).is_some()
    })
}

fn is_unlimited_query(value: &Node) -> bool {
    query_of(value).is_some_and(|(select, kind)| {
        kind == SubLinkType::ArraySublink && select.limit_count.is_none()
    })
}

/// All columns of a unique index have a value or a few. Of a relation that is not known, `id` and `uuid` are taken
/// to be keys: that is what they are called for.
fn by_unique_key(known: &Known<'_, '_>, target: usize) -> bool {
    let endless = |column: &str| {
        known.facts.iter().any(|fact| match fact {
            Fact::Column {
                source,
                column: name,
                test: ColumnTest::InArray(array),
            } => *source == target && name == column && is_unlimited_query(array),
            _ => false,
        })
    };
    let fixed =
        |column: &str| known.fixed.contains(&(target, column.to_owned())) && !endless(column);
    match known.level.table(target) {
        Some(table) if table.complete => known.catalog.indexes_of(table.oid).any(|index| {
            index.unique
                && index.predicate.is_none()
                && index.keys.iter().all(|key| match &key.target {
                    IndexTarget::Column(column) => fixed(column),
                    IndexTarget::Expression(_) => false,
                })
        }),
        _ => fixed("id") || fixed("uuid"),
    }
}

/// A range with both ends on the leading column of an index.
fn by_range(known: &Known<'_, '_>, target: usize) -> bool {
    let between = |column: &str| {
        let has = |wanted: fn(&ColumnTest<'_>) -> bool| {
            known
                .tests(target)
                .any(|(name, test)| name == column && wanted(test))
        };
        has(|test| matches!(test, ColumnTest::Above(_)))
            && has(|test| matches!(test, ColumnTest::Below(_)))
    };
    match known.level.table(target) {
        Some(table) if table.complete => {
            known.catalog.indexes_of(table.oid).any(|index| {
                match index.keys.first().map(|key| &key.target) {
                    Some(IndexTarget::Column(column)) => between(column),
                    Some(IndexTarget::Expression(_)) | None => false,
                }
            })
        }
        _ => between("id"),
    }
}
