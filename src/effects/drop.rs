//! Effects of DROP, DROP OWNED and TRUNCATE.
//!
//! What a DROP reaches is worked out by the catalog (`performMultipleDeletions`); here each thing that is
//! gone afterwards says which relations were locked for it.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    DropBehavior, DropOwnedStmt, DropStmt, ObjectType, RangeVar, TruncateStmt,
};

use super::named::{self, Named};
use super::{ChangeKind, Collector, LockMode, Reason, other};
use crate::catalog::{
    Constraint, ConstraintKind, Index, Oid, PartitionBound, QualifiedName, Relation, RelationKind,
};

pub fn drop(stmt: &DropStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    match stmt.remove_type() {
        ObjectType::ObjectIndex => {
            drop_index(stmt, c, &span);
            return;
        }
        ObjectType::ObjectTable
        | ObjectType::ObjectView
        | ObjectType::ObjectMatview
        | ObjectType::ObjectSequence
        | ObjectType::ObjectForeignTable => named_relations(stmt, c, &span),
        ObjectType::ObjectTrigger | ObjectType::ObjectRule | ObjectType::ObjectPolicy => {
            parts_of_relations(stmt, c, &span);
        }
        ObjectType::ObjectStatisticExt => statistics(stmt, c, &span),
        _ => {}
    }
    if c.failed() {
        return;
    }
    removed(stmt, c, &span);
}

/// The relations that are named: AccessExclusive, and on the parent of a partition too (`RemoveRelations` in
/// src/backend/commands/tablecmds.c).
fn named_relations(stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    let kind = match stmt.remove_type() {
        ObjectType::ObjectView => RelationKind::View,
        ObjectType::ObjectMatview => RelationKind::MaterializedView,
        ObjectType::ObjectSequence => RelationKind::Sequence,
        ObjectType::ObjectForeignTable => RelationKind::ForeignTable,
        _ => RelationKind::Table,
    };
    for name in stmt.objects.iter().filter_map(named::range_var) {
        let named = c.named_if_exists(&name, kind, stmt.missing_ok);
        match named {
            Named::Known(oid) => {
                if let Some(message) = wrong_kind(stmt.remove_type(), oid, c) {
                    c.error("42809", message, span.clone());
                    return;
                }
                c.lock(oid, LockMode::AccessExclusive, span.clone());
                lock_parent(oid, c, span);
                let stub = c.relation(oid).is_some_and(|relation| !relation.complete);
                if stub && let Some(relation) = c.target(oid) {
                    let cascaded = false;
                    c.change(
                        ChangeKind::RelationDropped { relation, cascaded },
                        span.clone(),
                    );
                }
            }
            Named::Unknown(target) => {
                c.lock_target(target.clone(), LockMode::AccessExclusive, span.clone());
                let change = ChangeKind::RelationDropped {
                    relation: target,
                    cascaded: false,
                };
                c.change(change, span.clone());
            }
            Named::Nothing => {}
        }
    }
}

fn wrong_kind(kind: ObjectType, oid: Oid, c: &Collector<'_>) -> Option<String> {
    other::not_a(kind, oid, c)
}

/// Dropping a partition changes the parent's partition descriptor, and what its default partition may hold
/// (`heap_drop_with_catalog`).
fn lock_parent(oid: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
    let Some(relation) = c.relation(oid).filter(|relation| relation.is_partition()) else {
        return;
    };
    let Some(&parent) = relation.parents.first() else {
        return;
    };
    let before = c.input.before;
    c.because("a partition of it is dropped", |c| {
        c.lock(parent, LockMode::AccessExclusive, span.clone())
    });
    let default = before.children(parent).find(|partition| {
        matches!(partition.partition_bound, Some(PartitionBound::Default)) && partition.oid != oid
    });
    if let Some(default) = default {
        c.because("the default partition may hold more rows afterwards", |c| {
            c.lock(default.oid, LockMode::AccessExclusive, span.clone())
        });
    }
}

