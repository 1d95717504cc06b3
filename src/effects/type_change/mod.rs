//! What ALTER COLUMN ... TYPE does: rewrite, index builds, constraints checked again
//! (`ATPrepAlterColumnType`, `ATExecAlterColumnType` and `ATPostAlterTypeCleanup` in
//! src/backend/commands/tablecmds.c).

mod foreign_keys;
mod indexes;
mod modifiers;
mod refusals;

use std::collections::BTreeSet;

use pg_query::Node;

use super::expression::types::Types;
use super::expression::{self, Conversion, Scope};
use crate::catalog::{
    Catalog, Column, Constraint, ConstraintKind, Generated, Oid, Relation, RelationKind, Type,
};
use crate::session::Settings;
use crate::version::PgVersion;

pub use indexes::{all_opclasses, all_opclasses_known, refused_default_opclass, refused_opclass};
pub use modifiers::refusal as modifiers_refusal;
pub use refusals::row_type_column;

/// One ALTER COLUMN ... TYPE of one relation (a parent and its children are asked about one by one).
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub catalog: &'a Catalog,
    pub settings: &'a Settings,
    pub version: PgVersion,
    pub relation: &'a Relation,
    pub column: &'a Column,
    /// The new type.
    pub ty: &'a Type,
    /// COLLATE, as [`Column::collation`] has it.
    pub collation: Option<&'a str>,
    pub using: Option<&'a Node>,
    /// The command reached this relation from a parent, not directly.
    pub recursing: bool,
    /// The same statement drops something, which may be what depends on the column.
    pub drops: bool,
    /// Another subcommand of the same statement rewrites the relation.
    pub rewritten: bool,
}

/// What the change does.
#[derive(Debug, Clone, Default)]
pub struct TypeChange {
    /// SQLSTATE and message. When set, the rest is empty.
    pub error: Option<(&'static str, String)>,
    /// The relation gets new storage, and all its indexes are built again.
    pub rewrite: bool,
    /// Nothing changes at all: the same type, modifiers and collation.
    pub no_op: bool,
    /// Indexes that are dropped and defined anew, whether built or kept. Each is locked in AccessExclusiveLock.
    pub indexes_redefined: Vec<Oid>,
    /// Indexes that are built again; with a rewrite all of the relation's.
    pub indexes_rebuilt: Vec<Oid>,
    /// Names of the valid CHECK constraints that are checked against every row again.
    pub checks_verified: Vec<String>,
    /// Foreign keys of this relation and foreign keys to it that are dropped and created anew. Both their
    /// tables are locked in AccessExclusiveLock.
    pub foreign_keys: Vec<ForeignKeyRemade>,
    /// The column's identity sequence, which follows the type.
    pub sequence_altered: Option<Oid>,
    /// What was assumed, each a sentence.
    pub assumptions: Vec<String>,
}

/// A foreign key that a type change drops and creates anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKeyRemade {
    /// The referencing table.
    pub table: Oid,
    pub constraint: String,
    pub references: Oid,
    /// Every row of the referencing table is looked up again.
    pub validated: bool,
}

/// What is refused before the first subcommand is done (`ATPrepAlterColumnType`).
pub fn prepared_refusal(input: &Input) -> Option<(&'static str, String)> {
    refusals::before(input)
        .or_else(|| refusals::identity_sequence(input))
        .or_else(|| match input.computes_values() {
            true => expression::convert(input.column, input.ty, input.using, &input.scope()).error,
            false => None,
        })
}

