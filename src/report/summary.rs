//! The last line of a report for people.

use super::Run;
use crate::fix::{Applicability, Fix};

/// `3 migrations, 12 statements checked for PostgreSQL 17 (of 40 files read): 1 error, 2 warnings`
pub fn summary(run: &Run<'_>) -> String {
    let counts = &run.outcome.counts;
    let mut line = format!(
        "{}, {} checked for PostgreSQL {}",
        count(counts.migrations, "migration"),
        count(counts.statements, "statement"),
        listed(run.versions.iter().map(ToString::to_string).collect()),
    );
    if run.files_read > run.files_checked {
        line.push_str(&format!(" (of {} read)", count(run.files_read, "file")));
    }
    line.push_str(": ");
    let found: Vec<String> = [
        (counts.errors, "error"),
        (counts.warnings, "warning"),
        (counts.notes, "note"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, noun)| count(number, noun))
    .collect();
    if found.is_empty() {
        line.push_str("no findings");
    } else {
        line.push_str(&found.join(", "));
    }
    if run.fixed > 0 {
        line.push_str(&format!("; {} fixed", run.fixed));
    }
    line.push_str(&fixable(run));
    if counts.ignored > 0 {
        line.push_str(&format!("; {} ignored", counts.ignored));
    }
    if counts.known > 0 {
        line.push_str(&format!("; {} in the baseline", counts.known));
    }
    if run.files_left_out > 0 {
        let left_out = count(run.files_left_out, "file");
        line.push_str(&format!("; {left_out} left out"));
    }
    let problems = run.outcome.problems.len();
    if problems > 0 {
        line.push_str(&format!(
            "; {} could not be checked",
            count(problems, "path")
        ));
    }
    line
}

/// `; 2 fixable with --fix, 1 more with --unsafe-fixes`
fn fixable(run: &Run<'_>) -> String {
    let with = |wanted: Applicability| {
        let fixes = run.outcome.findings.iter();
        let fixes = fixes.filter_map(|it| it.finding.fix.as_ref());
        fixes.filter(|fix| fix.applicability == wanted).count()
    };
    match (with(Applicability::Safe), with(Applicability::Unsafe)) {
        (0, 0) => String::new(),
        (safe, 0) => format!("; {safe} fixable with --fix"),
        (0, other) => format!("; {other} fixable with --unsafe-fixes"),
        (safe, other) => {
            format!("; {safe} fixable with --fix, {other} more with --unsafe-fixes")
        }
    }
}

/// The option that applies a fix.
pub fn option(fix: &Fix) -> &'static str {
    match fix.applicability {
        Applicability::Safe => "--fix",
        Applicability::Unsafe => "--unsafe-fixes",
    }
}

/// `1 migration`, `2 migrations`
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// `a`, `a and b`, `a, b and c`
pub fn listed(mut items: Vec<String>) -> String {
    let Some(last) = items.pop() else {
        return String::new();
    };
    if items.is_empty() {
        return last;
    }
    format!("{} and {last}", items.join(", "))
}
