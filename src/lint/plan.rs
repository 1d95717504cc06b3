//! What each statement of the migrations will do, as `humdrum plan` shows it (design.md section 8).

use std::ops::Range;
use std::sync::Arc;

use crate::catalog::TransactionId;
use crate::effects::Effects;
use crate::project::{Direction, Problem, TransactionMode};
use crate::session::Settings;
use crate::source::Source;
use crate::version::PgVersion;

/// The migrations under check, statement by statement.
#[derive(Debug, Default)]
pub struct Plan {
    pub postgres: PgVersion,
    pub migrations: Vec<PlannedMigration>,
    pub problems: Vec<Problem>,
}

#[derive(Debug)]
pub struct PlannedMigration {
    pub source: Arc<Source>,
    pub version: String,
    pub direction: Direction,
    /// The layout's name.
    pub layout: &'static str,
    /// Of the first script; [`PlannedStatement::transaction`] is each statement's own.
    pub transaction: TransactionMode,
    pub statements: Vec<PlannedStatement>,
}

/// A statement at the top of a script. What a DO block or a procedure does is merged into its effects.
#[derive(Debug)]
pub struct PlannedStatement {
    /// Counts the statements of the migration from 0.
    pub index: usize,
    /// In the file, without leading comments and without the `;`.
    pub span: Range<usize>,
    /// The text as it is in the file.
    pub sql: String,
    /// `alter table`, `create index`; `unknown` when the statement could not be parsed.
    pub kind: &'static str,
    pub transaction: TransactionMode,
    /// A transaction block is open when it runs.
    pub transaction_block: bool,
    /// The transaction it runs in: locks held to the end of a transaction last to the last statement
    /// with the same id.
    pub transaction_id: TransactionId,
    /// The settings it runs under.
    pub settings: Settings,
    pub effects: Effects,
    /// Why it, or a part of it, could not be analysed, each reason a sentence. Empty: all was understood.
    pub unanalysed: Vec<String>,
}
