//! Deferred triggers whose turn has not come: while a table has such events, most commands refuse to touch it
//! (`AfterTriggerPendingOnRel` in src/backend/commands/trigger.c, called by `CheckTableNotInUse`).

use pg_query::NodeEnum;
use pg_query::protobuf::{
    ConstraintsSetStmt, CopyStmt, DeleteStmt, InsertStmt, ObjectType, RangeVar, UpdateStmt,
};

use super::{Collector, node, query};
use crate::catalog::{ForeignKey, Oid, Relation, RelationKind, Trigger};

/// Bits of `tgtype` in src/include/catalog/pg_trigger.h.
const INSERT: i32 = 1 << 2;
const DELETE: i32 = 1 << 3;
const UPDATE: i32 = 1 << 4;

/// Refuses what needs a table for itself that has pending events.
pub fn check(c: &mut Collector<'_>) {
    if c.input.session.pending_events.is_empty() {
        return;
    }
    let (command, tables) = needed(c);
    let waiting = tables
        .into_iter()
        .find(|oid| c.input.session.pending_events.contains(oid));
    if let Some(relation) = waiting.and_then(|oid| c.relation(oid)) {
        let message = format!(
            "cannot {command} \"{}\" because it has pending trigger events",
            relation.name.name
        );
        c.error("55006", message, c.input.span());
    }
}

/// The tables that the statement must not find in use.
fn needed(c: &Collector<'_>) -> (&'static str, Vec<Oid>) {
    let family = |name: Option<&RangeVar>| {
        let Some(name) = name else {
            return Vec::new();
        };
        match c.input.oid(name) {
            Some(oid) if name.inh => c.family(oid),
            Some(oid) => vec![oid],
            None => Vec::new(),
        }
    };
    match c.input.node {
        NodeEnum::AlterTableStmt(stmt) => ("ALTER TABLE", family(stmt.relation.as_ref())),
        NodeEnum::DropStmt(stmt) if stmt.remove_type() == ObjectType::ObjectTable => {
            let names = stmt
                .objects
                .iter()
                .filter_map(super::named::range_var)
                .flat_map(|name| family(Some(&name)));
            ("DROP TABLE", names.collect())
        }
        NodeEnum::TruncateStmt(stmt) => {
            let names = stmt.relations.iter().flat_map(|node| match &node.node {
                Some(NodeEnum::RangeVar(name)) => family(Some(name)),
                _ => Vec::new(),
            });
            ("TRUNCATE", names.collect())
        }
        NodeEnum::ClusterStmt(stmt) => ("CLUSTER", family(stmt.relation.as_ref())),
        NodeEnum::IndexStmt(stmt) => ("CREATE INDEX", family(stmt.relation.as_ref())),
        _ => ("", Vec::new()),
    }
}

/// SET CONSTRAINTS ... IMMEDIATE lets happen what waited.
pub fn set_constraints(stmt: &ConstraintsSetStmt, c: &mut Collector<'_>) {
    for name in &stmt.constraints {
        if let Some(NodeEnum::RangeVar(name)) = &name.node
            && let Some((sqlstate, message)) = constraint_refusal(&name.relname, stmt.deferred, c)
        {
            c.error(sqlstate, message, c.input.span());
            return;
        }
    }
    if stmt.deferred {
        return;
    }
    let span = c.input.span();
    let session = c.input.session;
    for table in session
        .pending_events
        .iter()
        .filter_map(|oid| c.input.before.relation(*oid))
    {
        c.because("rows that wait to be checked reference it", |c| {
            query::check_waiting(table, c, &span)
        });
    }
}

/// `AfterTriggerSetState`: the constraint exists, and is DEFERRABLE where it is to be deferred.
fn constraint_refusal(
    name: &str,
    deferred: bool,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    let catalog = c.input.before;
    let mut known = false;
    for relation in catalog.relations() {
        let constraints = (relation.constraints.iter())
            .filter(|constraint| constraint.name == name)
            .map(|constraint| match &constraint.kind {
                crate::catalog::ConstraintKind::ForeignKey(key) => key.deferrable,
                _ => constraint.deferrable,
            });
        let triggers = (relation.triggers.iter())
            .filter(|trigger| trigger.name == name)
            .filter_map(|trigger| Some(trigger.constraint.as_ref()?.deferrable));
        for deferrable in constraints.chain(triggers) {
            if deferrable || !deferred {
                return None;
            }
            known = true;
        }
    }
    if known {
        return Some(("42809", format!("constraint \"{name}\" is not deferrable")));
    }
    let certain = catalog.complete && !c.input.foreign_names;
    certain.then(|| ("42704", format!("constraint \"{name}\" does not exist")))
}

