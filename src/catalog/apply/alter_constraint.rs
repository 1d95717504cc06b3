//! ALTER, VALIDATE and DROP CONSTRAINT, and ADD CONSTRAINT ... USING INDEX.

use pg_query::protobuf::AtAlterConstraint;

use super::object::Object;
use super::spec::{IndexConstraint, IndexSpec, NotNullSpec};
use super::{Outcome, Replay, refuse};
use crate::catalog::{
    Constraint, ConstraintKind, Index, NotNull, Oid, QualifiedName, RelationKind,
};

impl Replay<'_> {
    /// `ATExecAlterConstraint`: partitions follow.
    pub(super) fn alter_constraint(&mut self, table: Oid, change: &AtAlterConstraint) -> Outcome {
        let Some(constraint) = self.constraint_or_missing(table, &change.conname)? else {
            return Ok(());
        };
        let is_foreign_key = matches!(constraint.kind, ConstraintKind::ForeignKey(_));
        if (change.alter_deferrability || change.alter_enforceability) && !is_foreign_key {
            return refuse(
                "42809",
                format!(
                    "constraint \"{}\" of relation \"{}\" is not a foreign key constraint",
                    change.conname,
                    self.name(table)
                ),
            );
        }
        for member in self.catalog.family(table) {
            let inherits = member == table
                || self
                    .get(member)?
                    .constraint(&change.conname)
                    .is_some_and(|constraint| constraint.inherited > 0);
            if !inherits {
                continue;
            }
            self.edit_constraint(member, &change.conname, |constraint| {
                if change.alter_deferrability {
                    constraint.deferrable = change.deferrable;
                    if let ConstraintKind::ForeignKey(key) = &mut constraint.kind {
                        key.deferrable = change.deferrable;
                        key.initially_deferred = change.initdeferred;
                    }
                }
                if change.alter_enforceability {
                    constraint.enforced = change.is_enforced;
                    constraint.valid = change.is_enforced;
                }
                if change.alter_inheritability {
                    constraint.no_inherit = change.noinherit;
                }
            });
        }
        if change.alter_inheritability
            && let ConstraintKind::NotNull { column } = &constraint.kind
        {
            self.change_inheritance_of_not_null(table, &constraint, column, change.noinherit)?;
        }
        Ok(())
    }

    /// 18: ALTER CONSTRAINT ... [NO] INHERIT of a NOT NULL constraint.
    fn change_inheritance_of_not_null(
        &mut self,
        table: Oid,
        constraint: &Constraint,
        column: &str,
        no_inherit: bool,
    ) -> Outcome {
        for child in self.child_oids(table) {
            if no_inherit {
                let own = self
                    .get(child)?
                    .not_null_constraint(column)
                    .map(|constraint| constraint.name.clone());
                if let Some(own) = own {
                    self.edit_constraint(child, &own, |constraint| {
                        constraint.inherited = constraint.inherited.saturating_sub(1);
                        constraint.local |= constraint.inherited == 0;
                    });
                }
            } else {
                let mut spec = NotNullSpec::unnamed(column);
                spec.name = Some(constraint.name.clone());
                self.add_not_null(child, &spec, false)?;
            }
        }
        Ok(())
    }

    /// `ATExecValidateConstraint`
    pub(super) fn validate_constraint(&mut self, table: Oid, name: &str, only: bool) -> Outcome {
        let Some(constraint) = self.constraint_or_missing(table, name)? else {
            return Ok(());
        };
        let checkable = match &constraint.kind {
            ConstraintKind::Check { .. } | ConstraintKind::ForeignKey(_) => true,
            ConstraintKind::NotNull { .. } => self.since(18),
            ConstraintKind::PrimaryKey { .. }
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Exclusion { .. } => false,
        };
        if !checkable {
            let table = self.name(table);
            return refuse(
                "42809",
                format!("cannot validate constraint \"{name}\" of relation \"{table}\""),
            );
        }
        if !constraint.enforced {
            return refuse("55000", "cannot validate NOT ENFORCED constraint");
        }
        if constraint.valid {
            return Ok(());
        }
        for member in self.members(table, only) {
            let Some(own) = self.same_constraint_of(member, &constraint) else {
                continue;
            };
            self.edit_constraint(member, &own, |constraint| constraint.valid = true);
            if let ConstraintKind::NotNull { column } = &constraint.kind {
                self.edit_column(member, column, |column| column.not_null = NotNull::Valid);
            }
        }
        Ok(())
    }

    /// The name that a constraint has on a member of the family.
    fn same_constraint_of(&self, member: Oid, constraint: &Constraint) -> Option<String> {
        let relation = self.catalog.relation(member)?;
        match &constraint.kind {
            ConstraintKind::NotNull { column } => relation.not_null_constraint(column),
            ConstraintKind::ForeignKey(key) => relation
                .foreign_keys()
                .find(|(_, own)| own.columns == key.columns && own.references == key.references)
                .map(|(constraint, _)| constraint),
            ConstraintKind::Check { .. }
            | ConstraintKind::PrimaryKey { .. }
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Exclusion { .. } => relation.constraint(&constraint.name),
        }
        .map(|constraint| constraint.name.clone())
    }

    /// The constraint; none when the relation is not fully known and may have it.
    fn constraint_or_missing(&self, table: Oid, name: &str) -> Outcome<Option<Constraint>> {
        let relation = self.get(table)?;
        match relation.constraint(name) {
            Some(constraint) => Ok(Some(constraint.clone())),
            None if relation.complete => refuse(
                "42704",
                format!(
                    "constraint \"{name}\" of relation \"{}\" does not exist",
                    relation.name.name
                ),
            ),
            None => Ok(None),
        }
    }

    pub(super) fn drop_constraint_command(
        &mut self,
        table: Oid,
        name: &str,
        cascade: bool,
        missing_ok: bool,
        only: bool,
    ) -> Outcome {
        let constraint = match self.constraint_or_missing(table, name) {
            Ok(Some(constraint)) => constraint,
            Err(_) if missing_ok => return Ok(()),
            other => return other.map(|_| ()),
        };
        if constraint.inherited > 0 && self.get(table)?.complete {
            let table = self.name(table);
            return refuse(
                "42P16",
                format!("cannot drop inherited constraint \"{name}\" of relation \"{table}\""),
            );
        }
        self.drop_constraint(table, &constraint, cascade, only)
    }

    /// `dropconstraint_internal`
    fn drop_constraint(
        &mut self,
        table: Oid,
        constraint: &Constraint,
        cascade: bool,
        only: bool,
    ) -> Outcome {
        let partitioned = self.get(table)?.kind == RelationKind::PartitionedTable;
        match &constraint.kind {
            ConstraintKind::NotNull { column } => {
                let relation = self.get(table)?;
                if self.in_primary_key(relation, column) {
                    return refuse("42P16", format!("column \"{column}\" is in a primary key"));
                }
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
            }
            ConstraintKind::Check { .. } => {}
            // The copies on partitions depend on it and go with it.
            ConstraintKind::PrimaryKey { .. }
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Exclusion { .. }
            | ConstraintKind::ForeignKey(_) => {
                let object = Object::Constraint(table, constraint.name.clone());
                return self.drop_objects(vec![object], cascade);
            }
        }
        // 18 lets the partitions keep a NOT NULL that their table loses (measured).
        let keeps = matches!(constraint.kind, ConstraintKind::NotNull { .. });
        if only && partitioned && !keeps && !self.child_oids(table).is_empty() {
            return refuse(
                "42P16",
                "cannot remove constraint from only the partitioned table when partitions exist",
            );
        }
        self.remove_constraint(table, &constraint.name);
        if constraint.no_inherit {
            return Ok(());
        }
        for child in self.child_oids(table) {
            let Some(name) = self.same_constraint_of(child, constraint) else {
                continue;
            };
            let Some(own) = self.get(child)?.constraint(&name).cloned() else {
                continue;
            };
            if !only && own.inherited == 1 && !own.local {
                self.drop_constraint(child, &own, cascade, false)?;
                continue;
            }
            // From 18 on a constraint that has other parents left stays an inherited one.
            let keeps_parents = self.since(18) && own.inherited > 1;
            self.edit_constraint(child, &name, |constraint| {
                constraint.inherited = constraint.inherited.saturating_sub(1);
                constraint.local |= only && !keeps_parents;
            });
        }
        Ok(())
    }

    /// Takes a constraint out; NOT NULL goes with its constraint.
    pub(super) fn remove_constraint(&mut self, table: Oid, name: &str) {
        self.catalog.edit(table, |relation| {
            let gone = relation
                .constraints
                .iter()
                .position(|constraint| constraint.name == name);
            let Some(gone) = gone.map(|at| relation.constraints.remove(at)) else {
                return;
            };
            if let ConstraintKind::NotNull { column } = &gone.kind
                && let Some(column) = relation.column_mut(column)
            {
                column.not_null = NotNull::No;
            }
        });
    }

    /// `transformIndexConstraint`: what an index must be like to become a constraint.
    fn refuse_unfit_index(&self, table: Oid, index: &Index) -> Outcome {
        let name = &index.name.name;
        if index.table != table {
            return refuse(
                "55000",
                format!(
                    "index \"{name}\" does not belong to table \"{}\"",
                    self.name(table)
                ),
            );
        }
        if self.catalog.constraint_of_index(index.oid).is_some() {
            return refuse(
                "55000",
                format!("index \"{name}\" is already associated with a constraint"),
            );
        }
        if !index.valid {
            return refuse("55000", format!("index \"{name}\" is not valid"));
        }
        if !index.unique {
            return refuse("42809", format!("\"{name}\" is not a unique index"));
        }
        if index.key_columns().len() != index.keys.len() {
            return refuse("42809", format!("index \"{name}\" contains expressions"));
        }
        if index.predicate.is_some() {
            return refuse("42809", format!("\"{name}\" is a partial index"));
        }
        if let Some(at) = index.keys.iter().position(|key| !key.sorts_by_default()) {
            let number = at + 1;
            return refuse(
                "42809",
                format!(
                    "index \"{name}\" column number {number} does not have default sorting behavior"
                ),
            );
        }
        Ok(())
    }

    /// ADD CONSTRAINT ... USING INDEX: the index takes the constraint's name (`ATExecAddIndexConstraint`).
    pub(super) fn constraint_using_index(&mut self, table: Oid, spec: IndexSpec) -> Outcome {
        let Some(index_name) = &spec.existing else {
            return Ok(());
        };
        let relation = self.get(table)?;
        let complete = relation.complete;
        let qualified = QualifiedName::new(relation.name.schema.clone(), index_name.clone());
        let found = self
            .catalog
            .relation_oid(&qualified)
            .and_then(|oid| self.catalog.index(oid));
        let Some(index) = found.cloned() else {
            if complete {
                return refuse("42704", format!("index \"{index_name}\" does not exist"));
            }
            return Ok(());
        };
        self.refuse_unfit_index(table, &index)?;
        let primary = spec.constraint == Some(IndexConstraint::PrimaryKey);
        if primary {
            if self.get(table)?.primary_key().is_some() && complete {
                let table = self.name(table);
                return refuse(
                    "42P16",
                    format!("multiple primary keys for table \"{table}\" are not allowed"),
                );
            }
            for column in index.key_columns() {
                self.add_not_null_where_missing(table, &column)?;
            }
        }
        let name = spec.name.clone().unwrap_or_else(|| index_name.clone());
        if name != *index_name {
            let new = QualifiedName::new(qualified.schema, name.clone());
            self.make_room(&new)?;
            self.catalog.edit_index(index.oid, |index| index.name = new);
        }
        let kind = if primary {
            ConstraintKind::PrimaryKey { index: index.oid }
        } else {
            ConstraintKind::Unique { index: index.oid }
        };
        let deferrable = spec.deferrable;
        self.catalog.edit(table, |relation| {
            relation.constraints.push(Constraint {
                name,
                kind,
                valid: true,
                enforced: true,
                no_inherit: true,
                deferrable,
                local: true,
                inherited: 0,
            });
        });
        Ok(())
    }
}
