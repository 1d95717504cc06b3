//! A batch loop whose UPDATE does not take the rows that it has done out of its own condition.

use pg_query::protobuf::UpdateStmt;
use pg_query::{Node, NodeEnum, NodeRef};

use crate::catalog::Relation;
use crate::effects::WorkKind;
use crate::lint::{Check, Context, Finding, Report, short_name};
use crate::sql::walk;

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(batch_loop) = &cx.surroundings.in_loop else {
        return;
    };
    if batch_loop.counted {
        return;
    }
    let Some((_, work)) = cx
        .work_on_existing()
        .find(|(_, work)| work.kind == WorkKind::RowsWritten)
    else {
        return;
    };
    let (label, help) = if batch_loop.ends {
        let NodeEnum::UpdateStmt(update) = cx.node else {
            return;
        };
        let relation = work.target.oid.and_then(|oid| cx.before.relation(oid));
        let Some(relation) = relation.filter(|relation| relation.complete) else {
            return;
        };
        if !finds_the_same_rows(update, relation) {
            return;
        }
        (
            "nothing that this writes is in its condition: the next batch is the same rows",
            "let the condition exclude rows that are done (WHERE new_column IS NULL), or walk a key range",
        )
    } else {
        (
            "nothing leaves the loop",
            "leave the loop when nothing is left: EXIT WHEN NOT FOUND",
        )
    };
    let table = short_name(&work.target.name);
    let finding = Finding::new(
        cx.span.clone(),
        label,
        format!("the loop over {table} never ends: each turn writes rows again that are done"),
    )
    .also(batch_loop.span.clone(), "this loop")
    .help(help)
    .about(&work.target.name);
    report.push(finding);
}

/// The batch is picked by columns of the table alone, and none of them is assigned.
fn finds_the_same_rows(update: &UpdateStmt, relation: &Relation) -> bool {
    let Some(condition) = update.where_clause.as_deref() else {
        return true;
    };
    let assigned: Vec<&str> = update
        .target_list
        .iter()
        .filter_map(|target| match &target.node {
            Some(NodeEnum::ResTarget(target)) => Some(target.name.as_str()),
            _ => None,
        })
        .collect();
    let Some(root) = &condition.node else {
        return false;
    };
    let mut reads_itself = false;
    for node in walk::descendants(root) {
        if let NodeRef::RangeVar(table) = node {
            // Rows of another table may go away meanwhile.
            if table.relname != relation.name.name {
                return false;
            }
            reads_itself = true;
        }
    }
    // A variable is no column of the table; a condition on one may well move on.
    reads_itself
        && update.from_clause.is_empty()
        && columns(condition)
            .iter()
            .all(|column| relation.column(column).is_some() && !assigned.contains(&column.as_str()))
}

/// The last part of every column that an expression names, in subqueries too.
fn columns(expression: &Node) -> Vec<String> {
    let Some(root) = &expression.node else {
        return Vec::new();
    };
    walk::descendants(root)
        .filter_map(|node| match node {
            NodeRef::ColumnRef(column) => match column.fields.last()?.node.as_ref()? {
                NodeEnum::String(name) => Some(name.sval.clone()),
                _ => None,
            },
            _ => None,
        })
        .collect()
}
