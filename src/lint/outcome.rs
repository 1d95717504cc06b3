//! The result of a run, as every output format and the language server see it.

use std::sync::Arc;

use super::finding::{Finding, Severity};
use super::page::Category;
use crate::project::{Direction, Problem};
use crate::source::Source;
use crate::version::PgVersion;

/// What a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In the order of the migrations and of their text.
    pub findings: Vec<Reported>,
    pub problems: Vec<Problem>,
    pub counts: Counts,
    pub postgres: PgVersion,
}

/// A finding with everything that a report needs.
#[derive(Debug, Clone)]
pub struct Reported {
    pub rule: String,
    pub category: Category,
    /// After the configuration and the direction were taken into account.
    pub severity: Severity,
    pub finding: Finding,
    pub source: Arc<Source>,
    /// The migration's version.
    pub migration: String,
    pub direction: Direction,
    /// Survives lines moving above the statement.
    pub fingerprint: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Migrations that were checked (not history).
    pub migrations: usize,
    pub statements: usize,
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
    /// Findings that an ignore comment silenced.
    pub ignored: usize,
    /// Findings that the baseline holds.
    #[serde(skip)]
    pub known: usize,
}

impl Outcome {
    /// Counts the findings by severity again.
    pub fn recount(&mut self) {
        let (mut errors, mut warnings, mut notes) = (0, 0, 0);
        for finding in &self.findings {
            match finding.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
                Severity::Note => notes += 1,
            }
        }
        (self.counts.errors, self.counts.warnings, self.counts.notes) = (errors, warnings, notes);
    }
}
