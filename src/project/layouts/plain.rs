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

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Arrangement, Directory, File, Layout, Place, Unit, markers};
use crate::project::tree::Tree;
use crate::project::{Direction, Script, order};

pub struct Plain;

impl Layout for Plain {
    fn name(&self) -> &'static str {
        "plain"
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
                let script = |range| Script {
                    range,
                    transaction: directory.plain_transaction,
                };
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

const UP_DIRECTORIES: &[&str] = &["up"];
const DOWN_DIRECTORIES: &[&str] = &["down", "rollback", "rollbacks", "undo", "revert"];
const UP_STEMS: &[&str] = &["up", "migration"];
const DOWN_STEMS: &[&str] = &["down", "rollback", "undo", "revert"];

fn one_of(name: &OsStr, wanted: &[&str]) -> bool {
    wanted.iter().any(|word| name.eq_ignore_ascii_case(word))
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

/// What a file's path says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    key: String,
    direction: Direction,
}

/// What can be said of one path before the others are known.
struct Guess {
    /// The path without extension and direction directory.
    full: String,
    /// Decided by a directory, a `.down` suffix or a stem like `up`.
    certain: Option<Name>,
    /// `<base>_down`: a down migration only if others bear it out.
    suffixed: Option<Suffixed>,
}

struct Suffixed {
    base: String,
    word: String,
    direction: Direction,
}

fn names(files: &[File]) -> Vec<Name> {
    let guesses: Vec<Guess> = files.iter().map(|file| guess(&file.relative)).collect();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for guess in &guesses {
        known.insert(guess.certain.as_ref().map_or(&guess.full, |name| &name.key));
        if let Some(up) = guess
            .suffixed
            .as_ref()
            .filter(|it| it.direction == Direction::Up)
        {
            known.insert(&up.base);
        }
    }
    // One pair is enough to show that this chain uses the word as a suffix: a lone
    // `004_scroll_down.sql` is a forward migration, beside `003_x.sql` and `003_x_down.sql` it is not.
    let downs = guesses.iter().filter_map(|guess| guess.suffixed.as_ref());
    let used: BTreeSet<&str> = downs
        .clone()
        .filter(|it| it.direction == Direction::Down && known.contains(it.base.as_str()))
        .map(|it| it.word.as_str())
        .collect();
    let undone: BTreeSet<&str> = downs
        .filter(|it| it.direction == Direction::Down && used.contains(it.word.as_str()))
        .map(|it| it.base.as_str())
        .chain(guesses.iter().filter_map(|guess| {
            let name = guess.certain.as_ref()?;
            (name.direction == Direction::Down).then_some(name.key.as_str())
        }))
        .collect();
    let decide = |guess: &Guess| {
        if let Some(name) = &guess.certain {
            return name.clone();
        }
        let paired = guess.suffixed.as_ref().filter(|it| match it.direction {
            Direction::Up => undone.contains(it.base.as_str()),
            Direction::Down => used.contains(it.word.as_str()),
        });
        match paired {
            Some(it) => Name {
                key: it.base.clone(),
                direction: it.direction,
            },
            None => Name {
                key: guess.full.clone(),
                direction: Direction::Up,
            },
        }
    };
    let mut names: Vec<Name> = guesses.iter().map(decide).collect();
    pair_by_version(&mut names);
    names
}

/// Gives a down migration whose name no up migration has the key of the only one with its version.
fn pair_by_version(names: &mut [Name]) {
    let ups: BTreeSet<String> = names
        .iter()
        .filter(|name| name.direction == Direction::Up)
        .map(|name| name.key.clone())
        .collect();
    for name in names.iter_mut() {
        if name.direction == Direction::Up || ups.contains(&name.key) {
            continue;
        }
        let mut same = ups.iter().filter(|up| order::same_version(up, &name.key));
        if let (Some(up), None) = (same.next(), same.next()) {
            name.key = up.clone();
        }
    }
}

fn guess(relative: &str) -> Guess {
    let path = match relative.rsplit_once('.') {
        Some((path, extension)) if extension.eq_ignore_ascii_case("sql") => path,
        Some(_) | None => relative,
    };
    let (directory_says, path) = match path.split_once('/') {
        Some((first, rest)) => match directory_direction(first) {
            Some(direction) => (Some(direction), rest),
            None => (None, path),
        },
        None => (None, path),
    };
    let (folder, stem) = path.rsplit_once('/').unwrap_or(("", path));
    let join = |stem: &str| match folder {
        "" => stem.to_string(),
        _ => format!("{folder}/{stem}"),
    };
    let is = |words: &[&str], text: &str| words.iter().any(|word| text.eq_ignore_ascii_case(word));

    let mut certain = directory_says.map(|direction| Name {
        key: path.to_string(),
        direction,
    });
    if is(UP_STEMS, stem) || is(DOWN_STEMS, stem) {
        let direction = if is(UP_STEMS, stem) {
            Direction::Up
        } else {
            Direction::Down
        };
        certain = Some(Name {
            key: folder.to_string(),
            direction: directory_says.unwrap_or(direction),
        });
        return Guess {
            full: path.to_string(),
            certain,
            suffixed: None,
        };
    }
    let mut suffixed = None;
    if let Some(at) = stem.rfind(['.', '_', '-']).filter(|&at| at > 0) {
        let (base, word) = (&stem[..at], &stem[at + 1..]);
        let direction = match word {
            word if word.eq_ignore_ascii_case("up") => Some(Direction::Up),
            word if is(DOWN_STEMS, word) => Some(Direction::Down),
            _ => None,
        };
        match direction {
            Some(direction) if stem.as_bytes()[at] == b'.' || directory_says == Some(direction) => {
                certain = Some(Name {
                    key: join(base),
                    direction: directory_says.unwrap_or(direction),
                });
            }
            Some(direction) => {
                suffixed = Some(Suffixed {
                    base: join(base),
                    word: stem[at..].to_lowercase(),
                    direction,
                });
            }
            None => {}
        }
    }
    Guess {
        full: path.to_string(),
        certain,
        suffixed,
    }
}

fn directory_direction(name: &str) -> Option<Direction> {
    let name = OsStr::new(name);
    if one_of(name, DOWN_DIRECTORIES) {
        return Some(Direction::Down);
    }
    (one_of(name, UP_DIRECTORIES) || one_of(name, &["deploy"])).then_some(Direction::Up)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{File, names};
    use crate::project::Direction::{Down, Up};
    use crate::source::Source;

    fn keys(paths: &[&str]) -> Vec<(String, crate::project::Direction)> {
        let files: Vec<File> = paths
            .iter()
            .map(|path| File {
                relative: path.to_string(),
                source: Arc::new(Source::new(*path, "")),
            })
            .collect();
        let names = names(&files);
        names
            .into_iter()
            .map(|name| (name.key, name.direction))
            .collect()
    }

    #[test]
    fn suffixes_make_pairs() {
        for (up, down, key) in [
            ("1_a.sql", "1_a_rollback.sql", "1_a"),
            ("1_a.sql", "1_a.rollback.sql", "1_a"),
            ("1_a.sql", "1_a.down.sql", "1_a"),
            ("1_a.up.sql", "1_a.down.sql", "1_a"),
            ("1_a_up.sql", "1_a_down.sql", "1_a"),
            ("1_a.UP.SQL", "1_a.Down.sql", "1_a"),
            ("1_a-up.sql", "1_a-down.sql", "1_a"),
            ("1_a/up.sql", "1_a/down.sql", "1_a"),
            ("1_a/migration.sql", "1_a/rollback.sql", "1_a"),
            ("1_a.sql", "down/1_a.sql", "1_a"),
            ("1_a.sql", "rollbacks/1_a_rollback.sql", "1_a"),
            ("up/1_a.sql", "down/1_a.sql", "1_a"),
            ("deploy/t/a.sql", "revert/t/a.sql", "t/a"),
            ("up.sql", "down.sql", ""),
            ("1_create.up.sql", "1_drop.down.sql", "1_create"),
            ("1_create.sql", "rollbacks/001.sql", "1_create"),
        ] {
            let expected = vec![(key.to_string(), Up), (key.to_string(), Down)];
            assert_eq!(keys(&[up, down]), expected, "{up} {down}");
        }
    }

    #[test]
    fn a_name_that_only_ends_like_a_down_migration_is_forward() {
        assert_eq!(
            keys(&[
                "1_a.sql",
                "2_scroll_down.sql",
                "3_fix_rollback.sql",
                "4_level_up.sql"
            ]),
            [
                ("1_a".to_string(), Up),
                ("2_scroll_down".to_string(), Up),
                ("3_fix_rollback".to_string(), Up),
                ("4_level_up".to_string(), Up),
            ]
        );
    }

    #[test]
    fn one_pair_shows_what_the_suffix_means() {
        assert_eq!(
            keys(&["1_a.sql", "1_a_down.sql", "2_b_down.sql"]),
            [
                ("1_a".to_string(), Up),
                ("1_a".to_string(), Down),
                ("2_b".to_string(), Down),
            ]
        );
    }

    #[test]
    fn a_version_that_two_up_migrations_have_pairs_nothing() {
        assert_eq!(
            keys(&["1_a.sql", "1_b.sql", "1_c.down.sql"])[2],
            ("1_c".to_string(), Down)
        );
    }
}
