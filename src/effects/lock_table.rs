//! Effects of LOCK TABLE.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{LockStmt, RangeVar};

use super::named::Named;
use super::{Collector, LockMode};
use crate::catalog::{Oid, Relation, RelationKind};

/// `LockTableCommand` in src/backend/commands/lockcmds.c.
pub fn lock(stmt: &LockStmt, c: &mut Collector<'_>) {
    if !c.input.session.in_block() {
        let message = "LOCK TABLE can only be used in transaction blocks";
        c.error("25P01", message, c.input.span());
        return;
    }
    let number = usize::try_from(stmt.mode).unwrap_or(8).clamp(1, 8);
    let mode = LockMode::ALL[number - 1];
    for relation in &stmt.relations {
        if let Some(NodeEnum::RangeVar(name)) = &relation.node {
            lock_one(name, mode, c);
        }
    }
}

fn lock_one(name: &RangeVar, mode: LockMode, c: &mut Collector<'_>) {
    let span = c.name_span(name.location);
    let named = c.named(name, RelationKind::Table);
    if let Named::Known(oid) = named
        && !is_lockable(oid, c)
    {
        let message = if c.input.since(15) {
            format!("cannot lock relation \"{}\"", name.relname)
        } else {
            format!("\"{}\" is not a table or view", name.relname)
        };
        c.error("42809", message, span);
        return;
    }
    let Some(oid) = c.lock_it(named, mode, &span) else {
        return;
    };
    let Some(relation) = c.relation(oid) else {
        return;
    };
    if relation.kind == RelationKind::View {
        lock_read_by_view(relation, mode, c, &span);
    } else if name.inh {
        lock_children(oid, mode, c, &span);
    }
}

fn is_lockable(oid: Oid, c: &Collector<'_>) -> bool {
    c.relation(oid).is_some_and(|relation| {
        !relation.complete
            || matches!(
                relation.kind,
                RelationKind::Table | RelationKind::PartitionedTable | RelationKind::View
            )
    })
}

fn lock_children(oid: Oid, mode: LockMode, c: &mut Collector<'_>, span: &Range<usize>) {
    for child in c.family(oid) {
        c.because("it inherits from a table that is named", |c| {
            c.lock(child, mode, span.clone())
        });
    }
}

/// What the view reads is locked alike, views in it through and through (`LockViewRecurse`); materialized views
/// and what else cannot be locked is left out.
fn lock_read_by_view(view: &Relation, mode: LockMode, c: &mut Collector<'_>, span: &Range<usize>) {
    let mut waiting: Vec<Oid> = view.reads.iter().map(|read| read.relation).collect();
    while let Some(oid) = waiting.pop() {
        if c.is_locked(oid) || !is_lockable(oid, c) {
            continue;
        }
        let Some(relation) = c.relation(oid) else {
            continue;
        };
        let because = format!("view {} reads it", view.name.name);
        c.because(because, |c| c.lock(oid, mode, span.clone()));
        if relation.kind == RelationKind::View {
            waiting.extend(relation.reads.iter().map(|read| read.relation));
        } else {
            lock_children(oid, mode, c, span);
        }
    }
}
