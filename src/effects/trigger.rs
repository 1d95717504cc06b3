//! Effects of CREATE TRIGGER, CREATE RULE, CREATE POLICY and ALTER POLICY.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterPolicyStmt, CreatePolicyStmt, CreateTrigStmt, RangeVar, RuleStmt};

use super::expression::{Purpose, analyse_for};
use super::{Collector, LockMode, query};
use crate::catalog::query::ReaderScope;
use crate::catalog::{Oid, Relation, RelationKind};

/// Bits of `tgtype` in src/include/catalog/pg_trigger.h.
const BEFORE: i32 = 1 << 1;
const INSERT: i32 = 1 << 2;
const DELETE: i32 = 1 << 3;
const UPDATE: i32 = 1 << 4;
const TRUNCATE: i32 = 1 << 5;
const INSTEAD: i32 = 1 << 6;

/// ShareRowExclusive on the table, and for a row-level trigger of a partitioned table on every partition, which
/// get a clone (`CreateTriggerFiringOn` in src/backend/commands/trigger.c).
pub fn create_trigger(stmt: &CreateTrigStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.input.span();
    let mode = LockMode::ShareRowExclusive;
    let table = c.lock_named(name, RelationKind::Table, mode, &span);
    if stmt.replace && stmt.isconstraint {
        c.error(
            "0A000",
            "CREATE OR REPLACE CONSTRAINT TRIGGER is not supported",
            span,
        );
        return;
    }
    if let Some(referenced) = &stmt.constrrel {
        let span = c.name_span(referenced.location);
        c.because("the constraint trigger names it in FROM", |c| {
            c.lock_named(
                referenced,
                RelationKind::Table,
                LockMode::AccessShare,
                &span,
            )
        });
    }
    let Some(relation) = table.and_then(|oid| c.relation(oid)) else {
        return;
    };
    if let Some((sqlstate, message)) = trigger_refusal(stmt, relation, c) {
        c.error(sqlstate, message, span);
        return;
    }
    if stmt.row && relation.kind == RelationKind::PartitionedTable {
        for partition in c.family(relation.oid) {
            c.because("row-level triggers are cloned to every partition", |c| {
                c.lock(partition, mode, span.clone())
            });
        }
    }
}

/// What `CreateTriggerFiringOn` refuses by the kind of the relation.
fn trigger_refusal(
    stmt: &CreateTrigStmt,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    if !relation.complete {
        return None;
    }
    let name = &relation.name.name;
    let wrong_kind = |what: &str| Some(("42809", format!("\"{name}\" is {what}")));
    let instead = stmt.timing & INSTEAD != 0;
    match relation.kind {
        RelationKind::Table => {
            if instead {
                return wrong_kind("a table: tables cannot have INSTEAD OF triggers");
            }
            if stmt.row && !stmt.transition_rels.is_empty() && !relation.parents.is_empty() {
                let message =
                    "ROW triggers with transition tables are not supported on inheritance children";
                return Some(("0A000", message.to_owned()));
            }
        }
        RelationKind::PartitionedTable => {
            if instead {
                return wrong_kind("a table: tables cannot have INSTEAD OF triggers");
            }
            if stmt.row && stmt.timing & BEFORE != 0 && !c.input.since(13) {
                return wrong_kind(
                    "a partitioned table: it cannot have BEFORE / FOR EACH ROW triggers",
                );
            }
            if stmt.row && !stmt.transition_rels.is_empty() {
                let what = "a partitioned table: its ROW triggers cannot have transition tables";
                return Some(("0A000", format!("\"{name}\" is {what}")));
            }
        }
        RelationKind::View => {
            if stmt.row && !instead {
                return wrong_kind("a view: views cannot have row-level BEFORE or AFTER triggers");
            }
            if stmt.events & TRUNCATE != 0 {
                return wrong_kind("a view: views cannot have TRUNCATE triggers");
            }
        }
        RelationKind::ForeignTable => {
            if instead {
                return wrong_kind("a foreign table: it cannot have INSTEAD OF triggers");
            }
            if stmt.isconstraint {
                return wrong_kind("a foreign table: it cannot have constraint triggers");
            }
        }
        RelationKind::MaterializedView | RelationKind::Sequence | RelationKind::CompositeType => {
            return wrong_kind("neither a table nor a view: it cannot have triggers");
        }
    }
    if stmt.row && stmt.events & TRUNCATE != 0 {
        return Some((
            "0A000",
            "TRUNCATE FOR EACH ROW triggers are not supported".to_owned(),
        ));
    }
    if instead && !stmt.row {
        return Some((
            "0A000",
            "INSTEAD OF triggers must be FOR EACH ROW".to_owned(),
        ));
    }
    if instead && stmt.when_clause.is_some() {
        return Some((
            "0A000",
            "INSTEAD OF triggers cannot have WHEN conditions".to_owned(),
        ));
    }
    if instead && !stmt.columns.is_empty() {
        return Some((
            "0A000",
            "INSTEAD OF triggers cannot have column lists".to_owned(),
        ));
    }
    let after = stmt.timing & (BEFORE | INSTEAD) == 0;
    if !stmt.transition_rels.is_empty() && !after {
        return Some((
            "42P17",
            "transition table name can only be specified for an AFTER trigger".to_owned(),
        ));
    }
    if let Some(refusal) = transition_refusal(stmt) {
        return Some(refusal);
    }
    let columns: Vec<&str> = (stmt.columns.iter())
        .filter_map(super::node::string)
        .collect();
    let twice = (columns.iter().enumerate()).find(|(at, name)| columns[..*at].contains(name));
    if let Some((_, twice)) = twice {
        let message = format!("column \"{twice}\" specified more than once");
        return Some(("42701", message));
    }
    if let Some(missing) = missing_column(stmt, relation) {
        return Some((
            "42703",
            format!("column \"{missing}\" of relation \"{name}\" does not exist"),
        ));
    }
    when_refusal(stmt, relation)
}

