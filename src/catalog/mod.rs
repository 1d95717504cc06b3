//! The schema as far as the migrations show it, and how each statement changes it.
//!
//! A catalog is a value: cloning one is cheap (persistent maps), so every statement has a catalog
//! before it and one after it, and ROLLBACK is going back to an earlier value.

mod apply;
pub mod builtin;
mod by_name;
pub(crate) mod choose_name;
mod compare;
mod diff;
pub mod expression;
pub mod figure_name;
mod function;
mod name;
mod opaque;
pub mod query;
mod relation;
mod resolve;
mod rewind;
mod shared;
mod store;
mod tree;
mod type_name;
mod types;

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use pg_query::Node;

use by_name::ByName;

pub use apply::{AlterTablePass, Applied, Refusal, Turn, partition_bound};
pub use diff::Difference;
pub use function::{Argument, Function, FunctionKind, Volatility};
pub use name::QualifiedName;
pub use relation::*;
pub(crate) use resolve::strings;
pub use resolve::{MAX_NAME_LENGTH, PG_TEMP, truncate_name};
pub use shared::Shared;
pub use type_name::{INTERVAL_FULL_RANGE, is_extension_type};
pub use types::{BaseType, Domain, DomainCheck, EnumValue, Type, UserType, UserTypeKind};

/// Identity of an object through renames. Never reused within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(pub u32);

/// A transaction of the replay. Statements that commit by themselves have one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(pub u32);

/// When an object came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    pub transaction: TransactionId,
    /// Counts the migrations of the chain; all statements of one migration share it.
    pub migration: u32,
}

impl Birth {
    /// Of an object that was there before anything that the replay saw. No transaction and no
    /// migration of a replay is equal to it.
    pub const BEFORE: Birth = Birth {
        transaction: TransactionId(u32::MAX),
        migration: u32::MAX,
    };
}

#[derive(Debug, Clone)]
pub struct Catalog {
    next_oid: u32,
    schemas: OrdSet<String>,
    relations: OrdMap<Oid, Arc<Relation>>,
    indexes: OrdMap<Oid, Arc<Index>>,
    /// Tables, views, sequences, composite types and indexes share one namespace.
    relation_names: ByName,
    /// Inheritance and partition children of a relation, in the order of their OIDs.
    children: OrdMap<Oid, OrdSet<Oid>>,
    /// The indexes of a relation.
    indexes_of: OrdMap<Oid, OrdSet<Oid>>,
    types: OrdMap<Oid, Arc<UserType>>,
    type_names: ByName,
    functions: OrdMap<Oid, Arc<Function>>,
    function_names: OrdMap<Arc<QualifiedName>, OrdSet<Oid>>,
    /// The relations that have a constraint of that name; domains too.
    constraint_names: OrdMap<Arc<str>, OrdSet<Oid>>,
    /// The relations with a foreign key to a relation.
    referencing: OrdMap<Oid, OrdSet<Oid>>,
    /// The sequences that columns of a relation own.
    owned_sequences: OrdMap<Oid, OrdSet<Oid>>,
    /// The relations whose query, rules or policies read a relation.
    readers: OrdMap<Oid, OrdSet<Oid>>,
    /// What may use a type, function or sequence: relations, types and functions whose columns,
    /// expressions or bodies mentioned it at some time. To be verified before it is believed.
    users: OrdMap<Oid, OrdSet<Oid>>,
    pub publications: OrdMap<String, Publication>,
    /// Those that migrations create.
    pub collations: OrdMap<QualifiedName, Collation>,
    pub extensions: OrdSet<String>,
    /// Operator classes, casts or access methods were made, which the catalog does not keep.
    pub customized: bool,
    /// CREATE STATISTICS objects.
    pub statistics: OrdMap<Arc<QualifiedName>, Statistics>,
    /// The latest transaction that added a value to an enum which cannot be used before it commits.
    pub unsafe_enum_values: Option<TransactionId>,
    /// True while nothing is known to be missing: there was a history, and every statement of it was
    /// understood. Only then is an unknown name an error that PostgreSQL is certain to raise.
    pub complete: bool,
    /// SQL that could not be understood has run: what was known before may no longer hold, so that no
    /// name is certain to be there, or to be free.
    pub disturbed: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Publication {
    pub tables: Vec<Oid>,
    /// Tables with a WHERE clause and the columns it reads.
    pub filters: Vec<Dependency>,
    /// Tables with a column list and its columns.
    pub columns: Vec<Dependency>,
    /// FOR TABLES IN SCHEMA
    pub schemas: OrdSet<String>,
    pub all_tables: bool,
    /// `publish` leaves UPDATE out.
    pub no_updates: bool,
    /// `publish` leaves DELETE out.
    pub no_deletes: bool,
}

/// What CREATE COLLATION says.
#[derive(Debug, Clone, Copy)]
pub struct Collation {
    /// Strings that are equal have the same bytes.
    pub deterministic: bool,
}

#[derive(Debug, Clone)]
pub struct Statistics {
    pub table: Oid,
    pub columns: Vec<String>,
    pub expressions: Vec<Arc<Node>>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalog {
    /// An empty database: the schemas that initdb makes, and nothing known to be complete.
    pub fn new() -> Self {
        Catalog {
            next_oid: 16384,
            schemas: ["information_schema", "pg_catalog", "public"]
                .into_iter()
                .map(str::to_owned)
                .collect(),
            relations: OrdMap::new(),
            indexes: OrdMap::new(),
            relation_names: ByName::default(),
            children: OrdMap::new(),
            indexes_of: OrdMap::new(),
            types: OrdMap::new(),
            type_names: ByName::default(),
            functions: OrdMap::new(),
            function_names: OrdMap::new(),
            constraint_names: OrdMap::new(),
            referencing: OrdMap::new(),
            owned_sequences: OrdMap::new(),
            readers: OrdMap::new(),
            users: OrdMap::new(),
            publications: OrdMap::new(),
            collations: OrdMap::new(),
            extensions: OrdSet::new(),
            customized: false,
            statistics: OrdMap::new(),
            unsafe_enum_values: None,
            complete: false,
            disturbed: false,
        }
    }

    pub fn new_oid(&mut self) -> Oid {
        let oid = Oid(self.next_oid);
        self.next_oid += 1;
        oid
    }

    pub fn has_schema(&self, name: &str) -> bool {
        self.schemas.contains(name)
    }

    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.schemas.iter().map(String::as_str)
    }

