//! Which files of a plain migration directory are a pair, and which of the two goes down.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use crate::project::layouts::File;
use crate::project::{Direction, order};

pub const UP_DIRECTORIES: &[&str] = &["up"];
pub const DOWN_DIRECTORIES: &[&str] = &["down", "rollback", "rollbacks", "undo", "revert"];
pub const UP_STEMS: &[&str] = &["up", "migration"];
pub const DOWN_STEMS: &[&str] = &["down", "rollback", "undo", "revert"];

/// Whether a name is one of some words, in any case.
pub fn one_of(name: &OsStr, wanted: &[&str]) -> bool {
    wanted.iter().any(|word| name.eq_ignore_ascii_case(word))
}

/// What a file's path says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// What the migration and its rollback share; empty for `up.sql` in the migration directory itself.
    pub key: String,
    pub direction: Direction,
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

impl Guess {
    fn suffix(&self, direction: Direction) -> Option<&Suffixed> {
        self.suffixed
            .as_ref()
            .filter(|it| it.direction == direction)
    }
}

struct Suffixed {
    base: String,
    word: String,
    direction: Direction,
}

/// What the paths of a migration directory say, file by file.
pub fn names(files: &[File]) -> Vec<Name> {
    let guesses: Vec<Guess> = files.iter().map(|file| guess(&file.relative)).collect();
    let evidence = Evidence::of(&guesses);
    let mut names: Vec<Name> = guesses.iter().map(|guess| evidence.decide(guess)).collect();
    pair_by_version(&mut names);
    names
}

/// What the files of a chain together say of their suffixes.
struct Evidence<'a> {
    /// Names that an up migration has, as far as that is certain.
    ups: BTreeSet<&'a str>,
    /// Suffixes (`_down`) that some file has beside another file with the name before the suffix.
    used: BTreeSet<&'a str>,
    /// Names that a down migration has.
    undone: BTreeSet<&'a str>,
    /// How many files have a version.
    versions: BTreeMap<String, usize>,
}

impl<'a> Evidence<'a> {
    fn of(guesses: &'a [Guess]) -> Self {
        let mut ups: BTreeSet<&str> = BTreeSet::new();
        let mut undone = BTreeSet::new();
        let mut versions = BTreeMap::new();
        for guess in guesses {
            match &guess.certain {
                Some(name) if name.direction == Direction::Down => undone.insert(name.key.as_str()),
                Some(name) => ups.insert(&name.key),
                None => ups.insert(&guess.full),
            };
            if let Some(up) = guess.suffix(Direction::Up) {
                ups.insert(&up.base);
            }
            if let Some(version) = order::version_numbers(&guess.full) {
                *versions.entry(version).or_default() += 1;
            }
        }
        let downs = || guesses.iter().filter_map(|it| it.suffix(Direction::Down));
        let paired = downs().filter(|it| ups.contains(it.base.as_str()));
        let used: BTreeSet<&str> = paired.map(|it| it.word.as_str()).collect();
        let suffixed = downs().filter(|it| used.contains(it.word.as_str()));
        undone.extend(suffixed.map(|it| it.base.as_str()));
        Evidence {
            ups,
            used,
            undone,
            versions,
        }
    }

    fn decide(&self, guess: &Guess) -> Name {
        if let Some(name) = &guess.certain {
            return name.clone();
        }
        match &guess.suffixed {
            Some(it) if self.bears_out(it, &guess.full) => Name {
                key: it.base.clone(),
                direction: it.direction,
            },
            Some(_) | None => Name {
                key: guess.full.clone(),
                direction: Direction::Up,
            },
        }
    }

    /// A lone `004_scroll_down.sql` is a forward migration, even where other files make pairs with
    /// `_down`: taking it for a rollback would hide it. Another file with its name or, where the
    /// suffix is in use, with its version makes it a down migration.
    fn bears_out(&self, suffixed: &Suffixed, full: &str) -> bool {
        match suffixed.direction {
            Direction::Up => self.undone.contains(suffixed.base.as_str()),
            Direction::Down if self.ups.contains(suffixed.base.as_str()) => true,
            Direction::Down => {
                let version = order::version_numbers(full);
                let shared = version.and_then(|version| self.versions.get(&version).copied());
                self.used.contains(suffixed.word.as_str()) && shared.is_some_and(|files| files > 1)
            }
        }
    }
}

/// Gives a down migration whose name no up migration has the key of the only one with its version.
fn pair_by_version(names: &mut [Name]) {
    let ups: BTreeSet<&String> = names
        .iter()
        .filter(|name| name.direction == Direction::Up)
        .map(|name| &name.key)
        .collect();
    let mut by_version: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for up in &ups {
        if let Some(version) = order::version_numbers(up) {
            by_version.entry(version).or_default().push(up.to_string());
        }
    }
    let alone: Vec<bool> = names
        .iter()
        .map(|name| name.direction == Direction::Down && !ups.contains(&name.key))
        .collect();
    for (name, _) in names.iter_mut().zip(alone).filter(|(_, alone)| *alone) {
        let version = order::version_numbers(&name.key);
        let same = version.and_then(|version| by_version.get(&version));
        if let Some([up]) = same.map(Vec::as_slice) {
            name.key.clone_from(up);
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
    fn one_pair_shows_what_the_suffix_means_where_the_version_is_shared() {
        let names = [
            "1_a.sql",
            "1_a_down.sql",
            "2_b.sql",
            "2_drop_b_down.sql",
            "3_c_down.sql",
        ];
        assert_eq!(
            keys(&names),
            [
                ("1_a".to_string(), Up),
                ("1_a".to_string(), Down),
                ("2_b".to_string(), Up),
                ("2_b".to_string(), Down),
                ("3_c_down".to_string(), Up),
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
