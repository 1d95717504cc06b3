//! The locks of a statement by the name of what is locked: a cascade, or a table with thousands of partitions,
//! takes as many, and each is looked up.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::{FixedState, RandomState};

use super::Lock;
use crate::catalog::QualifiedName;

/// Up to here, looking at each is faster.
const FEW: usize = 8;

/// Where the lock on a name stands in a list that only grows.
#[derive(Default)]
pub struct ByName {
    /// By the hash of the name; of names that share one, the first.
    places: HashMap<u64, usize, RandomState>,
}

impl ByName {
    /// A lock on this name is about to be added to these.
    pub fn add(&mut self, name: &QualifiedName, locks: &[Lock]) {
        if locks.len() < FEW {
            return;
        }
        if locks.len() == FEW {
            for (at, lock) in locks.iter().enumerate() {
                self.places.entry(hash(&lock.target.name)).or_insert(at);
            }
        }
        self.places.entry(hash(name)).or_insert(locks.len());
    }

    pub fn find(&self, name: &QualifiedName, locks: &[Lock]) -> Option<usize> {
        let is_it = |lock: &Lock| lock.target.name == *name;
        if locks.len() > FEW {
            let place = *self.places.get(&hash(name))?;
            if locks.get(place).is_some_and(is_it) {
                return Some(place);
            }
        }
        locks.iter().position(is_it)
    }
}

fn hash(name: &QualifiedName) -> u64 {
    FixedState::default().hash_one(name)
}

#[cfg(test)]
mod tests {
    use super::{ByName, FEW};
    use crate::catalog::{QualifiedName, RelationKind};
    use crate::effects::{Lock, LockMode, Target, TargetKind, Until};

    fn lock(number: usize) -> Lock {
        Lock {
            target: Target {
                name: QualifiedName::new("public", format!("t{number}")),
                oid: None,
                kind: TargetKind::Relation(RelationKind::Table),
                new: false,
            },
            mode: LockMode::Share,
            until: Until::Transaction,
            span: 0..0,
            because: None,
            by_foreign_key: false,
        }
    }

    #[test]
    fn every_lock_is_found_however_many_there_are() {
        let (mut by_name, mut locks) = (ByName::default(), Vec::new());
        for number in 0..FEW * 4 {
            let next = lock(number);
            assert_eq!(by_name.find(&next.target.name, &locks), None);
            by_name.add(&next.target.name, &locks);
            locks.push(next);
            for (at, known) in locks.iter().enumerate() {
                assert_eq!(by_name.find(&known.target.name, &locks), Some(at));
            }
        }
    }

    /// The places tell apart names of one hash only if somebody looks.
    #[test]
    fn a_shared_hash_misleads_nobody() {
        let (mut by_name, mut locks) = (ByName::default(), Vec::new());
        for number in 0..FEW * 2 {
            let next = lock(number);
            by_name.add(&next.target.name, &locks);
            locks.push(next);
        }
        let last = &locks[FEW * 2 - 1].target.name;
        by_name.places.insert(super::hash(last), 0);
        assert_eq!(by_name.find(last, &locks), Some(FEW * 2 - 1));
    }
}
