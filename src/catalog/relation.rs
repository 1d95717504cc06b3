//! Relations: tables, partitions, views, sequences, with their columns, constraints and indexes.

use std::collections::BTreeMap;
use std::sync::Arc;

use pg_query::protobuf::CmdType;
use pg_query::{Node, NodeEnum};

use super::expression::reads_column;
use super::{Birth, Oid, QualifiedName, Shared, Type};

#[derive(Debug, Clone)]
pub struct Relation {
    pub oid: Oid,
    pub name: QualifiedName,
    pub kind: RelationKind,
    pub persistence: Persistence,
    pub columns: Shared<Column>,
    pub constraints: Shared<Constraint>,
    /// Parents in the order of INHERITS; a partition has its partitioned table here too.
    pub parents: Vec<Oid>,
    /// Set on a partition: its bound.
    pub partition_bound: Option<PartitionBound>,
    /// Set on a partitioned table.
    pub partition_key: Option<PartitionKey>,
    pub triggers: Vec<Trigger>,
    pub rules: Vec<RewriteRule>,
    pub policies: Vec<Policy>,
    pub row_security: bool,
    pub options: BTreeMap<String, String>,
    pub tablespace: Option<String>,
    /// None is the default access method, `heap`.
    pub access_method: Option<String>,
    pub replica_identity: ReplicaIdentity,
    /// CREATE TABLE ... OF: the composite type.
    pub of_type: Option<Oid>,
    /// Views and materialized views: the query, and what it reads.
    pub query: Option<Arc<NodeEnum>>,
    pub reads: Vec<Dependency>,
    /// Materialized views: false after WITH NO DATA.
    pub populated: bool,
    /// Sequences: the column that owns it (serial, identity, OWNED BY).
    pub owned_by: Option<OwnedBy>,
    /// Sequences: their data type (`int8` unless said otherwise).
    pub sequence_type: Option<Type>,
    /// CREATE TEMP TABLE ... ON COMMIT DROP.
    pub drop_on_commit: bool,
    pub birth: Birth,
    /// Rows were put into it by the migrations themselves, in a transaction other than none.
    pub filled: bool,
    /// CREATE ... IF NOT EXISTS has made it, or found it there: which one is not known.
    pub perhaps_new: bool,
    /// False when the relation was met without its CREATE having been seen, or when SQL that could
    /// not be understood may have changed it: columns and constraints may be missing here.
    pub complete: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelationKind {
    Table,
    PartitionedTable,
    View,
    MaterializedView,
    Sequence,
    ForeignTable,
    /// The relation behind a stand-alone composite type.
    CompositeType,
}

/// Longest-lived first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Persistence {
    Permanent,
    Unlogged,
    Temporary,
}

#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub ty: Type,
    pub not_null: NotNull,
    /// DEFAULT, after transformation (a serial has its nextval call here).
    pub default: Option<Arc<Node>>,
    pub generated: Option<Generated>,
    pub identity: Option<Identity>,
    /// COLLATE as written or inherited; none is the type's default.
    pub collation: Option<String>,
    /// Declared on this relation itself (`attislocal`).
    pub local: bool,
    /// How many parents have it (`attinhcount`).
    pub inherited: u32,
}

