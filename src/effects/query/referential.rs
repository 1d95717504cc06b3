//! The locks of foreign key checks that a write sets off (src/backend/utils/adt/ri_triggers.c).

use std::ops::Range;

use crate::catalog::{Constraint, ForeignKey, IndexTarget, Oid};
use crate::effects::{Collector, LockMode, Reason};

/// Writing referencing rows looks up the referenced ones FOR KEY SHARE, unless the key is null or untouched.
/// Deferred checks come at commit.
pub fn referencing_rows(
    table: Oid,
    span: &Range<usize>,
    unchecked: impl Fn(&str) -> bool,
    c: &mut Collector<'_>,
) {
    let before = c.input.before;
    let Some(relation) = before.relation(table) else {
        return;
    };
    for (constraint, key) in relation.foreign_keys() {
        if !constraint.enforced
            || constraint.deferrable
            || key.columns.iter().any(|column| unchecked(column))
        {
            continue;
        }
        for referenced in c.family_if_partitioned(key.references) {
            c.because(
                format!("foreign key {} looks rows up in it", constraint.name),
                |c| {
                    c.lock(referenced, LockMode::RowShare, span.clone());
                    c.lock_indexes(referenced, LockMode::RowShare, span);
                },
            );
        }
    }
}

/// Removing referenced rows (or, with `set`, changing referenced columns) looks for referencing ones, or
/// changes them too.
pub fn referenced_rows(
    table: Oid,
    set: Option<&[String]>,
    span: &Range<usize>,
    c: &mut Collector<'_>,
) {
    let mut visited = vec![table];
    follow(table, set, span, &mut visited, c);
}

fn follow(
    table: Oid,
    set: Option<&[String]>,
    span: &Range<usize>,
    visited: &mut Vec<Oid>,
    c: &mut Collector<'_>,
) {
    let before = c.input.before;
    let keys: Vec<(Oid, &Constraint, &ForeignKey)> = before
        .foreign_keys_to(table)
        .map(|(relation, constraint, key)| (relation.oid, constraint, key))
        .collect();
    for (child, constraint, key) in keys {
        let touched =
            set.is_none_or(|set| key.referenced_columns.iter().any(|name| set.contains(name)));
        if !touched || !constraint.enforced {
            continue;
        }
        let action = if set.is_some() {
            key.on_update
        } else {
            key.on_delete
        };
        // NO ACTION may be deferred to the commit; RESTRICT and the writing actions never are.
        if action == 'a' && constraint.deferrable {
            continue;
        }
        let mode = match action {
            'c' | 'n' | 'd' => LockMode::RowExclusive,
            _ => LockMode::RowShare,
        };
        for member in c.family_if_partitioned(child) {
            c.because(
                format!("foreign key {} looks for referencing rows", constraint.name),
                |c| {
                    c.lock(member, mode, span.clone());
                    c.lock_indexes(member, mode, span);
                },
            );
            if !has_leading_index(member, key, c) {
                let reason = Reason::ReferentialAction {
                    constraint: constraint.name.clone(),
                };
                c.scan(member, reason, span.clone());
            }
        }
        if action == 'c' && set.is_none() && !visited.contains(&child) {
            visited.push(child);
            follow(child, None, span, visited, c);
        }
    }
}

fn has_leading_index(table: Oid, key: &ForeignKey, c: &Collector<'_>) -> bool {
    c.input.before.indexes_of(table).any(|index| {
        index.valid
            && index.predicate.is_none()
            && index.keys.first().is_some_and(
                |first| matches!(&first.target, IndexTarget::Column(column) if key.columns.contains(column)),
            )
    })
}