/// Works out what one ALTER COLUMN ... TYPE does.
pub fn classify(input: &Input) -> TypeChange {
    let scope = input.scope();
    if let Some(error) = refusals::before(input).or_else(|| refusals::identity_sequence(input)) {
        return TypeChange::refused(error);
    }
    let conversion = match input.computes_values() {
        true => expression::convert(input.column, input.ty, input.using, &scope),
        false => Conversion::default(),
    };
    let refusal = conversion
        .error
        .or_else(|| expression::default_refusal(input.column, input.ty, &scope))
        .or_else(|| refusals::dependents(input))
        .or_else(|| refusals::reparsed(input));
    if let Some(error) = refusal {
        return TypeChange::refused(error);
    }
    let mut change = TypeChange {
        rewrite: conversion.rewrite,
        no_op: input.is_no_op(),
        assumptions: conversion.assumptions,
        sequence_altered: identity_sequence(input),
        checks_verified: checks_verified(input),
        ..TypeChange::default()
    };
    if let Err(error) = indexes::follow(input, &mut change) {
        return TypeChange::refused(error);
    }
    if let Err(error) = foreign_keys::follow(input, &mut change) {
        return TypeChange::refused(error);
    }
    if let Some(error) = refusals::row_type_in_use(input) {
        return TypeChange::refused(error);
    }
    change
}

impl TypeChange {
    fn refused(error: (&'static str, String)) -> Self {
        TypeChange {
            error: Some(error),
            ..TypeChange::default()
        }
    }
}

impl<'a> Input<'a> {
    fn scope(&self) -> Scope<'a> {
        Scope {
            catalog: self.catalog,
            relation: Some(self.relation),
            settings: self.settings,
            version: self.version,
        }
    }

    fn types(&self) -> Types<'a> {
        self.scope().types()
    }

    fn since(&self, major: u8) -> bool {
        self.version.major() >= major
    }

    /// Foreign tables, stand-alone composite types and virtual columns hold no values to convert.
    fn computes_values(&self) -> bool {
        let stored = matches!(
            self.relation.kind,
            RelationKind::Table | RelationKind::PartitionedTable
        );
        let is_virtual = matches!(
            &self.column.generated,
            Some(Generated { stored: false, .. })
        );
        stored && !is_virtual
    }

    /// The column's collation before and after; None where the type has none.
    fn collations(&self) -> (Option<String>, Option<String>) {
        let types = self.types();
        (
            collation(types, &self.column.ty, self.column.collation.as_deref()),
            collation(types, self.ty, self.collation),
        )
    }

    fn is_no_op(&self) -> bool {
        use super::expression::types::{modifiers, same};
        let (old, new) = self.collations();
        same(&self.column.ty, self.ty)
            && modifiers(&self.column.ty) == modifiers(self.ty)
            && old == new
            && self.using.is_none()
    }
}

/// What a column of this type and COLLATE clause is collated by (`GetColumnDefCollation`).
fn collation(types: Types<'_>, ty: &Type, written: Option<&str>) -> Option<String> {
    if !types.is_collatable(ty) {
        return None;
    }
    if let Some(written) = written {
        return Some(written.to_owned());
    }
    let element = Type {
        array: false,
        ..ty.clone()
    };
    let of_domain = types
        .domain(&element)
        .and_then(|domain| domain.collation.clone());
    let base = types.base(&element);
    let usual = match base.builtin_name() {
        Some("name") => "C",
        _ => "default",
    };
    Some(of_domain.unwrap_or_else(|| usual.to_owned()))
}

/// ALTER SEQUENCE ... AS the new type, whether it differs or not (`transformAlterTableStmt`).
fn identity_sequence(input: &Input) -> Option<Oid> {
    input.column.identity?;
    let owned = input
        .catalog
        .sequences_of(input.relation.oid, Some(&input.column.name));
    owned.first().map(|sequence| sequence.oid)
}

/// CHECK constraints on the column are dropped and added again; those that count are verified.
fn checks_verified(input: &Input) -> Vec<String> {
    let is_verified = |constraint: &&Constraint| {
        constraint.valid
            && constraint.enforced
            && matches!(&constraint.kind, ConstraintKind::Check { columns, .. }
                if columns.contains(&input.column.name))
    };
    let found = input.relation.constraints.iter().filter(is_verified);
    found.map(|constraint| constraint.name.clone()).collect()
}

/// The columns that an expression over the relation reads.
fn columns_read(input: &Input, node: &Node) -> BTreeSet<String> {
    expression::analyse(node, &input.scope()).columns
}
