//! Walks the migrations of a chain in order: the catalog and the session move on, and a watcher sees
//! each statement of the migrations under check with its effects.

mod batch;
mod block;
mod chain;
mod fork;
mod held;
mod include;
mod merge;
mod origin;
mod postgis;
mod routine;
mod run;
mod skimmed;
mod split;
mod step;
#[cfg(test)]
mod tests;
mod timeouts;

use std::ops::Range;

use super::context::{Context, MigrationContext};
use crate::catalog::TransactionId;
use crate::project::{Migration, TransactionMode};
use crate::session::Settings;
use crate::source::Source;
use crate::sql::{Parsed, SyntaxError};

pub use batch::{internal_error, with_large_stacks};
pub use chain::replay;
pub use origin::Origin;

/// What looks at the statements of the migrations under check as the replay goes by.
pub trait Watcher {
    /// A migration begins.
    fn start(&mut self, migration: &Migration, scripts: &[Parsed]);

    /// A statement with its effects. A DO block or a procedure that is looked into is not shown
    /// itself, only the statements inside it. [`Context::reported_before`] is the watcher's to set.
    fn statement(&mut self, context: &mut Context<'_>, place: &Place);

    /// A statement that has no parse tree because PostgreSQL refuses it.
    fn syntax_error(&mut self, error: &SyntaxError, source: &Source, place: &Place);

    /// Something that could not be analysed: where, and a sentence that says what and why.
    fn unanalysed(&mut self, span: Range<usize>, what: &str, place: &Place);

    /// The end of a migration. `statements` matches [`MigrationContext::statements`].
    fn migration(&mut self, context: &MigrationContext<'_>, statements: Vec<Replayed>);

    /// The migration's replay panicked; what was seen of it so far stands.
    fn broken(&mut self, migration: &Migration);
}

/// Which statement of a migration something is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The statement at the top of a script, counted over the whole migration, from 0.
    pub index: usize,
    /// The statement itself, in the file: inside a DO block, the inner one.
    pub span: Range<usize>,
    /// Set when the file does not have the text of the statement as it is: the places of findings
    /// must be taken back to the file.
    pub origin: Option<Origin>,
}

/// A statement at the top of a script, besides its effects.
#[derive(Debug, Clone)]
pub struct Replayed {
    pub span: Range<usize>,
    pub transaction: TransactionMode,
    pub transaction_block: bool,
    pub transaction_id: TransactionId,
    /// When the statement starts.
    pub settings: Settings,
    pub unanalysed: Vec<String>,
}