/// Triggers, rules and policies: AccessExclusive on the table. With IF EXISTS and nothing to drop the lock is given
/// back (`get_object_address` in src/backend/catalog/objectaddress.c).
fn parts_of_relations(stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    for (table, part) in stmt.objects.iter().filter_map(named::relation_and_part) {
        let named = c.named_if_exists(&table, RelationKind::Table, stmt.missing_ok);
        if let Named::Known(oid) = named
            && stmt.missing_ok
            && !has_part(stmt.remove_type(), oid, &part, c)
        {
            continue;
        }
        c.lock_it(named, LockMode::AccessExclusive, span);
    }
}

fn has_part(kind: ObjectType, oid: Oid, part: &str, c: &Collector<'_>) -> bool {
    let Some(relation) = c.complete_relation(oid) else {
        return true;
    };
    match kind {
        ObjectType::ObjectTrigger => relation.triggers.iter().any(|found| found.name == part),
        ObjectType::ObjectRule => relation.rules.iter().any(|found| found.name == part),
        _ => relation.policies.iter().any(|found| found.name == part),
    }
}

/// `RemoveStatisticsById`: ShareUpdateExclusive on the table.
fn statistics(stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    let before = c.input.before;
    for name in stmt.objects.iter().filter_map(named::range_var) {
        let schemas: Vec<&str> = match name.schemaname.as_str() {
            "" => c
                .input
                .settings()
                .search_path
                .iter()
                .map(String::as_str)
                .collect(),
            given => vec![given],
        };
        let table = schemas.into_iter().find_map(|schema| {
            let name = QualifiedName::new(schema, name.relname.clone());
            before
                .statistics
                .get(&name)
                .map(|statistics| statistics.table)
        });
        match table {
            Some(table) => {
                c.because("the statistics are its", |c| {
                    c.lock(table, LockMode::ShareUpdateExclusive, span.clone())
                });
            }
            None if stmt.missing_ok => {}
            None => c.assume(format!(
                "statistics {} are of a table that is not known",
                name.relname
            )),
        }
    }
}

/// Everything that is gone or changed afterwards.
fn removed(stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    let (before, after) = (c.input.before, c.input.after);
    let difference = before.difference(after);
    let named: Vec<Oid> = stmt
        .objects
        .iter()
        .filter_map(named::range_var)
        .filter_map(|name| c.input.oid(&name))
        .collect();
    for relation in &difference.removed_relations {
        let cascaded = !named.contains(&relation.oid);
        lock_removed(relation.oid, cascaded, c, span);
        lock_parent(relation.oid, c, span);
        if let Some(target) = c.target(relation.oid) {
            let change = ChangeKind::RelationDropped {
                relation: target,
                cascaded,
            };
            c.change(change, span.clone());
        }
    }
    for index in &difference.removed_indexes {
        lock_removed(index.oid, true, c, span);
        lock_removed(index.table, true, c, span);
    }
    for (relation, constraint) in difference.removed_constraints() {
        lock_removed(relation.oid, true, c, span);
        lock_referenced(constraint, c, span);
    }
    for (old, new) in &difference.changed_relations {
        if loses_something(old, new) {
            lock_removed(old.oid, true, c, span);
        }
        columns_dropped(old, new, c, span);
    }
}

fn lock_removed(oid: Oid, cascaded: bool, c: &mut Collector<'_>, span: &Range<usize>) {
    let mode = LockMode::AccessExclusive;
    if cascaded {
        c.because(
            "it depends on what is dropped, or loses a part of its own",
            |c| c.lock(oid, mode, span.clone()),
        );
    } else {
        c.lock(oid, mode, span.clone());
    }
}

