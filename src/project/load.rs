//! From paths to chains: which files were named, which directories they belong to, reading them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::layouts::{self, Directory, File, Place};
use super::tree::{Tree, above, tidy};
use super::{Chain, Exclude, Problem, Project, Released, Role, TransactionMode, include, roles};
use crate::source::Source;

/// How to look for migrations.
#[derive(Debug)]
pub struct Options<'a> {
    /// The layout of every chain (`--layout`); without it each chain's is found from its files.
    pub layout: Option<&'a str>,
    /// The layouts of the chains below directories: the deepest one that fits counts.
    pub layouts: Vec<(PathBuf, String)>,
    /// Only the migrations that were named, without those that come before them.
    pub no_history: bool,
    /// Files that are neither checked nor history.
    pub exclude: Exclude,
    /// Migrations that this has are history.
    pub since: Option<Released>,
    /// What SQL is run in where no tool's conventions say so.
    pub plain_transaction: TransactionMode,
    /// Files as an editor has them or as fixes leave them, not saved yet: each replaces the file of that path, or is
    /// added to its directory.
    pub unsaved: BTreeMap<PathBuf, String>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            layout: None,
            layouts: Vec::new(),
            no_history: false,
            exclude: Exclude::default(),
            since: None,
            plain_transaction: TransactionMode::None,
            unsaved: BTreeMap::new(),
        }
    }
}

/// Finds the migrations under the paths (files or directories), groups them into chains and reads
/// them. Never fails: what cannot be used is in [`Project::problems`], what is no migration in
/// [`Project::skipped`].
pub fn load(paths: &[PathBuf], options: &Options) -> Project {
    let mut loader = Loader {
        tree: Tree::new(&options.unsaved),
        options,
        project: Project::default(),
        groups: BTreeMap::new(),
        used: HashSet::new(),
    };
    loader.check_layout_name();
    let named: Vec<Vec<PathBuf>> = paths.iter().map(|path| loader.name(&tidy(path))).collect();
    loader.add_siblings();
    loader.read_and_arrange();
    for (path, files) in paths.iter().zip(named) {
        loader.complain_of_nothing(path, &files);
    }
    loader.finish()
}

struct Loader<'a> {
    tree: Tree,
    options: &'a Options<'a>,
    project: Project,
    /// By the canonical path of the migration directory.
    groups: BTreeMap<PathBuf, Group>,
    /// Canonical paths of the files that became migrations or problems.
    used: HashSet<PathBuf>,
}

/// The files of one migration directory.
struct Group {
    /// As the user would write it.
    shown: PathBuf,
    /// By canonical path.
    members: BTreeMap<PathBuf, Member>,
}

struct Member {
    shown: PathBuf,
    named: bool,
}

impl Group {
    /// The directories of the members so far, canonical and as the user wrote them.
    fn shown_parents(&self) -> BTreeMap<PathBuf, PathBuf> {
        let of_member = |(file, member): (&PathBuf, &Member)| {
            let shown = member.shown.parent()?;
            Some((file.parent()?.to_path_buf(), shown.to_path_buf()))
        };
        self.members.iter().filter_map(of_member).collect()
    }
}

