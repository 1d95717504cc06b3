//! ADD, ALTER and DROP COLUMN, on a relation and everything below it.

use pg_query::Node;

use super::object::Object;
use super::spec::NotNullSpec;
use super::{Outcome, Replay, refuse};
use crate::catalog::{
    Column, Generated, NotNull, Oid, Relation, RelationKind, ReplicaIdentity, Type,
};

impl Replay<'_> {
    /// Makes sure that a column is known: of a relation that is not fully known it is learned now.
    /// False when it can only be a system column.
    pub(super) fn learn_column(&mut self, table: Oid, column: &str) -> Outcome<bool> {
        if self.require_column(table, column)? {
            return Ok(true);
        }
        if super::names::is_system_column(column) {
            return Ok(false);
        }
        let learned = unknown_column(column);
        self.catalog
            .edit(table, |relation| relation.columns.push(learned));
        Ok(true)
    }

    pub(super) fn edit_column(
        &mut self,
        table: Oid,
        column: &str,
        change: impl FnOnce(&mut Column),
    ) {
        self.catalog.edit(table, |relation| {
            if let Some(column) = relation.column_mut(column) {
                change(column);
            }
        });
    }

    /// `ATExecAddColumn`: a child that has the column already merges it.
    pub(super) fn add_column_level(
        &mut self,
        table: Oid,
        column: Column,
        only: bool,
        recursing: bool,
    ) -> Outcome {
        let children = self.child_oids(table);
        if only && !children.is_empty() {
            return refuse("42P16", "column must be added to child tables too");
        }
        let relation = self.get(table)?;
        if !recursing && relation.is_partition() {
            return refuse("42809", "cannot add column to a partition");
        }
        let shares_identity = relation.kind == RelationKind::PartitionedTable && self.since(17);
        if column.identity.is_some() && !children.is_empty() && !shares_identity {
            return refuse(
                "42P16",
                "cannot recursively add identity column to table that has child tables",
            );
        }
        let existing = relation.column(&column.name).cloned();
        if recursing && let Some(existing) = existing {
            if existing.ty != column.ty && relation.complete {
                return refuse(
                    "42804",
                    format!(
                        "child table \"{}\" has different type for column \"{}\"",
                        relation.name.name, column.name
                    ),
                );
            }
            self.edit_column(table, &column.name, |own| own.inherited += 1);
            return Ok(());
        }
        let mut below = column.clone();
        let mut stored = self.stored_column(column, table);
        if recursing {
            stored.local = false;
            stored.inherited = 1;
        }
        // From 18 on the NOT NULL constraint brings the flag.
        if self.since(18) {
            stored.not_null = NotNull::No;
        }
        self.catalog.edit(table, |relation| {
            relation.columns.retain(|other| other.name != stored.name);
            relation.columns.push(stored);
        });
        if !self.since(17) {
            below.identity = None;
        }
        for child in children {
            let partition = self.get(child)?.is_partition();
            let mut below = below.clone();
            if !partition {
                below.identity = None;
            }
            self.add_column_level(child, below, false, true)?;
        }
        Ok(())
    }

    pub(super) fn set_default(
        &mut self,
        table: Oid,
        column: &str,
        default: Option<&Node>,
        only: bool,
    ) -> Outcome {
        if !self.learn_column(table, column)? {
            return Ok(());
        }
        let relation = self.get(table)?;
        let existing = relation.column(column);
        if existing.is_some_and(|column| column.identity.is_some()) {
            return refuse(
                "42601",
                format!(
                    "column \"{column}\" of relation \"{}\" is an identity column",
                    relation.name.name
                ),
            );
        }
        if existing.is_some_and(|column| column.generated.is_some()) {
            return refuse(
                "42601",
                format!(
                    "column \"{column}\" of relation \"{}\" is a generated column",
                    relation.name.name
                ),
            );
        }
        for member in self.members(table, only) {
            let ty = self
                .get(member)?
                .column(column)
                .map(|column| column.ty.clone());
            let ty = ty.unwrap_or_else(|| Type::unknown(""));
            let default = default.and_then(|default| self.stored_default(default, &ty, member));
            self.edit_column(member, column, |column| column.default = default);
        }
        Ok(())
    }

    pub(super) fn set_not_null(&mut self, table: Oid, column: &str, only: bool) -> Outcome {
        if !self.learn_column(table, column)? {
            return Ok(());
        }
        if self.since(18) {
            return self.set_not_null_constraint(table, column, only);
        }
        let relation = self.get(table)?;
        let nullable_child = self.catalog.children(table).any(|child| {
            child
                .column(column)
                .is_none_or(|column| column.not_null == NotNull::No)
        });
        if only && relation.kind == RelationKind::PartitionedTable && nullable_child {
            return refuse("42P16", "constraint must be added to child tables too");
        }
        for member in self.members(table, only) {
            self.edit_column(member, column, |column| column.not_null = NotNull::Valid);
        }
        Ok(())
    }

    /// 18: `ATExecSetNotNull`.
    fn set_not_null_constraint(&mut self, table: Oid, column: &str, only: bool) -> Outcome {
        let relation = self.get(table)?;
        let partitioned = relation.kind == RelationKind::PartitionedTable;
        if let Some(existing) = relation.not_null_constraint(column) {
            let name = existing.name.clone();
            if existing.no_inherit && !only && relation.complete {
                return refuse(
                    "0A000",
                    format!(
                        "cannot change NO INHERIT status of NOT NULL constraint \"{name}\" on relation \"{}\"",
                        relation.name.name
                    ),
                );
            }
            if !existing.local {
                self.edit_constraint(table, &name, |constraint| constraint.local = true);
            } else if !existing.valid {
                self.validate_constraint(table, &name, only)?;
            }
            return Ok(());
        }
        let mut spec = NotNullSpec::unnamed(column);
        if only && !self.child_oids(table).is_empty() {
            if partitioned {
                return refuse("42P16", "constraint must be added to child tables too");
            }
            spec.no_inherit = true;
        }
        self.add_not_null(table, &spec, true)
    }

    pub(super) fn drop_not_null(&mut self, table: Oid, column: &str, only: bool) -> Outcome {
        if !self.learn_column(table, column)? {
            return Ok(());
        }
        let relation = self.get(table)?;
        if relation
            .column(column)
            .is_some_and(|column| column.identity.is_some())
        {
            return refuse(
                "42601",
                format!(
                    "column \"{column}\" of relation \"{}\" is an identity column",
                    relation.name.name
                ),
            );
        }
        if self.in_primary_key(relation, column) {
            return refuse("42P16", format!("column \"{column}\" is in a primary key"));
        }
        if self.in_replica_identity(relation, column) {
            return refuse(
                "42P16",
                format!("column \"{column}\" is in index used as replica identity"),
            );
        }
        if relation.is_partition() && self.parent_is_not_null(relation, column) {
            return refuse(
                "42P16",
                format!("column \"{column}\" is marked NOT NULL in parent table"),
            );
        }
        if self.since(18) {
            if let Some(constraint) = relation.not_null_constraint(column) {
                let name = constraint.name.clone();
                return self.drop_constraint_command(table, &name, false, true, only);
            }
            self.edit_column(table, column, |column| column.not_null = NotNull::No);
            return Ok(());
        }
        let partitioned = relation.kind == RelationKind::PartitionedTable;
        if only && partitioned && !self.child_oids(table).is_empty() {
            return refuse(
                "42P16",
                "cannot remove constraint from only the partitioned table when partitions exist",
            );
        }
        for member in self.members(table, only) {
            self.edit_column(member, column, |column| column.not_null = NotNull::No);
        }
        Ok(())
    }

    pub(super) fn in_primary_key(&self, relation: &Relation, column: &str) -> bool {
        relation
            .primary_key()
            .and_then(|constraint| self.catalog.index(constraint.kind.index()?))
            .is_some_and(|index| index.key_columns().iter().any(|key| key == column))
    }

    fn in_replica_identity(&self, relation: &Relation, column: &str) -> bool {
        let ReplicaIdentity::Index(index) = relation.replica_identity else {
            return false;
        };
        self.catalog
            .index(index)
            .is_some_and(|index| index.key_columns().iter().any(|key| key == column))
    }

    fn parent_is_not_null(&self, relation: &Relation, column: &str) -> bool {
        relation
            .parents
            .iter()
            .filter_map(|&parent| self.catalog.relation(parent)?.column(column))
            .any(|column| column.not_null != NotNull::No)
    }

    pub(super) fn set_expression(
        &mut self,
        table: Oid,
        column: &str,
        expression: &Node,
        only: bool,
    ) -> Outcome {
        if !self.learn_column(table, column)? {
            return Ok(());
        }
        let relation = self.get(table)?;
        let generated = relation
            .column(column)
            .is_some_and(|column| column.generated.is_some());
        if !generated && relation.complete {
            return refuse(
                "55000",
                format!(
                    "column \"{column}\" of relation \"{}\" is not a generated column",
                    relation.name.name
                ),
            );
        }
        for member in self.members(table, only) {
            let expression = self.stored(expression, member);
            self.edit_column(member, column, |column| {
                let stored = column.generated.as_ref().is_none_or(|old| old.stored);
                column.generated = Some(Generated { stored, expression });
            });
        }
        Ok(())
    }

    pub(super) fn drop_expression(
        &mut self,
        table: Oid,
        column: &str,
        missing_ok: bool,
        only: bool,
    ) -> Outcome {
        if !self.learn_column(table, column)? {
            return Ok(());
        }
        let relation = self.get(table)?;
        let existing = relation.column(column);
        if existing.is_some_and(|column| column.inherited > 0) && relation.complete {
            return refuse(
                "42P16",
                "cannot drop generation expression from inherited column",
            );
        }
        match existing.and_then(|column| column.generated.as_ref()) {
            None if relation.complete && !missing_ok => {
                return refuse(
                    "55000",
                    format!(
                        "column \"{column}\" of relation \"{}\" is not a generated column",
                        relation.name.name
                    ),
                );
            }
            Some(generated) if !generated.stored => {
                return refuse(
                    "0A000",
                    "ALTER TABLE / DROP EXPRESSION is not supported for virtual generated columns",
                );
            }
            _ => {}
        }
        for member in self.members(table, only) {
            self.edit_column(member, column, |column| column.generated = None);
        }
        Ok(())
    }

    pub(super) fn drop_column_command(
        &mut self,
        table: Oid,
        column: &str,
        cascade: bool,
        missing_ok: bool,
        only: bool,
    ) -> Outcome {
        if self.get(table)?.column(column).is_none() {
            if missing_ok {
                return Ok(());
            }
            self.require_column(table, column)?;
            return Ok(());
        }
        self.drop_column(table, column, cascade, only, false)
    }

    /// `ATExecDropColumn`
    fn drop_column(
        &mut self,
        table: Oid,
        column: &str,
        cascade: bool,
        only: bool,
        recursing: bool,
    ) -> Outcome {
        let relation = self.get(table)?;
        let Some(existing) = relation.column(column) else {
            return Ok(());
        };
        if existing.inherited > 0 && !recursing && relation.complete {
            return refuse(
                "42P16",
                format!("cannot drop inherited column \"{column}\""),
            );
        }
        if self.is_partition_key(relation, column) {
            return refuse(
                "42P16",
                format!(
                    "cannot drop column \"{column}\" because it is part of the partition key of relation \"{}\"",
                    relation.name.name
                ),
            );
        }
        let partitioned = relation.kind == RelationKind::PartitionedTable;
        let children = self.child_oids(table);
        if only && partitioned && !children.is_empty() {
            return refuse(
                "42P16",
                "cannot drop column from only the partitioned table when partitions exist",
            );
        }
        for child in children {
            let Some(inherited) = self.get(child)?.column(column).cloned() else {
                continue;
            };
            if !only && inherited.inherited == 1 && !inherited.local {
                self.drop_column(child, column, cascade, false, true)?;
                continue;
            }
            self.edit_column(child, column, |own| {
                own.inherited = own.inherited.saturating_sub(1);
                own.local |= only;
            });
        }
        self.drop_objects(vec![Object::Column(table, column.to_owned())], cascade)
    }

    pub(super) fn is_partition_key(&self, relation: &Relation, column: &str) -> bool {
        relation
            .partition_key
            .as_ref()
            .is_some_and(|key| key.parts.iter().any(|part| part.reads(column)))
    }

    /// The relation, and everything below it unless ONLY was said.
    pub(super) fn members(&self, table: Oid, only: bool) -> Vec<Oid> {
        if only {
            vec![table]
        } else {
            self.catalog.family(table)
        }
    }
}

fn unknown_column(name: &str) -> Column {
    Column::plain(name, Type::unknown(""))
}