/// A foreign key has triggers on the referenced table, which are dropped with it; one that is NOT ENFORCED has
/// none, and what a partition has from its root is the root's (measured 12 to 18).
fn lock_referenced(constraint: &Constraint, c: &mut Collector<'_>, span: &Range<usize>) {
    let ConstraintKind::ForeignKey(key) = &constraint.kind else {
        return;
    };
    if !constraint.enforced || constraint.inherited > 0 {
        return;
    }
    let because = format!(
        "foreign key {} goes, and its triggers on the referenced table with it",
        constraint.name
    );
    for oid in c.family_if_partitioned(key.references) {
        c.because_of_key(because.clone(), |c| {
            c.lock(oid, LockMode::AccessExclusive, span.clone())
        });
    }
}

/// Columns, defaults, triggers, rules or policies that went with a type, function, sequence or schema.
fn loses_something(old: &Relation, new: &Relation) -> bool {
    let column_lost = old.columns.iter().any(|column| {
        new.column(&column.name).is_none_or(|kept| {
            column.default.is_some() && kept.default.is_none()
                || column.generated.is_some() && kept.generated.is_none()
        })
    });
    column_lost
        || old.triggers.len() > new.triggers.len()
        || old.rules.len() > new.rules.len()
        || old.policies.len() > new.policies.len()
        || old.parents.len() > new.parents.len()
}

fn columns_dropped(old: &Relation, new: &Relation, c: &mut Collector<'_>, span: &Range<usize>) {
    for column in &old.columns {
        if new.column(&column.name).is_some() {
            continue;
        }
        if let Some(relation) = c.target(old.oid) {
            let change = ChangeKind::ColumnDropped {
                relation,
                column: column.name.clone(),
            };
            c.change(change, span.clone());
        }
    }
}