impl Loader<'_> {
    fn check_layout_name(&mut self) {
        let below = self.options.layouts.iter().map(|(_, name)| name.as_str());
        for name in self.options.layout.into_iter().chain(below) {
            if layouts::find(name).is_none() {
                let known: Vec<&str> = layouts::names().collect();
                let message = format!("unknown layout `{name}`; known are {}", known.join(", "));
                self.problem(Path::new(""), &message);
            }
        }
    }

    /// The layout that the user gave a migration directory.
    fn told(&self, directory: &Path) -> Option<&'static dyn layouts::Layout> {
        if let Some(name) = self.options.layout {
            return layouts::find(name);
        }
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let fits = self
            .options
            .layouts
            .iter()
            .map(|(path, name)| (real(path), name));
        let deepest = fits
            .filter(|(path, _)| directory.starts_with(path))
            .max_by_key(|(path, _)| path.components().count());
        deepest.and_then(|(_, name)| layouts::find(name))
    }

    /// Takes one path of the command line. Returns the canonical paths of the files it names.
    fn name(&mut self, path: &Path) -> Vec<PathBuf> {
        let unsaved = self.tree.unsaved(&self.tree.locate(path)).is_some();
        let shown = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        if !unsaved && !shown.exists() && !shown.is_symlink() {
            self.problem(shown, "no such file or directory");
            return Vec::new();
        }
        if unsaved || !shown.is_dir() {
            if !unsaved && !may_be_sql(shown) {
                self.skip(shown, NOT_SQL);
                return Vec::new();
            }
            let file = self.tree.locate(shown);
            self.add_named(&file, shown);
            return vec![file];
        }
        let (files, problems) = self.tree.walk(path);
        self.project.problems.extend(problems);
        let mut named = Vec::new();
        for shown in files {
            let file = self.tree.locate(&shown);
            self.add_named(&file, &shown);
            named.push(file);
        }
        named
    }

    fn add_named(&mut self, file: &Path, shown: &Path) {
        if self.excluded(file, shown) {
            self.skip(shown, "excluded by the configuration");
            return;
        }
        match place(file, &self.tree) {
            Place::NotAMigration(reason) => self.skip(shown, reason),
            Place::Chain(directory) => {
                let levels = below(file, &directory).len();
                let group = self
                    .groups
                    .entry(directory)
                    .or_insert_with_key(|directory| Group {
                        shown: shown_directory(directory, shown, levels),
                        members: BTreeMap::new(),
                    });
                let member = Member {
                    shown: shown.to_path_buf(),
                    named: true,
                };
                group.members.entry(file.to_path_buf()).or_insert(member);
            }
        }
    }

    /// Adds the files of each migration directory that were not named.
    fn add_siblings(&mut self) {
        let mut groups = std::mem::take(&mut self.groups);
        for (directory, group) in &mut groups {
            let mut directories = vec![directory.clone()];
            for layout in layouts::ALL {
                directories.extend(layout.subdirectories(directory, &self.tree));
            }
            let beside = group.shown_parents();
            for file in directories.iter().flat_map(|it| self.tree.sql_files(it)) {
                if group.members.contains_key(&file) {
                    continue;
                }
                let known = file.parent().and_then(|parent| beside.get(parent));
                let shown = match (known, file.file_name()) {
                    (Some(parent), Some(name)) => parent.join(name),
                    _ => group.shown.join(below(&file, directory).join("/")),
                };
                let ours = place(&file, &self.tree) == Place::Chain(directory.clone());
                if ours && !self.excluded(&file, &shown) {
                    let member = Member {
                        shown,
                        named: false,
                    };
                    group.members.entry(file).or_insert(member);
                }
            }
        }
        self.groups = groups;
    }

    fn read_and_arrange(&mut self) {
        let groups = std::mem::take(&mut self.groups);
        let files: Vec<&Path> = groups
            .values()
            .flat_map(|group| group.members.keys().map(PathBuf::as_path))
            .collect();
        // What lies on disk is read in parallel.
        let unsaved: BTreeSet<&Path> = files
            .iter()
            .copied()
            .filter(|file| self.tree.unsaved(file).is_some())
            .collect();
        let mut texts: HashMap<PathBuf, Result<String, String>> = files
            .par_iter()
            .filter(|file| !unsaved.contains(**file))
            .map(|file| (file.to_path_buf(), super::read::read(file)))
            .collect();
        for file in unsaved {
            let text = self.tree.read(file);
            texts.insert(file.to_path_buf(), text);
        }
        for (directory, group) in groups {
            self.arrange(&directory, group, &mut texts);
        }
    }

    fn arrange(
        &mut self,
        path: &Path,
        group: Group,
        texts: &mut HashMap<PathBuf, Result<String, String>>,
    ) {
        let mut files = Vec::new();
        let mut paths = Vec::new();
        let mut named = Vec::new();
        for (file, member) in group.members {
            match texts.remove(&file) {
                Some(Ok(text)) => {
                    files.push(File {
                        relative: below(&file, path).join("/"),
                        source: Arc::new(Source::new(member.shown, text)),
                    });
                    paths.push(file);
                    named.push(member.named);
                }
                Some(Err(message)) => {
                    self.problem(&member.shown, &message);
                    self.used.insert(file);
                }
                None => {}
            }
        }
        let directory = Directory {
            path,
            files,
            tree: &self.tree,
            plain_transaction: self.options.plain_transaction,
        };
        let told = self.told(path);
        let layout = told.unwrap_or_else(|| layouts::detect(&directory));
        let arrangement = layout.arrange(&directory);
        let shown = |file: usize| directory.files[file].source.path();
        for (file, reason) in &arrangement.skipped {
            if named[*file] {
                self.project.skipped.push(remark(shown(*file), reason));
            }
        }
        for (file, reason) in &arrangement.refused {
            if named[*file] {
                self.project.problems.push(remark(shown(*file), reason));
            }
        }
        for unit in &arrangement.units {
            self.used.insert(paths[unit.file].clone());
        }
        let belongs = |file: &Path| {
            let excluded = self.options.exclude.matches(file);
            !excluded && place(file, &self.tree) == Place::Chain(path.to_path_buf())
        };
        let released = match &self.options.since {
            None => None,
            Some(since) => match since.chain(&directory, layout, belongs) {
                Ok(known) => Some(known),
                Err(message) => {
                    self.project.problems.push(remark(path, &message));
                    None
                }
            },
        };
        let wanted = roles::Wanted {
            named: &named,
            no_history: self.options.no_history,
            released: released.as_ref(),
        };
        let mut migrations = roles::migrations(arrangement.units, &directory, layout, &wanted);
        // Each with whether it may include others: a file of many migrations is looked through once.
        let places: HashMap<*const Source, (usize, bool)> = directory
            .files
            .iter()
            .enumerate()
            .map(|(at, file)| {
                let includes = include::may_include(file.source.text());
                (Arc::as_ptr(&file.source), (at, includes))
            })
            .collect();
        for migration in &mut migrations {
            let Some(&(place, includes)) = places.get(&Arc::as_ptr(&migration.source)) else {
                continue;
            };
            if migration.role == Role::Checked {
                migration.settings = settings(&directory, layout, place);
            }
            if includes {
                let (source, scripts) = (&migration.source, &migration.scripts);
                migration.includes = include::includes(&paths[place], source, scripts, &self.tree);
            }
        }
        if migrations.is_empty() {
            return;
        }
        let here = group.shown.as_os_str().is_empty();
        let shown = if here {
            PathBuf::from(".")
        } else {
            group.shown
        };
        if told.is_none() && layout.name() == layouts::PLAIN {
            self.project.assumed.push(shown.clone());
        }
        if let Some(other) = layout.may_be(&directory).filter(|_| told.is_none()) {
            let taken = layout.name();
            self.project.ambiguous.push((shown.clone(), taken, other));
        }
        self.project.chains.push(Chain {
            directory: shown,
            layout: layout.name(),
            tool: layout.tool_settings(&directory),
            migrations,
        });
    }

    /// A directory that was named must not pass in silence because nothing was found in it.
    fn complain_of_nothing(&mut self, path: &Path, files: &[PathBuf]) {
        if !path.is_dir() || files.iter().any(|file| self.used.contains(file)) {
            return;
        }
        let left_out = match files.len() {
            0 => String::new(),
            1 => " (the one .sql file there is left out)".to_string(),
            many => format!(" (all {many} .sql files there are left out)"),
        };
        let message = format!("no .sql migration found under {}{left_out}", path.display());
        self.problem(path, &message);
    }

    fn finish(mut self) -> Project {
        if self.project.chains.is_empty() && self.project.problems.is_empty() {
            let skipped = self.project.skipped.iter();
            let unusable = skipped.filter(|it| it.message == NOT_SQL).cloned();
            self.project.problems.extend(unusable);
        }
        let mut project = self.project;
        project.chains.sort_by(|a, b| {
            let (a, b) = (a.directory.to_string_lossy(), b.directory.to_string_lossy());
            super::order::compare(&a, &b)
        });
        project.assumed.sort();
        project.ambiguous.sort();
        for list in [&mut project.problems, &mut project.skipped] {
            list.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
            list.dedup();
        }
        project
    }

    fn excluded(&self, file: &Path, shown: &Path) -> bool {
        self.options.exclude.matches(file) || self.options.exclude.matches(shown)
    }

    fn problem(&mut self, path: &Path, message: &str) {
        self.project.problems.push(remark(path, message));
    }

    fn skip(&mut self, path: &Path, reason: &str) {
        self.project.skipped.push(remark(path, reason));
    }
}

