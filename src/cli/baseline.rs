//! `--baseline` and `--write-baseline`: the file of known findings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use humdrum::lint::Outcome;
use humdrum::lint::baseline::{Baseline, slashed};
use humdrum::project::{self, Project, Role};

use super::failure::Failure;

/// Where `--write-baseline` writes when no other file is named.
pub const FILE_NAME: &str = "humdrum-baseline.json";

/// Takes what the file lists out of the outcome. Answers with a note on entries that nothing is found for any
/// more.
///
/// # Errors
/// The file cannot be read or is no baseline.
pub fn apply(
    file: &Path,
    project: &Project,
    outcome: &mut Outcome,
) -> Result<Option<String>, Failure> {
    let text = project::read(file).map_err(|message| Failure::path(file, &message))?;
    let baseline = Baseline::parse(&text).map_err(|message| Failure::path(file, &message))?;
    let migrations = project.chains.iter().flat_map(|chain| &chain.migrations);
    let checked: BTreeSet<String> = migrations
        .filter(|migration| migration.role == Role::Checked)
        .map(|migration| slashed(migration.source.path()))
        .collect();
    let applied = baseline.apply(outcome, |path| checked.contains(path));
    outcome.counts.known = applied.known;
    let Some(first) = applied.stale.first() else {
        return Ok(None);
    };
    let others = match applied.stale.len() {
        1 => String::new(),
        many => format!(" and {} more", many - 1),
    };
    Ok(Some(format!(
        "{} lists what is no longer found: {} in {}{others}; write it again with --write-baseline",
        file.display(),
        first.rule,
        first.path
    )))
}

/// Writes the files, and says what they hold.
///
/// # Errors
/// A file cannot be written.
pub fn write(files: &BTreeMap<PathBuf, Vec<Baseline>>) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    for (file, parts) in files {
        let baseline = Baseline::together(parts);
        std::fs::write(file, baseline.text())
            .map_err(|error| Failure::path(file, &format!("cannot be written: {error}")))?;
        let findings = humdrum::report::count(baseline.len(), "finding");
        notes.push(format!("{findings} written to {}", file.display()));
    }
    Ok(notes)
}
