//! The engine: replays migrations, runs the rules over each statement, applies severities and ignores.

mod finding;

pub use finding::{Finding, Recipe, Severity, Step, StepTransaction};
