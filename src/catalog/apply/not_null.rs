//! NOT NULL: a flag of the column on every version, a constraint with a name from 18 on.

use super::spec::NotNullSpec;
use super::{Outcome, Replay, refuse};
use crate::catalog::{Constraint, ConstraintKind, NotNull, Oid};

impl Replay<'_> {
    /// The NOT NULL constraints of CREATE TABLE and of its parents (`AddRelationNotNullConstraints` in
    /// src/backend/catalog/heap.c).
    pub(super) fn add_not_nulls_of_new_table(
        &mut self,
        table: Oid,
        own: Vec<NotNullSpec>,
        mut inherited: Vec<(String, String)>,
    ) -> Outcome {
        let mut merged: Vec<NotNullSpec> = Vec::new();
        for spec in own {
            match merged.iter_mut().find(|other| other.column == spec.column) {
                Some(first) => first.name = first.name.take().or(spec.name),
                None => merged.push(spec),
            }
        }
        for spec in merged {
            if !self.require_column(table, &spec.column)? {
                continue;
            }
            let before = inherited.len();
            inherited.retain(|(column, _)| *column != spec.column);
            let parents = before - inherited.len();
            self.store_not_null(table, &spec, true, parents)?;
        }
        while let Some((column, name)) = inherited.first().cloned() {
            let before = inherited.len();
            inherited.retain(|(other, _)| *other != column);
            let parents = before - inherited.len();
            let taken = self
                .catalog
                .relation(table)
                .is_some_and(|relation| relation.constraint(&name).is_some());
            let mut spec = NotNullSpec::unnamed(&column);
            spec.name = (!taken).then_some(name);
            self.store_not_null(table, &spec, false, parents)?;
        }
        Ok(())
    }

    /// Sets the column's flag and, from 18 on, stores the constraint.
    fn store_not_null(
        &mut self,
        table: Oid,
        spec: &NotNullSpec,
        local: bool,
        parents: usize,
    ) -> Outcome {
        let state = if spec.valid {
            NotNull::Valid
        } else {
            NotNull::NotValid
        };
        let constraint = if self.since(18) {
            Some(Constraint {
                name: self.not_null_name(table, spec)?,
                kind: ConstraintKind::NotNull {
                    column: spec.column.clone(),
                },
                valid: spec.valid,
                enforced: true,
                no_inherit: spec.no_inherit,
                deferrable: false,
                local,
                inherited: u32::try_from(parents).unwrap_or(u32::MAX),
            })
        } else {
            None
        };
        self.catalog.edit(table, |relation| {
            if let Some(column) = relation.column_mut(&spec.column) {
                column.not_null = state;
            }
            relation.constraints.extend(constraint);
        });
        Ok(())
    }

    fn not_null_name(&self, table: Oid, spec: &NotNullSpec) -> Outcome<String> {
        let relation = self.get(table)?;
        match &spec.name {
            Some(name) if relation.constraint(name).is_some() => refuse(
                "42710",
                format!(
                    "constraint \"{name}\" for relation \"{}\" already exists",
                    relation.name.name
                ),
            ),
            Some(name) => Ok(name.clone()),
            None => Ok(self.catalog.choose_constraint_name(
                &relation.name.name,
                Some(&spec.column),
                "not_null",
                &relation.name.schema,
                &[],
            )),
        }
    }

    /// SET NOT NULL, ADD CONSTRAINT ... NOT NULL, and what PRIMARY KEY brings, on this relation and
    /// (unless it is NO INHERIT) on everything below it.
    pub(super) fn add_not_null(&mut self, table: Oid, spec: &NotNullSpec, local: bool) -> Outcome {
        if !self.learn_column(table, &spec.column)? {
            return Ok(());
        }
        let relation = self.get(table)?;
        if relation.not_null_constraint(&spec.column).is_some() {
            self.adjust_not_null(table, spec, local);
            return Ok(());
        }
        self.store_not_null(table, spec, local, usize::from(!local))?;
        if spec.no_inherit {
            return Ok(());
        }
        // A child's constraint has the name of its parent's.
        let mut below = spec.clone();
        below.name = self
            .get(table)?
            .not_null_constraint(&spec.column)
            .map(|constraint| constraint.name.clone());
        for child in self.child_oids(table) {
            self.add_not_null(child, &below, false)?;
        }
        Ok(())
    }

    /// The column has its constraint already: it becomes local, inherited or valid
    /// (`AdjustNotNullInheritance` in src/backend/catalog/pg_constraint.c).
    fn adjust_not_null(&mut self, table: Oid, spec: &NotNullSpec, local: bool) {
        self.catalog.edit(table, |relation| {
            if spec.valid
                && let Some(column) = relation.column_mut(&spec.column)
            {
                column.not_null = NotNull::Valid;
            }
            let Some(constraint) = relation.not_null_constraint_mut(&spec.column) else {
                return;
            };
            constraint.valid |= spec.valid;
            if local {
                constraint.local = true;
            } else {
                constraint.inherited += 1;
            }
        });
    }

    pub(super) fn has_constraint(&self, table: Oid, name: &str) -> bool {
        self.catalog
            .relation(table)
            .is_some_and(|relation| relation.constraint(name).is_some())
    }
}