    pub fn relation(&self, oid: Oid) -> Option<&Relation> {
        self.relations.get(&oid).map(Arc::as_ref)
    }

    pub fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.relations.values().map(Arc::as_ref)
    }

    pub fn index(&self, oid: Oid) -> Option<&Index> {
        self.indexes.get(&oid).map(Arc::as_ref)
    }

    pub fn indexes(&self) -> impl Iterator<Item = &Index> {
        self.indexes.values().map(Arc::as_ref)
    }

    /// The OID of the table, view, sequence, composite type or index of that name.
    pub fn relation_oid(&self, name: &QualifiedName) -> Option<Oid> {
        self.relation_names.get(name)
    }

    pub fn relation_named(&self, name: &QualifiedName) -> Option<&Relation> {
        self.relation(self.relation_oid(name)?)
    }

    pub fn index_named(&self, name: &QualifiedName) -> Option<&Index> {
        self.index(self.relation_oid(name)?)
    }

    /// The indexes of a table or materialized view, oldest first.
    pub fn indexes_of(&self, table: Oid) -> impl Iterator<Item = &Index> {
        self.indexes_of
            .get(&table)
            .into_iter()
            .flat_map(OrdSet::iter)
            .filter_map(|&oid| self.index(oid))
    }

    /// Direct inheritance children and partitions, oldest first.
    pub fn children(&self, parent: Oid) -> impl Iterator<Item = &Relation> {
        self.related(&self.children, parent)
    }

    fn related<'a>(
        &'a self,
        map: &'a OrdMap<Oid, OrdSet<Oid>>,
        of: Oid,
    ) -> impl Iterator<Item = &'a Relation> {
        map.get(&of)
            .into_iter()
            .flat_map(OrdSet::iter)
            .filter_map(|&oid| self.relation(oid))
    }

    /// Views, materialized views, and relations with rules or policies that read this relation.
    pub fn readers(&self, relation: Oid) -> impl Iterator<Item = &Relation> {
        self.related(&self.readers, relation)
    }

    /// The relation and everything below it, parents before children.
    pub fn family(&self, root: Oid) -> Vec<Oid> {
        let mut seen = BTreeSet::from([root]);
        let mut found = vec![root];
        let mut next = 0;
        while let Some(&parent) = found.get(next) {
            found.extend(
                self.children(parent)
                    .map(|child| child.oid)
                    .filter(|&child| seen.insert(child)),
            );
            next += 1;
        }
        found
    }

    /// Foreign keys of any table that reference this one, with the referencing table.
    pub fn foreign_keys_to(
        &self,
        referenced: Oid,
    ) -> impl Iterator<Item = (&Relation, &Constraint, &ForeignKey)> {
        self.related(&self.referencing, referenced)
            .flat_map(move |relation| {
                relation
                    .foreign_keys()
                    .filter(move |(_, key)| key.references == referenced)
                    .map(move |(constraint, key)| (relation, constraint, key))
            })
    }

    /// Sequences owned by a column of the table (or by any column of it).
    pub fn sequences_of(&self, table: Oid, column: Option<&str>) -> Vec<&Relation> {
        self.related(&self.owned_sequences, table)
            .filter(|relation| {
                relation.owned_by.as_ref().is_some_and(|owner| {
                    owner.table == table && column.is_none_or(|column| owner.column == column)
                })
            })
            .collect()
    }

    /// The constraint that an index belongs to.
    pub fn constraint_of_index(&self, index: Oid) -> Option<&Constraint> {
        let table = self.index(index)?.table;
        self.relation(table)?
            .constraints
            .iter()
            .find(|constraint| constraint.kind.index() == Some(index))
    }

    pub fn user_type(&self, oid: Oid) -> Option<&UserType> {
        self.types.get(&oid).map(Arc::as_ref)
    }

    pub fn user_types(&self) -> impl Iterator<Item = &UserType> {
        self.types.values().map(Arc::as_ref)
    }

    pub fn type_oid(&self, name: &QualifiedName) -> Option<Oid> {
        self.type_names.get(name)
    }

    /// The functions, procedures and aggregates of a name, oldest first.
    pub fn functions_named(&self, name: &QualifiedName) -> impl Iterator<Item = &Function> {
        self.function_names
            .get(name)
            .into_iter()
            .flat_map(OrdSet::iter)
            .filter_map(|&oid| self.function(oid))
    }

    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.values().map(Arc::as_ref)
    }

    pub fn function(&self, oid: Oid) -> Option<&Function> {
        self.functions.get(&oid).map(Arc::as_ref)
    }
}
