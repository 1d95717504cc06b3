//! A lock or work on a table in use without a statement_timeout.

use crate::effects::TargetKind;
use crate::lint::{Check, Context, Finding, Report, short_name};
use crate::session::TimeoutOrigin;

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let timeout = &cx.session.settings.statement_timeout;
    if timeout.value.is_some()
        || timeout.origin == TimeoutOrigin::Runner
        || cx.reported_before
        || cx.effects.error.is_some()
    {
        return;
    }
    let worked = cx.work_on_existing().map(|(_, work)| &work.target).next();
    let locked = cx
        .blocking_locks()
        .map(|lock| &lock.target)
        .find(|target| target.kind != TargetKind::Index);
    let Some(target) = locked.or(worked) else {
        return;
    };
    let table = short_name(&target.name);
    let finding = Finding::new(
        cx.span.clone(),
        "runs for as long as it takes",
        format!("nothing stops this if it takes longer on {table} than expected"),
    )
    .help("SET statement_timeout: short for what locks, long enough for an index build or a validation")
    .about(&target.name);
    report.push(finding);
}
