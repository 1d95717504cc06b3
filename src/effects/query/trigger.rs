//! What the triggers of a table lock when its rows are written: the tables that their functions name.

use std::ops::Range;

use pg_query::protobuf::RangeVar;
use pg_query::{NodeEnum, NodeRef};

use super::mention::lock_view_reads;
use crate::catalog::{Function, Relation, Trigger, builtin};
use crate::effects::{Collector, DmlCommand, LockMode};
use crate::sql::plpgsql::{self, Certainty, Pl};
use crate::sql::walk;

/// Bits of `tgtype` (src/include/catalog/pg_trigger.h).
const INSERT: i32 = 4;
const DELETE: i32 = 8;
const UPDATE: i32 = 16;

/// Fires what waits for the command. Which way a function goes is not known, TG_OP apart, so that all it names is
/// locked.
pub(super) fn fire(
    table: &Relation,
    command: DmlCommand,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let (events, word) = match command {
        DmlCommand::Insert => (INSERT, Some("INSERT")),
        DmlCommand::Update => (UPDATE, Some("UPDATE")),
        DmlCommand::Delete => (DELETE, Some("DELETE")),
        DmlCommand::Merge => (INSERT | UPDATE | DELETE, None),
    };
    for trigger in &table.triggers {
        let deferred = trigger.constraint.is_some_and(|it| it.initially_deferred);
        if trigger.enabled && trigger.events & events != 0 && !deferred {
            run(trigger, table, word, c, span);
        }
    }
}

fn run(
    trigger: &Trigger,
    table: &Relation,
    event: Option<&str>,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let parts: Vec<&str> = trigger.function.iter().map(String::as_str).collect();
    let (schema, name) = match parts.as_slice() {
        [name] => (None, *name),
        [.., schema, name] => (Some(*schema), *name),
        [] => return,
    };
    let (catalog, settings) = (c.input.before, c.input.settings());
    let found = catalog.lookup_functions(schema, name, settings);
    let function = found
        .first()
        .and_then(|oid| catalog.function(*oid))
        .filter(|function| function.extension.is_none());
    if function.is_none() && builtin::functions(name, c.input.version()).next().is_some() {
        return;
    }
    let Some(body) = function.and_then(|function| body(function, c)) else {
        c.assume(format!(
            "what trigger {} of {} runs is not known: it may touch other tables",
            trigger.name, table.name
        ));
        return;
    };
    let because = format!("trigger {} names it", trigger.name);
    c.because(because, |c| {
        for statement in &body {
            follow(statement, event, &mut |it| lock_named(it, trigger, c, span));
        }
    });
}

/// Visits what may run when this event fires the trigger.
fn follow<'p>(statement: &'p Pl, event: Option<&str>, visit: &mut dyn FnMut(&'p Pl)) {
    visit(statement);
    let Pl::If(choice) = statement else {
        for child in statement.children() {
            follow(child, event, visit);
        }
        return;
    };
    for branch in &choice.branches {
        let holds = holds(branch.condition.text(), event);
        if holds != Some(false) {
            for child in &branch.statements {
                follow(child, event, visit);
            }
        }
        if holds == Some(true) {
            return;
        }
    }
    for child in choice.otherwise.iter().flatten() {
        follow(child, event, visit);
    }
}

/// `TG_OP = 'INSERT'` and nothing more.
fn holds(condition: &str, event: Option<&str>) -> Option<bool> {
    let event = event?;
    let bare: String = condition
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '(' | ')'))
        .collect();
    let bare = bare.to_ascii_uppercase();
    let value = bare
        .strip_prefix("TG_OP=")
        .or_else(|| bare.strip_suffix("=TG_OP"))?;
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
    (!value.contains('\'')).then(|| value == event)
}

fn body(function: &Function, c: &Collector<'_>) -> Option<Vec<Pl>> {
    if function.language != "plpgsql" {
        return None;
    }
    // The body's places are of no interest: it may stand in another file.
    let block = plpgsql::body(c.input.text, &function.definition).ok()?;
    Some(vec![Pl::Block(block)])
}

fn lock_named(statement: &Pl, trigger: &Trigger, c: &mut Collector<'_>, span: &Range<usize>) {
    match statement {
        Pl::Sql(sql) => lock_all(&sql.node, c, span),
        Pl::Execute(execute) if execute.certainty != Certainty::Constant => c.assume(format!(
            "trigger {} runs SQL that is put together at run time: it may touch any table",
            trigger.name
        )),
        _ => {}
    }
    for expression in statement.expressions() {
        if let Some(query) = expression.query() {
            lock_all(&query.node, c, span);
        }
    }
}

/// Every relation that a statement names, with its indexes. Nothing is refused: it may never be run.
fn lock_all(statement: &NodeEnum, c: &mut Collector<'_>, span: &Range<usize>) {
    let mut waiting = vec![statement.to_ref()];
    while let Some(node) = waiting.pop() {
        let written = match node {
            NodeRef::InsertStmt(stmt) => stmt.relation.as_ref(),
            NodeRef::UpdateStmt(stmt) => stmt.relation.as_ref(),
            NodeRef::DeleteStmt(stmt) => stmt.relation.as_ref(),
            NodeRef::MergeStmt(stmt) => stmt.relation.as_ref(),
            _ => None,
        };
        if let Some(name) = written {
            // INSERT gives the locks on indexes back, unless it looks for an arbiter (`ExecCloseIndices`).
            let keeps = !matches!(node, NodeRef::InsertStmt(it) if it.on_conflict_clause.is_none());
            lock(name, LockMode::RowExclusive, keeps, c, span);
        }
        if let NodeRef::RangeVar(name) = node {
            lock(name, LockMode::AccessShare, true, c, span);
        }
        let children = walk::children(node);
        waiting.extend(children.into_iter().filter(|child| {
            !matches!((written, child), (Some(target), NodeRef::RangeVar(name)) if std::ptr::eq(target, *name))
        }));
    }
}

fn lock(
    name: &RangeVar,
    mode: LockMode,
    indexes: bool,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let Some(oid) = c.input.oid(name).filter(|oid| c.relation(*oid).is_some()) else {
        return;
    };
    c.lock(oid, mode, span.clone());
    if indexes {
        c.lock_indexes(oid, mode, span);
    }
    lock_view_reads(oid, mode, c, span);
}
