//! The net: work under a blocking lock that no other rule speaks of.

use crate::effects::{Reason, Work, WorkKind};
use crate::lint::{Check, Context, Finding, Report, is_blocking, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.effects.error.is_some() {
        return;
    }
    let work = cx.work_where(report, |work| {
        is_table_sized(work)
            && cx
                .effects
                .lock_on(&work.target.name)
                .is_some_and(|lock| is_blocking(&lock.target, lock.mode))
    });
    let Some((_, first)) = work.iter().max_by_key(|(_, work)| rank(work.kind)) else {
        return;
    };
    let table = short_name(&first.target.name);
    let finding = Finding::new(
        first.span.clone(),
        first.reason.to_string(),
        format!("{}: {}", cx.waiting(&first.target.name), first.reason),
    )
    .help(format!(
        "find a form that does the work without the lock, or run it in a maintenance window with a lock_timeout on {table}"
    ))
    .about(&first.target.name);
    report.push_about(work.iter().map(|(at, _)| *at), finding);
}

/// TRUNCATE gives away the storage without reading it; rows written are row locks, not table locks.
fn is_table_sized(work: &Work) -> bool {
    match work.kind {
        WorkKind::RowsWritten => false,
        WorkKind::Rewrite
        | WorkKind::Scan
        | WorkKind::IndexBuild
        | WorkKind::ForeignKeyValidation => !matches!(work.reason, Reason::Truncate),
    }
}

fn rank(kind: WorkKind) -> u8 {
    match kind {
        WorkKind::RowsWritten => 0,
        WorkKind::Scan => 1,
        WorkKind::ForeignKeyValidation => 2,
        WorkKind::IndexBuild => 3,
        WorkKind::Rewrite => 4,
    }
}
