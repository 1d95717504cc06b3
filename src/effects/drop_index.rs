//! Effects of DROP INDEX.

use std::ops::Range;

use pg_query::protobuf::{DropBehavior, DropStmt, ObjectType, RangeVar};

use super::drop::{lock_referenced, lock_removed};
use super::named::{self, Named};
use super::{ChangeKind, Collector, LockMode, other};
use crate::catalog::{Constraint, ConstraintKind, Index, Relation, RelationKind};

/// AccessExclusive on the index and its table; CONCURRENTLY waits for old transactions instead and holds
/// ShareUpdateExclusive (`index_drop` in src/backend/catalog/index.c).
pub(super) fn drop_index(stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    if stmt.concurrent {
        c.released_at_statement_end();
        if stmt.objects.len() > 1 {
            let message = "DROP INDEX CONCURRENTLY does not support dropping multiple objects";
            c.error("0A000", message, span.clone());
            return;
        }
        if stmt.behavior() == DropBehavior::DropCascade {
            let message = "DROP INDEX CONCURRENTLY does not support CASCADE";
            c.error("0A000", message, span.clone());
            return;
        }
    }
    let missing = stmt
        .objects
        .iter()
        .filter_map(named::range_var)
        .any(|name| c.input.oid(&name).is_none());
    // A name that there is not is the first thing to be refused.
    if missing && let Some(refusal) = c.input.refusal.filter(|it| it.sqlstate == "42704") {
        c.error(refusal.sqlstate, refusal.message.clone(), span.clone());
        return;
    }
    let mut relaxed = stmt.concurrent;
    for name in stmt.objects.iter().filter_map(named::range_var) {
        let named = c.named_if_exists(&name, RelationKind::Table, stmt.missing_ok);
        match named {
            Named::Known(oid) => {
                if let Some(message) = other::not_a(ObjectType::ObjectIndex, oid, c) {
                    c.error("42809", message, span.clone());
                    return;
                }
                let Some(index) = c.index(oid) else {
                    unknown_index(&name, stmt, c, span);
                    continue;
                };
                relaxed &= is_permanent(index, c);
                one_index(index, stmt, relaxed, c, span);
            }
            Named::Unknown(_) => unknown_index(&name, stmt, c, span),
            Named::Nothing => {}
        }
        if c.failed() {
            return;
        }
    }
    if stmt.concurrent {
        c.forbidden_in_transaction("DROP INDEX CONCURRENTLY");
    }
}

/// CONCURRENTLY means nothing for an index of a temporary table.
fn is_permanent(index: &Index, c: &Collector<'_>) -> bool {
    c.relation(index.table)
        .is_none_or(|table| table.persistence != crate::catalog::Persistence::Temporary)
}

fn unknown_index(name: &RangeVar, stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    c.assume(format!(
        "index {} was not created by a known migration: its table, which is locked too, is not known",
        name.relname
    ));
    let target = super::Target {
        name: c.input.qualified(name),
        oid: None,
        kind: super::TargetKind::Index,
        new: false,
    };
    let mode = if stmt.concurrent {
        LockMode::ShareUpdateExclusive
    } else {
        LockMode::AccessExclusive
    };
    c.lock_target(target, mode, span.clone());
}

fn one_index(
    index: &Index,
    stmt: &DropStmt,
    concurrently: bool,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let (mode, name) = if concurrently {
        (LockMode::ShareUpdateExclusive, &index.name.name)
    } else {
        (LockMode::AccessExclusive, &index.name.name)
    };
    let partitioned = c
        .relation(index.table)
        .is_some_and(|table| table.kind == RelationKind::PartitionedTable);
    if partitioned && concurrently {
        let message = format!("cannot drop partitioned index \"{name}\" concurrently");
        c.error("0A000", message, span.clone());
        return;
    }
    if let Some(message) = belongs_to_constraint(index, c) {
        c.error("2BP01", message, span.clone());
        return;
    }
    c.because("the index is its", |c| {
        c.lock(index.table, mode, span.clone())
    });
    c.lock(index.oid, mode, span.clone());
    if partitioned {
        lock_partitions_of_index(index, c, span);
    }
    index_dropped(index, stmt.concurrent, c, span);
    cascade_of_index(index, stmt, c, span);
}

/// The index of a key or exclusion constraint goes with the constraint only, and that of a partition with its
/// parent only.
fn belongs_to_constraint(index: &Index, c: &Collector<'_>) -> Option<String> {
    let table = c.relation(index.table)?;
    let name = &index.name.name;
    let constraint = table.constraints.iter().find(|constraint| {
        matches!(
            &constraint.kind,
            ConstraintKind::PrimaryKey { index: of }
                | ConstraintKind::Unique { index: of }
                | ConstraintKind::Exclusion { index: of } if *of == index.oid
        )
    });
    if let Some(constraint) = constraint {
        return Some(format!(
            "cannot drop index {name} because constraint {} on table {} requires it",
            constraint.name, table.name.name
        ));
    }
    let parent = c.index(index.parent?)?;
    Some(format!(
        "cannot drop index {name} because index {} requires it",
        parent.name.name
    ))
}

fn lock_partitions_of_index(index: &Index, c: &mut Collector<'_>, span: &Range<usize>) {
    let before = c.input.before;
    for partition in c.family(index.table) {
        c.because("a partition of the index is its", |c| {
            c.lock(partition, LockMode::AccessExclusive, span.clone())
        });
    }
    let mut parents = vec![index.oid];
    while let Some(parent) = parents.pop() {
        for child in before
            .indexes()
            .filter(|child| child.parent == Some(parent))
        {
            c.lock(child.oid, LockMode::AccessExclusive, span.clone());
            parents.push(child.oid);
        }
    }
}

fn index_dropped(index: &Index, concurrently: bool, c: &mut Collector<'_>, span: &Range<usize>) {
    if let (Some(target), Some(table)) = (c.target(index.oid), c.target(index.table)) {
        let change = ChangeKind::IndexDropped {
            index: target,
            table,
            concurrently,
        };
        c.change(change, span.clone());
    }
}

/// A foreign key of another table may depend on a unique index.
fn cascade_of_index(index: &Index, stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    let before = c.input.before;
    let dependent: Vec<(&Relation, &Constraint)> = before
        .foreign_keys_to(index.table)
        .filter(|(_, _, key)| key.index == Some(index.oid))
        .map(|(relation, constraint, _)| (relation, constraint))
        .collect();
    for (relation, constraint) in dependent {
        if stmt.behavior() != DropBehavior::DropCascade {
            let message = format!(
                "cannot drop index {} because other objects depend on it",
                index.name.name
            );
            c.error("2BP01", message, span.clone());
            return;
        }
        lock_removed(relation.oid, true, c, span);
        lock_referenced(constraint, c, span);
    }
}
