//! REFRESH MATERIALIZED VIEW without CONCURRENTLY.

use pg_query::NodeEnum;

use crate::catalog::{Catalog, IndexTarget, Oid, RelationKind};
use crate::effects::{Lock, LockMode, Reason, TargetKind};
use crate::fix::Fix;
use crate::fix::recipes::{outside, own};
use crate::lint::wording::sql_name;
use crate::lint::{Check, Context, Finding, Recipe, Report, short_name};

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
        finding = finding.recipe(recipe(&sql_name(&view.target.name), &name, unique));
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

fn recipe(view: &str, bare: &str, unique: bool) -> Recipe {
    let mut steps = Vec::new();
    if !unique {
        let index = crate::lint::wording::derived_name(&[bare, "key"]);
        steps.push(outside(
            "once; on the columns that tell its rows apart",
            format!("CREATE UNIQUE INDEX CONCURRENTLY {index} ON {view} (...);"),
        ));
    }
    steps.push(own(
        "reads go on",
        format!("REFRESH MATERIALIZED VIEW CONCURRENTLY {view};"),
    ));
    Recipe {
        title: "refresh while the view stays readable".to_owned(),
        steps,
    }
}
