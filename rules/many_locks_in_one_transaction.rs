//! Blocking locks on two or more relations in use, taken one after the other in one transaction.

use std::ops::Range;

use crate::catalog::{QualifiedName, RelationKind};
use crate::effects::{Lock, TargetKind};
use crate::lint::{Check, Context, Finding, Report, Severity, is_blocking, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.reported_before || cx.effects.error.is_some() {
        return;
    }
    let own = units(cx.blocking_locks());
    let Some(last) = own.last() else {
        return;
    };
    let held = cx
        .held
        .iter()
        .filter(|held| is_blocking(&held.lock.target, held.lock.mode));
    let mut order: Vec<(&QualifiedName, Option<&Range<usize>>)> = Vec::new();
    for held in held.filter(|held| counts(&held.lock)) {
        if !order
            .iter()
            .any(|(name, _)| *name == &held.lock.target.name)
        {
            order.push((&held.lock.target.name, Some(&held.statement)));
        }
    }
    let before = order.len();
    for lock in &own {
        if !order.iter().any(|(name, _)| *name == &lock.target.name) {
            order.push((&lock.target.name, None));
        }
    }
    // This statement adds a relation to another that is locked already.
    if order.len() < 2 || order.len() == before {
        return;
    }
    let names: Vec<String> = order.iter().map(|(name, _)| short_name(name)).collect();
    let first = &names[0];
    let severity = if cx.session.settings.lock_timeout.value.is_some() {
        Severity::Note
    } else {
        Severity::Warning
    };
    let mut finding = Finding::new(
        last.span.clone(),
        format!("waits for {} with {first} locked", names[names.len() - 1]),
        format!(
            "{first} stays locked while this waits for {}; a transaction that uses them in another order deadlocks with it",
            names[1..].join(", ")
        ),
    )
    .help("one table a transaction; where that cannot be, lock them in the order in which the application does, under a lock_timeout")
    .severity(severity);
    if let Some((_, Some(statement))) = order.first() {
        finding = finding.also((*statement).clone(), format!("locks {first}"));
    }
    // The locks of several foreign keys are named here, and what to do about them.
    if own.len() > 1 && own.iter().all(|lock| lock.by_foreign_key) {
        report.take_over("foreign-key-locks-other-table");
        report.take_over("missing-lock-timeout");
    }
    for (name, _) in &order {
        finding = finding.about(name);
    }
    report.push(finding);
}

/// The relations that a statement locks by itself. The other side of its foreign key comes with it and counts
/// where nothing else is locked: CREATE TABLE with two of them.
fn units<'e>(locks: impl Iterator<Item = &'e Lock>) -> Vec<&'e Lock> {
    let all: Vec<&Lock> = locks.filter(|lock| counts(lock)).collect();
    let named = all.iter().any(|lock| !lock.by_foreign_key);
    all.into_iter()
        .filter(|lock| !named || !lock.by_foreign_key)
        .collect()
}

/// Partitions, inheritance children and what else comes with a relation are one with it.
fn counts(lock: &Lock) -> bool {
    let table = matches!(
        lock.target.kind,
        TargetKind::Relation(
            RelationKind::Table
                | RelationKind::PartitionedTable
                | RelationKind::MaterializedView
                | RelationKind::ForeignTable
        )
    );
    table && (lock.because.is_none() || lock.by_foreign_key)
}