/// Each event has only some of the rows, and one event there must be (`CreateTriggerFiringOn`).
fn transition_refusal(stmt: &CreateTrigStmt) -> Option<(&'static str, String)> {
    let named = |new: bool| {
        stmt.transition_rels.iter().any(|transition| {
            matches!(&transition.node, Some(NodeEnum::TriggerTransition(it)) if it.is_new == new)
        })
    };
    let events = stmt.events & (INSERT | UPDATE | DELETE | TRUNCATE);
    let wrong = |what: &str| {
        let message = format!("{what} TABLE can only be specified for another trigger event");
        Some(("42P17", message))
    };
    if stmt.transition_rels.is_empty() {
        return None;
    }
    if events & TRUNCATE != 0 {
        let message = "TRUNCATE triggers cannot specify transition tables";
        return Some(("0A000", message.to_owned()));
    }
    if events.count_ones() > 1 {
        let message = "transition tables cannot be specified for triggers with more than one event";
        return Some(("0A000", message.to_owned()));
    }
    if !stmt.columns.is_empty() {
        let message = "transition tables cannot be specified for triggers with column lists";
        return Some(("0A000", message.to_owned()));
    }
    if named(true) && events & (INSERT | UPDATE) == 0 {
        return wrong("NEW");
    }
    if named(false) && events & (DELETE | UPDATE) == 0 {
        return wrong("OLD");
    }
    None
}

/// `UPDATE OF` a column that the table does not have.
fn missing_column<'s>(stmt: &'s CreateTrigStmt, relation: &Relation) -> Option<&'s str> {
    stmt.columns
        .iter()
        .filter_map(super::node::string)
        .find(|column| relation.column(column).is_none())
}

