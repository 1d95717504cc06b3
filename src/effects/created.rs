//! What a statement creates, read off the catalog before and after it.

use std::ops::Range;

use super::{ChangeKind, Collector, LockMode};

/// Locks and announces every relation that is there afterwards and was not before. A stub of a relation that
/// was never seen to be created is not one of them.
pub fn announce(c: &mut Collector<'_>, span: &Range<usize>) {
    let (before, after) = (c.input.before, c.input.after);
    let difference = before.difference(after);
    for relation in difference.added_relations {
        if !relation.complete || c.is_locked(relation.oid) {
            continue;
        }
        c.lock(relation.oid, LockMode::AccessExclusive, span.clone());
        if let Some(target) = c.target(relation.oid) {
            c.change(
                ChangeKind::RelationCreated { relation: target },
                span.clone(),
            );
        }
    }
}
