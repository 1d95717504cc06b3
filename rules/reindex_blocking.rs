//! REINDEX without CONCURRENTLY, and what CONCURRENTLY still means for a partitioned table.

use crate::catalog::RelationKind;
use crate::effects::{Reason, TargetKind};
use crate::fix::concurrent::is_known;
use crate::fix::recipes::{outside, recipe, way_out};
use crate::fix::tokens::with_concurrently;
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.effects.error.is_some() {
        return;
    }
    let built = cx.work_where(report, |work| {
        matches!(
            work.reason,
            Reason::Reindex {
                concurrently: false
            }
        )
    });
    let Some((_, work)) = built.first() else {
        partitions_concurrently(cx, report);
        return;
    };
    let unknown_table = work.target.kind == TargetKind::Index;
    let table = short_name(&work.target.name);
    let waits = if unknown_table {
        format!("writes to the table of index {table} wait, and queries that plan with it")
    } else {
        format!("writes to {table} wait, and queries that plan with its indexes")
    };
    let mut finding = Finding::new(
        cx.span.clone(),
        "everybody who would use the index waits until it is built again",
        format!("{waits}, until REINDEX is done"),
    )
    .about(&work.target.name);
    finding = if cx.in_transaction() {
        let out = way_out(cx);
        finding.help(format!(
            "REINDEX ... CONCURRENTLY keeps the table in use, but not inside a transaction: {out}"
        ))
    } else {
        finding.help(
            "REINDEX ... CONCURRENTLY keeps the table in use; if it fails, drop the invalid index that ends in _ccnew",
        )
    };
    finding = finding.recipe(recipe(
        "build the index again while the table stays in use",
        vec![outside(
            "in a migration of its own, outside a transaction",
            format!("{};", with_concurrently(cx.text, cx.node)),
        )],
    ));
    let one = cx.effects.locks.iter().all(|lock| {
        let kind = lock.target.kind;
        kind == TargetKind::Index || kind == TargetKind::Relation(RelationKind::Table)
    });
    if one {
        finding = finding.fix(cx.concurrently("reindex CONCURRENTLY", is_certain(cx)));
    }
    report.speak_for("index-lock-blocks-reads");
    report.take_over("missing-lock-timeout");
    report.push_about(built.iter().map(|(at, _)| *at), finding);
}

/// The table is known, and has no index of an exclusion constraint: `ReindexRelationConcurrently` (indexcmds.c) leaves those
/// out, or refuses.
fn is_certain(cx: &Context<'_>) -> bool {
    let tables = cx.before.relations_locked(cx.effects);
    let mut tables = tables
        .filter(|it| it.kind == RelationKind::Table)
        .peekable();
    tables.peek().is_some()
        && tables.all(|table| {
            let excludes = |index: &crate::catalog::Index| !index.operators.is_empty();
            is_known(Some(table)) && !cx.before.indexes_of(table.oid).any(excludes)
        })
}

/// Each partition is done in transactions of its own, under a short lock.
fn partitions_concurrently(cx: &Context<'_>, report: &mut Report<'_>) {
    let built = cx.work_where(report, |work| {
        matches!(work.reason, Reason::Reindex { concurrently: true })
    });
    let parent = cx.effects.locks.iter().find(|lock| {
        lock.target.kind == TargetKind::Relation(RelationKind::PartitionedTable) && !lock.target.new
    });
    let (Some(parent), false) = (parent, built.is_empty()) else {
        return;
    };
    let table = short_name(&parent.target.name);
    let finding = Finding::new(
        cx.span.clone(),
        "one partition after the other, each in transactions of its own",
        format!(
            "the partitions of {table} are reindexed one by one: writes to each wait for a moment, and a failure leaves some of them done"
        ),
    )
    .help("run it again after a failure, and drop the invalid indexes that end in _ccnew first")
    .severity(Severity::Note)
    .about(&parent.target.name);
    report.push_about(built.iter().map(|(at, _)| *at), finding);
}
