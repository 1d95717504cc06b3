//! CREATE TABLE ... (LIKE other INCLUDING ...): `transformTableLikeClause` and `expandTableLikeClause`
//! in src/backend/parser/parse_utilcmd.c.

use pg_query::protobuf::TableLikeClause;

use super::column::Owner;
use super::spec::{CheckSpec, NotNullSpec, TableSpec};
use super::{Outcome, Replay};
use crate::catalog::{ConstraintKind, NotNull, Oid, RelationKind};

/// `TableLikeOption` of src/include/nodes/parsenodes.h.
mod option {
    pub const CONSTRAINTS: u32 = 1 << 2;
    pub const DEFAULTS: u32 = 1 << 3;
    pub const GENERATED: u32 = 1 << 4;
    pub const IDENTITY: u32 = 1 << 5;
    pub const INDEXES: u32 = 1 << 6;
    pub const STATISTICS: u32 = 1 << 7;
}

/// What is left to copy once the new table exists.
pub(super) struct Like {
    source: Oid,
    options: u32,
}

impl Replay<'_> {
    pub(super) fn like_columns(
        &mut self,
        clause: &TableLikeClause,
        owner: &Owner,
        spec: &mut TableSpec,
    ) -> Outcome<Option<Like>> {
        let Some(range_var) = &clause.relation else {
            return Ok(None);
        };
        let source = self.relation(range_var, RelationKind::Table)?;
        let like = Like {
            source,
            options: clause.options,
        };
        let relation = self.get(source)?.clone();
        for column in &relation.columns {
            let mut copy = column.clone();
            copy.local = true;
            copy.inherited = 0;
            copy.default = None;
            // Its expression comes later, but from now on the column is a generated one.
            copy.generated = column
                .generated
                .clone()
                .filter(|_| like.has(option::GENERATED));
            copy.identity = None;
            if let Some(identity) = column.identity
                && like.has(option::IDENTITY)
            {
                copy.identity = Some(identity);
                let sequence =
                    self.identity_sequence(&column.name, owner.table, column.ty.clone(), &[]);
                spec.sequences.push(sequence);
            }
            if column.not_null != NotNull::No {
                let constraint = relation.not_null_constraint(&column.name);
                spec.not_nulls.push(NotNullSpec {
                    column: column.name.clone(),
                    name: constraint.map(|constraint| constraint.name.clone()),
                    no_inherit: constraint.is_some_and(|constraint| constraint.no_inherit),
                    valid: true,
                });
            }
            spec.columns.push(copy);
        }
        Ok(Some(like))
    }

    pub(super) fn expand_like(&mut self, table: Oid, like: &Like) -> Outcome {
        let source = self.get(like.source)?.clone();
        if !source.complete {
            self.catalog
                .edit(table, |relation| relation.complete = false);
        }
        if like.has(option::DEFAULTS) {
            for column in &source.columns {
                let Some(default) = &column.default else {
                    continue;
                };
                let default = self.stored(default, table);
                self.catalog.edit(table, |relation| {
                    if let Some(column) = relation.column_mut(&column.name) {
                        column.default = Some(default);
                    }
                });
            }
        }
        if like.has(option::CONSTRAINTS) {
            for constraint in &source.constraints {
                let ConstraintKind::Check { expression, .. } = &constraint.kind else {
                    continue;
                };
                let check = CheckSpec {
                    name: Some(constraint.name.clone()),
                    expression: expression.clone(),
                    valid: constraint.enforced,
                    enforced: constraint.enforced,
                    no_inherit: constraint.no_inherit,
                };
                self.add_check_here(table, &check, true, false)?;
            }
        }
        if like.has(option::INDEXES) {
            let indexes: Vec<Oid> = self
                .catalog
                .indexes_of(like.source)
                .map(|index| index.oid)
                .collect();
            for index in indexes {
                if let Some(spec) = self.index_as_spec(index) {
                    self.define_index(table, spec)?;
                }
            }
        }
        if like.has(option::STATISTICS) {
            self.copy_statistics(like.source, table);
        }
        Ok(())
    }
}

impl Like {
    fn has(&self, option: u32) -> bool {
        self.options & option != 0
    }
}
