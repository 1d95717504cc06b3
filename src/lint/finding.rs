//! What a rule reports.

use std::ops::Range;

use crate::catalog::QualifiedName;
use crate::fix::Fix;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    /// One step down, as for down migrations; a note stays a note.
    pub fn lowered(self) -> Severity {
        match self {
            Severity::Error => Severity::Warning,
            Severity::Warning | Severity::Note => Severity::Note,
        }
    }
}

/// What a rule says about one cause. A finding cannot be made without the place it is about.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The place that the finding points at: a byte range of the migration's file.
    pub span: Range<usize>,
    /// Beside the place: what to write under it. Short.
    pub label: String,
    /// The consequence first: what waits, on what, why.
    pub message: String,
    /// What to do instead.
    pub help: Option<String>,
    /// Further places of the same file.
    pub labels: Vec<(Range<usize>, String)>,
    pub relations: Vec<QualifiedName>,
    /// The relations whose rows the work goes through that it is about, where it is about work.
    pub works_on: Vec<QualifiedName>,
    /// Whether that work is nothing if CREATE TABLE IF NOT EXISTS has made them in this migration.
    pub perhaps_new: bool,
    /// Others wait no longer than this for that work.
    pub at_most: Option<std::time::Duration>,
    pub recipe: Option<Recipe>,
    /// Edits that take it away.
    pub fix: Option<Fix>,
    /// Overrides the page's severity where the rule has more than one.
    pub severity: Option<Severity>,
}

/// Steps that reach the same schema without blocking.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Recipe {
    pub title: String,
    pub place: Place,
    pub steps: Vec<Step>,
}

/// How the steps stand to what the finding is about: the statement, or its part of an ALTER TABLE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    #[default]
    Instead,
    Before,
    After,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    pub title: String,
    pub sql: String,
    pub transaction: StepTransaction,
}

/// Where a step must run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepTransaction {
    /// In a transaction of its own.
    Own,
    /// Outside any transaction block.
    None,
}

impl Finding {
    pub fn new(span: Range<usize>, label: impl Into<String>, message: impl Into<String>) -> Self {
        Finding {
            span,
            label: label.into(),
            message: message.into(),
            help: None,
            labels: Vec::new(),
            relations: Vec::new(),
            works_on: Vec::new(),
            perhaps_new: false,
            at_most: None,
            recipe: None,
            fix: None,
            severity: None,
        }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn also(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.labels.push((span, label.into()));
        self
    }

    pub fn about(mut self, relation: &QualifiedName) -> Self {
        if !self.relations.contains(relation) {
            self.relations.push(relation.clone());
        }
        self
    }

    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    pub fn recipe(mut self, recipe: impl Into<Option<Recipe>>) -> Self {
        self.recipe = recipe.into();
        self
    }

    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
        self
    }
}
