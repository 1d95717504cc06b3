//! The longest time for which a migration keeps one relation blocked.

use std::collections::BTreeMap;

use crate::catalog::{QualifiedName, TransactionId};
use crate::effects::{LockMode, TargetKind, Until};
use crate::lint::{PlannedMigration, PlannedStatement};

/// One relation, blocked from the statement that takes the lock to the one that ends it.
#[derive(Debug, PartialEq, Eq)]
pub struct Blocked<'a> {
    pub relation: &'a QualifiedName,
    /// The strongest mode held.
    pub mode: LockMode,
    /// Indexes into [`PlannedMigration::statements`], both inclusive.
    pub first: usize,
    pub last: usize,
    /// How many pieces of work on existing relations are done meanwhile.
    pub work: usize,
}

impl Blocked<'_> {
    fn statements(&self) -> usize {
        self.last - self.first + 1
    }
}

/// The relation that other sessions use and that is blocked over the most work, then over the most
/// statements, then for the most sessions. None when no reads or writes wait for anything.
pub fn longest(migration: &PlannedMigration) -> Option<Blocked<'_>> {
    let statements = &migration.statements;
    let mut ends: BTreeMap<TransactionId, usize> = BTreeMap::new();
    for (index, statement) in statements.iter().enumerate() {
        ends.insert(statement.transaction_id, index);
    }
    let mut blocked: BTreeMap<(TransactionId, &QualifiedName, usize), Blocked<'_>> =
        BTreeMap::new();
    for (index, statement) in statements.iter().enumerate() {
        let to_commit = |until| until == Until::Transaction && statement.transaction_block;
        for lock in &statement.effects.locks {
            let own = lock.target.kind == TargetKind::Index || lock.target.new;
            if own || !lock.mode.blocks_writes() {
                continue;
            }
            // A lock that ends with its statement is a chain of its own.
            let (key, last) = if to_commit(lock.until) {
                (usize::MAX, ends[&statement.transaction_id])
            } else {
                (index, index)
            };
            let entry = blocked
                .entry((statement.transaction_id, &lock.target.name, key))
                .or_insert(Blocked {
                    relation: &lock.target.name,
                    mode: lock.mode,
                    first: index,
                    last,
                    work: 0,
                });
            entry.mode = entry.mode.max(lock.mode);
        }
    }
    let sums = work_before(statements);
    let measured = blocked.into_values().map(|blocked| Blocked {
        work: sums[blocked.last + 1] - sums[blocked.first],
        ..blocked
    });
    measured.reduce(|best, next| {
        let weight = |it: &Blocked<'_>| (it.work, it.statements(), it.mode);
        if weight(&next) > weight(&best) {
            next
        } else {
            best
        }
    })
}

/// For each statement, and behind the last, how much work on existing relations comes before it.
fn work_before(statements: &[PlannedStatement]) -> Vec<usize> {
    let sums = statements.iter().scan(0, |sum, statement| {
        *sum += statement
            .effects
            .work
            .iter()
            .filter(|it| !it.target.new)
            .count();
        Some(*sum)
    });
    std::iter::once(0).chain(sums).collect()
}
