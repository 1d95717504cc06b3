//! `check --format json`: design.md section 7, `schema/check.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::Run;
use super::order::sorted;
use super::range::{Places, slashed};
use crate::catalog::QualifiedName;
use crate::fix::{Applicability, Edit, Fix};
use crate::lint::{Category, Counts, Recipe, Reported, Severity};
use crate::project::Problem;
use crate::version::PgVersion;

/// Raised when a field changes its meaning or goes; new fields do not raise it.
pub const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    postgres: PgVersion,
    summary: Counts,
    findings: Vec<JsonFinding<'a>>,
    problems: Vec<JsonProblem<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    category: Category,
    severity: Severity,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    docs: String,
    path: String,
    migration: &'a str,
    range: Places,
    relations: &'a [QualifiedName],
    fingerprint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<JsonFix<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipe: Option<&'a Recipe>,
}

#[derive(Serialize)]
struct JsonFix<'a> {
    title: &'a str,
    applicability: Applicability,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    path: String,
    /// Byte offsets in the file.
    start: usize,
    end: usize,
    text: &'a str,
}

impl<'a> JsonFix<'a> {
    fn of(fix: &'a Fix) -> Self {
        let edit = |edit: &'a Edit| JsonEdit {
            path: slashed(edit.source.path()),
            start: edit.range.start,
            end: edit.range.end,
            text: &edit.text,
        };
        JsonFix {
            title: &fix.title,
            applicability: fix.applicability,
            edits: fix.edits.iter().map(edit).collect(),
        }
    }
}

#[derive(Serialize)]
pub struct JsonProblem<'a> {
    path: String,
    message: &'a str,
}

/// One JSON object and a line end.
///
/// # Errors
/// What writing to `out` answers.
pub fn json(run: &Run<'_>, out: &mut impl Write) -> io::Result<()> {
    let outcome = run.outcome;
    let document = Document {
        version: FORMAT_VERSION,
        tool: Tool {
            name: "humdrum",
            version: env!("CARGO_PKG_VERSION"),
        },
        postgres: outcome.postgres,
        summary: outcome.counts,
        findings: sorted(outcome).into_iter().map(finding).collect(),
        problems: problems(&outcome.problems),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

pub fn problems(problems: &[Problem]) -> Vec<JsonProblem<'_>> {
    problems
        .iter()
        .map(|problem| JsonProblem {
            path: slashed(&problem.path),
            message: &problem.message,
        })
        .collect()
}

fn finding(reported: &Reported) -> JsonFinding<'_> {
    let finding = &reported.finding;
    JsonFinding {
        rule: &reported.rule,
        category: reported.category,
        severity: reported.severity,
        message: &finding.message,
        help: finding.help.as_deref(),
        docs: format!("humdrum explain {}", reported.rule),
        path: slashed(reported.source.path()),
        migration: &reported.migration,
        range: Places::of(&reported.source, &finding.span),
        relations: &finding.relations,
        fingerprint: &reported.fingerprint,
        fix: finding.fix.as_ref().map(JsonFix::of),
        recipe: finding.recipe.as_ref(),
    }
}
