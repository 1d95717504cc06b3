//! Without a path: the migration directories below the current one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use humdrum::config::Known;
use humdrum::project::{self, layouts};

use super::failure::Failure;
use super::groups::{self, walk};
use super::options::Common;

/// Directories of these names hold migrations, if they hold SQL.
const NAMES: [&str; 4] = ["migrations", "migration", "migrate", "migrators"];

/// The directories to check when none is named.
///
/// # Errors
/// There is none, or a configuration is wrong.
pub fn directories(common: &Common, known: &Known<'_>) -> Result<Vec<PathBuf>, Failure> {
    let here = Path::new(".");
    let mut found = named(here);
    let numbered = found.is_empty();
    let inside = |directory: &PathBuf| {
        let below = |it: &PathBuf| it == Path::new(".") || directory.starts_with(it);
        found.iter().any(below)
    };
    let others: Vec<PathBuf> = recognised(here, numbered)
        .into_iter()
        .filter(|directory| !inside(directory))
        .collect();
    found.extend(others);
    let mut directories = Vec::new();
    for directory in found {
        if has_files(common, known, &directory)? {
            directories.push(directory);
        }
    }
    if directories.is_empty() {
        let below = std::env::current_dir().unwrap_or_default();
        return Err(Failure::new(format!(
            "no migration directory found below {}; name one, as in `humdrum check path/to/migrations`",
            below.display()
        )));
    }
    Ok(directories)
}

/// The topmost directories with a conventional name, the current one included.
fn named(here: &Path) -> Vec<PathBuf> {
    let is_named = |path: &Path| {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().to_lowercase());
        name.is_some_and(|name| NAMES.contains(&name.as_str()))
    };
    if here.canonicalize().is_ok_and(|here| is_named(&here)) {
        return vec![here.to_path_buf()];
    }
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in walk(here) {
        let inside = found
            .last()
            .is_some_and(|last| entry.path().starts_with(last));
        if entry.file_type().is_dir() && !inside && is_named(entry.path()) {
            found.push(tidy(entry.path()));
        }
    }
    found
}

/// The directories of the chains in which a migration tool's own markers or names are seen, and, if
/// asked for, those whose files are numbered.
fn recognised(here: &Path, numbered: bool) -> Vec<PathBuf> {
    let project = project::load(&[here.to_path_buf()], &project::Options::default());
    let chains = project.chains.iter().filter(|chain| {
        chain.layout != layouts::PLAIN
            || numbered
                && chain
                    .migrations
                    .iter()
                    .all(|it| it.version.starts_with(|c: char| c.is_ascii_digit()))
    });
    let found: BTreeSet<PathBuf> = chains.map(|chain| chain.directory.clone()).collect();
    found.into_iter().collect()
}

/// Whether a directory holds SQL that the configuration does not exclude.
fn has_files(common: &Common, known: &Known<'_>, directory: &Path) -> Result<bool, Failure> {
    let groups = groups::of(common, vec![directory.to_path_buf()], known)?;
    for group in groups {
        let exclude = group.exclude()?;
        let mut files = group.paths.iter().flat_map(|path| walk(path));
        let is_sql = |path: &Path| {
            path.extension()
                .is_some_and(|it| it.eq_ignore_ascii_case("sql"))
        };
        if files.any(|file| is_sql(file.path()) && !exclude.matches(file.path())) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn tidy(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_path_buf()
}
