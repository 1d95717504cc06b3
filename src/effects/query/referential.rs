//! What foreign keys make INSERT, UPDATE and DELETE do to other tables
//! (src/backend/utils/adt/ri_triggers.c).

use std::ops::Range;

use pg_query::Node;

use super::partition;
use crate::catalog::{Constraint, ForeignKey, IndexTarget, Oid, Relation, RelationKind};
use crate::effects::pending;
use crate::effects::{Collector, LockMode, Reason, WorkKind};

/// A new value of a column, where the text shows it.
pub(super) struct NewValue<'q> {
    pub column: String,
    pub value: Value<'q>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'q> {
    Null,
    Known(&'q Node),
    Unknown,
    /// The column's default, which is not simply null.
    Default,
}

/// New or changed keys of the referencing side: each is looked up in the referenced table with FOR KEY SHARE,
/// unless a column of it is null. `rows` holds the rows that the text shows; a column that a row does not name is
/// not written.
pub(super) fn check_referenced(
    table: &Relation,
    rows: &[Vec<NewValue<'_>>],
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    for (constraint, key) in table.foreign_keys() {
        // A deferred key is looked up when the transaction ends.
        let waits = c.input.session.in_block() && pending::is_deferred(&constraint.name, key, c);
        if !constraint.enforced || waits {
            continue;
        }
        for row in rows {
            look_up(constraint, key, row, c, span);
        }
    }
}

/// Looks up what the rows of a table reference whose check was deferred; which rows those are is not known.
pub(in crate::effects) fn check_waiting(
    table: &Relation,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    for (constraint, key) in table.foreign_keys() {
        if !constraint.enforced || !key.deferrable {
            continue;
        }
        let row: Vec<NewValue<'_>> = key
            .columns
            .iter()
            .map(|column| NewValue {
                column: column.clone(),
                value: Value::Unknown,
            })
            .collect();
        look_up(constraint, key, &row, c, span);
    }
}

fn look_up(
    constraint: &Constraint,
    key: &ForeignKey,
    row: &[NewValue<'_>],
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let value_of = |column: &String| row.iter().find(|value| value.column == *column);
    let written: Vec<&NewValue<'_>> = key.columns.iter().filter_map(value_of).collect();
    if written.is_empty()
        || written
            .iter()
            .any(|value| matches!(value.value, Value::Null))
    {
        return;
    }
    let Some(referenced) = c.input.before.relation(key.references) else {
        return;
    };
    let known: Vec<(&str, Option<&Node>)> = key
        .columns
        .iter()
        .zip(&key.referenced_columns)
        .filter_map(|(own, referenced)| match value_of(own)?.value {
            Value::Known(node) => Some((referenced.as_str(), Some(node))),
            Value::Null | Value::Unknown | Value::Default => None,
        })
        .collect();
    let mut tables = vec![referenced];
    if referenced.kind == RelationKind::PartitionedTable {
        tables.extend(partition::routed(referenced, &known, c.input.before));
    }
    let because = format!("foreign key {} looks the new key up in it", constraint.name);
    c.because(because, |c| {
        for table in tables {
            lock_with_indexes(table, LockMode::RowShare, c, span);
        }
    });
}

/// Locks a table that a query of a foreign key reads, and its indexes as the planner does.
fn lock_with_indexes(table: &Relation, mode: LockMode, c: &mut Collector<'_>, span: &Range<usize>) {
    c.lock(table.oid, mode, span.clone());
    if table.kind != RelationKind::PartitionedTable || c.input.since(16) {
        c.lock_indexes(table.oid, mode, span);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event<'r> {
    Delete,
    /// The columns that are set.
    Update(&'r [String]),
}

/// Rows of the referenced side that go or change their key: the referencing table is searched, and with CASCADE or
/// SET NULL it is written too.
pub(super) fn act_on_referencing(
    table: &Relation,
    event: Event<'_>,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    act(table.oid, event, c, span, &mut vec![table.oid]);
}

fn act(
    table: Oid,
    event: Event<'_>,
    c: &mut Collector<'_>,
    span: &Range<usize>,
    seen: &mut Vec<Oid>,
) {
    let before = c.input.before;
    let keys: Vec<(&Relation, &Constraint, &ForeignKey)> = before
        .foreign_keys_to(table)
        .filter(|(_, constraint, key)| constraint.enforced && concerns(key, event))
        .collect();
    for (child, constraint, key) in keys {
        let action = match event {
            Event::Delete => key.on_delete,
            Event::Update(_) => key.on_update,
        };
        // NO ACTION waits with a deferred key.
        let waits = action == 'a'
            && c.input.session.in_block()
            && pending::is_deferred(&constraint.name, key, c);
        if waits {
            continue;
        }
        let writes = matches!(action, 'c' | 'n' | 'd');
        search(child, constraint, key, writes, c, span);
        if !writes || seen.contains(&child.oid) {
            continue;
        }
        seen.push(child.oid);
        // The rows written here may be referenced themselves.
        match action {
            'c' if event == Event::Delete => act(child.oid, Event::Delete, c, span, seen),
            _ => act(child.oid, Event::Update(&key.columns), c, span, seen),
        }
    }
}

/// UPDATE matters when it sets a column that is referenced.
fn concerns(key: &ForeignKey, event: Event<'_>) -> bool {
    match event {
        Event::Delete => true,
        Event::Update(columns) => {
            key.referenced_columns.is_empty()
                || key
                    .referenced_columns
                    .iter()
                    .any(|column| columns.contains(column))
        }
    }
}

fn search(
    child: &Relation,
    constraint: &Constraint,
    key: &ForeignKey,
    writes: bool,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let mode = if writes {
        LockMode::RowExclusive
    } else {
        LockMode::RowShare
    };
    let before = c.input.before;
    let mut tables = vec![child];
    if child.kind == RelationKind::PartitionedTable {
        tables.extend(
            before
                .family(child.oid)
                .into_iter()
                .filter(|&oid| oid != child.oid)
                .filter_map(|oid| before.relation(oid)),
        );
    }
    let because = format!(
        "foreign key {} looks for rows that reference the old key",
        constraint.name
    );
    for table in tables {
        c.because(because.clone(), |c| lock_with_indexes(table, mode, c, span));
        if table.kind == RelationKind::PartitionedTable {
            continue;
        }
        let reason = Reason::ReferentialAction {
            constraint: constraint.name.clone(),
        };
        if !is_indexed(table.oid, &key.columns, c) {
            c.scan(table.oid, reason.clone(), span.clone());
        }
        if writes {
            c.work(table.oid, WorkKind::RowsWritten, reason, span.clone());
        }
    }
}

/// An index that begins with a column of the key finds the rows.
fn is_indexed(table: Oid, columns: &[String], c: &Collector<'_>) -> bool {
    c.input.before.indexes_of(table).any(|index| {
        index.valid
            && index.predicate.is_none()
            && matches!(index.method.as_str(), "btree" | "hash")
            && matches!(
                index.keys.first().map(|key| &key.target),
                Some(IndexTarget::Column(leading)) if columns.contains(leading)
            )
    })
}
