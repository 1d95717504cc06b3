//! The plain layout: SQL files in the order of their names, with the usual ways of naming a pair.
//!
//! | up | down |
//! | --- | --- |
//! | `<name>.sql` | `<name>.down.sql`, `<name>_down.sql`, `<name>_rollback.sql`, `<name>.rollback.sql` (also `undo`, `revert`) |
//! | `<name>.up.sql`, `<name>_up.sql` | the same |
//! | `<version>_<name>/up.sql`, `<version>_<name>/migration.sql` | `<version>_<name>/down.sql`, `.../rollback.sql` |
//! | `<name>.sql`, `up/<name>.sql` | `down/<name>.sql` (also `rollback`, `rollbacks`, `undo`, `revert`) |
//! | `deploy/<path>.sql` | `revert/<path>.sql`; `verify/<path>.sql` is no migration |
//!
//! Where the names differ but one up migration has the down migration's version, they are a pair.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

mod names;

use super::{Arrangement, Directory, Layout, Place, Unit, markers};
use crate::project::tree::Tree;
use crate::project::{Direction, Script, order};
use names::{DOWN_DIRECTORIES, DOWN_STEMS, UP_DIRECTORIES, UP_STEMS, names, one_of};

pub struct Plain;

impl Layout for Plain {
    fn name(&self) -> &'static str {
        super::PLAIN
    }

    fn place(&self, file: &Path, tree: &Tree) -> Option<Place> {
        let parent = file.parent()?;
        if let Some(place) = sqitch_place(file, tree) {
            return Some(place);
        }
        let above = parent.parent();
        let home = match above {
            Some(above) if belongs_above(parent, above, tree) => above,
            Some(_) | None => parent,
        };
        Some(Place::Chain(home.to_path_buf()))
    }

    fn subdirectories(&self, directory: &Path, tree: &Tree) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for name in &tree.list(directory).directories {
            let child = directory.join(name);
            if one_of(name, &["deploy", "revert"]) {
                below(&child, tree, &mut found, 0);
            }
            found.push(child);
        }
        found
    }

    fn recognises(&self, _directory: &Directory) -> bool {
        true
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut units = Vec::new();
        for (index, name) in names(&directory.files).into_iter().enumerate() {
            let last = name.key.rsplit('/').next().unwrap_or(&name.key);
            let version = match order::version(last) {
                Some(version) => version.to_string(),
                None if name.key.is_empty() => file_name(directory.path),
                None => name.key.clone(),
            };
            let text = directory.files[index].source.text();
            for (direction, ranges) in sections(text, name.direction) {
                let script = |range| Script::new(range, directory.plain_transaction);
                units.push(Unit {
                    file: index,
                    key: name.key.clone(),
                    version: version.clone(),
                    direction,
                    scripts: ranges.into_iter().map(script).collect(),
                });
            }
        }
        Arrangement {
            units,
            ..Arrangement::default()
        }
    }
}

type Sections = Vec<(Direction, Vec<std::ops::Range<usize>>)>;

/// The parts of a file by direction. A file whose name says that it is a down migration is one part.
fn sections(text: &str, direction: Direction) -> Sections {
    let whole = 0..text.len();
    if direction == Direction::Down {
        return vec![(direction, vec![whole])];
    }
    if let Some(cut) = markers::cut(text) {
        let of = |wanted| {
            let parts = cut
                .parts
                .iter()
                .filter(|(direction, _)| *direction == wanted);
            parts.map(|(_, range)| range.clone()).collect()
        };
        return vec![
            (Direction::Up, of(Direction::Up)),
            (Direction::Down, of(Direction::Down)),
        ];
    }
    let mut sections = vec![(Direction::Up, vec![whole])];
    if markers::has_liquibase_rollback(text) {
        // The rollbacks exist, but as comments between the changesets.
        sections.push((Direction::Down, Vec::new()));
    }
    sections
}

/// `deploy/`, `revert/` and `verify/` side by side are one chain, however deep the files lie in them.
fn sqitch_place(file: &Path, tree: &Tree) -> Option<Place> {
    for ancestor in file.ancestors().skip(1) {
        let (Some(name), Some(base)) = (ancestor.file_name(), ancestor.parent()) else {
            return None;
        };
        if !one_of(name, &["deploy", "revert", "verify"]) {
            continue;
        }
        let beside = tree.list(base);
        let has = |name: &str| beside.directories.contains(OsStr::new(name));
        let planned = beside.files.contains(OsStr::new("sqitch.plan"));
        if !has("deploy") || !(has("revert") || has("verify") || planned) {
            continue;
        }
        return Some(if one_of(name, &["verify"]) {
            Place::NotAMigration("a verify script changes nothing")
        } else {
            Place::Chain(base.to_path_buf())
        });
    }
    None
}

/// Whether the files in `parent` belong to the chain of the directory above it.
fn belongs_above(parent: &Path, above: &Path, tree: &Tree) -> bool {
    let Some(name) = parent.file_name() else {
        return false;
    };
    if one_of(name, DOWN_DIRECTORIES) {
        return true;
    }
    if one_of(name, UP_DIRECTORIES) {
        let beside = tree.list(above);
        return beside
            .directories
            .iter()
            .any(|name| one_of(name, DOWN_DIRECTORIES));
    }
    is_unit(parent, above, tree)
}

/// Whether a directory holds one migration: `<version>_<name>/up.sql`. A name without a version is
/// one only in a directory that is named after migrations, else any two projects with an `up.sql`
/// that lie side by side would be one chain.
fn is_unit(directory: &Path, above: &Path, tree: &Tree) -> bool {
    let numbered = order::version(&file_name(directory)).is_some();
    if !numbered && !file_name(above).to_lowercase().contains("migration") {
        return false;
    }
    let stems: Vec<String> = tree
        .sql_files(directory)
        .iter()
        .map(|file| stem(file).to_lowercase())
        .collect();
    let is = |stem: &String, known: &[&str]| known.contains(&stem.as_str());
    stems
        .iter()
        .any(|stem| is(stem, UP_STEMS) || stem == "down")
        && stems
            .iter()
            .all(|stem| is(stem, UP_STEMS) || is(stem, DOWN_STEMS))
}

/// All directories below one, to a depth that no real project reaches and a link loop cannot pass.
fn below(directory: &Path, tree: &Tree, found: &mut Vec<PathBuf>, depth: usize) {
    if depth > 8 {
        return;
    }
    for name in &tree.list(directory).directories {
        let child = directory.join(name);
        below(&child, tree, found, depth + 1);
        found.push(child);
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
