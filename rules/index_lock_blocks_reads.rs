//! An ACCESS EXCLUSIVE lock on an index alone: every query of its table that is planned meanwhile waits.

use crate::effects::{LockMode, TargetKind, Until};
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.effects.error.is_some() {
        return;
    }
    let lock = cx.effects.locks.iter().find(|lock| {
        lock.target.kind == TargetKind::Index
            && !lock.target.new
            && lock.mode == LockMode::AccessExclusive
            && lock.until == Until::Transaction
    });
    let Some(lock) = lock else {
        return;
    };
    let index = lock.target.oid.and_then(|oid| cx.before.index(oid));
    let table = index.and_then(|index| cx.before.relation(index.table));
    // A lock on the table itself that blocks reads says it all.
    if table.is_some_and(|table| cx.lock_in_force(&table.name) == Some(LockMode::AccessExclusive))
        || table.is_none() && cx.effects.kind == "drop index"
    {
        return;
    }
    let name = short_name(&lock.target.name);
    let of = table.map_or_else(|| "its table".to_owned(), |table| short_name(&table.name));
    let severity = if cx.session.settings.lock_timeout.value.is_some() {
        Severity::Note
    } else {
        Severity::Warning
    };
    let mut finding = Finding::new(
        lock.span.clone(),
        format!("takes an ACCESS EXCLUSIVE lock on index {name}"),
        format!("queries of {of} wait, even those that would not use {name}: planning them looks at every index of {of}"),
    )
    .help("set a lock_timeout before it, and commit right afterwards")
    .severity(severity)
    .about(&lock.target.name);
    if let Some(table) = table {
        finding = finding.about(&table.name);
    }
    report.push(finding);
}
