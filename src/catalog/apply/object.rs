//! Everything that can depend on something or be depended on.

use crate::catalog::{Oid, QualifiedName};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::catalog) enum Object {
    Schema(String),
    Extension(String),
    /// A table, view, sequence or composite type's relation.
    Relation(Oid),
    Column(Oid, String),
    /// The DEFAULT of a column.
    Default(Oid, String),
    Index(Oid),
    Constraint(Oid, String),
    Trigger(Oid, String),
    Rule(Oid, String),
    Policy(Oid, String),
    Type(Oid),
    DomainCheck(Oid, String),
    DomainDefault(Oid),
    Function(Oid),
    Statistics(QualifiedName),
    Collation(QualifiedName),
    Publication(String),
    /// A table's place in a publication.
    PublishedTable(String, Oid),
}

/// How an object hangs on another (`DependencyType` in src/include/catalog/dependency.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog) enum Tie {
    /// Dropped together, silently.
    Auto,
    /// Dropping the other needs CASCADE.
    Normal,
}
