//! ATTACH PARTITION, and what it shares with CREATE TABLE ... PARTITION OF.

use std::ops::Range;

use pg_query::NodeEnum;

use super::constraint::valid_checks;
use super::{Alteration, Command};
use crate::catalog::{
    Catalog, ConstraintKind, ForeignKey, NotNull, Oid, PartitionBound, PartitionKey, Relation,
    RelationKind, partition_bound,
};
use crate::effects::expression::{BoundProof, Scope, bound_refusal, partition_bound_proof};
use crate::effects::{Collector, LockMode, Reason};

impl<'a> Alteration<'_, 'a> {
    /// `ATExecAttachPartition`.
    pub fn attach_partition(&mut self, command: &Command<'a>) {
        let Some(NodeEnum::PartitionCmd(attach)) =
            command.node.def.as_ref().and_then(|def| def.node.as_ref())
        else {
            return;
        };
        let (Some(name), span) = (&attach.name, &command.span) else {
            return;
        };
        let Some(partition) = self.c.resolve(name) else {
            if self.c.input.before.complete {
                let message = format!("relation \"{}\" does not exist", name.relname);
                self.c.error("42P01", message, span.clone());
                return;
            }
            let target = self
                .c
                .unknown_target(self.c.input.qualified(name), RelationKind::Table);
            self.c
                .lock_target(target, LockMode::AccessExclusive, span.clone());
            return;
        };
        let members = self.c.family(partition);
        for &member in &members {
            self.c.because("it becomes a partition", |c| {
                c.lock(member, LockMode::AccessExclusive, span.clone())
            });
        }
        let bound = attach.bound.as_ref().map(partition_bound);
        self.refuse_attach(partition, bound.as_ref(), span);
        if self.c.failed() {
            return;
        }
        let reason = Reason::AttachPartition {
            partition: name.relname.clone(),
        };
        if !self.belongs(partition, bound.as_ref()) {
            for &member in &members {
                self.phase3.scan(member, reason.clone(), span);
            }
        }
        search_default_partition(self.c, self.root, bound.as_ref(), &reason, span);
        lock_for_new_partition(self.c, self.root, span);
        lock_adopted_foreign_keys(self.c, self.root, partition, span);
        self.validate_cloned_foreign_keys(partition, &reason, span);
        self.c
            .lock_indexes(self.root, LockMode::ShareUpdateExclusive, span);
        self.phase3.index_causes.push(super::phase3::IndexCause {
            name: None,
            columns: Vec::new(),
            cause: super::phase3::Cause {
                reason,
                span: span.clone(),
            },
        });
    }

    /// A foreign key of the parent that the partition does not have yet is checked for its rows.
    fn validate_cloned_foreign_keys(
        &mut self,
        partition: Oid,
        reason: &Reason,
        span: &Range<usize>,
    ) {
        let (Some(root), Some(child)) = (self.relation(self.root), self.relation(partition)) else {
            return;
        };
        for (constraint, key) in root.foreign_keys() {
            if constraint.enforced && !has_foreign_key(child, key) {
                self.phase3
                    .validate_foreign_key(partition, key.references, reason.clone(), span);
            }
        }
    }

    fn refuse_attach(
        &mut self,
        partition: Oid,
        bound: Option<&PartitionBound>,
        span: &Range<usize>,
    ) {
        let (Some(root), Some(child)) = (self.relation(self.root), self.relation(partition)) else {
            return;
        };
        let has_default = default_partition(self.c.input.before, self.root).is_some();
        if child.is_partition() {
            let message = format!("\"{}\" is already a partition", child.name.name);
            self.c.error("42809", message, span.clone());
        } else if root.complete && root.kind != RelationKind::PartitionedTable {
            let message = format!("\"{}\" is not partitioned", root.name.name);
            self.c.error("42809", message, span.clone());
        } else if let Some(extra) = column_too_many(root, child) {
            self.c.error("42804", extra, span.clone());
        } else if has_default && matches!(bound, Some(PartitionBound::Default)) {
            let message = format!(
                "partition \"{}\" conflicts with the existing default partition",
                child.name.name
            );
            self.c.error("42P17", message, span.clone());
        } else if let Some((sqlstate, message)) =
            bound.and_then(|bound| bound_conflict(self.c, self.root, bound))
        {
            self.c.error(sqlstate, message, span.clone());
        } else if let Some(mismatch) = mismatch(root, child) {
            self.c.error("42804", mismatch, span.clone());
        }
    }

    /// Whether valid constraints prove that every row of the partition is inside its bound.
    fn belongs(&self, partition: Oid, bound: Option<&PartitionBound>) -> bool {
        let (Some(root), Some(child), Some(bound)) =
            (self.relation(self.root), self.relation(partition), bound)
        else {
            return false;
        };
        let Some(key) = &root.partition_key else {
            return false;
        };
        let siblings = sibling_bounds(self.c.input.before, self.root);
        let siblings: Vec<&PartitionBound> = siblings.iter().collect();
        if matches!(bound, PartitionBound::Default) && siblings.is_empty() {
            return true;
        }
        let proof = BoundProof::Belongs {
            key,
            bound,
            siblings: &siblings,
        };
        partition_bound_proof(&proof, &valid_checks(child), &self.scope(child))
    }
}

