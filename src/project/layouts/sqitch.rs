//! Sqitch: `deploy/`, `revert/` and `verify/` in the order of `sqitch.plan`.
//!
//! Read from sqitchers/sqitch at 0ab857e: `lib/App/Sqitch/Plan.pm`, `Plan/Change.pm`, `Engine/pg.pm`:
//!
//! - The plan has one change a line, `%` lines are pragmas, `@` lines are tags. File names say nothing of the order.
//! - A change that is named twice was reworked. What came before the rework is in `<name>@<tag>.sql`, where the tag is
//!   any between the two: the first of which a file exists, from the latest on.
//! - Each script is a psql of its own with `ON_ERROR_STOP` and the variable `registry`, so a connection of its own,
//!   statement by statement. Neither Sqitch nor psql opens a transaction: the scripts hold BEGIN and COMMIT.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::files::whole;
use super::{Arrangement, Directory, Layout, Place};
use crate::project::tree::Tree;
use crate::project::{Direction, TransactionMode};

pub struct Sqitch;

const PLAN: &str = "sqitch.plan";

impl Layout for Sqitch {
    fn name(&self) -> &'static str {
        "sqitch"
    }

    fn place(&self, file: &Path, tree: &Tree) -> Option<Place> {
        let mut child: Option<&OsStr> = None;
        for ancestor in file.ancestors().skip(1) {
            let planned = tree.list(ancestor).files.contains(OsStr::new(PLAN));
            match child.and_then(OsStr::to_str) {
                Some("deploy" | "revert") if planned => {
                    return Some(Place::Chain(ancestor.to_path_buf()));
                }
                Some("verify") if planned => {
                    return Some(Place::NotAMigration("a verify script changes nothing"));
                }
                Some(_) | None => {}
            }
            child = ancestor.file_name();
        }
        None
    }

    fn subdirectories(&self, directory: &Path, tree: &Tree) -> Vec<PathBuf> {
        let mut found = Vec::new();
        if tree.list(directory).files.contains(OsStr::new(PLAN)) {
            for name in ["deploy", "revert"] {
                below(directory.join(name), tree, 0, &mut found);
            }
        }
        found
    }

    fn recognises(&self, directory: &Directory) -> bool {
        directory.has(PLAN)
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        let plan = changes(&directory.beside(PLAN).unwrap_or_default());
        for (index, file) in directory.files.iter().enumerate() {
            let Some((direction, name)) = script(&file.relative) else {
                arrangement.skip(index, "Sqitch runs only deploy and revert scripts");
                continue;
            };
            let Some(position) = plan.get(name) else {
                arrangement.skip(index, "sqitch.plan does not list it");
                continue;
            };
            let key = format!("{position:06} {name}");
            let mode = TransactionMode::None;
            let unit = whole(index, file, &key, name, direction, mode);
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        a.cmp(b)
    }
}

fn script(relative: &str) -> Option<(Direction, &str)> {
    let (directory, path) = relative.split_once('/')?;
    let name = path.strip_suffix(".sql")?;
    match directory {
        "deploy" => Some((Direction::Up, name)),
        "revert" => Some((Direction::Down, name)),
        _ => None,
    }
}

fn below(directory: PathBuf, tree: &Tree, depth: usize, found: &mut Vec<PathBuf>) {
    // No real project is as deep; a link that loops is.
    if depth > 8 {
        return;
    }
    for name in &tree.list(&directory).directories {
        below(directory.join(name), tree, depth + 1, found);
    }
    found.push(directory);
}

/// The names of the plan's scripts with their places: a reworked change's earlier scripts by
/// `<name>@<tag>`.
fn changes(plan: &str) -> BTreeMap<String, usize> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut tags: Vec<(usize, &str)> = Vec::new();
    let lines = plan.lines().map(str::trim).enumerate();
    for (at, line) in lines {
        if line.is_empty() || line.starts_with(['%', '#']) {
            continue;
        }
        let word = line.split_whitespace().next().unwrap_or_default();
        if let Some(tag) = word.strip_prefix('@') {
            tags.push((at, tag));
            continue;
        }
        let name = word.trim_start_matches(['+', '-']);
        if let Some(earlier) = places.insert(name.to_string(), at) {
            for (_, tag) in tags.iter().filter(|(tagged, _)| *tagged > earlier) {
                places.insert(format!("{name}@{tag}"), earlier);
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::changes;

    #[test]
    fn a_reworked_change_is_there_twice() {
        let plan = "%project=x\n\na 2024-01-01T00:00:00Z me <m@x> # first\n@v1 2024-01-02T00:00:00Z me <m@x>\nb [a] 2024-01-03T00:00:00Z me <m@x>\na [a@v1] 2024-01-04T00:00:00Z me <m@x>\n";
        let places = changes(plan);
        let mut names: Vec<_> = places.iter().collect();
        names.sort_by_key(|(_, place)| **place);
        let names: Vec<&str> = names.into_iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a@v1", "b", "a"]);
    }

    #[test]
    fn any_tag_before_the_rework_may_name_the_earlier_scripts() {
        let places = changes("a x\n@v1 x\nb x\n@v2 x\na x\n@v3 x\na x\n");
        assert_eq!(places["a@v1"], places["a@v2"]);
        assert!(places["a@v2"] < places["b"]);
        assert!(places["b"] < places["a@v3"]);
        assert!(places["a@v3"] < places["a"]);
    }
}
