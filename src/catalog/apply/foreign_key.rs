//! Foreign keys, and their copies on partitions (`ATAddForeignKeyConstraint` in src/backend/commands/tablecmds.c).

use std::collections::BTreeSet;

use super::constraint::refuse_existing;
use super::spec::ForeignKeySpec;
use super::{Outcome, Replay, refuse};
use crate::catalog::{Constraint, ConstraintKind, ForeignKey, Oid, Persistence, RelationKind};

impl Replay<'_> {
    /// Adds a foreign key to a table and to everything below it if it is partitioned.
    pub(super) fn add_foreign_key(&mut self, table: Oid, spec: &ForeignKeySpec) -> Outcome {
        let Some(referenced_name) = &spec.table else {
            return Ok(());
        };
        let references = self.relation(referenced_name, RelationKind::Table)?;
        self.refuse_referenced(table, references)?;
        for column in &spec.columns {
            self.learn_column(table, column)?;
        }
        let (referenced_columns, index) = self.referenced_key(references, spec)?;
        let relation = self.get(table)?;
        let name = match &spec.name {
            Some(name) if relation.constraint(name).is_some() && relation.complete => {
                return refuse_existing(relation, name);
            }
            Some(name) => name.clone(),
            None => self.catalog.choose_constraint_name(
                &relation.name.name,
                Some(&foreign_key_addition(&spec.columns)),
                "fkey",
                &relation.name.schema,
                &[],
            ),
        };
        let key = ForeignKey {
            columns: spec.columns.clone(),
            references,
            referenced_columns,
            index,
            on_delete: spec.on_delete,
            on_update: spec.on_update,
            deferrable: spec.deferrable,
            initially_deferred: spec.initially_deferred,
        };
        let constraint = Constraint {
            name,
            kind: ConstraintKind::ForeignKey(key),
            valid: spec.valid,
            enforced: spec.enforced,
            no_inherit: relation.kind != RelationKind::PartitionedTable,
            deferrable: spec.deferrable,
            local: true,
            inherited: 0,
        };
        self.store_foreign_key(table, constraint)
    }

    /// What cannot be referenced at all, asked before the columns are looked at (`ATAddForeignKeyConstraint`).
    fn refuse_referenced(&self, table: Oid, references: Oid) -> Outcome {
        let (relation, referenced) = (self.get(table)?, self.get(references)?);
        let is_table = matches!(
            referenced.kind,
            RelationKind::Table | RelationKind::PartitionedTable
        );
        if !is_table {
            return refuse(
                "42809",
                format!(
                    "referenced relation \"{}\" is not a table",
                    referenced.name.name
                ),
            );
        }
        if !relation.complete || !referenced.complete {
            return Ok(());
        }
        let (own, other) = (relation.persistence, referenced.persistence);
        let (subject, object) = match own {
            Persistence::Permanent if other != Persistence::Permanent => ("permanent", "permanent"),
            Persistence::Unlogged if other == Persistence::Temporary => {
                ("unlogged", "permanent or unlogged")
            }
            Persistence::Temporary if other != Persistence::Temporary => ("temporary", "temporary"),
            Persistence::Permanent | Persistence::Unlogged | Persistence::Temporary => {
                return Ok(());
            }
        };
        refuse(
            "42P16",
            format!("constraints on {subject} tables may reference only {object} tables"),
        )
    }

    fn store_foreign_key(&mut self, table: Oid, constraint: Constraint) -> Outcome {
        let copy = constraint.clone();
        self.catalog.edit(table, |relation| {
            // The name may be known already of a relation that is not fully known.
            relation
                .constraints
                .retain(|existing| existing.name != constraint.name);
            relation.constraints.push(constraint);
        });
        if self.get(table)?.kind != RelationKind::PartitionedTable {
            return Ok(());
        }
        for partition in self.child_oids(table) {
            self.foreign_key_on_partition(&copy, partition)?;
        }
        Ok(())
    }

    /// Every foreign key of a partitioned table holds on a new partition too (`CloneFkReferencing`).
    pub(super) fn clone_foreign_keys(&mut self, parent: Oid, partition: Oid) -> Outcome {
        let keys: Vec<Constraint> = self
            .get(parent)?
            .foreign_keys()
            .map(|(constraint, _)| constraint.clone())
            .collect();
        for key in keys {
            self.foreign_key_on_partition(&key, partition)?;
        }
        Ok(())
    }

    /// A partition's own foreign key becomes the copy when it is the same; otherwise a copy is made.
    fn foreign_key_on_partition(&mut self, parent: &Constraint, partition: Oid) -> Outcome {
        let ConstraintKind::ForeignKey(parent_key) = &parent.kind else {
            return Ok(());
        };
        let relation = self.get(partition)?;
        if relation.kind == RelationKind::ForeignTable {
            return Ok(());
        }
        let same = relation.foreign_keys().find(|(constraint, key)| {
            constraint.inherited == 0 && same_foreign_key(key, parent_key)
        });
        if let Some((existing, _)) = same {
            let name = existing.name.clone();
            let valid = parent.valid;
            self.edit_constraint(partition, &name, |constraint| {
                constraint.local = false;
                constraint.inherited += 1;
                constraint.valid |= valid;
            });
            return Ok(());
        }
        let mut copy = parent.clone();
        copy.local = false;
        copy.inherited = 1;
        copy.no_inherit = false;
        if relation.constraint(&copy.name).is_some() {
            copy.name = self.foreign_key_copy_name(&copy.name, parent_key, partition)?;
        }
        self.store_foreign_key(partition, copy)
    }

    fn foreign_key_copy_name(
        &self,
        name: &str,
        key: &ForeignKey,
        partition: Oid,
    ) -> Outcome<String> {
        let relation = &self.get(partition)?.name;
        let name = if self.since(18) {
            self.catalog
                .choose_constraint_name(name, None, "", &relation.schema, &[])
        } else {
            self.catalog.choose_constraint_name(
                &relation.name,
                Some(&foreign_key_addition(&key.columns)),
                "fkey",
                &relation.schema,
                &[],
            )
        };
        Ok(name)
    }

    /// The referenced columns, and the unique index that makes them a key
    /// (`transformFkeyGetPrimaryKey`, `transformFkeyCheckAttrs`).
    fn referenced_key(
        &self,
        references: Oid,
        spec: &ForeignKeySpec,
    ) -> Outcome<(Vec<String>, Option<Oid>)> {
        let relation = self.get(references)?;
        if spec.referenced_columns.is_empty() {
            let index = relation
                .primary_key()
                .and_then(|constraint| constraint.kind.index())
                .and_then(|oid| self.catalog.index(oid));
            return match index {
                Some(index) => Ok((index.key_columns(), Some(index.oid))),
                None if relation.complete => refuse(
                    "42704",
                    format!(
                        "there is no primary key for referenced table \"{}\"",
                        relation.name.name
                    ),
                ),
                None => Ok((Vec::new(), None)),
            };
        }
        for column in &spec.referenced_columns {
            if relation.column(column).is_none() && relation.complete {
                return refuse(
                    "42703",
                    format!(
                        "column \"{column}\" referenced in foreign key constraint does not exist"
                    ),
                );
            }
        }
        let wanted: BTreeSet<&String> = spec.referenced_columns.iter().collect();
        let index = self.catalog.indexes_of(references).find(|index| {
            let keys = index.key_columns();
            index.is_referable(relation, spec.with_period)
                && index.valid
                && index.predicate.is_none()
                && keys.len() == index.keys.len()
                && keys.len() == spec.referenced_columns.len()
                && keys.iter().collect::<BTreeSet<_>>() == wanted
        });
        match index {
            Some(index) => Ok((spec.referenced_columns.clone(), Some(index.oid))),
            None if relation.complete => refuse(
                "42830",
                format!(
                    "there is no unique constraint matching given keys for referenced table \"{}\"",
                    relation.name.name
                ),
            ),
            None => Ok((spec.referenced_columns.clone(), None)),
        }
    }
}

fn same_foreign_key(one: &ForeignKey, other: &ForeignKey) -> bool {
    one.references == other.references
        && one.columns == other.columns
        && one.referenced_columns == other.referenced_columns
        && one.on_delete == other.on_delete
        && one.on_update == other.on_update
        && one.deferrable == other.deferrable
}

/// The columns' part of the name (`ChooseForeignKeyConstraintNameAddition`).
fn foreign_key_addition(columns: &[String]) -> String {
    crate::catalog::choose_name::index_name_addition(columns)
}
