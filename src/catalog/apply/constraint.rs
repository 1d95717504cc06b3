//! CHECK constraints, and ADD CONSTRAINT of every kind (`AddRelationNewConstraints` in
//! src/backend/catalog/heap.c, `ATAddCheckNNConstraint` in src/backend/commands/tablecmds.c).

use super::spec::CheckSpec;
use super::{Outcome, Replay, refuse};
use crate::catalog::expression::{columns_read, is_other_expression};
use crate::catalog::{Constraint, ConstraintKind, Oid, Relation};

impl Replay<'_> {
    /// ADD CONSTRAINT ... CHECK on a relation and, unless it is NO INHERIT, everything below it.
    pub(super) fn add_check(&mut self, table: Oid, spec: &CheckSpec, only: bool) -> Outcome {
        let children = self.child_oids(table);
        if only && !spec.no_inherit && !children.is_empty() {
            return refuse("42P16", "constraint must be added to child tables too");
        }
        self.add_check_level(table, spec, true)
    }

    fn add_check_level(&mut self, table: Oid, spec: &CheckSpec, local: bool) -> Outcome {
        let Some(name) = self.add_check_here(table, spec, local, !local)? else {
            return Ok(());
        };
        if spec.no_inherit {
            return Ok(());
        }
        let below = CheckSpec {
            name: Some(name),
            ..spec.clone()
        };
        for child in self.child_oids(table) {
            self.add_check_level(child, &below, false)?;
        }
        Ok(())
    }

    /// Adds a CHECK to this relation only and answers its name; none when it was merged with one that
    /// is there already.
    pub(super) fn add_check_here(
        &mut self,
        table: Oid,
        spec: &CheckSpec,
        local: bool,
        allow_merge: bool,
    ) -> Outcome<Option<String>> {
        let expression = self.stored(&spec.expression, table);
        let columns = columns_read(&expression);
        for column in &columns {
            self.require_column_in_expression(table, column)?;
        }
        let name = match &spec.name {
            Some(name) => {
                if self.merge_check(table, name, spec, local, allow_merge)? {
                    return Ok(None);
                }
                name.clone()
            }
            None => {
                let relation = self.get(table)?;
                let column = match columns.as_slice() {
                    [column] => Some(column.as_str()),
                    _ => None,
                };
                self.catalog.choose_constraint_name(
                    &relation.name.name,
                    column,
                    "check",
                    &relation.name.schema,
                    &[],
                )
            }
        };
        let constraint = Constraint {
            name: name.clone(),
            kind: ConstraintKind::Check {
                expression,
                columns,
            },
            valid: spec.valid,
            enforced: spec.enforced,
            no_inherit: spec.no_inherit,
            deferrable: false,
            local,
            inherited: u32::from(!local),
        };
        self.catalog
            .edit(table, |relation| relation.constraints.push(constraint));
        Ok(Some(name))
    }

    /// `MergeWithExistingConstraint` in src/backend/catalog/heap.c: true when there was one to merge with.
    fn merge_check(
        &mut self,
        table: Oid,
        name: &str,
        spec: &CheckSpec,
        local: bool,
        allow_merge: bool,
    ) -> Outcome<bool> {
        let relation = self.get(table)?;
        let Some(existing) = relation.constraint(name) else {
            return Ok(false);
        };
        let partition = relation.is_partition();
        let is_check = matches!(existing.kind, ConstraintKind::Check { .. });
        let purely_inherited = local && !existing.local && !partition;
        let other = match &existing.kind {
            ConstraintKind::Check { expression, .. } => {
                is_other_expression(expression, &spec.expression)
            }
            _ => true,
        };
        if relation.complete && (!is_check || other || !(allow_merge || purely_inherited)) {
            return refuse_existing(relation, name);
        }
        if relation.complete && existing.no_inherit && !local {
            return refuse(
                "42P17",
                format!(
                    "constraint \"{name}\" conflicts with non-inherited constraint on relation \"{}\"",
                    relation.name.name
                ),
            );
        }
        if relation.complete && spec.valid && existing.enforced && !existing.valid {
            return refuse(
                "42P17",
                format!(
                    "constraint \"{name}\" conflicts with NOT VALID constraint on relation \"{}\"",
                    relation.name.name
                ),
            );
        }
        let enforced = spec.enforced;
        self.edit_constraint(table, name, |constraint| {
            if partition {
                constraint.inherited = 1;
                constraint.local = false;
            } else if local {
                constraint.local = true;
            } else {
                constraint.inherited += 1;
            }
            if enforced && !constraint.enforced {
                constraint.enforced = true;
                constraint.valid = true;
            }
        });
        Ok(true)
    }

    /// A column that a stored expression names. The row itself may be named too.
    pub(super) fn require_column_in_expression(&self, table: Oid, column: &str) -> Outcome {
        let relation = self.get(table)?;
        if relation.column(column).is_some()
            || !relation.complete
            || relation.name.name == column
            || super::names::is_system_column(column)
        {
            return Ok(());
        }
        refuse("42703", format!("column \"{column}\" does not exist"))
    }

    pub(super) fn edit_constraint(
        &mut self,
        table: Oid,
        name: &str,
        change: impl FnOnce(&mut Constraint),
    ) {
        self.catalog.edit(table, |relation| {
            let constraint = relation
                .constraints
                .iter_mut()
                .find(|constraint| constraint.name == name);
            if let Some(constraint) = constraint {
                change(constraint);
            }
        });
    }

    pub(super) fn child_oids(&self, table: Oid) -> Vec<Oid> {
        self.catalog
            .children(table)
            .map(|child| child.oid)
            .collect()
    }
}

pub(super) fn refuse_existing<T>(relation: &Relation, constraint: &str) -> Outcome<T> {
    refuse(
        "42710",
        format!(
            "constraint \"{constraint}\" for relation \"{}\" already exists",
            relation.name.name
        ),
    )
}
