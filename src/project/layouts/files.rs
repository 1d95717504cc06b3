//! What the layouts share: units out of files, names in two directions, text that the tool rewrites.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::{Directory, File, Unit};
use crate::project::tree::Tree;
use crate::project::{Direction, Script, TransactionMode};

/// The length of the digits at the beginning.
pub fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Digits without leading zeros: equal numbers are equal texts.
pub fn number(digits: &str) -> &str {
    let trimmed = digits.trim_start_matches('0');
    if trimmed.is_empty() && !digits.is_empty() {
        "0"
    } else {
        trimmed
    }
}

/// Compares digits as numbers of any length.
pub fn compare_numbers(a: &str, b: &str) -> std::cmp::Ordering {
    let (a, b) = (number(a), number(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The first number from 1 on that none of the versions is.
pub fn first_missing<'a>(versions: impl Iterator<Item = &'a str>) -> usize {
    let numbers: std::collections::BTreeSet<&str> = versions.map(number).collect();
    (1..)
        .find(|wanted: &usize| !numbers.contains(wanted.to_string().as_str()))
        .unwrap_or(1)
}

/// `<digits>_<rest>`: the digits and the rest.
pub fn numbered(name: &str) -> Option<(&str, &str)> {
    let end = digits(name);
    let rest = name[end..].strip_prefix('_')?;
    (end > 0).then(|| (&name[..end], rest))
}

/// `<base>.up.sql` and `<base>.down.sql`.
pub fn directed(name: &str) -> Option<(&str, Direction)> {
    let stem = name.strip_suffix(".sql")?;
    match stem.strip_suffix(".up") {
        Some(base) => Some((base, Direction::Up)),
        None => Some((stem.strip_suffix(".down")?, Direction::Down)),
    }
}

/// `<directory>/<name>`: both parts, of a file that lies one level below the migration directory.
pub fn in_directory(relative: &str) -> Option<(&str, &str)> {
    let (directory, name) = relative.split_once('/')?;
    (!name.contains('/')).then_some((directory, name))
}

/// A migration that is one whole file.
pub fn whole(
    index: usize,
    file: &File,
    key: &str,
    version: &str,
    direction: Direction,
    transaction: TransactionMode,
) -> Unit {
    Unit {
        file: index,
        key: key.to_string(),
        version: version.to_string(),
        direction,
        scripts: vec![Script::new(0..file.source.text().len(), transaction)],
    }
}

/// A migration that is one whole file, which the tool sends as one message.
pub fn one_message(
    index: usize,
    file: &File,
    key: &str,
    version: &str,
    direction: Direction,
    transaction: TransactionMode,
) -> Unit {
    let mut unit = whole(index, file, key, version, direction, transaction);
    for script in &mut unit.scripts {
        script.message = true;
    }
    unit
}

/// The up migration of a file, and its down migration if it has a part that goes down.
pub fn both_ways(
    index: usize,
    key: &str,
    version: &str,
    parts: Vec<(Direction, Script)>,
) -> Vec<Unit> {
    let (ups, downs): (Vec<_>, Vec<_>) = parts
        .into_iter()
        .partition(|(direction, _)| *direction == Direction::Up);
    let unit = |direction, parts: Vec<(Direction, Script)>| Unit {
        file: index,
        key: key.to_string(),
        version: version.to_string(),
        direction,
        scripts: parts.into_iter().map(|(_, script)| script).collect(),
    };
    let mut units = vec![unit(Direction::Up, ups)];
    if !downs.is_empty() {
        units.push(unit(Direction::Down, downs));
    }
    units
}

/// Whether at least half of the files that pass `candidate` pass `marked`, and one of them at all.
pub fn mostly(
    directory: &Directory,
    candidate: impl Fn(&File) -> bool,
    marked: impl Fn(&File) -> bool,
) -> bool {
    let candidates = || directory.files.iter().filter(|file| candidate(file));
    let found = candidates().filter(|file| marked(file)).count();
    found > 0 && found * 2 >= candidates().count()
}

/// Whether a file of that name in a directory above mentions a word. The search ends with the
/// repository.
pub fn mentioned_above(directory: &Path, tree: &Tree, name: &str, word: &str) -> bool {
    above(directory, tree, name, |path| tree.mentions(path, word))
}

/// Whether a directory above has a file of that name.
pub fn exists_above(directory: &Path, tree: &Tree, name: &str) -> bool {
    above(directory, tree, name, |_| true)
}

/// Files that say what language a project is written in.
const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "go.mod",
    "package.json",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "build.sbt",
    "pyproject.toml",
    "mix.exs",
    "Gemfile",
    "composer.json",
];

/// Whether the nearest directory above that says what language its project is written in says Rust.
pub fn is_rust(directory: &Path, tree: &Tree) -> bool {
    for ancestor in directory.ancestors() {
        let files = &tree.list(ancestor).files;
        let mut found = MANIFESTS
            .iter()
            .filter(|it| files.contains(std::ffi::OsStr::new(it)));
        match found.next() {
            Some(first) => return *first == "Cargo.toml",
            None if ancestor.join(".git").exists() => return false,
            None => {}
        }
    }
    false
}

fn above(directory: &Path, tree: &Tree, name: &str, holds: impl Fn(&Path) -> bool) -> bool {
    for ancestor in directory.ancestors() {
        let here = tree.list(ancestor);
        if here.files.contains(std::ffi::OsStr::new(name)) && holds(&ancestor.join(name)) {
            return true;
        }
        if ancestor.join(".git").exists() {
            return false;
        }
    }
    false
}

/// The text of a range with changes that keep every offset, if there are any.
pub struct Rewrite {
    start: usize,
    bytes: Vec<u8>,
    changed: bool,
}

impl Rewrite {
    pub fn new(text: &str, range: Range<usize>) -> Self {
        Rewrite {
            start: range.start,
            bytes: text[range].as_bytes().to_vec(),
            changed: false,
        }
    }

    /// Puts blanks in the place of a range of the file; line ends stay.
    pub fn blank(&mut self, range: Range<usize>) {
        for at in range {
            if !matches!(self.bytes[at - self.start], b'\n' | b'\r') {
                self.put(at, b' ');
            }
        }
    }

    /// Puts an ASCII character at an offset of the file.
    pub fn put(&mut self, at: usize, byte: u8) {
        debug_assert!(byte.is_ascii());
        let place = &mut self.bytes[at - self.start];
        self.changed |= *place != byte;
        *place = byte;
    }

    /// None where the file's own text stands. A character that was changed in part is none any more;
    /// the callers change whole ones.
    pub fn finish(self) -> Option<Arc<str>> {
        if !self.changed {
            return None;
        }
        String::from_utf8(self.bytes).ok().map(Arc::from)
    }
}
