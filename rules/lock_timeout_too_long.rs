//! A lock_timeout above the configured limit: everybody queues for that long.

use crate::effects::TargetKind;
use crate::lint::wording::{duration, waiters};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let limit = cx.options.lock_timeout_limit;
    let Some(timeout) = cx.session.settings.lock_timeout.value else {
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
    let mut finding = Finding::new(
        lock.span.clone(),
        format!("waits for its lock on {table} for up to {}", duration(timeout)),
        format!(
            "{} of {table} may queue behind this for {} (lock_timeout), and again at every retry",
            waiters(lock.mode),
            duration(timeout)
        ),
    )
    .help(format!(
        "a few seconds are enough, with retries; the limit is {} (`lock-timeout-limit` in humdrum.toml)",
        duration(limit)
    ))
    .about(&lock.target.name);
    let set = cx.migration.lock_timeouts.iter().rev();
    if let Some(set) = set.into_iter().find(|set| set.span.end <= cx.span.start) {
        finding = finding.also(set.span.clone(), "set here");
    }
    report.push(finding);
}