/// The settings file of a migration's file.
fn settings(
    directory: &Directory,
    layout: &dyn layouts::Layout,
    file: usize,
) -> Option<Arc<Source>> {
    let file = &directory.files[file];
    let name = layout.settings_file(&file.relative)?;
    let relative = match file.relative.rsplit_once('/') {
        Some((parent, _)) => format!("{parent}/{name}"),
        None => name.clone(),
    };
    let text = match directory.has(&relative) {
        true => directory.beside(&relative)?,
        false => String::new(),
    };
    let path = file.source.path().with_file_name(name);
    Some(Arc::new(Source::new(path, text)))
}

fn remark(path: &Path, message: &str) -> Problem {
    Problem {
        path: path.to_path_buf(),
        message: message.to_string(),
    }
}

const NOT_SQL: &str = "not an SQL file by its name";

/// Whether a file that was named may hold SQL: a shell's `migrations/*` also names what lies beside
/// the migrations (`atlas.sum`, `README.md`).
fn may_be_sql(path: &Path) -> bool {
    let known = ["sql", "psql", "pgsql", "ddl"];
    path.extension()
        .is_none_or(|extension| known.iter().any(|it| extension.eq_ignore_ascii_case(it)))
}

fn place(file: &Path, tree: &Tree) -> Place {
    let found = layouts::ALL
        .iter()
        .find_map(|layout| layout.place(file, tree));
    found.unwrap_or_else(|| Place::Chain(file.parent().unwrap_or(Path::new("")).to_path_buf()))
}

/// The path of a file from a directory above it, in parts.
fn below(file: &Path, directory: &Path) -> Vec<String> {
    let path = file.strip_prefix(directory).unwrap_or(file);
    let parts = path.components();
    parts
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect()
}

/// The migration directory as the user would write it, from the path of a file `levels` below it.
fn shown_directory(directory: &Path, file: &Path, levels: usize) -> PathBuf {
    let shown = above(file, levels);
    let here = if shown.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &shown
    };
    // Through symbolic links the names above a file may lead elsewhere.
    match here.canonicalize() {
        Ok(real) if real == directory => shown,
        Ok(_) | Err(_) => directory.to_path_buf(),
    }
}