impl Column {
    /// A column of its relation's own with a name and a type, and nothing else.
    pub fn plain(name: impl Into<String>, ty: Type) -> Self {
        Column {
            name: name.into(),
            ty,
            not_null: NotNull::No,
            default: None,
            generated: None,
            identity: None,
            collation: None,
            local: true,
            inherited: 0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotNull {
    No,
    Valid,
    /// 18: a NOT NULL constraint that is NOT VALID.
    NotValid,
}

#[derive(Debug, Clone)]
pub struct Generated {
    pub stored: bool,
    pub expression: Arc<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    Always,
    ByDefault,
}

#[derive(Debug, Clone)]
pub struct Constraint {
    pub name: String,
    pub kind: ConstraintKind,
    /// False while NOT VALID.
    pub valid: bool,
    /// False for NOT ENFORCED (18).
    pub enforced: bool,
    pub no_inherit: bool,
    pub deferrable: bool,
    /// Declared on this relation itself (`conislocal`).
    pub local: bool,
    /// How many parents have it (`coninhcount`); for a partition's copy of a foreign key, unique or primary key too.
    pub inherited: u32,
}

#[derive(Debug, Clone)]
pub enum ConstraintKind {
    Check {
        expression: Arc<Node>,
        columns: Vec<String>,
    },
    /// Kept as a constraint from 18 on only; the column's `not_null` is the truth on every version.
    NotNull {
        column: String,
    },
    PrimaryKey {
        index: Oid,
    },
    Unique {
        index: Oid,
    },
    Exclusion {
        index: Oid,
    },
    ForeignKey(ForeignKey),
}

#[derive(Debug, Clone)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub references: Oid,
    /// In the order of `columns`; empty when the referenced table is not known well enough.
    pub referenced_columns: Vec<String>,
    /// The unique index of the referenced table that it depends on, when known.
    pub index: Option<Oid>,
    pub on_delete: char,
    pub on_update: char,
    /// The primary key side is a partition of `references` (an internal row of pg_constraint).
    pub deferrable: bool,
    pub initially_deferred: bool,
}

/// Indexes are relations too, with names in the same namespace.
#[derive(Debug, Clone)]
pub struct Index {
    pub oid: Oid,
    pub name: QualifiedName,
    /// The table or materialized view.
    pub table: Oid,
    /// `btree`, `gin` ...
    pub method: String,
    pub unique: bool,
    pub keys: Vec<IndexKey>,
    /// EXCLUDE: the operator of each key.
    pub operators: Vec<String>,
    pub include: Vec<String>,
    /// The names of the index's own columns, keys and INCLUDE. They stay when a column of the table is
    /// renamed, and the names of copies on partitions are made of them.
    pub column_names: Vec<String>,
    pub predicate: Option<Arc<Node>>,
    /// The index of the partitioned table that this one is attached to.
    pub parent: Option<Oid>,
    /// False after CREATE INDEX ON ONLY a partitioned table until all partitions are attached.
    pub valid: bool,
    pub nulls_not_distinct: bool,
    /// CLUSTER without an index goes by this one (`indisclustered`).
    pub clustered: bool,
    pub options: BTreeMap<String, String>,
    pub tablespace: Option<String>,
    pub birth: Birth,
}

#[derive(Debug, Clone)]
pub struct IndexKey {
    pub target: IndexTarget,
    pub opclass: Option<String>,
    pub collation: Option<String>,
    pub descending: bool,
    /// As written, or else the default of the direction: last for ascending, first for descending keys.
    pub nulls_first: bool,
}

#[derive(Debug, Clone)]
pub enum IndexTarget {
    Column(String),
    Expression(Arc<Node>),
}

#[derive(Debug, Clone)]
pub struct PartitionKey {
    pub strategy: PartitionStrategy,
    pub parts: Vec<IndexTarget>,
    /// COLLATE of each part, as it is written, without a schema.
    pub collations: Vec<Option<String>>,
    /// The operator class of each part, as it is written, without a schema.
    pub opclasses: Vec<Option<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartitionStrategy {
    Range,
    List,
    Hash,
}

#[derive(Debug, Clone)]
pub enum PartitionBound {
    Default,
    /// FOR VALUES as parsed (a PartitionBoundSpec).
    Values(Arc<Node>),
}

#[derive(Debug, Clone)]
pub struct Trigger {
    pub name: String,
    /// UPDATE OF columns.
    pub columns: Vec<String>,
    pub function: Vec<String>,
    /// Bits of `tgtype` (src/include/catalog/pg_trigger.h): INSERT 4, DELETE 8, UPDATE 16, TRUNCATE 32.
    pub events: i32,
    /// Not after DISABLE TRIGGER.
    pub enabled: bool,
    /// Row-level triggers on a partitioned table are cloned to its partitions.
    pub row: bool,
    /// A copy of a row trigger of the partitioned table above.
    pub inherited: bool,
    /// The name that the trigger has there, which may differ until 14.
    pub copy_of: Option<String>,
    /// The WHEN condition, if it has one.
    pub when: Option<Arc<Node>>,
    /// Set on a constraint trigger.
    pub constraint: Option<TriggerTiming>,
}

/// When a constraint trigger fires.
#[derive(Debug, Clone, Copy)]
pub struct TriggerTiming {
    /// Bits of `tgtype` (src/include/catalog/pg_trigger.h).
    pub events: i32,
    pub deferrable: bool,
    pub initially_deferred: bool,
}

#[derive(Debug, Clone)]
pub struct RewriteRule {
    pub name: String,
    /// Not after DISABLE RULE.
    pub enabled: bool,
    /// The command that it changes.
    pub event: CmdType,
    pub reads: Vec<Dependency>,
    /// The relations that its actions write.
    pub writes: Vec<Oid>,
    /// One action and nothing else, whatever the row: DO INSTEAD without WHERE.
    pub replaces: bool,
    /// DO INSTEAD NOTHING, whatever the row.
    pub prevents: bool,
}

#[derive(Debug, Clone)]
pub struct Policy {
    pub name: String,
    /// `all`, `select`, `insert`, `update` or `delete`.
    pub command: String,
    pub permissive: bool,
    /// USING and WITH CHECK.
    pub conditions: Vec<Arc<Node>>,
    pub reads: Vec<Dependency>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplicaIdentity {
    Default,
    Nothing,
    Full,
    Index(Oid),
}

/// A relation that an object reads, and the column if it names one (`*` is expanded).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    pub relation: Oid,
    pub column: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedBy {
    pub table: Oid,
    pub column: String,
    /// The sequence of an identity column (an internal dependency) rather than of a serial or OWNED BY.
    pub identity: bool,
}

impl Relation {
    /// A relation with nothing in it yet, complete.
    pub fn new(oid: Oid, name: QualifiedName, kind: RelationKind, birth: Birth) -> Self {
        Relation {
            oid,
            name,
            kind,
            persistence: Persistence::Permanent,
            columns: Shared::default(),
            constraints: Shared::default(),
            parents: Vec::new(),
            partition_bound: None,
            partition_key: None,
            triggers: Vec::new(),
            rules: Vec::new(),
            policies: Vec::new(),
            row_security: false,
            options: BTreeMap::new(),
            tablespace: None,
            access_method: None,
            replica_identity: ReplicaIdentity::Default,
            of_type: None,
            query: None,
            reads: Vec::new(),
            populated: true,
            owned_by: None,
            sequence_type: None,
            drop_on_commit: false,
            birth,
            filled: false,
            perhaps_new: false,
            complete: true,
        }
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints
            .iter()
            .find(|constraint| constraint.name == name)
    }

    pub(super) fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.find_mut(|column| column.name == name)
    }

    /// 18: the NOT NULL constraint of a column.
    pub fn not_null_constraint(&self, column: &str) -> Option<&Constraint> {
        self.constraints
            .iter()
            .find(|constraint| constraint.is_not_null_of(column))
    }

    pub(super) fn not_null_constraint_mut(&mut self, column: &str) -> Option<&mut Constraint> {
        self.constraints
            .find_mut(|constraint| constraint.is_not_null_of(column))
    }

    pub fn is_partition(&self) -> bool {
        self.partition_bound.is_some()
    }

    pub fn foreign_keys(&self) -> impl Iterator<Item = (&Constraint, &ForeignKey)> {
        self.constraints
            .iter()
            .filter_map(|constraint| match &constraint.kind {
                ConstraintKind::ForeignKey(key) => Some((constraint, key)),
                _ => None,
            })
    }

    pub fn primary_key(&self) -> Option<&Constraint> {
        self.constraints
            .iter()
            .find(|constraint| matches!(constraint.kind, ConstraintKind::PrimaryKey { .. }))
    }
}

impl Constraint {
    fn is_not_null_of(&self, name: &str) -> bool {
        matches!(&self.kind, ConstraintKind::NotNull { column } if column == name)
    }
}

impl ConstraintKind {
    /// The index that belongs to the constraint.
    pub fn index(&self) -> Option<Oid> {
        match self {
            ConstraintKind::PrimaryKey { index }
            | ConstraintKind::Unique { index }
            | ConstraintKind::Exclusion { index } => Some(*index),
            ConstraintKind::Check { .. }
            | ConstraintKind::NotNull { .. }
            | ConstraintKind::ForeignKey(_) => None,
        }
    }

    /// `pg_constraint.contype`
    pub fn code(&self) -> char {
        match self {
            ConstraintKind::Check { .. } => 'c',
            ConstraintKind::NotNull { .. } => 'n',
            ConstraintKind::PrimaryKey { .. } => 'p',
            ConstraintKind::Unique { .. } => 'u',
            ConstraintKind::Exclusion { .. } => 'x',
            ConstraintKind::ForeignKey(_) => 'f',
        }
    }
}

impl Index {
    /// The key columns; expressions are left out.
    pub fn key_columns(&self) -> Vec<String> {
        self.keys
            .iter()
            .filter_map(|key| match &key.target {
                IndexTarget::Column(column) => Some(column.clone()),
                IndexTarget::Expression(_) => None,
            })
            .collect()
    }

    /// Whether a column itself is a key or in INCLUDE.
    pub fn has_plain_column(&self, column: &str) -> bool {
        let key =
            |key: &IndexKey| matches!(&key.target, IndexTarget::Column(name) if name == column);
        self.keys.iter().any(key) || self.include.iter().any(|name| name == column)
    }

    /// Whether the index depends on a column: as a key, in INCLUDE, in an expression or the predicate.
    pub fn reads(&self, column: &str) -> bool {
        self.keys.iter().any(|key| key.target.reads(column))
            || self.include.iter().any(|name| name == column)
            || self
                .predicate
                .as_ref()
                .is_some_and(|predicate| reads_column(predicate, column))
    }

    /// Whether another index has the same definition, names aside (`CompareIndexInfo` in
    /// src/backend/catalog/index.c).
    pub fn is_same_definition(&self, other: &Index) -> bool {
        self.method == other.method
            && self.unique == other.unique
            && self.nulls_not_distinct == other.nulls_not_distinct
            && self.include == other.include
            && self.predicate == other.predicate
            && self.operators == other.operators
            && self.keys.len() == other.keys.len()
            && self
                .keys
                .iter()
                .zip(&other.keys)
                .all(|(one, other)| one.is_same(other))
    }
}

impl IndexKey {
    /// Nothing was said but what is indexed.
    pub fn sorts_by_default(&self) -> bool {
        self.opclass.is_none() && self.collation.is_none() && !self.descending && !self.nulls_first
    }

    pub fn is_same(&self, other: &IndexKey) -> bool {
        let target = match (&self.target, &other.target) {
            (IndexTarget::Column(one), IndexTarget::Column(other)) => one == other,
            (IndexTarget::Expression(one), IndexTarget::Expression(other)) => one == other,
            _ => false,
        };
        target && self.opclass == other.opclass && self.collation == other.collation
    }
}

impl IndexTarget {
    pub fn reads(&self, column: &str) -> bool {
        match self {
            IndexTarget::Column(name) => name == column,
            IndexTarget::Expression(expression) => reads_column(expression, column),
        }
    }
}

impl RelationKind {
    /// In the words of PostgreSQL's messages.
    pub fn noun(self) -> &'static str {
        match self {
            RelationKind::Table => "table",
            RelationKind::PartitionedTable => "partitioned table",
            RelationKind::View => "view",
            RelationKind::MaterializedView => "materialized view",
            RelationKind::Sequence => "sequence",
            RelationKind::ForeignTable => "foreign table",
            RelationKind::CompositeType => "composite type",
        }
    }

    /// Whether rows are stored in the relation itself.
    pub fn has_storage(self) -> bool {
        matches!(
            self,
            RelationKind::Table | RelationKind::MaterializedView | RelationKind::Sequence
        )
    }
}

impl Index {
    /// Whether a foreign key may reference its columns (`transformFkeyCheckAttrs` in src/backend/commands/tablecmds.c):
    /// a temporal one (PERIOD) wants an exclusion constraint or a key WITHOUT OVERLAPS, which is the only unique index of
    /// the method gist; any other a unique index that is not that.
    pub fn is_referable(&self, table: &Relation, with_period: bool) -> bool {
        let excludes = || {
            table.constraints.iter().any(|constraint| {
                matches!(constraint.kind, ConstraintKind::Exclusion { index } if index == self.oid)
            })
        };
        match with_period {
            true => self.unique && self.method == "gist" || excludes(),
            false => self.unique && self.method != "gist",
        }
    }
}
