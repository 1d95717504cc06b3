//! One statement's effects out of those of the statements inside it.

use crate::effects::Effects;

/// The effects of a DO block or a procedure: what its statements do, taken together. The strongest
/// lock on each relation counts. `certain`: the inner statement runs whenever the outer one does, so
/// that its error is the outer one's.
pub fn merge(into: &mut Effects, inner: &Effects, certain: bool) {
    for lock in &inner.locks {
        match into
            .locks
            .iter_mut()
            .find(|known| known.target.name == lock.target.name)
        {
            Some(known) if lock.mode > known.mode => *known = lock.clone(),
            Some(_) => {}
            None => into.locks.push(lock.clone()),
        }
    }
    for work in &inner.work {
        let known = into.work.iter().any(|known| {
            known.kind == work.kind
                && known.target.name == work.target.name
                && known.index == work.index
        });
        if !known {
            into.work.push(work.clone());
        }
    }
    for target in &inner.storage {
        if !into.storage.iter().any(|known| known.name == target.name) {
            into.storage.push(target.clone());
        }
    }
    into.changes.extend(inner.changes.iter().cloned());
    if certain && into.error.is_none() {
        into.error.clone_from(&inner.error);
    }
    for assumption in &inner.assumptions {
        if !into.assumptions.contains(assumption) {
            into.assumptions.push(assumption.clone());
        }
    }
}
