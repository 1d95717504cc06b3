//! LOCK TABLE in a mode that blocks reads or writes.

use pg_query::NodeEnum;

use crate::lint::wording::{a_lock, of_or_to, waiters};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if !matches!(cx.node, NodeEnum::LockStmt(_)) || cx.effects.error.is_some() {
        return;
    }
    let named: Vec<_> = cx.blocking_locks().collect();
    let Some(first) = named.iter().max_by_key(|lock| lock.mode) else {
        return;
    };
    let names: Vec<String> = named
        .iter()
        .filter(|lock| lock.because.is_none())
        .map(|lock| short_name(&lock.target.name))
        .collect();
    let tables = match names.as_slice() {
        [] => short_name(&first.target.name),
        _ => names.join(", "),
    };
    let mut finding = Finding::new(
        cx.span.clone(),
        format!("{} until the transaction ends", a_lock(first.mode)),
        format!(
            "{} {} {tables} wait until the transaction ends",
            waiters(first.mode),
            of_or_to(first.mode)
        ),
    )
    .help("most statements take the lock that they need; to keep other migrations out, SHARE UPDATE EXCLUSIVE or an advisory lock is enough");
    for lock in named {
        finding = finding.about(&lock.target.name);
    }
    report.push(finding);
}