/// Notes the tables that have events waiting once the statement has run. Rows are taken to be found.
pub fn note(c: &mut Collector<'_>) {
    if !c.input.session.in_block() || c.failed() {
        return;
    }
    let waiting = match c.input.node {
        NodeEnum::InsertStmt(stmt) => inserted(stmt, c),
        NodeEnum::CopyStmt(stmt) => copied(stmt, c),
        NodeEnum::UpdateStmt(stmt) => updated(stmt, c),
        NodeEnum::DeleteStmt(stmt) => deleted(stmt, c),
        _ => None,
    };
    if let Some(table) = waiting {
        c.events_wait(table);
    }
}

fn table<'a>(name: Option<&RangeVar>, c: &Collector<'a>) -> Option<&'a Relation> {
    c.input
        .relation(name?)
        .filter(|relation| relation.kind == RelationKind::Table)
}

fn inserted(stmt: &InsertStmt, c: &Collector<'_>) -> Option<Oid> {
    rows_added(table(stmt.relation.as_ref(), c)?, c)
}

fn copied(stmt: &CopyStmt, c: &Collector<'_>) -> Option<Oid> {
    stmt.is_from
        .then(|| rows_added(table(stmt.relation.as_ref(), c)?, c))?
}

fn rows_added(table: &Relation, c: &Collector<'_>) -> Option<Oid> {
    let checked = table
        .foreign_keys()
        .any(|(constraint, key)| constraint.enforced && is_deferred(&constraint.name, key, c));
    (checked || fires(table, INSERT, c)).then_some(table.oid)
}

fn updated(stmt: &UpdateStmt, c: &Collector<'_>) -> Option<Oid> {
    let table = table(stmt.relation.as_ref(), c)?;
    let changed: Vec<&str> = stmt
        .target_list
        .iter()
        .filter_map(|target| match &target.node {
            Some(NodeEnum::ResTarget(target)) if !keeps(target) => Some(target.name.as_str()),
            _ => None,
        })
        .collect();
    let has = |columns: &[String]| columns.iter().any(|name| changed.contains(&name.as_str()));
    let checked = table.foreign_keys().any(|(constraint, key)| {
        constraint.enforced && has(&key.columns) && is_deferred(&constraint.name, key, c)
    });
    let referenced = c
        .input
        .before
        .foreign_keys_to(table.oid)
        .any(|(_, constraint, key)| {
            constraint.enforced
                && key.on_update == 'a'
                && has(&key.referenced_columns)
                && is_deferred(&constraint.name, key, c)
        });
    (checked || referenced || fires(table, UPDATE, c)).then_some(table.oid)
}

fn keeps(target: &pg_query::protobuf::ResTarget) -> bool {
    match target.val.as_ref().and_then(|value| value.node.as_ref()) {
        Some(NodeEnum::ColumnRef(column)) => match column.fields.as_slice() {
            [name] => node::string(name) == Some(&target.name),
            _ => false,
        },
        _ => false,
    }
}

fn deleted(stmt: &DeleteStmt, c: &Collector<'_>) -> Option<Oid> {
    let table = table(stmt.relation.as_ref(), c)?;
    let referenced = c
        .input
        .before
        .foreign_keys_to(table.oid)
        .any(|(_, constraint, key)| {
            // Only NO ACTION waits; the other actions happen at once.
            constraint.enforced && key.on_delete == 'a' && is_deferred(&constraint.name, key, c)
        });
    (referenced || fires(table, DELETE, c)).then_some(table.oid)
}

/// Whether a foreign key is checked at the end of the transaction only.
pub(super) fn is_deferred(name: &str, key: &ForeignKey, c: &Collector<'_>) -> bool {
    let by_default = key.initially_deferred;
    key.deferrable && c.input.session.constraints.is_deferred(name, by_default)
}

/// Whether a deferred constraint trigger of the table fires for the event.
fn fires(table: &Relation, event: i32, c: &Collector<'_>) -> bool {
    let waits = |trigger: &Trigger| {
        let Some(timing) = &trigger.constraint else {
            return false;
        };
        timing.deferrable
            && timing.events & event != 0
            && trigger.columns.is_empty()
            && trigger.when.is_none()
            && c.input
                .session
                .constraints
                .is_deferred(&trigger.name, timing.initially_deferred)
    };
    table.triggers.iter().any(waits)
}