/// The bound that a partition has in a catalog.
pub(in crate::effects) fn bound_of(catalog: &Catalog, partition: Oid) -> Option<PartitionBound> {
    catalog.relation(partition)?.partition_bound.clone()
}

/// Why a new partition of this bound cannot stand beside the others, as far as the text tells.
pub(in crate::effects) fn bound_conflict(
    c: &Collector<'_>,
    parent: Oid,
    bound: &PartitionBound,
) -> Option<(&'static str, String)> {
    let before = c.input.before;
    let relation = before.relation(parent)?;
    let key = relation.partition_key.as_ref()?;
    let siblings: Vec<(&str, &PartitionBound)> = before
        .children(parent)
        .filter_map(|partition| {
            let name = partition.name.name.as_str();
            Some((name, partition.partition_bound.as_ref()?))
        })
        .collect();
    let scope = Scope {
        catalog: before,
        relation: Some(relation),
        settings: c.input.settings(),
        version: c.input.version(),
    };
    bound_refusal(bound, key, &siblings, &scope)
}

fn sibling_bounds(catalog: &Catalog, parent: Oid) -> Vec<PartitionBound> {
    catalog
        .children(parent)
        .filter_map(|partition| partition.partition_bound.clone())
        .filter(|bound| !matches!(bound, PartitionBound::Default))
        .collect()
}

/// The default partition of a partitioned table.
pub(in crate::effects) fn default_partition(catalog: &Catalog, parent: Oid) -> Option<Oid> {
    catalog
        .children(parent)
        .find(|partition| matches!(partition.partition_bound, Some(PartitionBound::Default)))
        .map(|partition| partition.oid)
}

/// A default partition is locked, and searched for rows that belong into the new partition unless its
/// constraints exclude them (`check_default_partition_contents`).
pub(in crate::effects) fn search_default_partition(
    c: &mut Collector<'_>,
    parent: Oid,
    bound: Option<&PartitionBound>,
    reason: &Reason,
    span: &Range<usize>,
) {
    let before = c.input.before;
    let Some(default) = default_partition(before, parent) else {
        return;
    };
    let members = c.family(default);
    for &member in &members {
        c.because("the default partition may hold rows of the new one", |c| {
            c.lock(member, LockMode::AccessExclusive, span.clone())
        });
    }
    let key: Option<&PartitionKey> = before
        .relation(parent)
        .and_then(|parent| parent.partition_key.as_ref());
    let excluded = |oid: Oid| {
        let (Some(relation), Some(key), Some(bound)) = (before.relation(oid), key, bound) else {
            return false;
        };
        let scope = Scope {
            catalog: before,
            relation: Some(relation),
            settings: c.input.settings(),
            version: c.input.version(),
        };
        let proof = BoundProof::Excluded { key, bound };
        partition_bound_proof(&proof, &valid_checks(relation), &scope)
    };
    if excluded(default) {
        return;
    }
    let searched: Vec<Oid> = members
        .into_iter()
        .filter(|&member| {
            before
                .relation(member)
                .is_some_and(|relation| relation.kind == RelationKind::Table)
                && !(member != default && excluded(member))
        })
        .collect();
    for member in searched {
        c.scan(member, reason.clone(), span.clone());
    }
}