/// A WHEN condition that names OLD in an INSERT trigger or NEW in a DELETE trigger.
fn when_refusal(stmt: &CreateTrigStmt, relation: &Relation) -> Option<(&'static str, String)> {
    let when = stmt.when_clause.as_ref()?.node.as_ref()?;
    if crate::sql::walk::descendants(when).any(|node| matches!(node, pg_query::NodeRef::SubLink(_)))
    {
        let message = "cannot use subquery in trigger WHEN condition";
        return Some(("0A000", message.to_owned()));
    }
    let rows = crate::sql::walk::descendants(when).filter_map(|node| match node {
        pg_query::NodeRef::ColumnRef(column) => Some(super::node::strings(&column.fields)),
        _ => None,
    });
    for reference in rows {
        if let [row, name] = reference.as_slice()
            && matches!(row.as_str(), "old" | "new")
        {
            let Some(column) = relation.column(name) else {
                let system = matches!(
                    name.as_str(),
                    "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid"
                );
                if system {
                    continue;
                }
                return Some(("42703", format!("column {row}.{name} does not exist")));
            };
            if row == "new" && stmt.timing & BEFORE != 0 && column.generated.is_some() {
                let message =
                    "BEFORE trigger's WHEN condition cannot reference NEW generated columns";
                return Some(("42P17", message.to_owned()));
            }
        }
    }
    let mentions = |row: &str| {
        crate::sql::walk::descendants(when).any(|node| match node {
            pg_query::NodeRef::ColumnRef(column) => {
                column.fields.len() > 1
                    && column.fields.first().and_then(super::node::string) == Some(row)
            }
            _ => false,
        })
    };
    let message =
        |event, row| format!("{event} trigger's WHEN condition cannot reference {row} values");
    if stmt.events & INSERT != 0 && mentions("old") {
        return Some(("42P17", message("INSERT", "OLD")));
    }
    if stmt.events & DELETE != 0 && mentions("new") {
        return Some(("42P17", message("DELETE", "NEW")));
    }
    if !stmt.row && (mentions("old") || mentions("new")) {
        let message = "statement trigger's WHEN condition cannot reference column values";
        return Some(("42P17", message.to_owned()));
    }
    None
}

/// AccessExclusive on the table or view; what the rule's actions name is locked as parse analysis does.
pub fn create_rule(stmt: &RuleStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.input.span();
    let found = c.lock_named(name, RelationKind::Table, LockMode::AccessExclusive, &span);
    if let Some(relation) = found.and_then(|oid| c.complete_relation(oid))
        && let Some((sqlstate, message)) = rule_refusal(stmt, relation, c)
    {
        c.error(sqlstate, message, span);
        return;
    }
    if let Some(relation) = found.and_then(|oid| c.complete_relation(oid))
        && !matches!(
            relation.kind,
            RelationKind::Table | RelationKind::PartitionedTable | RelationKind::View
        )
    {
        let message = format!("relation \"{}\" is not a table or view", relation.name.name);
        c.error("42809", message, span);
        return;
    }
    let parts = stmt.actions.iter().chain(stmt.where_clause.as_deref());
    for part in parts.filter_map(|part| part.node.as_ref()) {
        c.because("an action or condition of the rule names it", |c| {
            query::lock_mentioned(part, c, &span)
        });
    }
}

/// `DefineQueryRewrite` in src/backend/rewrite/rewriteDefine.c.
fn rule_refusal(
    stmt: &RuleStmt,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    let name = &relation.name.name;
    if relation.kind == RelationKind::MaterializedView {
        let message = "rules on materialized views are not supported";
        return Some(("0A000", message.to_owned()));
    }
    let on_select = stmt.event() == pg_query::protobuf::CmdType::CmdSelect;
    let hidden = match stmt.event() {
        pg_query::protobuf::CmdType::CmdInsert => Some("old"),
        pg_query::protobuf::CmdType::CmdDelete => Some("new"),
        _ => None,
    };
    if let (Some(row), Some(condition)) = (hidden, &stmt.where_clause)
        && names_row(condition, row)
    {
        let message = format!("missing FROM-clause entry for table \"{row}\"");
        return Some(("42P01", message));
    }
    if on_select && relation.kind == RelationKind::View && !stmt.replace {
        return Some(("55000", format!("\"{name}\" is already a view")));
    }
    if !on_select || relation.kind == RelationKind::View {
        return None;
    }
    if c.input.since(16) {
        let message = format!("relation \"{name}\" cannot have ON SELECT rules");
        return Some(("42809", message));
    }
    let columns = query::count_of_columns(stmt.actions.first(), c);
    if columns.is_some_and(|columns| columns != relation.columns.len()) {
        let message = "SELECT rule's target list has another number of entries than the relation";
        return Some(("42P17", message.to_owned()));
    }
    // Until 15 an empty table without anything of its own becomes a view.
    let used = relation.filled
        || !relation.triggers.is_empty()
        || c.input.before.indexes_of(relation.oid).next().is_some();
    used.then(|| {
        let message = format!("could not convert table \"{name}\" to a view");
        ("55000", message)
    })
}

