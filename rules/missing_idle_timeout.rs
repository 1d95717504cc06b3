//! Locks in a transaction that may be left open: no idle_in_transaction_session_timeout.

use crate::effects::TargetKind;
use crate::lint::wording::a_lock;
use crate::lint::{Check, Context, Finding, Report, short_name};
use crate::session::{OpenedBy, Timeout, TimeoutOrigin, Transaction};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let settings = &cx.session.settings;
    let set =
        |timeout: &Timeout| timeout.value.is_some() || timeout.origin == TimeoutOrigin::Runner;
    let Transaction::Open(block) = &cx.session.transaction else {
        return;
    };
    if set(&settings.idle_in_transaction_session_timeout)
        || set(&settings.transaction_timeout)
        || !matches!(block.opened_by, OpenedBy::Script | OpenedBy::Tool)
        || cx.reported_before
        || cx.effects.error.is_some()
    {
        return;
    }
    let lock = cx
        .blocking_locks()
        .find(|lock| lock.target.kind != TargetKind::Index);
    let Some(lock) = lock else {
        return;
    };
    let table = short_name(&lock.target.name);
    let newer = if cx.version().major() >= 17 {
        ", or transaction_timeout"
    } else {
        ""
    };
    let finding = Finding::new(
        lock.span.clone(),
        format!("takes {} on {table}", a_lock(lock.mode)),
        format!(
            "if the runner hangs before it commits, {table} stays locked until somebody ends its connection"
        ),
    )
    .help(format!(
        "SET idle_in_transaction_session_timeout{newer} at the head of the migration"
    ))
    .about(&lock.target.name);
    report.push(finding);
}
