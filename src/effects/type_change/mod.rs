//! What ALTER COLUMN ... TYPE does: rewrite, index builds, constraints checked again
//! (`ATPrepAlterColumnType`, `ATExecAlterColumnType` and `ATPostAlterTypeCleanup` in
//! src/backend/commands/tablecmds.c).

use pg_query::Node;

use crate::catalog::{Catalog, Column, Oid, Relation, Type};
use crate::session::Settings;
use crate::version::PgVersion;

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

/// Works out what one ALTER COLUMN ... TYPE does.
pub fn classify(input: &Input) -> TypeChange {
    if *input.ty == input.column.ty && input.using.is_none() {
        return TypeChange {
            no_op: input.collation == input.column.collation.as_deref(),
            ..TypeChange::default()
        };
    }
    let indexes = input.catalog.indexes_of(input.relation.oid);
    TypeChange {
        rewrite: true,
        indexes_rebuilt: indexes.map(|index| index.oid).collect(),
        ..TypeChange::default()
    }
}
