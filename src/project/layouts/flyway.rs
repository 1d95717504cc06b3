//! Flyway: `V<version>__<description>.sql`, undo migrations `U`, repeatable `R`, baselines `B`.
//!
//! Read from flyway/flyway at 11d1ac3 (`PostgreSQLParser.java`) and the manual, "Migrations",
//! "Script configuration files":
//!
//! - Versions are numbers between `.` or `_`; zeros at the end do not count. A location is searched with all
//!   directories below it. Repeatable migrations come after all versions, in the order of their
//!   descriptions; callbacks (`beforeMigrate.sql` ...) are no migrations.
//! - The prefix may be configured away (`sqlMigrationPrefix=`): `20170101__x.sql` in Flyway's own `db/migration`, or where a
//!   build file above mentions Flyway.
//! - A file runs in a transaction, statement by statement, unless `<file>.conf` says `executeInTransaction=false`, or
//!   it holds nothing but statements that Flyway itself knows to be refused in one
//!   ([`TransactionMode::Detect`]). Flyway refuses to mix those with others unless `mixed` is set.
//! - What `flyway.conf` and the like say of all files is in [`super::flyway_config`].
//! - A baseline migration runs on new databases only, in place of all up to its version.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::files::{compare_numbers, digits, mentioned_above, whole};
use super::flyway_config::FlywayConfig;
use super::{Arrangement, Directory, Layout, Place, Unit};
use crate::project::tree::Tree;
use crate::project::{Direction, ToolSettings, TransactionMode, order};

pub struct Flyway;

/// Deeper directories than this are not searched for more files of a location.
const DEPTH: usize = 4;

impl Layout for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
    }

    /// A file belongs to the highest directory above it that has versioned migrations too, or whose
    /// directories are all named after versions.
    fn place(&self, file: &Path, tree: &Tree) -> Option<Place> {
        let name = file.file_name()?.to_str()?;
        let mut home = file.parent()?;
        Name::of(name)?;
        while let Some(above) = home.parent().filter(|above| is_location(above, home, tree)) {
            home = above;
        }
        Some(Place::Chain(home.to_path_buf()))
    }

    fn subdirectories(&self, directory: &Path, tree: &Tree) -> Vec<PathBuf> {
        let mut found = Vec::new();
        below(directory, tree, DEPTH, &mut found);
        found
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let named = directory
            .files
            .iter()
            .filter_map(|it| name_of(&it.relative));
        let (count, versioned) = named.fold((0, false), |(count, versioned), name| {
            (count + 1, versioned || name.kind == Kind::Versioned)
        });
        versioned && count * 2 > directory.files.len() || has_no_prefixes(directory)
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        let bare_names = has_no_prefixes(directory);
        let config = FlywayConfig::of(directory);
        let unless_told = match (config.execute_in_transaction, config.mixed) {
            (Some(false), _) => TransactionMode::None,
            (Some(true) | None, false) => TransactionMode::Detect,
            (Some(true) | None, true) => TransactionMode::DetectAny,
        };
        for (index, file) in directory.files.iter().enumerate() {
            let bare = || bare_name_of(&file.relative).filter(|_| bare_names);
            let Some(name) = name_of(&file.relative).or_else(bare) else {
                arrangement.skip(
                    index,
                    "Flyway runs only files named V<version>__<description>.sql",
                );
                continue;
            };
            if name.kind == Kind::Baseline {
                arrangement.skip(index, "a Flyway baseline: only new databases run it");
                continue;
            }
            let transaction = match executes_in_transaction(directory, &file.relative) {
                Some(true) => TransactionMode::File,
                Some(false) => TransactionMode::None,
                None => unless_told,
            };
            let (key, version) = match name.kind {
                Kind::Repeatable => (
                    format!("R{}", name.description),
                    format!("R__{}", name.description),
                ),
                Kind::Versioned | Kind::Undo | Kind::Baseline => {
                    (normal(name.version), name.version.to_string())
                }
            };
            let direction = match name.kind {
                Kind::Undo => Direction::Down,
                Kind::Versioned | Kind::Repeatable | Kind::Baseline => Direction::Up,
            };
            let unit = whole(index, file, &key, &version, direction, transaction);
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn tool_settings(&self, directory: &Directory) -> ToolSettings {
        FlywayConfig::of(directory).tool
    }

    fn settings_file(&self, relative: &str) -> Option<String> {
        let name = relative.rsplit('/').next().unwrap_or(relative);
        Some(format!("{name}.conf"))
    }

    fn is_repeatable(&self, key: &str) -> bool {
        key.starts_with('R')
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(unit.key.clone())
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        match (a.starts_with('R'), b.starts_with('R')) {
            (false, false) => compare_versions(a, b),
            (true, true) => a.cmp(b),
            (a_last, b_last) => a_last.cmp(&b_last),
        }
    }
}

/// What a file name says.
#[derive(Debug, PartialEq, Eq)]
pub struct Name<'a> {
    pub kind: Kind,
    /// Empty for a repeatable migration.
    pub version: &'a str,
    pub description: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Versioned,
    Undo,
    Repeatable,
    Baseline,
}

impl<'a> Name<'a> {
    pub fn of(name: &'a str) -> Option<Self> {
        let stem = name.strip_suffix(".sql")?;
        let (kind, rest) = match stem.as_bytes().first()? {
            b'V' => (Kind::Versioned, &stem[1..]),
            b'U' => (Kind::Undo, &stem[1..]),
            b'B' => (Kind::Baseline, &stem[1..]),
            b'R' => (Kind::Repeatable, &stem[1..]),
            _ => return None,
        };
        let (version, description) = match rest.split_once("__") {
            Some(parts) => parts,
            None if kind == Kind::Versioned => (rest, ""),
            None => return None,
        };
        let groups = || version.split(['.', '_']);
        let numeric = groups().all(|it| !it.is_empty() && digits(it) == it.len());
        let fits = match kind {
            Kind::Repeatable => version.is_empty(),
            Kind::Versioned | Kind::Undo | Kind::Baseline => numeric,
        };
        fits.then_some(Name {
            kind,
            version,
            description,
        })
    }
}

