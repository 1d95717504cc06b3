//! What one statement does to a live database: its locks, its work, what it breaks and what it cannot do.
//!
//! Effects are facts. They are computed from the statement, the catalog before and after it, the
//! session and the version; nothing here knows of rules.

mod alter_table;
mod by_name;
mod cluster;
mod collector;
mod column_definition;
mod composite;
mod create_table;
mod created;
mod drop;
mod drop_index;
mod enum_value;
pub mod expression;
mod foreign_key;
mod grant;
mod index;
mod index_definition;
mod input;
mod kind;
mod lock;
mod lock_table;
mod named;
mod nextval;
mod node;
mod options;
mod other;
mod pending;
mod publication;
mod query;
mod reason;
mod reindex;
mod rename;
mod sequence;
mod statement;
mod statistics;
mod syntax_version;
mod table_definition;
mod transaction;
mod trigger;
mod truncate;
pub mod type_change;
mod type_definition;
mod types;
mod vacuum;
mod view;

use std::ops::Range;

pub use collector::Collector;
pub use index::key_columns;
pub use input::Input;
pub use kind::kind;
pub use lock::LockMode;
pub use reason::{ConstraintNoun, DmlCommand, Reason, RowBound};
pub use statement::effects_of;

use crate::catalog::{Oid, QualifiedName, RelationKind};

/// The effects of one statement.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    /// In lower case: `alter table`, `create index`, `update`.
    pub kind: &'static str,
    /// The strongest mode this statement itself takes on each relation, in the order of taking.
    pub locks: Vec<Lock>,
    pub work: Vec<Work>,
    /// Relations that get a new relfilenode: rewrite, TRUNCATE, non-concurrent REFRESH, ALTER SEQUENCE.
    pub storage: Vec<Target>,
    /// What running code or data loses.
    pub changes: Vec<Change>,
    /// Tables whose deferred triggers wait for the end of the transaction from now on.
    pub pending_events: Vec<Oid>,
    /// What PostgreSQL is certain to answer.
    pub error: Option<CertainError>,
    /// It answers 25001 (active SQL transaction) inside a transaction block: the command's name as
    /// PostgreSQL's message has it.
    pub forbidden_in_transaction: Option<&'static str>,
    /// What was assumed, each a sentence. Empty: the effects are exact.
    pub assumptions: Vec<String>,
}

/// A relation that a lock or work is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub name: QualifiedName,
    /// None when the relation is not in the catalog.
    pub oid: Option<Oid>,
    pub kind: TargetKind,
    /// Created in this transaction, temporary, or created by this migration and still empty: nobody
    /// else waits for it.
    pub new: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    Relation(RelationKind),
    Index,
}

#[derive(Debug, Clone)]
pub struct Lock {
    pub target: Target,
    pub mode: LockMode,
    pub until: Until,
    /// The clause that takes it, in the file.
    pub span: Range<usize>,
    /// Why a relation is locked that the statement does not name; none for the one it names.
    pub because: Option<String>,
    /// The relation is the other side of a foreign key that comes, goes or changes.
    pub by_foreign_key: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    Transaction,
    /// Released before the statement ends, or the statement is its own transactions (CONCURRENTLY, VACUUM).
    Statement,
}

#[derive(Debug, Clone)]
pub struct Work {
    pub target: Target,
    pub kind: WorkKind,
    /// Index builds: the index's name.
    pub index: Option<String>,
    pub reason: Reason,
    /// The clause that causes it, in the file.
    pub span: Range<usize>,
    /// The strongest lock that this statement holds on the relation while it works.
    pub under: Option<LockMode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkKind {
    Rewrite,
    Scan,
    IndexBuild,
    ForeignKeyValidation,
    RowsWritten,
}

impl WorkKind {
    pub fn name(self) -> &'static str {
        match self {
            WorkKind::Rewrite => "rewrite",
            WorkKind::Scan => "scan",
            WorkKind::IndexBuild => "index build",
            WorkKind::ForeignKeyValidation => "foreign key validation",
            WorkKind::RowsWritten => "rows written",
        }
    }
}

/// What PostgreSQL is certain to answer, given the text and the known schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertainError {
    /// Five characters: `25001`.
    pub sqlstate: &'static str,
    pub message: String,
    pub span: Range<usize>,
    /// The major version that brought what this one refuses.
    pub came_with: Option<u8>,
}

/// A change that running code or data can notice.
#[derive(Debug, Clone)]
pub struct Change {
    pub kind: ChangeKind,
    pub span: Range<usize>,
}

#[derive(Debug, Clone)]
pub enum ChangeKind {
    RelationCreated {
        relation: Target,
    },
    RelationDropped {
        relation: Target,
        /// Dropped because of CASCADE or as a part of something else.
        cascaded: bool,
    },
    RelationRenamed {
        relation: Target,
        to: QualifiedName,
    },
    ColumnAdded {
        relation: Target,
        column: String,
        /// NOT NULL without any default: fails when there is a row; old code cannot insert.
        required: bool,
    },
    ColumnDropped {
        relation: Target,
        column: String,
    },
    ColumnRenamed {
        relation: Target,
        column: String,
        to: String,
    },
    ColumnTypeChanged {
        relation: Target,
        column: String,
        from: String,
        to: String,
    },
    NotNullDropped {
        relation: Target,
        column: String,
    },
    IndexDropped {
        index: Target,
        table: Target,
        concurrently: bool,
    },
    ConstraintDropped {
        relation: Target,
        constraint: String,
    },
}

impl Effects {
    /// The lock on a relation, if the statement takes one.
    pub fn lock_on(&self, name: &QualifiedName) -> Option<&Lock> {
        self.locks.iter().find(|lock| lock.target.name == *name)
    }

    /// The strongest lock on a relation (not an index) that other sessions use.
    pub fn strongest_lock(&self) -> Option<&Lock> {
        self.locks
            .iter()
            .filter(|lock| !lock.target.new && lock.target.kind != TargetKind::Index)
            .max_by_key(|lock| lock.mode)
    }

    pub fn is_exact(&self) -> bool {
        self.assumptions.is_empty()
    }
}
