//! The locks that the open transaction holds.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::catalog::QualifiedName;
use crate::effects::{Effects, LockMode, Reason, RowBound, Until, WorkKind};
use crate::lint::context::Held;
use crate::session::{Session, Step};

/// Locks on relations that other sessions use; nobody waits for a new one. A lock that an earlier
/// statement already holds in the same or a stronger mode is not listed again.
#[derive(Debug, Clone, Default)]
pub struct Holding {
    locks: Vec<Held>,
    strongest: BTreeMap<QualifiedName, LockMode>,
    /// For each open savepoint, how many locks were held when it was set.
    marks: Vec<usize>,
}

impl Holding {
    pub fn locks(&self) -> &[Held] {
        &self.locks
    }

    /// Takes over what a statement holds to the end of its transaction.
    pub fn take(&mut self, effects: &Effects, statement: &Range<usize>) {
        for lock in &effects.locks {
            if lock.target.new || lock.until != Until::Transaction {
                continue;
            }
            let known = self.strongest.get(&lock.target.name);
            if known.is_some_and(|&mode| mode >= lock.mode) {
                continue;
            }
            self.strongest.insert(lock.target.name.clone(), lock.mode);
            self.locks.push(Held {
                lock: lock.clone(),
                statement: statement.clone(),
                wrote_many: wrote_many(effects, &lock.target.name),
            });
        }
    }

    /// Follows the session, which has just moved on.
    pub fn follow(&mut self, step: Step, session: &Session) {
        match step {
            Step::Stays => {}
            Step::Ended => self.release_to(0),
            Step::RolledBackTo(savepoint) => {
                self.release_to(self.marks.get(savepoint).copied().unwrap_or(0));
            }
        }
        let savepoints = session.block().map_or(0, |block| block.savepoints.len());
        self.marks.resize(savepoints, self.locks.len());
    }

    fn release_to(&mut self, length: usize) {
        if length == self.locks.len() {
            return;
        }
        self.locks.truncate(length);
        self.strongest.clear();
        for held in &self.locks {
            self.strongest
                .insert(held.lock.target.name.clone(), held.lock.mode);
        }
    }
}

fn wrote_many(effects: &Effects, relation: &QualifiedName) -> bool {
    effects.work.iter().any(|work| {
        work.kind == WorkKind::RowsWritten
            && work.target.name == *relation
            && matches!(
                work.reason,
                Reason::Dml {
                    bound: RowBound::Unbounded | RowBound::Filtered,
                    ..
                }
            )
    })
}
