//! REFRESH MATERIALIZED VIEW without CONCURRENTLY.

use pg_query::{Node, NodeEnum};

use crate::catalog::{Catalog, IndexTarget, Oid, Relation, RelationKind};
use crate::effects::{Lock, LockMode, Reason, TargetKind};
use crate::fix::Fix;
use crate::fix::recipes::{outside, own, recipe};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, short_name};
use crate::sql::names::parts;

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::RefreshMatViewStmt(refresh) = cx.node else {
        return;
    };
    let Some(view) = view_locked(cx) else {
        return;
    };
    let own: Vec<usize> = cx
        .work_where(report, |work| matches!(work.reason, Reason::Refresh { .. }))
        .into_iter()
        .map(|(at, _)| at)
        .collect();
    let relation = view.target.oid.and_then(|oid| cx.before.relation(oid));
    let unreadable = relation.is_some_and(|relation| relation.complete && !relation.populated);
    // CONCURRENTLY lets reads go on, and nobody can read a view that was never filled.
    if refresh.concurrent || unreadable || cx.effects.error.is_some() {
        report.explain(own);
        return;
    }
    let name = short_name(&view.target.name);
    let unique = view
        .target
        .oid
        .is_none_or(|oid| has_usable_index(cx.before, oid));
    let help = if refresh.skip_data {
        format!("reads of {name} fail afterwards, until it is filled again")
    } else if unique {
        "REFRESH MATERIALIZED VIEW CONCURRENTLY lets reads go on".to_owned()
    } else {
        format!(
            "CONCURRENTLY lets reads go on; it needs a unique index on plain columns of {name}, without WHERE: create that first"
        )
    };
    let mut finding = Finding::new(
        cx.span.clone(),
        "runs the view's query under an ACCESS EXCLUSIVE lock",
        format!("reads of {name} wait until its query has run again"),
    )
    .help(help)
    .about(&view.target.name);
    // Without a transaction of its own it may run anywhere.
    let known = relation.is_some_and(|relation| relation.complete && relation.populated);
    if known
        && unique
        && let Some(changes) = crate::fix::tokens::concurrently(cx.text, cx.node)
    {
        finding = finding.fix(Fix::safe("refresh it CONCURRENTLY", cx.edits(changes)));
    }
    if !refresh.skip_data {
        finding = finding.recipe(refresh_concurrently(cx, view, unique));
    }
    report.take_over("missing-lock-timeout");
    report.push_about(own, finding);
}

fn view_locked<'a>(cx: &Context<'a>) -> Option<&'a Lock> {
    cx.effects.locks.iter().find(|lock| {
        lock.target.kind == TargetKind::Relation(RelationKind::MaterializedView)
            && !lock.target.new
            && lock.mode >= LockMode::Exclusive
    })
}

/// What REFRESH CONCURRENTLY needs: a unique, valid index on all rows, on plain columns only.
fn has_usable_index(catalog: &Catalog, view: Oid) -> bool {
    catalog.relation(view).is_some_and(|view| !view.complete)
        || catalog.indexes_of(view).any(|index| {
            let plain =
                |key: &crate::catalog::IndexKey| matches!(key.target, IndexTarget::Column(_));
            index.unique && index.valid && index.predicate.is_none() && index.keys.iter().all(plain)
        })
}

fn refresh_concurrently(cx: &Context<'_>, view: &Lock, unique: bool) -> Option<Recipe> {
    let name = sql_name(&view.target.name);
    let mut steps = Vec::new();
    if !unique {
        let columns = grouped_by(cx.before.relation(view.target.oid?)?)?;
        let list: Vec<String> = columns.iter().map(|column| ident(column)).collect();
        let index = cx.before.choose_relation_name(
            &view.target.name.name,
            None,
            "key",
            &view.target.name.schema,
            false,
        );
        steps.push(outside(
            "once: the columns that its query groups by tell its rows apart",
            format!(
                "CREATE UNIQUE INDEX CONCURRENTLY {} ON {name} ({});",
                ident(&index),
                list.join(", ")
            ),
        ));
    }
    steps.push(own(
        "reads go on",
        format!("REFRESH MATERIALIZED VIEW CONCURRENTLY {name};"),
    ));
    Some(recipe("refresh while the view stays readable", steps))
}

/// The view's own columns that its query groups by, when these are all of the groups.
fn grouped_by(view: &Relation) -> Option<Vec<String>> {
    let NodeEnum::SelectStmt(query) = view.query.as_deref()? else {
        return None;
    };
    let name = |node: &Node| match &node.node {
        Some(NodeEnum::ColumnRef(column)) => parts(&column.fields).pop(),
        _ => None,
    };
    let groups: Option<Vec<String>> = query.group_clause.iter().map(name).collect();
    let shown: Vec<(String, String)> = query
        .target_list
        .iter()
        .zip(&view.columns)
        .filter_map(|(target, column)| match &target.node {
            Some(NodeEnum::ResTarget(target)) => {
                Some((name(target.val.as_deref()?)?, column.name.clone()))
            }
            _ => None,
        })
        .collect();
    let columns: Option<Vec<String>> = groups?
        .iter()
        .map(|group| {
            let found = shown.iter().find(|(source, _)| source == group);
            found.map(|(_, column)| column.clone())
        })
        .collect();
    columns.filter(|columns| !columns.is_empty())
}
