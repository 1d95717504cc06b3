//! A statement_timeout above the configured limit over a statement that others wait for.

use crate::effects::TargetKind;
use crate::lint::wording::duration;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let limit = cx.options.statement_timeout_limit;
    let Some(timeout) = cx.session.settings.statement_timeout.value else {
        return;
    };
    if timeout <= limit || cx.reported_before || cx.effects.error.is_some() {
        return;
    }
    let lock = cx
        .blocking_locks()
        .find(|lock| lock.target.kind != TargetKind::Index);
    let Some(lock) = lock else {
        return;
    };
    let table = short_name(&lock.target.name);
    let finding = Finding::new(
        lock.span.clone(),
        format!("is cancelled after {} only", duration(timeout)),
        format!(
            "if this takes longer than expected, {table} is locked for up to {} (statement_timeout)",
            duration(timeout)
        ),
    )
    .help(format!(
        "the limit is {} (`statement-timeout-limit` in humdrum.toml)",
        duration(limit)
    ))
    .about(&lock.target.name);
    report.push(finding);
}
