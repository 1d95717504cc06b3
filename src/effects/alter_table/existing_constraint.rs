//! VALIDATE, ALTER and DROP CONSTRAINT.

use pg_query::NodeEnum;

use super::drop_column::lock_what_goes;
use super::{Alteration, Command};
use crate::catalog::{ConstraintKind, RelationKind};
use crate::effects::{ChangeKind, LockMode, Reason};

impl<'a> Alteration<'_, 'a> {
    pub fn validate_constraint(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        if relation
            .constraint(name)
            .is_none_or(|_| self.drops_constraint(name))
            && let Some(added) = self.adds_constraint(name)
        {
            if added.skip_validation && added.is_enforced {
                let reason = Reason::ValidateConstraint { name: name.clone() };
                let referenced = added
                    .pktable
                    .as_ref()
                    .and_then(|table| self.c.input.oid(table));
                match referenced {
                    Some(referenced) => {
                        self.phase3
                            .validate_foreign_key(self.root, referenced, reason, span);
                    }
                    None => self.phase3.scan(self.root, reason, span),
                }
            }
            return;
        }
        let Some(constraint) = relation.constraint(name) else {
            if relation.complete {
                let message = format!(
                    "constraint \"{name}\" of relation \"{}\" does not exist",
                    relation.name.name
                );
                self.c.error("42704", message, span.clone());
            } else {
                self.c.assume(format!(
                    "constraint {name} is not known: assumed to need a scan"
                ));
                let reason = Reason::ValidateConstraint { name: name.clone() };
                self.phase3.scan(self.root, reason, span);
            }
            return;
        };
        if !constraint.enforced {
            self.c.error(
                "55000",
                "cannot validate NOT ENFORCED constraint",
                span.clone(),
            );
            return;
        }
        let reason = Reason::ValidateConstraint { name: name.clone() };
        match &constraint.kind {
            ConstraintKind::ForeignKey(key) => {
                if constraint.valid {
                    return;
                }
                for referenced in self.c.family_if_partitioned(key.references) {
                    self.c.because("its rows are looked up", |c| {
                        c.lock(referenced, LockMode::RowShare, span.clone())
                    });
                }
                if relation.kind == RelationKind::PartitionedTable {
                    self.family(span);
                }
                self.phase3
                    .validate_foreign_key(self.root, key.references, reason, span);
            }
            ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. } => {
                if constraint.valid {
                    return;
                }
                let has_children = self.c.input.before.children(self.root).next().is_some();
                if self.only && has_children && !constraint.no_inherit {
                    let message = "constraint must be validated on child tables too";
                    self.c.error("42P16", message, span.clone());
                    return;
                }
                let family = if constraint.no_inherit {
                    vec![self.root]
                } else {
                    self.family(span)
                };
                for oid in family {
                    let pending = self
                        .relation(oid)
                        .and_then(|relation| relation.constraint(name))
                        .is_none_or(|constraint| !constraint.valid);
                    if pending {
                        self.phase3.scan(oid, reason.clone(), span);
                    }
                }
            }
            ConstraintKind::PrimaryKey { .. }
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Exclusion { .. } => {
                let message = format!(
                    "constraint \"{name}\" of relation \"{}\" is not a foreign key or check constraint",
                    relation.name.name
                );
                self.c.error("42809", message, span.clone());
            }
        }
    }

    pub fn alter_constraint(&mut self, command: &Command<'a>) {
        let Some(NodeEnum::AtalterConstraint(alter)) =
            command.node.def.as_ref().and_then(|def| def.node.as_ref())
        else {
            return;
        };
        let span = &command.span;
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        let Some(constraint) = relation.constraint(&alter.conname) else {
            if relation.complete {
                let message = format!(
                    "constraint \"{}\" of relation \"{}\" does not exist",
                    alter.conname, relation.name.name
                );
                self.c.error("42704", message, span.clone());
            }
            return;
        };
        let key = match &constraint.kind {
            ConstraintKind::ForeignKey(key) => key,
            ConstraintKind::NotNull { .. } if self.since(18) && !alter.alter_enforceability => {
                self.family(span);
                return;
            }
            _ => {
                let message = format!(
                    "constraint \"{}\" of relation \"{}\" is not a foreign key constraint",
                    alter.conname, relation.name.name
                );
                self.c.error("42809", message, span.clone());
                return;
            }
        };
        if relation.kind == RelationKind::PartitionedTable {
            self.family(span);
        }
        if !alter.alter_enforceability || alter.is_enforced == constraint.enforced {
            return;
        }
        let mode = if alter.is_enforced {
            LockMode::ShareRowExclusive
        } else {
            LockMode::AccessExclusive
        };
        for referenced in self.c.family_if_partitioned(key.references) {
            self.c
                .because_of_key("its triggers for the foreign key change", |c| {
                    c.lock(referenced, mode, span.clone())
                });
        }
        if alter.is_enforced {
            let reason = Reason::ValidateConstraint {
                name: alter.conname.clone(),
            };
            self.phase3
                .validate_foreign_key(self.root, key.references, reason, span);
        }
    }

    pub fn drop_constraint(&mut self, command: &Command<'a>) {
        let (name, span) = (&command.node.name, &command.span);
        let Some(relation) = self.relation(self.root) else {
            return;
        };
        self.partitions_not_in_use(relation.kind, span);
        let Some(constraint) = relation.constraint(name) else {
            if relation.complete && !command.node.missing_ok {
                let message = format!(
                    "constraint \"{name}\" of relation \"{}\" does not exist",
                    relation.name.name
                );
                self.c.error("42704", message, span.clone());
            }
            return;
        };
        if constraint.inherited > 0 {
            let message = format!(
                "cannot drop inherited constraint \"{name}\" of relation \"{}\"",
                relation.name.name
            );
            self.c.error("42P16", message, span.clone());
            return;
        }
        let inheritable = match constraint.kind {
            ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. } => !constraint.no_inherit,
            ConstraintKind::PrimaryKey { .. }
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Exclusion { .. }
            | ConstraintKind::ForeignKey(_) => relation.kind == RelationKind::PartitionedTable,
        };
        // Children are locked even with ONLY.
        if inheritable {
            let only = std::mem::replace(&mut self.only, false);
            self.family(span);
            self.only = only;
        }
        // A constraint of the same name may take its place in the same statement.
        if let ConstraintKind::ForeignKey(key) = &constraint.kind {
            for referenced in self.c.input.before.family(key.references) {
                self.c
                    .because_of_key(format!("constraint {name} goes"), |c| {
                        c.lock(referenced, LockMode::AccessExclusive, span.clone())
                    });
            }
        }
        if let Some(target) = self.c.target(self.root) {
            self.c.change(
                ChangeKind::ConstraintDropped {
                    relation: target,
                    constraint: name.clone(),
                },
                span.clone(),
            );
        }
        lock_what_goes(self.c, span);
    }

    /// ONLY or not, the partitions of a partitioned table are locked: `ATCheckPartitionsNotInUse`.
    fn partitions_not_in_use(&mut self, kind: RelationKind, span: &std::ops::Range<usize>) {
        if kind == RelationKind::PartitionedTable {
            let only = std::mem::replace(&mut self.only, false);
            self.family(span);
            self.only = only;
        }
    }
}
