//! What each statement of the migrations will do, as `humdrum plan` shows it (design.md section 8).

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::config::LintConfig;
use super::context::{Context, MigrationContext};
use super::replay::{Place, Replayed, Watcher, replay, with_large_stacks};
use crate::catalog::TransactionId;
use crate::effects::Effects;
use crate::project::{Direction, Migration, Problem, Project, TransactionMode};
use crate::session::Settings;
use crate::source::Source;
use crate::sql::{Parsed, SyntaxError};
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

/// What the migrations under check will do, statement by statement. Uses the same replay as
/// [`super::lint()`] and never fails: what could not be read is in [`Plan::problems`].
pub fn plan(project: &Project, config: &LintConfig) -> Plan {
    with_large_stacks(|| {
        let chains: Vec<Planner> = project
            .chains
            .par_iter()
            .map(|chain| {
                let mut planner = Planner::default();
                planner.problems = replay(chain, config, &mut planner);
                planner
            })
            .collect();
        let mut plan = Plan {
            postgres: config.version,
            migrations: Vec::new(),
            problems: project.problems.clone(),
        };
        for chain in chains {
            plan.migrations.extend(chain.migrations);
            plan.problems.extend(chain.problems);
        }
        plan
    })
}

#[derive(Default)]
struct Planner {
    migrations: Vec<PlannedMigration>,
    problems: Vec<Problem>,
}

impl Watcher for Planner {
    fn start(&mut self, _migration: &Migration, _scripts: &[Parsed]) {}

    fn statement(&mut self, _context: &mut Context<'_>, _place: &Place) {}

    fn syntax_error(&mut self, _error: &SyntaxError, _source: &Source, _place: &Place) {}

    fn unanalysed(&mut self, _span: Range<usize>, _what: &str, _place: &Place) {}

    fn migration(&mut self, context: &MigrationContext<'_>, statements: Vec<Replayed>) {
        let migration = context.migration.migration;
        let text = migration.source.text();
        let first = statements.first().map(|replayed| replayed.transaction);
        let effects = context.statements.iter().map(|(_, effects)| effects);
        let statements = statements
            .into_iter()
            .zip(effects)
            .enumerate()
            .map(|(index, (replayed, effects))| PlannedStatement {
                index,
                sql: text
                    .get(replayed.span.clone())
                    .unwrap_or_default()
                    .to_owned(),
                span: replayed.span,
                kind: effects.kind,
                transaction: replayed.transaction,
                transaction_block: replayed.transaction_block,
                transaction_id: replayed.transaction_id,
                settings: replayed.settings,
                effects: effects.clone(),
                unanalysed: replayed.unanalysed,
            })
            .collect();
        let declared = migration.scripts.first().map(|script| script.transaction);
        let transaction = match (declared, first) {
            (Some(TransactionMode::Detect | TransactionMode::DetectAny), Some(found)) => found,
            (declared, _) => declared.unwrap_or(TransactionMode::None),
        };
        self.migrations.push(PlannedMigration {
            source: Arc::clone(&migration.source),
            version: migration.version.clone(),
            direction: migration.direction,
            layout: context.migration.layout,
            transaction,
            statements,
        });
    }

    fn broken(&mut self, _migration: &Migration) {}
}