fn name_of(relative: &str) -> Option<Name<'_>> {
    Name::of(relative.rsplit('/').next().unwrap_or(relative))
}

/// `<version>__<description>.sql`, for where the prefix is configured away.
fn bare_name_of(relative: &str) -> Option<Name<'_>> {
    let name = relative.rsplit('/').next().unwrap_or(relative);
    let (version, description) = name.strip_suffix(".sql")?.split_once("__")?;
    let numeric = |it: &str| !it.is_empty() && digits(it) == it.len();
    version.split(['.', '_']).all(numeric).then_some(Name {
        kind: Kind::Versioned,
        version,
        description,
    })
}

/// Whether the directory's files are Flyway's without the prefix `V`.
fn has_no_prefixes(directory: &Directory) -> bool {
    const BUILD_FILES: [&str; 4] = ["pom.xml", "build.gradle", "build.gradle.kts", "flyway.conf"];
    let files = || directory.files.iter().map(|it| it.relative.as_str());
    let (path, tree) = (directory.path, directory.tree);
    let bare = files().filter(|it| bare_name_of(it).is_some()).count();
    bare * 2 > directory.files.len()
        && !files().any(|it| name_of(it).is_some_and(|it| it.kind == Kind::Versioned))
        && (path.ends_with("db/migration")
            || BUILD_FILES
                .iter()
                .any(|name| mentioned_above(path, tree, name, "flyway")))
}

/// Whether the location that holds `directory` is `above`.
fn is_location(above: &Path, directory: &Path, tree: &Tree) -> bool {
    if has_versioned(above, tree) {
        return true;
    }
    let is_version = |name: &OsStr| {
        let name = name.to_string_lossy();
        order::version(&name) == Some(name.trim_start_matches(['v', 'V']))
    };
    let beside = &tree.list(above).directories;
    directory.file_name().is_some_and(is_version)
        && beside.len() > 1
        && beside.iter().all(|name| is_version(name))
}

fn has_versioned(directory: &Path, tree: &Tree) -> bool {
    tree.list(directory).files.iter().any(|name| {
        let name = name.to_str().and_then(Name::of);
        name.is_some_and(|name| name.kind == Kind::Versioned)
    })
}

fn below(directory: &Path, tree: &Tree, depth: usize, found: &mut Vec<PathBuf>) {
    if depth == 0 {
        return;
    }
    let searched: Vec<PathBuf> = tree
        .list(directory)
        .directories
        .iter()
        .map(|name| directory.join(name))
        .filter(|child| is_location(directory, child, tree))
        .collect();
    for child in searched {
        below(&child, tree, depth - 1, found);
        found.push(child);
    }
}

/// Numbers without leading zeros, without zeros at the end.
fn normal(version: &str) -> String {
    let mut numbers: Vec<&str> = version
        .split(['.', '_'])
        .map(super::files::number)
        .collect();
    while numbers.len() > 1 && numbers.last() == Some(&"0") {
        numbers.pop();
    }
    numbers.join(".")
}

fn compare_versions(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => match compare_numbers(one, other) {
                Ordering::Equal => {}
                decided => return decided,
            },
        }
    }
}

/// What the script configuration file says, if there is one.
fn executes_in_transaction(directory: &Directory, relative: &str) -> Option<bool> {
    let text = directory.beside(&format!("{relative}.conf"))?;
    let setting = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let ours = key.trim().eq_ignore_ascii_case("executeInTransaction");
        ours.then(|| !value.trim().eq_ignore_ascii_case("false"))
    };
    text.lines().rev().find_map(setting)
}

#[cfg(test)]
mod tests {
    use super::{Flyway, Kind, Name, normal};
    use crate::project::layouts::Layout;

    #[test]
    fn names() {
        let name = |name| Name::of(name).map(|it| (it.kind, it.version, it.description));
        assert_eq!(name("V1__a.sql"), Some((Kind::Versioned, "1", "a")));
        assert_eq!(
            name("V1_10__a_b.sql"),
            Some((Kind::Versioned, "1_10", "a_b"))
        );
        assert_eq!(name("V102___x.sql"), Some((Kind::Versioned, "102", "_x")));
        assert_eq!(name("V1.2.sql"), Some((Kind::Versioned, "1.2", "")));
        assert_eq!(name("U1__a.sql"), Some((Kind::Undo, "1", "a")));
        assert_eq!(name("R__views.sql"), Some((Kind::Repeatable, "", "views")));
        for other in [
            "V__a.sql",
            "R1__a.sql",
            "Views.sql",
            "V1_a.sql",
            "20240101__a.sql",
            "R.sql",
        ] {
            assert_eq!(name(other), None, "{other}");
        }
    }

    #[test]
    fn versions_compare_by_number_and_repeatable_migrations_come_last() {
        let mut keys = ["1_10", "9", "R1", "1.2", "10", "049"].map(|it| match it {
            "R1" => "Ra".to_string(),
            version => normal(version),
        });
        keys.sort_by(|a, b| Flyway.compare(a, b));
        assert_eq!(keys, ["1.2", "1.10", "9", "10", "49", "Ra"]);
        assert_eq!(normal("1.0"), normal("01"));
    }
}
