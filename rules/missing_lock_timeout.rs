//! A blocking lock on a table in use without a lock_timeout.

use crate::catalog::RelationKind;
use crate::effects::{Lock, TargetKind};
use crate::lint::wording::waiters;
use crate::lint::{
    Check, Context, Finding, Place, Recipe, Report, Step, StepTransaction, short_name,
};
use crate::session::{OpenedBy, TimeoutOrigin, Transaction};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let timeout = &cx.session.settings.lock_timeout;
    // Once a migration is enough; a statement that is certain to fail takes no lock that lasts.
    if timeout.value.is_some()
        || timeout.origin == TimeoutOrigin::Runner
        || cx.reported_before
        || cx.effects.error.is_some()
    {
        return;
    }
    let Some(lock) = cx
        .blocking_locks()
        .filter(|lock| is_queued_at(lock))
        .max_by_key(|lock| lock.mode)
    else {
        return;
    };
    let table = short_name(&lock.target.name);
    let lasts = match &cx.session.transaction {
        Transaction::None => false,
        Transaction::Open(block) => block.opened_by != OpenedBy::Statement,
    };
    let set = if lasts {
        "SET LOCAL lock_timeout = '2s';"
    } else {
        "SET lock_timeout = '2s';"
    };
    let finding = Finding::new(
        lock.span.clone(),
        format!("waits for its {} lock on {table} as long as it takes", lock.mode),
        format!(
            "while this waits behind a long query on {table}, all later {} of {table} wait behind it",
            waiters(lock.mode)
        ),
    )
    .help(
        "set a lock_timeout before the first lock, and retry when it strikes; \
         if the runner sets one, say so in humdrum.toml (`[runner] lock-timeout`)",
    )
    .recipe(Recipe {
        title: "give up instead of queueing".to_owned(),
        place: Place::Before,
        steps: vec![Step {
            title: "before the first lock".to_owned(),
            sql: set.to_owned(),
            transaction: StepTransaction::Own,
        }],
    })
    .about(&lock.target.name)
    .fix(cx.set_lock_timeout());
    report.push(finding);
}

/// Whether sessions queue behind the lock: nobody reads a composite type's relation, and a sequence
/// that goes with its table is no more than the table.
fn is_queued_at(lock: &Lock) -> bool {
    match lock.target.kind {
        TargetKind::Index | TargetKind::Relation(RelationKind::CompositeType) => false,
        TargetKind::Relation(RelationKind::Sequence) => lock.because.is_none(),
        TargetKind::Relation(_) => true,
    }
}
