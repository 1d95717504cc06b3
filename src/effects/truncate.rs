//! Effects of TRUNCATE.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{DropBehavior, RangeVar, TruncateStmt};

use super::{Collector, LockMode, Reason};
use crate::catalog::{Constraint, Oid, Relation, RelationKind};

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
    if cascades && (!before.complete || before.disturbed) {
        c.assume("tables that no known migration created may reference it: they are emptied too");
    }
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
