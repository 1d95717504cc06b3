//! What the session that runs the migration holds: the transaction, the settings.

mod constraints;
mod set;
mod statements;
#[cfg(test)]
mod tests;
mod transaction;
mod value;

use std::collections::BTreeSet;
use std::time::Duration;

pub use constraints::ConstraintTiming;
pub use set::refused_timeout;
pub use statements::Kept;
pub use transaction::Step;
pub use value::searched;

use crate::catalog::{Catalog, Oid, TransactionId};
use crate::version::PgVersion;

/// The state between two statements.
#[derive(Debug, Clone)]
pub struct Session {
    pub version: PgVersion,
    pub transaction: Transaction,
    pub settings: Settings,
    /// What RESET goes back to: the settings of a fresh connection of the migration runner.
    pub reset: Settings,
    /// The transaction that the next statement runs in, whether a block is open or not.
    pub transaction_id: TransactionId,
    /// Tables with events of deferred triggers that wait for the end of the transaction.
    pub pending_events: BTreeSet<Oid>,
    /// SET CONSTRAINTS of this transaction.
    pub constraints: ConstraintTiming,
    /// Prepared statements and cursors.
    pub kept: Kept,
    /// The migration being replayed (see [`crate::catalog::Birth`]).
    pub migration: u32,
}

/// The transaction block, if one is open.
#[derive(Debug, Clone)]
pub enum Transaction {
    /// Every statement commits by itself.
    None,
    Open(Box<Block>),
}

#[derive(Debug, Clone)]
pub struct Block {
    pub opened_by: OpenedBy,
    /// The catalog and settings to go back to on ROLLBACK.
    pub catalog_at_start: Box<Catalog>,
    pub settings_at_start: Settings,
    /// The settings that COMMIT leaves: without what SET LOCAL changed.
    pub settings_at_commit: Settings,
    pub savepoints: Vec<Savepoint>,
}

/// Who opened the transaction block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenedBy {
    /// The migration tool, around the script.
    Tool,
    /// Several statements in one simple-protocol message.
    Message,
    /// BEGIN or START TRANSACTION in the script.
    Script,
    /// Nobody: the DO or CALL statement around the SQL runs by itself, and is a transaction until it
    /// ends or commits.
    Statement,
}

#[derive(Debug, Clone)]
pub struct Savepoint {
    pub name: String,
    pub catalog: Box<Catalog>,
    pub settings: Settings,
    pub settings_at_commit: Settings,
    pub pending_events: BTreeSet<Oid>,
    pub constraints: ConstraintTiming,
}

/// The settings that change what a statement does or how long it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub lock_timeout: Timeout,
    pub statement_timeout: Timeout,
    pub idle_in_transaction_session_timeout: Timeout,
    pub transaction_timeout: Timeout,
    /// Schemas in order, without `pg_catalog` (which is searched first) and with `"$user"` left out.
    pub search_path: Vec<String>,
    /// None: not set by the script, so not known.
    pub time_zone: Option<String>,
    /// `check_function_bodies`: CREATE FUNCTION analyses what it is given.
    pub checks_function_bodies: bool,
    /// The role of SET ROLE or SET SESSION AUTHORIZATION; none is who runs the migration.
    pub role: Option<String>,
    /// `row_security`: policies hide rows; when it is off they are an error instead.
    pub row_security: bool,
}

/// A timeout setting and how it came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeout {
    /// None: no limit (0, or never set).
    pub value: Option<Duration>,
    pub origin: TimeoutOrigin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeoutOrigin {
    /// Nobody set it.
    #[default]
    Default,
    /// The configuration says that the runner sets it.
    Runner,
    /// SET in this session.
    Session,
    /// SET LOCAL, until the transaction ends.
    Local,
    /// Was set and is gone again: RESET, or a SET LOCAL that ended with its transaction.
    Expired,
}

impl Session {
    /// A fresh connection of the migration runner. `reset` holds what the runner itself sets.
    pub fn new(version: PgVersion, reset: Settings) -> Self {
        Session {
            version,
            transaction: Transaction::None,
            settings: reset.clone(),
            reset,
            transaction_id: TransactionId(0),
            pending_events: BTreeSet::new(),
            constraints: ConstraintTiming::default(),
            kept: Kept::default(),
            migration: 0,
        }
    }

    /// The transaction block that is open.
    pub fn block(&self) -> Option<&Block> {
        match &self.transaction {
            Transaction::None => None,
            Transaction::Open(block) => Some(block),
        }
    }

    pub fn in_block(&self) -> bool {
        matches!(self.transaction, Transaction::Open(_))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            lock_timeout: Timeout::default(),
            statement_timeout: Timeout::default(),
            idle_in_transaction_session_timeout: Timeout::default(),
            transaction_timeout: Timeout::default(),
            search_path: vec!["public".to_owned()],
            time_zone: None,
            checks_function_bodies: true,
            role: None,
            row_security: true,
        }
    }
}
