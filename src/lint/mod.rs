//! The engine: replays migrations, runs the rules over each statement, applies severities and ignores.

pub mod baseline;
mod cause;
mod config;
mod context;
mod engine;
mod file;
mod finding;
mod fingerprint;
pub mod history;
mod ignore;
mod outcome;
mod page;
pub mod parts;
mod placeholders;
mod plan;
mod replay;
mod report;
mod rule;
mod ruleset;
mod statement_text;
pub mod wording;

pub use cause::Cause;
pub use config::{LintConfig, PathSettings, RuleSetting, RunnerTimeouts};
pub use context::{
    Context, Held, Loop, MigrationContext, MigrationInfo, Options, Surroundings, TimeoutSet,
    is_blocking, short_name,
};
pub use engine::lint;
pub use finding::{Finding, Place, Recipe, Severity, Step, StepTransaction};
pub use outcome::{Counts, Outcome, Reported};
pub use page::{Category, Page};
pub use plan::{Plan, PlannedMigration, PlannedStatement, plan};
pub use replay::with_large_stacks;
pub use report::Report;
pub use rule::{Check, Rule};
pub use ruleset::{ENGINE_RULES, IGNORE_WITHOUT_REASON};
