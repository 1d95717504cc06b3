//! `check --fix`: which fixes are wanted, and how the fixed files are written.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use humdrum::fix::{Applicability, Fixed, Settled, Texts, patch};
use humdrum::lint::Outcome;
use humdrum::project::{self, Problem, Project};

/// What is to become of fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// They are only told of.
    Nothing,
    /// A patch on standard output.
    Diff(Applicability),
    /// The files are changed, or the text that came on standard input.
    Write(Applicability),
}

impl Wish {
    pub fn applicability(self) -> Option<Applicability> {
        match self {
            Wish::Nothing => None,
            Wish::Diff(allowed) | Wish::Write(allowed) => Some(allowed),
        }
    }
}

/// Takes the fixes away that cannot be written: those of files that must not be changed, and, for a text on standard
/// input, those that need another file too. Answers with the files that must not.
pub fn keep_possible(outcome: &mut Outcome, wish: Wish, unsaved: Option<&Path>) -> Vec<PathBuf> {
    let Some(allowed) = wish.applicability() else {
        return Vec::new();
    };
    let writes = matches!(wish, Wish::Write(_));
    let mut known: BTreeMap<PathBuf, bool> = BTreeMap::new();
    let mut locked = Vec::new();
    for found in &mut outcome.findings {
        let Some(fix) = &found.finding.fix else {
            continue;
        };
        if fix.applicability > allowed {
            continue;
        }
        for edit in &fix.edits {
            let path = edit.source.path();
            let entry = known.entry(path.to_path_buf());
            let possible = match unsaved {
                Some(unsaved) => path == unsaved,
                // A patch changes no file.
                None => !*entry.or_insert_with(|| writes && is_read_only(path)),
            };
            if !possible {
                locked.push(path.to_path_buf());
            }
        }
        if fix
            .edits
            .iter()
            .any(|edit| locked.iter().any(|it| it == edit.source.path()))
        {
            found.finding.fix = None;
        }
    }
    match unsaved {
        Some(_) => Vec::new(),
        None => locked,
    }
}

fn is_read_only(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly())
}

/// Writes the fixed files. What could not be written is a problem; the others are written all the same, but none before
/// the tool's own files, without which a migration would not run any more.
pub fn write(texts: &Texts, project: &Project) -> Vec<Problem> {
    let mut problems = Vec::new();
    let is_sql = |path: &Path| {
        project.chains.iter().any(|chain| {
            chain
                .migrations
                .iter()
                .any(|migration| migration.source.path() == path)
        })
    };
    let (migrations, settings): (Vec<_>, Vec<_>) = texts.iter().partition(|(path, _)| is_sql(path));
    for (path, text) in settings.into_iter().chain(migrations) {
        if let Err(error) = replace(path, text) {
            problems.push(Problem {
                path: path.clone(),
                message: format!("not fixed: {error}"),
            });
            if !is_sql(path) {
                break;
            }
        }
    }
    problems
}

/// Puts a text in the place of a file in one step, with the file's permissions. A symbolic link stays, and what it leads to
/// is changed.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let target = match path.canonicalize() {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
            return create(path, text);
        }
        Err(error) => return Err(error),
    };
    let permissions = fs::metadata(&target)?.permissions();
    let directory = target.parent().unwrap_or(Path::new("."));
    let mut file = Builder::new().prefix(".humdrum-").tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(())
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The texts as a patch of what the files hold.
pub fn diff(texts: &Texts, unsaved: Option<&(PathBuf, String)>) -> String {
    let one = |(path, text): (&PathBuf, &String)| {
        let before = match unsaved {
            Some((unsaved, before)) if unsaved == path => Some(before.clone()),
            Some(_) | None => project::read(path).ok(),
        };
        patch(path, before.as_deref(), text)
    };
    texts.iter().map(one).collect()
}

/// What was done, for standard error.
pub fn notes(settled: &Settled, project: &Project, done: bool) -> Vec<String> {
    let verb = if done { "fixed" } else { "would fix" };
    let line = |it: &Fixed| {
        let path = it.path.display();
        format!("{verb} {path}:{}: {} ({})", it.line, it.title, it.rule)
    };
    let mut notes: Vec<String> = settled.fixed.iter().map(line).collect();
    if settled.given_up {
        notes.push("some fixes brought up others again and again, or would have broken a file: they were left out".to_owned());
    }
    let summed = project.chains.iter().any(|chain| {
        let of_chain = |path: &PathBuf| {
            let mut migrations = chain.migrations.iter();
            migrations.any(|it| it.source.path() == path.as_path())
        };
        chain.layout == "atlas" && settled.texts.keys().any(of_chain)
    });
    if summed && done {
        notes.push("atlas.sum is out of date now: run `atlas migrate hash`".to_owned());
    }
    notes
}
