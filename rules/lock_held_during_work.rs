//! Work proportional to a table while an earlier statement still holds a blocking lock.

use crate::effects::{Reason, RowBound, TargetKind, Work, WorkKind};
use crate::lint::wording::{a_lock, of_or_to, waiters};
use crate::lint::{Check, Context, Finding, Held, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(held) = strongest_held(cx) else {
        return;
    };
    let work = cx.work_where(report, is_long);
    let Some((_, first)) = work.first() else {
        return;
    };
    let locked = short_name(&held.lock.target.name);
    let worked_on = short_name(&first.target.name);
    let finding = Finding::new(
        cx.span.clone(),
        format!(
            "{} {worked_on}, with {locked} still locked",
            noun(first.kind)
        ),
        format!(
            "{} {} {locked} wait until this statement and the rest of the transaction are done",
            waiters(held.lock.mode),
            of_or_to(held.lock.mode),
        ),
    )
    .also(
        held.statement.clone(),
        format!("takes {} on {locked}", a_lock(held.lock.mode)),
    )
    .help("commit before the long part: one transaction for the lock, another for the work")
    .about(&held.lock.target.name)
    .about(&first.target.name);
    report.push_about(work.iter().map(|(at, _)| *at), finding);
}

fn strongest_held<'a>(cx: &Context<'a>) -> Option<&'a Held> {
    cx.held
        .iter()
        .filter(|held| !held.lock.target.new && held.lock.mode.blocks_writes())
        .filter(|held| held.lock.target.kind != TargetKind::Index)
        .max_by_key(|held| held.lock.mode)
}

/// Whether the work grows with the table.
fn is_long(work: &Work) -> bool {
    match (work.kind, &work.reason) {
        (WorkKind::RowsWritten | WorkKind::Scan, Reason::Dml { bound, .. }) => {
            *bound != RowBound::Bounded
        }
        (_, Reason::Truncate) => false,
        (
            WorkKind::RowsWritten
            | WorkKind::Scan
            | WorkKind::Rewrite
            | WorkKind::IndexBuild
            | WorkKind::ForeignKeyValidation,
            _,
        ) => true,
    }
}

fn noun(kind: WorkKind) -> &'static str {
    match kind {
        WorkKind::Rewrite => "rewrites",
        WorkKind::Scan => "reads all of",
        WorkKind::IndexBuild => "builds an index of",
        WorkKind::ForeignKeyValidation => "checks a foreign key of",
        WorkKind::RowsWritten => "writes many rows of",
    }
}
