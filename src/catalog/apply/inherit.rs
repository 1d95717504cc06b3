//! What a new table takes from its parents (`MergeAttributes` in src/backend/commands/tablecmds.c).

use super::{Outcome, Replay, refuse};
use crate::catalog::{Column, Constraint, ConstraintKind, NotNull, Oid};

/// The columns and constraints of a new table, with those of its parents merged in.
pub(super) struct Inherited {
    pub columns: Vec<Column>,
    /// The parents' CHECK constraints.
    pub checks: Vec<Constraint>,
    /// 18: the parents' NOT NULL constraints, as (column, name), one for each parent.
    pub not_nulls: Vec<(String, String)>,
    /// False when a parent is not fully known.
    pub complete: bool,
}

impl Replay<'_> {
    pub(super) fn merge_parents(
        &self,
        parents: &[Oid],
        own: Vec<Column>,
        partition: bool,
    ) -> Outcome<Inherited> {
        let mut merged = Inherited {
            columns: Vec::new(),
            checks: Vec::new(),
            not_nulls: Vec::new(),
            complete: true,
        };
        for &parent in parents {
            self.merge_parent(parent, partition, &mut merged)?;
        }
        for column in own {
            merge_own_column(column, partition, &mut merged)?;
        }
        Ok(merged)
    }

    fn merge_parent(&self, parent: Oid, partition: bool, merged: &mut Inherited) -> Outcome {
        let parent = self.get(parent)?;
        merged.complete &= parent.complete;
        for column in &parent.columns {
            let not_null = self.inherits_not_null(parent.oid, column);
            if let Some(existing) = merged
                .columns
                .iter_mut()
                .find(|existing| existing.name == column.name)
            {
                refuse_other_type(existing, column)?;
                existing.inherited += 1;
                existing.not_null = strongest(existing.not_null, not_null);
                continue;
            }
            let mut copy = column.clone();
            copy.local = false;
            copy.inherited = 1;
            copy.not_null = not_null;
            if !partition || !self.since(17) {
                copy.identity = None;
            }
            merged.columns.push(copy);
        }
        for constraint in &parent.constraints {
            match &constraint.kind {
                ConstraintKind::Check { .. } if !constraint.no_inherit => {
                    merge_check(constraint, &mut merged.checks);
                }
                ConstraintKind::NotNull { column } if !constraint.no_inherit => {
                    merged
                        .not_nulls
                        .push((column.clone(), constraint.name.clone()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Until 17 `attnotnull` itself is inherited, from 18 on the constraint is.
    fn inherits_not_null(&self, parent: Oid, column: &Column) -> NotNull {
        if column.not_null == NotNull::No {
            return NotNull::No;
        }
        if !self.since(18) {
            return NotNull::Valid;
        }
        let inheritable = self.catalog.relation(parent).is_some_and(|relation| {
            relation
                .not_null_constraint(&column.name)
                .is_some_and(|constraint| !constraint.no_inherit)
        });
        if inheritable {
            NotNull::Valid
        } else {
            NotNull::No
        }
    }
}

fn strongest(one: NotNull, other: NotNull) -> NotNull {
    match (one, other) {
        (NotNull::Valid, _) | (_, NotNull::Valid) => NotNull::Valid,
        (NotNull::NotValid, _) | (_, NotNull::NotValid) => NotNull::NotValid,
        (NotNull::No, NotNull::No) => NotNull::No,
    }
}

fn refuse_other_type(one: &Column, other: &Column) -> Outcome {
    if one.ty != other.ty {
        return refuse(
            "42804",
            format!("inherited column \"{}\" has a type conflict", one.name),
        );
    }
    Ok(())
}

fn merge_check(constraint: &Constraint, checks: &mut Vec<Constraint>) {
    if let Some(existing) = checks
        .iter_mut()
        .find(|existing| existing.name == constraint.name)
    {
        existing.inherited += 1;
        return;
    }
    let mut copy = constraint.clone();
    copy.local = false;
    copy.inherited = 1;
    copy.valid = copy.enforced;
    checks.push(copy);
}

fn merge_own_column(column: Column, partition: bool, merged: &mut Inherited) -> Outcome {
    let existing = merged
        .columns
        .iter_mut()
        .find(|existing| existing.name == column.name);
    let Some(existing) = existing else {
        if partition && merged.complete {
            return refuse(
                "42703",
                format!("column \"{}\" does not exist", column.name),
            );
        }
        // A column option of a partition whose parent is not known has no type of its own.
        if !partition {
            merged.columns.push(column);
        }
        return Ok(());
    };
    if !partition {
        refuse_other_type(existing, &column)?;
        existing.local = true;
        existing.collation = column.collation.or(existing.collation.take());
        existing.identity = column.identity;
    }
    existing.not_null = strongest(existing.not_null, column.not_null);
    if column.default.is_some() || column.identity.is_some() {
        existing.default = column.default;
    }
    if column.generated.is_some() {
        existing.generated = column.generated;
    }
    Ok(())
}
