//! A lock_timeout that is not in force when the lock is taken: 0, gone again, SET LOCAL outside a transaction, or
//! set too late.

use crate::effects::TargetKind;
use crate::fix::Fix;
use crate::lint::wording::waiters;
use crate::lint::{Check, Context, Finding, Report, TimeoutSet, short_name};
use crate::session::TimeoutOrigin;

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let timeout = &cx.session.settings.lock_timeout;
    if timeout.value.is_some()
        || timeout.origin == TimeoutOrigin::Runner
        || cx.effects.error.is_some()
    {
        return;
    }
    let lock = cx
        .blocking_locks()
        .filter(|lock| lock.target.kind != TargetKind::Index)
        .max_by_key(|lock| lock.mode);
    let (Some(lock), Some((set, why))) = (lock, why(cx)) else {
        return;
    };
    report.speak_for("missing-lock-timeout");
    if cx.reported_before {
        return;
    }
    let table = short_name(&lock.target.name);
    let mut finding = Finding::new(
        lock.span.clone(),
        format!("waits for its {} lock on {table} as long as it takes", lock.mode),
        format!(
            "no lock_timeout is in force here: while this waits behind a long query on {table}, all later {} of {table} wait behind it",
            waiters(lock.mode)
        ),
    )
    .help(why.help())
    .about(&lock.target.name);
    if let Some(set) = set {
        finding = finding.also(set.span.clone(), why.label());
    }
    report.push(finding.fix(fix(cx, set, &why)));
}

fn fix(cx: &Context<'_>, set: Option<&TimeoutSet>, why: &Why) -> Option<Fix> {
    match why {
        Why::LocalOutside => cx.without_local(&set?.span),
        Why::TooLate => cx.move_lock_timeout(&set?.span),
        Why::Expired => cx.set_lock_timeout_again(),
        // What was meant instead is not known.
        Why::Zero => None,
    }
}

enum Why {
    Zero,
    Expired,
    LocalOutside,
    TooLate,
}

impl Why {
    fn label(&self) -> &'static str {
        match self {
            Why::Zero => "0 means to wait for ever",
            Why::Expired => "no longer in force",
            Why::LocalOutside => "does nothing outside a transaction",
            Why::TooLate => "too late for the lock above",
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Why::Zero => "give it a value of a few seconds",
            Why::Expired => {
                "RESET, ROLLBACK or the end of its transaction has taken it back: set it again before the lock"
            }
            Why::LocalOutside => "use SET, or BEGIN a transaction before SET LOCAL",
            Why::TooLate => "move it before the first lock",
        }
    }
}

/// The statement that was meant to set it, where the script has one.
fn why<'a>(cx: &Context<'a>) -> Option<(Option<&'a TimeoutSet>, Why)> {
    let set = cx.migration.lock_timeouts;
    let earlier = set.iter().rev().find(|set| set.span.end <= cx.span.start);
    match cx.session.settings.lock_timeout.origin {
        TimeoutOrigin::Session | TimeoutOrigin::Local => return Some((earlier, Why::Zero)),
        TimeoutOrigin::Expired => return Some((earlier, Why::Expired)),
        TimeoutOrigin::Default | TimeoutOrigin::Runner => {}
    }
    if let Some(earlier) = earlier {
        return earlier.local.then_some((Some(earlier), Why::LocalOutside));
    }
    let later = set.iter().find(|set| set.span.start >= cx.span.end)?;
    // One that is switched off for a while and back on is the runner's.
    (!later.zero).then_some((Some(later), Why::TooLate))
}
