//! The engine: replays migrations, runs the rules over each statement, applies severities and ignores.

mod config;
mod context;
mod finding;
mod outcome;
mod page;
mod plan;
pub mod recipes;
mod report;
mod rule;
mod statement_text;
pub mod wording;

pub use config::{LintConfig, RuleSetting, RunnerTimeouts};
pub use context::{
    Context, Held, Loop, MigrationContext, MigrationInfo, Options, Surroundings, short_name,
};
pub use finding::{Finding, Recipe, Severity, Step, StepTransaction};
pub use outcome::{Counts, Outcome, Reported};
pub use page::{Category, Page};
pub use plan::{Plan, PlannedMigration, PlannedStatement};
pub use report::Report;
pub use rule::{Check, Rule};
