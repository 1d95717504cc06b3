//! A statement_timeout over work that is meant to take long: it is cancelled half way.

use std::time::Duration;

use crate::effects::{Reason, WorkKind};
use crate::lint::wording::duration;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

/// From here on the timeout is taken to be meant for long work.
const GENEROUS: Duration = Duration::from_secs(60 * 60);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(timeout) = cx.session.settings.statement_timeout.value else {
        return;
    };
    if timeout >= GENEROUS || cx.reported_before || cx.effects.error.is_some() {
        return;
    }
    let batches = cx.surroundings.in_loop.is_some();
    let found = cx.work_on_existing().find_map(|(_, work)| {
        let what = match (&work.reason, work.kind) {
            (Reason::CreateIndex { concurrently: true }, _) => {
                Some(("the index build", "it leaves an invalid index behind"))
            }
            (Reason::Reindex { concurrently: true }, _) => Some((
                "REINDEX",
                "it leaves an invalid index that ends in _ccnew behind",
            )),
            (Reason::ValidateConstraint { .. }, _) => {
                Some(("the validation", "it starts from the beginning next time"))
            }
            (Reason::Dml { .. }, WorkKind::RowsWritten) if batches => Some((
                "the backfill",
                "the timeout counts for the whole block, not for each batch",
            )),
            _ => None,
        };
        what.map(|what| (work, what))
    });
    let Some((work, (what, then))) = found else {
        return;
    };
    let table = short_name(&work.target.name);
    let finding = Finding::new(
        cx.span.clone(),
        format!("cancelled after {}", duration(timeout)),
        format!("{what} of {table} is cancelled after {} (statement_timeout); {then}", duration(timeout)),
    )
    .help("SET statement_timeout = 0 for this statement; a lock_timeout is what keeps the waiting short")
    .about(&work.target.name);
    report.push(finding);
}
