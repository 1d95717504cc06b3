//! What a git revision has of the migrations: everything else is new, or was edited.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::git::Repository;
use super::layouts::{Directory, File, Layout, Unit};
use super::{Direction, decode};
use crate::source::Source;

/// The `.sql` files of a revision. Paths are canonical.
#[derive(Debug)]
pub struct Released {
    repository: Option<Repository>,
    files: BTreeMap<PathBuf, Blob>,
    /// The same at the commit where the work that is checked out parted from the revision; empty where
    /// that is the revision itself, or not known.
    parting: BTreeMap<PathBuf, Blob>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Blob {
    Text(String),
    Object(String),
}

impl Released {
    /// Reads a revision of the repository around a path.
    ///
    /// # Errors
    /// git is not there, or knows no such revision: a sentence for the user.
    pub fn from_git(revision: &str, path: &Path) -> Result<Self, String> {
        let repository = Repository::around(path)?;
        let commit = repository.commit(revision)?;
        let blobs = |commit: &str| -> Result<BTreeMap<PathBuf, Blob>, String> {
            let files = repository.sql_files(commit)?.into_iter();
            Ok(files
                .map(|(path, object)| (path, Blob::Object(object)))
                .collect())
        };
        let files = blobs(&commit)?;
        let parting = match repository.parting(&commit).filter(|it| *it != commit) {
            Some(parting) => blobs(&parting)?,
            None => BTreeMap::new(),
        };
        Ok(Released {
            repository: Some(repository),
            files,
            parting,
        })
    }

    /// A revision that holds these files, by canonical path.
    pub fn of(files: BTreeMap<PathBuf, String>) -> Self {
        let files = files
            .into_iter()
            .map(|(path, text)| (path, Blob::Text(text)));
        Released {
            repository: None,
            files: files.collect(),
            parting: BTreeMap::new(),
        }
    }

    /// The migrations that the revision has of a chain. `belongs` says whether a file is the chain's.
    ///
    /// # Errors
    /// What git says.
    pub fn chain(
        &self,
        directory: &Directory,
        layout: &dyn Layout,
        belongs: impl Fn(&Path) -> bool,
    ) -> Result<Known, String> {
        let below = |files: &BTreeMap<PathBuf, Blob>| -> Vec<(PathBuf, Blob)> {
            let inside = files
                .range(directory.path.to_path_buf()..)
                .take_while(|(path, _)| path.starts_with(directory.path));
            inside
                .filter(|(path, _)| belongs(path))
                .map(|(path, blob)| (path.clone(), blob.clone()))
                .collect()
        };
        Ok(Known {
            now: self.side(directory, layout, below(&self.files))?,
            then: self.side(directory, layout, below(&self.parting))?,
        })
    }

    fn side(
        &self,
        directory: &Directory,
        layout: &dyn Layout,
        files: Vec<(PathBuf, Blob)>,
    ) -> Result<Vec<ReleasedUnit>, String> {
        let texts = self.texts(&files)?;
        let mut known = Vec::new();
        for ((path, _), text) in files.iter().zip(texts) {
            let relative = path.strip_prefix(directory.path).unwrap_or(path);
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            known.push(File {
                relative: parts.join("/"),
                source: Arc::new(Source::new(path.clone(), text)),
            });
        }
        let directory = Directory {
            path: directory.path,
            files: known,
            tree: directory.tree,
            plain_transaction: directory.plain_transaction,
        };
        let arrangement = layout.arrange(&directory);
        let units = arrangement.units.into_iter();
        Ok(units
            .map(|unit| ReleasedUnit::of(unit, &directory, layout))
            .collect())
    }

    /// A file that is no text was no migration that could be compared.
    fn texts(&self, files: &[(PathBuf, Blob)]) -> Result<Vec<String>, String> {
        let objects: Vec<&str> = files
            .iter()
            .filter_map(|(_, blob)| match blob {
                Blob::Object(object) => Some(object.as_str()),
                Blob::Text(_) => None,
            })
            .collect();
        let mut contents = match &self.repository {
            Some(repository) if !objects.is_empty() => repository.contents(&objects)?,
            Some(_) | None => Vec::new(),
        }
        .into_iter();
        let text = |(_, blob): &(PathBuf, Blob)| match blob {
            Blob::Text(text) => text.clone(),
            Blob::Object(_) => {
                let bytes = contents.next().unwrap_or_default();
                decode(bytes).unwrap_or_default()
            }
        };
        Ok(files.iter().map(text).collect())
    }
}

/// The released migrations of one chain.
#[derive(Debug, Default)]
pub struct Known {
    now: Vec<ReleasedUnit>,
    then: Vec<ReleasedUnit>,
}

/// A migration in one direction, as a revision has it.
#[derive(Debug)]
pub struct ReleasedUnit {
    pub relative: String,
    pub key: String,
    pub version: String,
    pub direction: Direction,
    pub identity: Option<String>,
    text: String,
}

impl ReleasedUnit {
    fn of(unit: Unit, directory: &Directory, layout: &dyn Layout) -> Self {
        let file = &directory.files[unit.file];
        ReleasedUnit {
            relative: file.relative.clone(),
            text: text_of(&unit, file.source.text()),
            identity: layout.identity(&unit),
            key: unit.key,
            version: unit.version,
            direction: unit.direction,
        }
    }
}

/// What the tool sends of a migration.
fn text_of(unit: &Unit, file: &str) -> String {
    let mut text = String::new();
    for script in &unit.scripts {
        match &script.text {
            Some(rewritten) => text.push_str(rewritten),
            None => text.push_str(&file[script.range.clone()]),
        }
        text.push('\n');
    }
    text
}

/// What a revision knows of a migration.
#[derive(Debug, PartialEq, Eq)]
pub enum Match {
    New,
    Same,
    /// The text that the revision has.
    Other(String),
}

impl Known {
    /// `present`: whether a file of that path from the migration directory is there now.
    pub fn of(
        &self,
        unit: &Unit,
        relative: &str,
        file: &str,
        present: impl Fn(&str) -> bool,
    ) -> Match {
        let text = text_of(unit, file);
        let is = |it: &&ReleasedUnit| it.version == unit.version && it.direction == unit.direction;
        let here = |units: &'_ [ReleasedUnit]| {
            units
                .iter()
                .any(|it| it.relative == relative && it.text == text)
        };
        let mut named = self.now.iter().filter(is);
        if let Some(found) = named.clone().find(|it| it.relative == relative) {
            // What only the other side has changed was not edited here.
            return if found.text == text || here(&self.then) {
                Match::Same
            } else {
                Match::Other(found.text.clone())
            };
        }
        // Renamed: the file was there when the work parted from the revision, or is the same.
        let known_then =
            |it: &ReleasedUnit| self.then.iter().any(|then| then.relative == it.relative);
        let renamed =
            named.find(|it| !present(&it.relative) && (it.text == text || known_then(it)));
        match renamed {
            Some(found) if found.text == text => Match::Same,
            Some(found) => Match::Other(found.text.clone()),
            None => Match::New,
        }
    }

    /// The up migrations that the revision has and the work tree has not.
    pub fn absent(&self, present: impl Fn(&str) -> bool) -> impl Iterator<Item = &ReleasedUnit> {
        let up = self.now.iter().filter(|it| it.direction == Direction::Up);
        up.filter(move |it| !present(&it.relative))
    }
}
