//! Temporal and Cadence: `v<version>/*.sql` with a `manifest.json` in each version's directory.
//!
//! Read from temporalio/temporal at 00d64e8 (`tools/common/schema/updatetask.go`): directories match `^v[\d.]+` and are
//! applied in the order of their versions; the files of one are those that `SchemaUpdateCqlFiles` of its manifest
//! lists, in that order. They are split into statements, each of which is an `Exec` of its own: there is no
//! transaction.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::files::{compare_numbers, digits, in_directory, whole};
use super::{Arrangement, Directory, Layout, Place};
use crate::project::tree::Tree;
use crate::project::{Direction, TransactionMode};

pub struct Temporal;

const MANIFEST: &str = "manifest.json";

impl Layout for Temporal {
    fn name(&self) -> &'static str {
        "temporal"
    }

    fn place(&self, file: &Path, tree: &Tree) -> Option<Place> {
        let parent = file.parent()?;
        let home = parent.parent()?;
        is_version(parent, tree).then(|| Place::Chain(home.to_path_buf()))
    }

    fn subdirectories(&self, directory: &Path, tree: &Tree) -> Vec<PathBuf> {
        let listing = tree.list(directory);
        let children = listing.directories.iter().map(|name| directory.join(name));
        children.filter(|child| is_version(child, tree)).collect()
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let mut files = directory.files.iter();
        files.any(|file| {
            in_directory(&file.relative)
                .is_some_and(|(version, _)| listed(directory, version).is_some())
        })
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some((version, name)) = in_directory(&file.relative) else {
                arrangement.skip(
                    index,
                    "Temporal runs only what a version's manifest.json lists",
                );
                continue;
            };
            let place = match listed(directory, version) {
                None => {
                    let reason = "the manifest.json beside it cannot be read: Temporal stops there";
                    arrangement.refuse(index, reason);
                    0
                }
                Some(listed) => match listed.iter().position(|it| it == name) {
                    Some(place) => place,
                    None => {
                        arrangement.skip(index, "the manifest.json beside it does not list it");
                        continue;
                    }
                },
            };
            let version = version.trim_start_matches('v');
            let key = format!("{version} {place:04} {name}");
            let mode = TransactionMode::None;
            let unit = whole(index, file, &key, version, Direction::Up, mode);
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        let parts = |key: &str| {
            let (version, rest) = key.split_once(' ').unwrap_or((key, ""));
            (version.to_string(), rest.to_string())
        };
        let ((left, a), (right, b)) = (parts(a), parts(b));
        compare_versions(&left, &right).then_with(|| a.cmp(&b))
    }
}

/// `v1.10` comes after `v1.9`.
fn compare_versions(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let (one, other) = (left.next(), right.next());
        if one.is_none() && other.is_none() {
            return a.cmp(b);
        }
        match compare_numbers(one.unwrap_or("0"), other.unwrap_or("0")) {
            Ordering::Equal => {}
            decided => return decided,
        }
    }
}

/// A directory named after a version, with a manifest.
fn is_version(directory: &Path, tree: &Tree) -> bool {
    let name = directory.file_name().and_then(OsStr::to_str);
    let fits = name
        .and_then(|name| name.strip_prefix('v'))
        .is_some_and(|it| digits(it) > 0);
    fits && tree.list(directory).files.contains(OsStr::new(MANIFEST))
}

/// The files that a version's manifest lists.
fn listed(directory: &Directory, version: &str) -> Option<Vec<String>> {
    let text = directory.beside(&format!("{version}/{MANIFEST}"))?;
    let manifest: serde_json::Value = serde_json::from_str(&text).ok()?;
    let files = manifest.get("SchemaUpdateCqlFiles")?.as_array()?;
    let names = files.iter().filter_map(|it| it.as_str());
    Some(names.map(str::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::Temporal;
    use crate::project::layouts::Layout;

    #[test]
    fn versions_compare_by_number_and_files_by_their_place() {
        let mut keys = ["1.10 0000 a", "1.9 0001 a", "1.9 0000 b", "1.0 0000 c"];
        keys.sort_by(|a, b| Temporal.compare(a, b));
        assert_eq!(
            keys,
            ["1.0 0000 c", "1.9 0000 b", "1.9 0001 a", "1.10 0000 a"]
        );
    }
}
