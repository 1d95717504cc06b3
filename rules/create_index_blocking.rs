//! CREATE INDEX without CONCURRENTLY on a table in use.

use crate::catalog::RelationKind;
use crate::effects::{Reason, Target, TargetKind};
use crate::fix::concurrent::is_known;
use crate::fix::recipes::create_index;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let built = cx.work_where(report, |work| {
        matches!(
            work.reason,
            Reason::CreateIndex {
                concurrently: false
            }
        )
    });
    let Some((_, work)) = built.first() else {
        return;
    };
    let table = cx.subject(work);
    let name = short_name(&table.name);
    let index = built
        .iter()
        .find_map(|(_, work)| work.index.as_deref())
        .unwrap_or("the index");
    let partitioned = table.kind == TargetKind::Relation(RelationKind::PartitionedTable);
    let mut finding = Finding::new(
        cx.span.clone(),
        format!("every insert, update and delete on {name} waits until the index is built"),
        format!("writes to {name} wait while index {index} is built"),
    )
    .recipe(create_index(cx))
    .about(&table.name);
    finding = if partitioned {
        finding
            .help(format!(
                "CONCURRENTLY does not work on the partitioned table {name} itself: create the index ON ONLY {name}, \
                 then CONCURRENTLY on each partition, then attach them"
            ))
    } else {
        // CONCURRENTLY, too, waits for what is running, but nobody waits behind it.
        report.take_over("missing-lock-timeout");
        finding
            .help(
                "build it CONCURRENTLY, outside a transaction; if the build fails, drop the invalid index \
                 before you try again",
            )
            .fix(cx.concurrently("build the index CONCURRENTLY", known(cx, table)))
    };
    report.push_about(built.iter().map(|(at, _)| *at), finding);
}

fn known(cx: &Context<'_>, table: &Target) -> bool {
    is_known(table.oid.and_then(|oid| cx.before.relation(oid)))
}
