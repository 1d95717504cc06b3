//! ATTACH and DETACH PARTITION, INHERIT and NO INHERIT (`ATExecAttachPartition`, `DetachPartitionFinalize`,
//! `CreateInheritance`, `RemoveInheritance` in src/backend/commands/tablecmds.c).

use pg_query::protobuf::PartitionCmd;

use super::create_table::partition_bound;
use super::{Outcome, Replay, refuse};
use crate::catalog::expression::is_other_expression;
use crate::catalog::{Constraint, ConstraintKind, NotNull, Oid, PartitionBound, RelationKind};

impl Replay<'_> {
    pub(super) fn attach_partition(&mut self, parent: Oid, command: &PartitionCmd) -> Outcome {
        let (Some(name), Some(bound)) = (&command.name, &command.bound) else {
            return Ok(());
        };
        let partition = self.relation(name, RelationKind::Table)?;
        self.refuse_attach_to_plain(parent)?;
        self.require_partitioned(parent)?;
        let relation = self.get(partition)?;
        if relation.is_partition() && relation.complete {
            return refuse(
                "42809",
                format!("\"{}\" is already a partition", relation.name.name),
            );
        }
        self.take_columns(parent, partition, true)?;
        self.take_constraints(parent, partition, true)?;
        let bound = partition_bound(bound);
        self.catalog.edit(partition, |relation| {
            relation.parents = vec![parent];
            relation.partition_bound = Some(bound);
        });
        self.clone_indexes_to_partition(parent, partition)?;
        self.clone_row_triggers(parent, partition);
        self.clone_foreign_keys(parent, partition)
    }

    /// From 18 on the kind of relation is asked before the bound is looked at (`ATPrepCmd`).
    fn refuse_attach_to_plain(&self, parent: Oid) -> Outcome {
        let relation = self.get(parent)?;
        if !self.since(18) || !relation.complete || relation.kind == RelationKind::PartitionedTable
        {
            return Ok(());
        }
        refuse(
            "42809",
            format!(
                "ALTER action ATTACH PARTITION cannot be performed on relation \"{}\"",
                relation.name.name
            ),
        )
    }

    /// Each index of the partitioned table gets its part on a partition.
    pub(super) fn clone_indexes_to_partition(&mut self, parent: Oid, partition: Oid) -> Outcome {
        let indexes: Vec<Oid> = self
            .catalog
            .indexes_of(parent)
            .map(|index| index.oid)
            .collect();
        for index in indexes {
            self.index_on_partition(index, partition)?;
        }
        Ok(())
    }

    pub(super) fn detach_partition(&mut self, parent: Oid, command: &PartitionCmd) -> Outcome {
        let Some(name) = &command.name else {
            return Ok(());
        };
        if command.concurrent {
            let has_default = self
                .catalog
                .children(parent)
                .any(|child| matches!(child.partition_bound, Some(PartitionBound::Default)));
            if has_default {
                return refuse(
                    "55000",
                    "cannot detach partitions concurrently when a default partition exists",
                );
            }
        }
        let partition = self.relation(name, RelationKind::Table)?;
        let relation = self.get(partition)?;
        if !relation.parents.contains(&parent) {
            if relation.complete && self.get(parent)?.complete {
                let (child, parent) = (self.name(partition), self.name(parent));
                return refuse(
                    "42P01",
                    format!("relation \"{child}\" is not a partition of relation \"{parent}\""),
                );
            }
            return Ok(());
        }
        self.detach(parent, partition);
        Ok(())
    }

    /// DETACH ... FINALIZE, after a concurrent detach that was broken off; no text shows whether it was.
    pub(super) fn finalize_detach(&mut self, parent: Oid, command: &PartitionCmd) -> Outcome {
        let Some(name) = &command.name else {
            return Ok(());
        };
        let partition = self.relation(name, RelationKind::Table)?;
        let relation = self.get(partition)?;
        if !relation.parents.contains(&parent) {
            return Ok(());
        }
        self.detach(parent, partition);
        Ok(())
    }

    fn detach(&mut self, parent: Oid, partition: Oid) {
        self.give_back_inheritance(parent, partition);
        self.drop_cloned_triggers(partition);
        let parent_indexes: Vec<(Oid, bool)> = self
            .catalog
            .indexes_of(parent)
            .map(|index| {
                let constraint = self.catalog.constraint_of_index(index.oid).is_some();
                (index.oid, constraint)
            })
            .collect();
        let indexes: Vec<(Oid, Oid)> = self
            .catalog
            .indexes_of(partition)
            .filter_map(|index| Some((index.oid, index.parent?)))
            .collect();
        for (index, parent_index) in indexes {
            self.catalog.edit_index(index, |index| index.parent = None);
            if parent_indexes.contains(&(parent_index, true)) {
                self.edit_index_constraint(index, detached);
            }
        }
        let drops_identity = self.since(17);
        self.catalog.edit(partition, |relation| {
            relation.partition_bound = None;
            for constraint in &mut relation.constraints {
                if matches!(constraint.kind, ConstraintKind::ForeignKey(_))
                    && constraint.inherited > 0
                {
                    detached(constraint);
                }
            }
            if drops_identity {
                for column in &mut relation.columns {
                    column.identity = None;
                }
            }
        });
        if self
            .catalog
            .relation(partition)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable)
        {
            self.drop_clones_below(partition);
        }
    }

    pub(super) fn add_inheritance(&mut self, child: Oid, parent: Oid) -> Outcome {
        let relation = self.get(child)?;
        let of = self.get(parent)?;
        let no_parent = match of.kind {
            RelationKind::PartitionedTable => Some("partitioned table"),
            _ if of.is_partition() => Some("partition"),
            _ => None,
        };
        if let Some(what) = no_parent {
            let message = format!("cannot inherit from {what} \"{}\"", of.name.name);
            return refuse("42809", message);
        }
        if relation.parents.contains(&parent) {
            let parent = self.name(parent);
            return refuse(
                "42P07",
                format!("relation \"{parent}\" would be inherited from more than once"),
            );
        }
        if self.catalog.family(child).contains(&parent) {
            return refuse("42P07", "circular inheritance not allowed");
        }
        self.take_columns(parent, child, false)?;
        self.take_constraints(parent, child, false)?;
        self.catalog
            .edit(child, |relation| relation.parents.push(parent));
        Ok(())
    }

    pub(super) fn drop_inheritance(&mut self, child: Oid, parent: Oid) -> Outcome {
        let relation = self.get(child)?;
        if !relation.parents.contains(&parent) {
            if relation.complete {
                let (child, parent) = (self.name(child), self.name(parent));
                return refuse(
                    "42P01",
                    format!("relation \"{parent}\" is not a parent of relation \"{child}\""),
                );
            }
            return Ok(());
        }
        self.give_back_inheritance(parent, child);
        Ok(())
    }

    /// `MergeAttributesIntoExisting`: the child must have every column of the parent.
    fn take_columns(&mut self, parent: Oid, child: Oid, partition: bool) -> Outcome {
        let parent = self.get(parent)?.clone();
        let relation = self.get(child)?;
        if relation.complete {
            for column in &parent.columns {
                let Some(own) = relation.column(&column.name) else {
                    return refuse(
                        "42804",
                        format!("child table is missing column \"{}\"", column.name),
                    );
                };
                if own.ty != column.ty {
                    return refuse(
                        "42804",
                        format!(
                            "child table \"{}\" has different type for column \"{}\"",
                            relation.name.name, column.name
                        ),
                    );
                }
                if column.not_null != NotNull::No && own.not_null == NotNull::No && parent.complete
                {
                    return refuse(
                        "42804",
                        format!(
                            "column \"{}\" in child table \"{}\" must be marked NOT NULL",
                            column.name, relation.name.name
                        ),
                    );
                }
            }
        }
        let takes_identity = partition && self.since(17);
        self.catalog.edit(child, |relation| {
            for column in &parent.columns {
                match relation.column_mut(&column.name) {
                    Some(own) => {
                        own.inherited += 1;
                        own.local &= !partition;
                        if takes_identity {
                            own.identity = column.identity;
                        }
                    }
                    // The child is not fully known: now this much is.
                    None => {
                        let mut learned = column.clone();
                        learned.inherited = 1;
                        learned.local = !partition;
                        relation.columns.push(learned);
                    }
                }
            }
        });
        Ok(())
    }

    /// `MergeConstraintsIntoExisting`: the child must have every inheritable constraint of the parent.
    fn take_constraints(&mut self, parent: Oid, child: Oid, partition: bool) -> Outcome {
        let parent = self.get(parent)?.clone();
        for constraint in &parent.constraints {
            if constraint.no_inherit {
                continue;
            }
            let relation = self.get(child)?;
            let own = match &constraint.kind {
                ConstraintKind::Check { .. } => relation.constraint(&constraint.name),
                ConstraintKind::NotNull { column } => relation.not_null_constraint(column),
                ConstraintKind::PrimaryKey { .. }
                | ConstraintKind::Unique { .. }
                | ConstraintKind::Exclusion { .. }
                | ConstraintKind::ForeignKey(_) => continue,
            };
            let Some(own) = own else {
                if relation.complete && parent.complete {
                    return refuse(
                        "42804",
                        format!("child table is missing constraint \"{}\"", constraint.name),
                    );
                }
                let mut learned = constraint.clone();
                learned.inherited = 1;
                learned.local = !partition;
                self.catalog
                    .edit(child, |relation| relation.constraints.push(learned));
                continue;
            };
            let known = relation.complete && parent.complete;
            if let (
                ConstraintKind::Check { expression, .. },
                ConstraintKind::Check {
                    expression: written,
                    ..
                },
                true,
            ) = (&constraint.kind, &own.kind, known)
            {
                if is_other_expression(expression, written) {
                    return refuse(
                        "42804",
                        format!(
                            "child table \"{}\" has different definition for check constraint \"{}\"",
                            relation.name.name, constraint.name
                        ),
                    );
                }
                if own.no_inherit || constraint.valid && own.enforced && !own.valid {
                    return refuse(
                        "42P17",
                        format!(
                            "constraint \"{}\" conflicts with the constraint on child table \"{}\"",
                            constraint.name, relation.name.name
                        ),
                    );
                }
            }
            let name = own.name.clone();
            self.edit_constraint(child, &name, |own| {
                own.inherited += 1;
                own.local &= !partition;
            });
        }
        Ok(())
    }

    /// `RemoveInheritance`: what came from the parent becomes the child's own.
    fn give_back_inheritance(&mut self, parent: Oid, child: Oid) {
        let Some(parent_relation) = self.catalog.relation(parent).cloned() else {
            return;
        };
        self.catalog.edit(child, |relation| {
            relation.parents.retain(|&other| other != parent);
            for column in &mut relation.columns {
                if parent_relation.column(&column.name).is_some() && column.inherited > 0 {
                    column.inherited -= 1;
                    column.local |= column.inherited == 0;
                }
            }
            for constraint in &mut relation.constraints {
                let from_parent = match &constraint.kind {
                    ConstraintKind::Check { .. } => {
                        parent_relation.constraint(&constraint.name).is_some()
                    }
                    ConstraintKind::NotNull { column } => {
                        parent_relation.not_null_constraint(column).is_some()
                    }
                    ConstraintKind::PrimaryKey { .. }
                    | ConstraintKind::Unique { .. }
                    | ConstraintKind::Exclusion { .. }
                    | ConstraintKind::ForeignKey(_) => false,
                };
                if from_parent && constraint.inherited > 0 {
                    constraint.inherited -= 1;
                    constraint.local |= constraint.inherited == 0;
                }
            }
        });
    }

    /// ALTER INDEX parent ATTACH PARTITION child.
    pub(super) fn attach_index_partition(
        &mut self,
        parent: Oid,
        command: &PartitionCmd,
    ) -> Outcome {
        let Some(name) = &command.name else {
            return Ok(());
        };
        let Some(child) = self
            .lookup(name)
            .filter(|&oid| self.catalog.index(oid).is_some())
        else {
            return self.missing(None, || {
                (
                    "42P01",
                    format!("relation \"{}\" does not exist", name.relname),
                )
            });
        };
        let of_partitioned = self
            .catalog
            .index(parent)
            .and_then(|index| self.catalog.relation(index.table))
            .is_none_or(|table| !table.complete || table.kind == RelationKind::PartitionedTable);
        if !of_partitioned && self.since(13) {
            let name = self.name(parent);
            return refuse("42809", format!("\"{name}\" is not a partitioned index"));
        }
        let attached = self.catalog.index(child).and_then(|index| index.parent);
        if attached != Some(parent) {
            if let Some((sqlstate, detail)) = self.unfit_for_attach(parent, child) {
                return refuse(
                    sqlstate,
                    format!(
                        "cannot attach index \"{}\" as a partition of index \"{}\": {detail}",
                        self.name(child),
                        self.name(parent)
                    ),
                );
            }
            self.attach_index(parent, child);
        }
        self.validate_partitioned_index(parent);
        Ok(())
    }

    /// `ATExecAttachPartitionIdx`, in its order.
    fn unfit_for_attach(&self, parent: Oid, child: Oid) -> Option<(&'static str, &'static str)> {
        let (whole, part) = (self.catalog.index(parent)?, self.catalog.index(child)?);
        let (table, partition) = (
            self.catalog.relation(whole.table)?,
            self.catalog.relation(part.table)?,
        );
        let another = self
            .catalog
            .indexes_of(part.table)
            .any(|index| index.parent == Some(parent));
        if another {
            return Some((
                "55000",
                "another index is already attached for the partition",
            ));
        }
        if part.parent.is_some() {
            return Some(("55000", "it is already attached to another index"));
        }
        if !table.complete || !partition.complete {
            return None;
        }
        if !partition.is_partition() || !partition.parents.contains(&whole.table) {
            // 12 asks for the partitions of a table that has none.
            let sqlstate = match table.kind {
                RelationKind::PartitionedTable => "55000",
                _ => "42P17",
            };
            return Some((sqlstate, "it is not an index on any partition of the table"));
        }
        if !part.is_same_definition(whole) {
            return Some(("42P17", "the index definitions do not match"));
        }
        let constraint = |index: Oid| self.catalog.constraint_of_index(index).is_some();
        (constraint(parent) && !constraint(child)).then_some((
            "42P17",
            "the index belongs to a constraint, and there is none for the partition's",
        ))
    }
}

/// A constraint that is no longer the copy of a parent's (`ConstraintSetParentConstraint`).
fn detached(constraint: &mut Constraint) {
    constraint.inherited = constraint.inherited.saturating_sub(1);
    constraint.local = true;
}