/// AccessExclusive on the index and its table; CONCURRENTLY waits for old transactions instead and holds
/// ShareUpdateExclusive (`index_drop` in src/backend/catalog/index.c).
fn drop_index(stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
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

/// Everything that the role owns goes. Who owns what is not in the schema as migrations show it.
pub fn drop_owned(_stmt: &DropOwnedStmt, c: &mut Collector<'_>) {
    other::every_relation_of_a_role(c, "drops what the role owns");
}

/// `ExecuteTruncate` in src/backend/commands/tablecmds.c: AccessExclusive on the tables, on what inherits from them,
/// and with CASCADE on what references them; new storage, and every index built again (over nothing).
pub fn truncate(stmt: &TruncateStmt, c: &mut Collector<'_>) {
    let mut tables: Vec<(Oid, Range<usize>)> = Vec::new();
    for relation in &stmt.relations {
        if let Some(NodeEnum::RangeVar(name)) = &relation.node {
            truncated(name, c, &mut tables);
        }
        if c.failed() {
            return;
        }
    }
    cascade_truncate(stmt, c, &mut tables);
    if c.failed() {
        return;
    }
    for (oid, span) in &tables {
        // 12 and 13 look at the partition constraint, which the partitioned tables above have a part in.
        if !c.input.since(14) {
            for above in with_partitioned_tables_above(*oid, c) {
                c.because("a partition of it is truncated", |c| {
                    c.lock(above, LockMode::AccessShare, span.clone())
                });
            }
        }
        empty(*oid, stmt, c, span);
    }
}

fn truncated(name: &RangeVar, c: &mut Collector<'_>, tables: &mut Vec<(Oid, Range<usize>)>) {
    let span = c.name_span(name.location);
    let named = c.named(name, RelationKind::Table);
    let Some(oid) = c.lock_it(named, LockMode::AccessExclusive, &span) else {
        return;
    };
    let Some(relation) = c.relation(oid) else {
        return;
    };
    if relation.complete && !is_truncatable(relation, c) {
        let message = format!("\"{}\" is not a table", relation.name.name);
        c.error("42809", message, span);
        return;
    }
    if !name.inh && relation.kind == RelationKind::PartitionedTable {
        let message = "cannot truncate only a partitioned table";
        c.error("42809", message, span);
        return;
    }
    let family = if name.inh { c.family(oid) } else { vec![oid] };
    for child in family {
        if child != oid {
            c.because("it inherits from a table that is truncated", |c| {
                c.lock(child, LockMode::AccessExclusive, span.clone())
            });
        }
        if !tables.iter().any(|(known, _)| *known == child) {
            tables.push((child, span.clone()));
        }
    }
    read_bounds_above(oid, c, &span);
}

/// 12 and 13 look up what the rows of a partition must be like, though none is left (`InitResultRelInfo` in
/// src/backend/executor/execMain.c); the bounds of a partitioned table's ancestors count too.
fn read_bounds_above(partition: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
    if c.input.since(14) {
        return;
    }
    let mut part = partition;
    while let Some(relation) = c.relation(part).filter(|relation| relation.is_partition())
        && let Some(&parent) = relation.parents.first()
    {
        c.because("the bounds of its partitions are looked up", |c| {
            c.lock(parent, LockMode::AccessShare, span.clone())
        });
        part = parent;
    }
}

fn is_truncatable(relation: &Relation, c: &Collector<'_>) -> bool {
    match relation.kind {
        RelationKind::Table | RelationKind::PartitionedTable => true,
        RelationKind::ForeignTable => c.input.since(14),
        RelationKind::View
        | RelationKind::MaterializedView
        | RelationKind::Sequence
        | RelationKind::CompositeType => false,
    }
}

/// Tables that reference a truncated one: they must be truncated too, or it is an error, even when they are empty
/// (`heap_truncate_check_FKs`).
fn cascade_truncate(
    stmt: &TruncateStmt,
    c: &mut Collector<'_>,
    tables: &mut Vec<(Oid, Range<usize>)>,
) {
    let before = c.input.before;
    let cascades = stmt.behavior() == DropBehavior::DropCascade;
    let mut next = 0;
    while let Some((oid, span)) = tables.get(next).cloned() {
        next += 1;
        // A foreign key to a partitioned table references its partitions too.
        let mut referencing: Vec<(&Relation, &Constraint)> = Vec::new();
        for referenced in with_partitioned_tables_above(oid, c) {
            let keys = before.foreign_keys_to(referenced);
            referencing.extend(keys.map(|(relation, constraint, _)| (relation, constraint)));
        }
        for (relation, constraint) in referencing {
            if tables.iter().any(|(known, _)| *known == relation.oid) {
                continue;
            }
            if !cascades {
                let message =
                    "cannot truncate a table referenced in a foreign key constraint".to_owned();
                c.error("0A000", message, span);
                return;
            }
            let because = format!(
                "it references a truncated table with foreign key {}",
                constraint.name
            );
            for child in c.family(relation.oid) {
                c.because(because.clone(), |c| {
                    c.lock(child, LockMode::AccessExclusive, span.clone())
                });
                if !tables.iter().any(|(known, _)| *known == child) {
                    tables.push((child, span.clone()));
                }
            }
        }
    }
}

/// The table, and the partitioned tables that it is a partition of, at every level.
fn with_partitioned_tables_above(oid: Oid, c: &Collector<'_>) -> Vec<Oid> {
    let mut found = vec![oid];
    let mut next = 0;
    while let Some(&member) = found.get(next) {
        next += 1;
        let Some(relation) = c.relation(member).filter(|found| found.is_partition()) else {
            continue;
        };
        for &parent in &relation.parents {
            if !found.contains(&parent) {
                found.push(parent);
            }
        }
    }
    found
}

fn empty(oid: Oid, stmt: &TruncateStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    let before = c.input.before;
    if stmt.restart_seqs {
        for sequence in before.sequences_of(oid, None) {
            c.because("RESTART IDENTITY starts it anew", |c| {
                c.lock(sequence.oid, LockMode::AccessExclusive, span.clone())
            });
            c.new_storage(sequence.oid);
        }
    }
    let stored = c
        .relation(oid)
        .is_some_and(|relation| relation.kind == RelationKind::Table);
    if !stored {
        return;
    }
    c.new_storage(oid);
    for index in before.indexes_of(oid) {
        c.lock(index.oid, LockMode::AccessExclusive, span.clone());
        c.index_build(index.oid, Reason::Truncate, span.clone());
    }
}
