//! Which configuration is in force for which paths: the nearest above each file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};

use humdrum::config::{Config, FILE_NAME, Known, Overrides, settings, settings_by_path};
use humdrum::lint::{LintConfig, Options};
use humdrum::project::{self, Exclude, Problem, Project, Released, Role, TransactionMode};
use humdrum::source::Source;

use super::failure::Failure;
use super::options::Common;
use super::settings as file;

/// Paths that one configuration is in force for.
pub struct Group {
    pub config: Config,
    pub paths: Vec<PathBuf>,
    /// Directories below the paths that have a configuration of their own.
    inner: Vec<PathBuf>,
}

/// The groups of the paths, in the order in which their configurations are met.
///
/// # Errors
/// A configuration cannot be read or is wrong.
pub fn of(common: &Common, paths: Vec<PathBuf>, known: &Known<'_>) -> Result<Vec<Group>, Failure> {
    if let Some(given) = &common.config {
        return Ok(vec![Group {
            config: file::read(given, known)?,
            paths,
            inner: Vec::new(),
        }]);
    }
    let mut groups: Vec<(Option<PathBuf>, Group)> = Vec::new();
    for path in paths {
        for (config, path, inner) in parts(path) {
            let at = match groups.iter().position(|(known, _)| *known == config) {
                Some(at) => at,
                None => {
                    let read = config.as_deref().map(|config| file::read(config, known));
                    let group = Group {
                        config: read.transpose()?.unwrap_or_default(),
                        paths: Vec::new(),
                        inner: Vec::new(),
                    };
                    groups.push((config, group));
                    groups.len() - 1
                }
            };
            groups[at].1.paths.push(path);
            groups[at].1.inner.extend(inner);
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// A configuration file, a path that it is in force for, and the directories below that it is not.
type Part = (Option<PathBuf>, PathBuf, Vec<PathBuf>);

/// The parts of one path: itself, and each directory below with a configuration of its own.
fn parts(path: PathBuf) -> Vec<Part> {
    if !path.is_dir() {
        let directory = path.parent().unwrap_or(Path::new(""));
        return vec![(file::find(directory), path, Vec::new())];
    }
    let own = file::find(&path);
    let inner = configured_below(&path);
    let mut parts = Vec::new();
    if inner.is_empty() || has_sql_outside(&path, &inner) {
        parts.push((own, path, inner.clone()));
    }
    for directory in &inner {
        let deeper = inner
            .iter()
            .filter(|it| *it != directory && it.starts_with(directory));
        let config = file::find(directory);
        parts.push((config, directory.clone(), deeper.cloned().collect()));
    }
    parts
}

/// Directories below this one that hold a configuration.
fn configured_below(path: &Path) -> Vec<PathBuf> {
    let entries = walk(path).filter(|entry| entry.depth() > 1 && entry.file_name() == FILE_NAME);
    entries
        .filter_map(|entry| entry.path().parent().map(Path::to_path_buf))
        .collect()
}

fn has_sql_outside(path: &Path, inner: &[PathBuf]) -> bool {
    walk(path).any(|entry| {
        let is_sql = entry
            .path()
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("sql"));
        is_sql && !inner.iter().any(|it| entry.path().starts_with(it))
    })
}

/// The files and directories that the project looks at. What cannot be listed is reported when the
/// project is loaded.
pub fn walk(path: &Path) -> impl Iterator<Item = DirEntry> {
    WalkDir::new(path)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !left_out(entry))
        .filter_map(Result::ok)
}

fn left_out(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let generated = name == "node_modules" || name == "target";
    name.as_encoded_bytes().starts_with(b".") || (generated && entry.file_type().is_dir())
}

impl Group {
    /// Finds and reads the group's migrations.
    ///
    /// # Errors
    /// An exclude pattern is wrong.
    pub fn load(&self, common: &Common, since: Option<&str>) -> Result<Project, Failure> {
        let options = self.options(common, None, since)?;
        Ok(project::load(&self.paths, &options))
    }

    /// How the group's migrations are found and read.
    ///
    /// # Errors
    /// An exclude pattern is wrong.
    pub fn options<'a>(
        &'a self,
        common: &'a Common,
        stdin: Option<(PathBuf, String)>,
        since: Option<&str>,
    ) -> Result<project::Options<'a>, Failure> {
        let here = PathBuf::from(".");
        let path = self.paths.first().unwrap_or(&here);
        let since = since.map(|revision| Released::from_git(revision, path));
        let since = since
            .transpose()
            .map_err(|message| Failure::new(format!("--since: {message}")))?;
        let layout = common.layout.as_ref().or(self.config.layout.as_ref());
        Ok(project::Options {
            layout: layout.map(String::as_str),
            layouts: self
                .config
                .layouts
                .iter()
                .map(|(directory, name)| (self.config.base.join(directory), name.clone()))
                .collect(),
            no_history: common.no_history,
            exclude: self.exclude()?,
            since,
            plain_transaction: self
                .config
                .runner
                .transaction
                .unwrap_or(TransactionMode::None),
            unsaved: stdin.into_iter().collect(),
        })
    }

    /// What is neither checked nor history.
    ///
    /// # Errors
    /// An exclude pattern is wrong.
    pub fn exclude(&self) -> Result<Exclude, Failure> {
        let exclude =
            Exclude::new(&self.config.base, &self.config.exclude).map_err(Failure::new)?;
        Ok(exclude.and_directories(self.inner.iter().cloned()))
    }

    /// What the engine is told of the configuration and the command line.
    ///
    /// # Errors
    /// The schema file cannot be read.
    pub fn lint_config(
        &self,
        common: &Common,
        known: &Known<'_>,
        overrides: &Overrides,
        one_release: bool,
    ) -> Result<LintConfig, Failure> {
        let schema = common.schema.as_ref().or(self.config.schema.as_ref());
        Ok(LintConfig {
            version: common
                .pg_version
                .or(self.config.pg_version)
                .unwrap_or_default(),
            rules: settings(known.rules, &self.config, overrides),
            by_path: settings_by_path(known.rules, &self.config, overrides)
                .map_err(Failure::new)?,
            options: Options {
                blocking_budget: self.config.blocking_budget,
                lock_timeout_limit: self.config.lock_timeout_limit,
                statement_timeout_limit: self.config.statement_timeout_limit,
                small_tables: self.config.small_tables.clone(),
                recipes: true,
            },
            runner: self.config.runner.timeouts(),
            placeholders: self.config.placeholders.clone(),
            schema: schema.map(|path| read_schema(path)).transpose()?,
            partial_history: common.no_history,
            one_release,
        })
    }
}

