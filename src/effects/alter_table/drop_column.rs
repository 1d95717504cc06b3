//! DROP COLUMN, and what goes with a column or constraint.

use super::{Alteration, Command};
use crate::catalog::{ConstraintKind, RelationKind};
use crate::effects::{ChangeKind, Collector, LockMode};
use std::ops::Range;

impl<'a> Alteration<'_, 'a> {
    /// `ATExecDropColumn`: where there is the column, children are locked even with ONLY; what depends on it is locked
    /// as it goes.
    pub fn drop_column(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        let missing = |relation: &crate::catalog::Relation| {
            relation.complete && relation.column(name).is_none()
        };
        if self.relation(self.root).is_some_and(missing) && command.node.missing_ok {
            return;
        }
        let family = self.c.family(self.root);
        for &child in family.iter().filter(|&&oid| oid != self.root) {
            let mode = self.mode;
            self.c.because("it inherits from the altered table", |c| {
                c.lock(child, mode, span.clone())
            });
        }
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        match relation.column(name) {
            None if command.node.missing_ok => return,
            None => {
                self.column(self.root, name, span);
                if self.c.failed() {
                    return;
                }
            }
            Some(column) if column.inherited > 0 => {
                let message = format!("cannot drop inherited column \"{name}\"");
                self.c.error("42P16", message, span.clone());
                return;
            }
            Some(_) => {}
        }
        if self.only && relation.kind == RelationKind::PartitionedTable && family.len() > 1 {
            self.c.error(
                "42P16",
                "cannot drop column from only the partitioned table when partitions exist",
                span.clone(),
            );
            return;
        }
        if let Some(target) = self.c.target(self.root) {
            self.c.change(
                ChangeKind::ColumnDropped {
                    relation: target,
                    column: name.clone(),
                },
                span.clone(),
            );
        }
        lock_what_goes(self.c, span);
    }
}

/// Locks everything that the statement removes or that loses a part of itself: indexes with their tables,
/// foreign keys with both tables, sequences, views. `performMultipleDeletions` locks each object that it
/// deletes (src/backend/catalog/dependency.c).
pub(in crate::effects) fn lock_what_goes(c: &mut Collector<'_>, span: &Range<usize>) {
    let (before, after) = (c.input.before, c.input.after);
    let difference = before.difference(after);
    for index in &difference.removed_indexes {
        c.because("its index goes", |c| {
            c.lock(index.table, LockMode::AccessExclusive, span.clone())
        });
        c.lock(index.oid, LockMode::AccessExclusive, span.clone());
    }
    for (relation, constraint) in difference.removed_constraints() {
        let because = format!("constraint {} goes", constraint.name);
        c.because(because.clone(), |c| {
            c.lock(relation.oid, LockMode::AccessExclusive, span.clone())
        });
        if let ConstraintKind::ForeignKey(key) = &constraint.kind {
            for referenced in before.family(key.references) {
                c.because_of_key(because.clone(), |c| {
                    c.lock(referenced, LockMode::AccessExclusive, span.clone())
                });
            }
        }
    }
    for relation in &difference.removed_relations {
        c.because("it depends on what is dropped", |c| {
            c.lock(relation.oid, LockMode::AccessExclusive, span.clone())
        });
        if let Some(target) = c.target(relation.oid) {
            c.change(
                ChangeKind::RelationDropped {
                    relation: target,
                    cascaded: true,
                },
                span.clone(),
            );
        }
    }
    for (old, new) in &difference.changed_relations {
        if new.columns.len() < old.columns.len() {
            c.lock(old.oid, LockMode::AccessExclusive, span.clone());
        }
    }
}
