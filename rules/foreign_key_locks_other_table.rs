//! A foreign key makes a statement lock a table that it does not name as the one it alters.

use crate::effects::{Lock, TargetKind};
use crate::lint::wording::{a_lock, of_or_to, waiters};
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.effects.error.is_some() {
        return;
    }
    let (others, own): (Vec<&Lock>, Vec<&Lock>) = cx
        .blocking_locks()
        .filter(|lock| lock.target.kind != TargetKind::Index)
        .partition(|lock| lock.by_foreign_key);
    // The other side is all that sessions wait for.
    if own.is_empty() {
        report.take_over("missing-lock-timeout");
    }
    // Once a migration is enough. A rule that has spoken of the foreign key itself has named both tables.
    if cx.reported_before || report.has("add-foreign-key-validated") {
        return;
    }
    let Some(strongest) = others.iter().max_by_key(|lock| lock.mode) else {
        return;
    };
    let mut names: Vec<String> = Vec::new();
    for lock in others.iter().filter(|lock| lock.mode == strongest.mode) {
        names.push(short_name(&lock.target.name));
    }
    let tables = match names.as_slice() {
        [only] => only.clone(),
        [first, second] => format!("{first} and {second}"),
        [first, rest @ ..] => format!("{first} and {} more tables", rest.len()),
        [] => return,
    };
    let severity = if cx.session.settings.lock_timeout.value.is_some() {
        Severity::Note
    } else {
        Severity::Warning
    };
    let mut finding = Finding::new(
        strongest.span.clone(),
        format!("takes {} on {tables}, the other side of a foreign key", a_lock(strongest.mode)),
        format!(
            "{} {} {tables} wait, too, until this has all its locks and its transaction ends",
            waiters(strongest.mode),
            of_or_to(strongest.mode)
        ),
    )
    .help("treat it as a change of both tables: set a lock_timeout, and give it a transaction of its own")
    .severity(severity);
    for lock in &others {
        finding = finding.about(&lock.target.name);
    }
    report.push(finding);
}