/// `old.column` or `new.column` outside of subqueries.
fn names_row(condition: &pg_query::Node, row: &str) -> bool {
    let Some(root) = &condition.node else {
        return false;
    };
    crate::sql::walk::descendants(root).any(|node| match node {
        pg_query::NodeRef::ColumnRef(column) => {
            column.fields.len() > 1
                && column.fields.first().and_then(super::node::string) == Some(row)
        }
        _ => false,
    })
}

pub fn create_policy(stmt: &CreatePolicyStmt, c: &mut Collector<'_>) {
    let expressions = [stmt.qual.as_deref(), stmt.with_check.as_deref()];
    policy(stmt.table.as_ref(), expressions, c);
}

/// What `CreatePolicy` refuses before it looks for the table.
pub fn refuse_policy_clauses(stmt: &CreatePolicyStmt, c: &mut Collector<'_>) {
    let refusal = match stmt.cmd_name.as_str() {
        "insert" if stmt.qual.is_some() => "only WITH CHECK expression allowed for INSERT",
        "select" | "delete" if stmt.with_check.is_some() => {
            "WITH CHECK cannot be applied to SELECT or DELETE"
        }
        _ => return,
    };
    c.error("42601", refusal, c.input.span());
}

pub fn alter_policy(stmt: &AlterPolicyStmt, c: &mut Collector<'_>) {
    let expressions = [stmt.qual.as_deref(), stmt.with_check.as_deref()];
    policy(stmt.table.as_ref(), expressions, c);
}

/// AccessExclusive on the table (src/backend/commands/policy.c); subqueries of the expressions are analysed.
fn policy(
    table: Option<&RangeVar>,
    expressions: [Option<&pg_query::Node>; 2],
    c: &mut Collector<'_>,
) {
    let Some(name) = table else {
        return;
    };
    let span = c.input.span();
    let found = c.lock_named(name, RelationKind::Table, LockMode::AccessExclusive, &span);
    if let Some(oid) = found
        && !is_table(oid, c)
    {
        c.error(
            "42809",
            format!("\"{}\" is not a table", name.relname),
            span,
        );
        return;
    }
    for expression in expressions.into_iter().flatten() {
        if let Some(node) = &expression.node {
            mentioned_by_policy(node, c, &span);
        }
        if let Some(table) = found {
            let scope = [ReaderScope::of_relation(c.input.before, table)];
            query::refuse_unknown_columns_of(expression, &scope, c);
            refuse_condition(expression, table, c, &span);
        }
    }
}

/// `transformPolicyStmt`: boolean, and without aggregates.
fn refuse_condition(
    expression: &pg_query::Node,
    table: Oid,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let subquery = expression.node.as_ref().is_some_and(|root| {
        crate::sql::walk::descendants(root)
            .any(|found| matches!(found, pg_query::NodeRef::SubLink(_)))
    });
    let Some(relation) = c.complete_relation(table).filter(|_| !subquery) else {
        return;
    };
    let scope = c.input.scope(Some(relation));
    let facts = analyse_for(Purpose::Policy, expression, &scope);
    let types = scope.types();
    let boolean = facts.ty.as_ref().is_none_or(|ty| {
        let base = types.base(ty);
        !types.is_known(ty)
            || !base.array && matches!(base.builtin_name(), Some("bool" | "unknown"))
    });
    if let Some((sqlstate, message)) = facts.error {
        c.error(sqlstate, message, span.clone());
    } else if !boolean {
        let message = "argument of POLICY must be type boolean";
        c.error("42804", message, span.clone());
    }
}

fn mentioned_by_policy(node: &NodeEnum, c: &mut Collector<'_>, span: &Range<usize>) {
    c.because("an expression of the policy reads it", |c| {
        query::lock_mentioned(node, c, span)
    });
}

fn is_table(oid: Oid, c: &Collector<'_>) -> bool {
    c.relation(oid).is_some_and(|relation| {
        !relation.complete
            || matches!(
                relation.kind,
                RelationKind::Table | RelationKind::PartitionedTable
            )
    })
}
