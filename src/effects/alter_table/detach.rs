//! DETACH PARTITION.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::PartitionCmd;

use super::attach::default_partition;
use super::{Alteration, Command};
use crate::catalog::{Oid, RelationKind};
use crate::effects::{LockMode, Reason};

impl<'a> Alteration<'_, 'a> {
    /// `ATExecDetachPartition`.
    pub fn detach_partition(&mut self, command: &Command<'a>) {
        let Some(detach) = partition_command(command) else {
            return;
        };
        let span = &command.span;
        if detach.concurrent {
            self.c.released_at_statement_end();
            self.c
                .forbidden_in_transaction("ALTER TABLE ... DETACH CONCURRENTLY");
            if self.c.failed() {
                return;
            }
        }
        let Some(partition) = self.partition(detach, span) else {
            return;
        };
        if let Some(default) = default_partition(self.c.input.before, self.root) {
            if detach.concurrent {
                self.c.error(
                    "55000",
                    "cannot detach partitions concurrently when a default partition exists",
                    span.clone(),
                );
                return;
            }
            self.c
                .because("the default partition's bound changes", |c| {
                    c.lock(default, LockMode::AccessExclusive, span.clone())
                });
        }
        if detach.concurrent {
            self.lock_ancestors(span);
        }
        // 12 and 13 do not lock the partition against reads, unless it is referenced or loses a trigger
        // (`DropClonedTriggersFromPartition`).
        let loses_trigger = (self.c.relation(partition))
            .is_some_and(|it| it.triggers.iter().any(|trigger| trigger.inherited));
        let mode = if self.since(14) || loses_trigger {
            LockMode::AccessExclusive
        } else {
            LockMode::ShareUpdateExclusive
        };
        self.c
            .because("it is detached", |c| c.lock(partition, mode, span.clone()));
        self.lock_below(partition, span);
        let attached: Vec<Oid> = self
            .c
            .input
            .before
            .indexes_of(partition)
            .filter(|index| index.parent.is_some())
            .map(|index| index.oid)
            .collect();
        for index in attached {
            self.c.lock(index, LockMode::AccessExclusive, span.clone());
        }
        self.unlink_foreign_keys(partition, detach, span);
    }

    /// `DetachAddConstraintIfNeeded` puts the partition constraint together, from those of all ancestors.
    fn lock_ancestors(&mut self, span: &Range<usize>) {
        let mut partition = self.relation(self.root);
        while let Some(relation) = partition.filter(|relation| relation.is_partition()) {
            let Some(&parent) = relation.parents.first() else {
                return;
            };
            self.c.because("its partition constraint is read", |c| {
                c.lock(parent, LockMode::AccessShare, span.clone())
            });
            partition = self.relation(parent);
        }
    }

    /// The partition constraints of what is below a detached partition change too (`DetachPartitionFinalize`).
    fn lock_below(&mut self, partition: Oid, span: &Range<usize>) {
        for child in self.c.family_if_partitioned(partition) {
            if child != partition {
                self.c.because("its parent is detached", |c| {
                    c.lock(child, LockMode::AccessExclusive, span.clone())
                });
            }
        }
    }

    /// Foreign keys of the parent become the partition's own; foreign keys to the parent must not lose a
    /// referenced row, so the referencing tables are read (`RI_PartitionRemove_Check`).
    fn unlink_foreign_keys(&mut self, partition: Oid, detach: &PartitionCmd, span: &Range<usize>) {
        let before = self.c.input.before;
        let Some(relation) = before.relation(partition) else {
            return;
        };
        for (_, key) in relation.foreign_keys() {
            let inherited = before.relation(self.root).is_some_and(|root| {
                root.foreign_keys()
                    .any(|(_, own)| own.references == key.references && own.columns == key.columns)
            });
            if inherited {
                self.c
                    .because_of_key("a foreign key is made the partition's own", |c| {
                        c.lock(key.references, LockMode::ShareRowExclusive, span.clone())
                    });
            }
        }
        let referencing: Vec<Oid> = before
            .foreign_keys_to(self.root)
            .map(|(table, _, _)| table.oid)
            .collect();
        let name = detach.name.as_ref().map_or("", |name| &name.relname);
        for table in referencing {
            for member in self.c.family_if_partitioned(table) {
                self.c
                    .because_of_key("it references the partitioned table", |c| {
                        c.lock(member, LockMode::AccessExclusive, span.clone())
                    });
                let reason = Reason::DetachPartition {
                    partition: name.to_owned(),
                };
                self.phase3.scan(member, reason, span);
            }
            self.c
                .lock(partition, LockMode::AccessExclusive, span.clone());
            self.c
                .lock_indexes(partition, LockMode::AccessExclusive, span);
        }
    }

    pub fn detach_finalize(&mut self, command: &Command<'a>) {
        let Some(detach) = partition_command(command) else {
            return;
        };
        if let Some(partition) = self.partition(detach, &command.span) {
            self.c.because("it is detached", |c| {
                c.lock(partition, LockMode::AccessExclusive, command.span.clone())
            });
            self.lock_below(partition, &command.span);
        }
    }

    fn partition(&mut self, detach: &PartitionCmd, span: &Range<usize>) -> Option<Oid> {
        let name = detach.name.as_ref()?;
        let Some(oid) = self.c.resolve(name) else {
            if self.c.input.before.complete {
                let message = format!("relation \"{}\" does not exist", name.relname);
                self.c.error("42P01", message, span.clone());
                return None;
            }
            let target = self
                .c
                .unknown_target(self.c.input.qualified(name), RelationKind::Table);
            self.c
                .lock_target(target, LockMode::AccessExclusive, span.clone());
            return None;
        };
        let partition = self.relation(oid)?;
        if partition.complete && !partition.parents.contains(&self.root) {
            let message = format!(
                "relation \"{}\" is not a partition of relation \"{}\"",
                partition.name.name,
                self.relation(self.root)
                    .map_or("", |root| root.name.name.as_str())
            );
            self.c.error("42P01", message, span.clone());
            return None;
        }
        Some(oid)
    }
}

fn partition_command<'a>(command: &Command<'a>) -> Option<&'a PartitionCmd> {
    match command.node.def.as_ref()?.node.as_ref()? {
        NodeEnum::PartitionCmd(detach) => Some(detach),
        _ => None,
    }
}
