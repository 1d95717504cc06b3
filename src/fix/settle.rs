//! Round after round of fixes until none is left: one fix may make room for another.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Applicability, combine};
use crate::lint::Outcome;

/// Texts that stand in for what files hold, or for files that are not there, by path.
pub type Texts = BTreeMap<PathBuf, String>;

/// Rounds after which fixes that still bring up others are given up.
pub const MOST_ROUNDS: usize = 20;

/// A run whose fixes were applied.
#[derive(Debug, Default)]
pub struct Settled {
    /// The files that change.
    pub texts: Texts,
    /// What is found in the new texts.
    pub outcome: Outcome,
    /// What was done, in the order in which it was.
    pub fixed: Vec<Fixed>,
    /// Fixes are left that would have gone on for ever, or would have broken a file.
    pub given_up: bool,
}

/// A finding that was fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    pub rule: String,
    pub path: PathBuf,
    /// The line where it was when its round began.
    pub line: usize,
    pub title: String,
}

/// Lints, applies the fixes that are allowed, and lints again, until nothing is left to fix. `lint` is given the texts
/// that have changed so far.
///
/// # Errors
/// What `lint` answers.
pub fn settle<E>(
    allowed: Applicability,
    mut lint: impl FnMut(&Texts) -> Result<Outcome, E>,
) -> Result<Settled, E> {
    let rules = crate::rules::all();
    let rank = |rule: &str| {
        let at = rules.iter().position(|it| it.id() == rule);
        at.unwrap_or(rules.len())
    };
    let mut settled = Settled::default();
    settled.outcome = lint(&settled.texts)?;
    for _ in 0..MOST_ROUNDS {
        let combined = combine(&settled.outcome.findings, allowed, rank);
        if combined.applied.is_empty() {
            return Ok(settled);
        }
        let mut texts = settled.texts.clone();
        texts.extend(combined.texts);
        let outcome = lint(&texts)?;
        if broken(&outcome) > broken(&settled.outcome) {
            break;
        }
        for at in combined.applied {
            let found = &settled.outcome.findings[at];
            if let Some(fix) = &found.finding.fix {
                settled.fixed.push(Fixed {
                    rule: found.rule.clone(),
                    path: found.source.path().to_path_buf(),
                    line: found.source.position(found.finding.span.start).line,
                    title: fix.title.clone(),
                });
            }
        }
        settled.texts = texts;
        settled.outcome = outcome;
    }
    settled.given_up = true;
    Ok(settled)
}

/// What no fix may bring about.
fn broken(outcome: &Outcome) -> usize {
    let unreadable = outcome.findings.iter();
    let unreadable = unreadable.filter(|it| it.rule == "syntax-error").count();
    unreadable + outcome.problems.len()
}
