//! A backfill in the transaction of a schema change.

use crate::catalog::QualifiedName;
use crate::effects::{Reason, RowBound, TargetKind, WorkKind};
use crate::lint::wording::{a_lock, of_or_to, waiters};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let written = cx.work_where(report, |work| {
        work.kind == WorkKind::RowsWritten
            && matches!(
                work.reason,
                Reason::Dml {
                    bound: RowBound::Unbounded | RowBound::Filtered,
                    ..
                }
            )
    });
    let Some((_, first)) = written.first() else {
        after_a_backfill(cx, report);
        return;
    };
    let held = cx.held.iter().filter(|held| {
        !held.lock.target.new
            && held.lock.mode.blocks_writes()
            && held.lock.target.kind != TargetKind::Index
    });
    // The lock on the table that is filled says it best.
    let Some(held) =
        held.max_by_key(|held| (held.lock.target.name == first.target.name, held.lock.mode))
    else {
        return;
    };
    let locked = short_name(&held.lock.target.name);
    let filled = short_name(&first.target.name);
    let finding = Finding::new(
        cx.span.clone(),
        format!("fills {filled} while {locked} is locked"),
        format!(
            "{} {} {locked} wait until the backfill of {filled} is done and the transaction commits",
            waiters(held.lock.mode),
            of_or_to(held.lock.mode),
        ),
    )
    .also(
        held.statement.clone(),
        format!("takes {} on {locked}", a_lock(held.lock.mode)),
    )
    .help("put the schema change and the backfill into migrations of their own; backfill in batches that commit")
    .recipe(crate::fix::recipes::batches(cx, &first.target.name))
    .about(&held.lock.target.name)
    .about(&first.target.name);
    // The statement's own reading of tables is a part of the same backfill.
    report.push_about(0..cx.effects.work.len(), finding);
}

/// The other way round: the rows that the backfill wrote stay locked while the schema change waits and works.
fn after_a_backfill(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.effects.error.is_some() {
        return;
    }
    let locked_before = |name: &QualifiedName| {
        cx.held
            .iter()
            .any(|held| held.lock.target.name == *name && held.lock.mode.blocks_writes())
    };
    let new = cx
        .blocking_locks()
        .filter(|lock| !locked_before(&lock.target.name));
    let found = new.into_iter().find_map(|lock| {
        let held = cx.held.iter().find(|held| {
            held.wrote_many && held.lock.target.name == lock.target.name && !held.lock.target.new
        });
        held.map(|held| (lock, held))
    });
    let Some((lock, held)) = found else {
        return;
    };
    let table = short_name(&lock.target.name);
    let finding = Finding::new(
        lock.span.clone(),
        format!("locks {table} with the backfill not yet committed"),
        format!(
            "the rows of {table} that the backfill wrote stay locked until this has its lock and commits; if it gives up, the backfill is lost"
        ),
    )
    .also(held.statement.clone(), "the backfill")
    .help("put the backfill and the schema change into migrations of their own; backfill in batches that commit")
    .about(&lock.target.name);
    report.push(finding);
}