fn read_schema(path: &Path) -> Result<Arc<Source>, Failure> {
    let text = project::read(path).map_err(|message| Failure::path(path, &message))?;
    Ok(Arc::new(Source::new(path, text)))
}

/// What became of a project's files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files {
    /// With migrations under check.
    pub checked: usize,
    /// Those and the history's.
    pub read: usize,
    /// No migrations, or excluded.
    pub left_out: usize,
}

impl Group {
    pub fn count_files(&self, project: &Project) -> Files {
        let mut read = HashSet::new();
        let mut checked = HashSet::new();
        for migration in project.chains.iter().flat_map(|chain| &chain.migrations) {
            read.insert(migration.source.path());
            if migration.role == Role::Checked {
                checked.insert(migration.source.path());
            }
        }
        Files {
            checked: checked.len(),
            read: read.len(),
            left_out: self.left_out(project).count(),
        }
    }

    /// Why files that were named are not checked (of those in a directory it is no news), and what was
    /// assumed of directories whose migration tool is not known.
    pub fn notes(&self, project: &Project) -> Vec<String> {
        let left_out = self
            .left_out(project)
            .filter(|skipped| self.paths.contains(&skipped.path))
            .map(|it| format!("{} is left out: {}", it.path.display(), it.message));
        let notes = left_out.chain(self.assumption(project));
        notes.chain(ambiguity(project)).collect()
    }

    fn assumption(&self, project: &Project) -> Option<String> {
        if self.config.runner.transaction.is_some() {
            return None;
        }
        let (first, others) = project.assumed.split_first()?;
        let others = and_others(others.len());
        Some(format!(
            "no migration tool is recognised in {}{others}: read as plain SQL files in the order of their names, each statement \
             in a transaction of its own; `layout` or `[runner] transaction` in humdrum.toml says otherwise",
            first.display()
        ))
    }

    /// Without what other groups check.
    fn left_out<'a>(&'a self, project: &'a Project) -> impl Iterator<Item = &'a Problem> {
        let inner: Vec<PathBuf> = self
            .inner
            .iter()
            .filter_map(|it| it.canonicalize().ok())
            .collect();
        project.skipped.iter().filter(move |skipped| {
            let below = |inner: &PathBuf| {
                let path = skipped.path.canonicalize();
                path.is_ok_and(|path| path.starts_with(inner))
            };
            !inner.iter().any(below)
        })
    }
}

/// What was assumed of files that look the same with several tools.
fn ambiguity(project: &Project) -> Option<String> {
    let ((first, taken, other), others) = project.ambiguous.split_first()?;
    Some(format!(
        "{}{} may be {other}'s as well, or another tool's that runs each file in a transaction, nothing there tells: read as {taken}'s, each file one message without a transaction around it; \
         `layout` in humdrum.toml says otherwise",
        first.display(),
        and_others(others.len())
    ))
}

fn and_others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => " and one other directory".to_owned(),
        many => format!(" and {many} other directories"),
    }
}
