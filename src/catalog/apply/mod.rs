//! How each statement changes the schema.
//!
//! [`Catalog::apply`] follows PostgreSQL: the same order of sub-steps, the same names for what is not
//! named, the same recursion to partitions and children. What it cannot follow, it marks as incomplete.

mod alter_column;
mod alter_constraint;
mod alter_index;
mod alter_table;
mod alter_type;
mod cluster;
mod collation;
mod column;
mod constraint;
mod create_table;
mod dependents;
mod dispatch;
mod drop;
mod expressions;
mod extension;
mod foreign_key;
mod function;
mod identity;
mod index;
mod inherit;
mod like;
mod names;
mod not_null;
mod object;
mod owner;
mod partition;
mod persistence;
mod publication;
mod remove;
mod rename;
mod replica_identity;
mod rows;
mod schema;
mod sequence;
mod spec;
mod statistics;
mod temporary;
mod trigger;
mod types;
mod view;

use pg_query::NodeEnum;

pub use alter_table::{AlterTablePass, Turn};
pub use create_table::partition_bound;

use super::{Birth, Catalog};
use crate::session::Session;

/// What PostgreSQL is certain to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Five characters: `42P07`.
    pub sqlstate: &'static str,
    /// As PostgreSQL words it: `relation "t" already exists`.
    pub message: String,
    /// Of an ALTER TABLE: when it comes among what else may go wrong.
    pub turn: Option<Turn>,
}

type Outcome<T = ()> = Result<T, Refusal>;

fn refuse<T>(sqlstate: &'static str, message: impl Into<String>) -> Outcome<T> {
    Err(Refusal {
        sqlstate,
        message: message.into(),
        turn: None,
    })
}

/// One statement on its way into the catalog.
struct Replay<'a> {
    catalog: &'a mut Catalog,
    session: &'a Session,
    /// Refuse a missing name when nothing is known to be missing from the catalog. Otherwise the name
    /// is taken as one from before the history.
    strict: bool,
}

/// What became of a statement: see [`Catalog::applied`].
#[derive(Debug, Clone)]
pub struct Applied {
    pub catalog: Catalog,
    /// What PostgreSQL is certain to answer, as far as existing and missing names and dependencies
    /// decide it. None: nothing is certain to go wrong.
    pub refusal: Option<Refusal>,
}

impl Catalog {
    /// Changes the schema as this statement does once it has succeeded. A statement that certainly
    /// fails changes nothing. Transaction control and settings are the session's, not the catalog's.
    pub fn apply(&mut self, node: &NodeEnum, session: &Session) {
        if let Ok(after) = self.attempt(node, session, false) {
            *self = after;
        }
    }

    /// The schema as [`Catalog::apply`] leaves it, and whether PostgreSQL certainly refuses the statement.
    pub fn applied(&self, node: &NodeEnum, session: &Session) -> Applied {
        // Strict or not, the outcome is the same where nothing is refused.
        let refusal = match self.attempt(node, session, !self.disturbed) {
            Ok(catalog) => {
                return Applied {
                    catalog,
                    refusal: None,
                };
            }
            Err(refusal) => (!self.disturbed).then_some(refusal),
        };
        let mut catalog = self.clone();
        if self.complete {
            catalog.apply(node, session);
        }
        Applied { catalog, refusal }
    }

    fn attempt(&self, node: &NodeEnum, session: &Session, strict: bool) -> Outcome<Catalog> {
        let mut after = self.clone();
        let mut replay = Replay {
            catalog: &mut after,
            session,
            strict,
        };
        replay.statement(node).map(|()| after)
    }
}

impl Replay<'_> {
    fn birth(&self) -> Birth {
        Birth {
            transaction: self.session.transaction_id,
            migration: self.session.migration,
        }
    }

    /// True from this major version on.
    fn since(&self, major: u8) -> bool {
        self.session.version.major() >= major
    }

    fn search_path(&self) -> &[String] {
        &self.session.settings.search_path
    }
}