/// Foreign keys of the partitioned table are cloned to the new partition, and foreign keys to it get one
/// more referenced relation (`CloneForeignKeyConstraints`).
pub(in crate::effects) fn lock_for_new_partition(
    c: &mut Collector<'_>,
    parent: Oid,
    span: &Range<usize>,
) {
    let before = c.input.before;
    let Some(relation) = before.relation(parent) else {
        return;
    };
    for (constraint, key) in relation.foreign_keys() {
        for referenced in c.family_if_partitioned(key.references) {
            c.because_of_key(format!("foreign key {} is cloned", constraint.name), |c| {
                c.lock(referenced, LockMode::ShareRowExclusive, span.clone())
            });
        }
    }
    let mode = if c.input.since(15) {
        LockMode::ShareRowExclusive
    } else {
        LockMode::AccessShare
    };
    let referencing: Vec<(Oid, String)> = before
        .foreign_keys_to(parent)
        .map(|(table, constraint, _)| (table.oid, constraint.name.clone()))
        .collect();
    for (table, name) in referencing {
        c.because_of_key(
            format!("its foreign key {name} references the partitions too"),
            |c| c.lock(table, mode, span.clone()),
        );
    }
}

/// A partition that already has the parent's foreign key keeps its own; its triggers on the referenced
/// table are dropped (`tryAttachPartitionForeignKey`).
fn lock_adopted_foreign_keys(
    c: &mut Collector<'_>,
    parent: Oid,
    partition: Oid,
    span: &Range<usize>,
) {
    let before = c.input.before;
    let (Some(parent), Some(partition)) = (before.relation(parent), before.relation(partition))
    else {
        return;
    };
    for (_, key) in parent.foreign_keys() {
        if has_foreign_key(partition, key) {
            c.because_of_key("a foreign key of the partition is merged", |c| {
                c.lock(key.references, LockMode::AccessExclusive, span.clone())
            });
        }
    }
}

fn has_foreign_key(relation: &Relation, key: &ForeignKey) -> bool {
    relation.foreign_keys().any(|(_, own)| {
        own.references == key.references
            && own.columns == key.columns
            && own.referenced_columns == key.referenced_columns
    })
}

/// `ATExecAttachPartition` looks for these before it looks at the bound.
fn column_too_many(root: &Relation, child: &Relation) -> Option<String> {
    let mut columns = child
        .columns
        .iter()
        .filter(|_| root.complete && child.complete);
    let extra = columns.find(|column| root.column(&column.name).is_none())?;
    Some(format!(
        "table \"{}\" contains column \"{}\" not found in parent \"{}\"",
        child.name.name, extra.name, root.name.name
    ))
}

/// Why the columns or constraints of a table do not fit a partitioned table
/// (`MergeAttributesIntoExisting`, `MergeConstraintsIntoExisting`).
fn mismatch(root: &Relation, child: &Relation) -> Option<String> {
    if !root.complete || !child.complete {
        return None;
    }
    for column in &root.columns {
        let Some(own) = child.column(&column.name) else {
            return Some(format!("child table is missing column \"{}\"", column.name));
        };
        if own.ty != column.ty {
            return Some(format!(
                "child table \"{}\" has different type for column \"{}\"",
                child.name.name, column.name
            ));
        }
        if column.not_null == NotNull::Valid && own.not_null != NotNull::Valid {
            return Some(format!(
                "column \"{}\" in child table \"{}\" must be marked NOT NULL",
                column.name, child.name.name
            ));
        }
    }
    root.constraints
        .iter()
        .filter(|constraint| {
            matches!(constraint.kind, ConstraintKind::Check { .. }) && !constraint.no_inherit
        })
        .find(|constraint| child.constraint(&constraint.name).is_none())
        .map(|constraint| format!("child table is missing constraint \"{}\"", constraint.name))
}
