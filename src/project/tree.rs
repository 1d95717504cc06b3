//! The files on disk, with texts that are not saved yet laid over them: an editor's, or those of fixes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use walkdir::WalkDir;

use super::{Problem, read};

/// Directory listings, read once each. All paths given to it are canonical (see [`Tree::locate`]).
#[derive(Default)]
pub struct Tree {
    unsaved: BTreeMap<PathBuf, String>,
    listings: RefCell<HashMap<PathBuf, Rc<Listing>>>,
    located: RefCell<HashMap<PathBuf, PathBuf>>,
    mentions: RefCell<HashMap<(PathBuf, String), bool>>,
    picked: RefCell<HashMap<PathBuf, Rc<[String]>>>,
}

/// The names in one directory, hidden ones excepted.
#[derive(Default)]
pub struct Listing {
    pub files: BTreeSet<OsString>,
    pub directories: BTreeSet<OsString>,
}

impl Tree {
    /// `unsaved` are paths as the user would write them and the texts that stand in for what is on disk.
    pub fn new(unsaved: &BTreeMap<PathBuf, String>) -> Self {
        let mut tree = Tree::default();
        let located = unsaved
            .iter()
            .map(|(path, text)| (tree.locate(path), text.clone()));
        tree.unsaved = located.collect();
        tree
    }

    /// Where a file really is: its directory without symbolic links, `.` and `..`, and its own name.
    pub fn locate(&self, path: &Path) -> PathBuf {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return path;
        };
        let mut located = self.located.borrow_mut();
        let parent = located
            .entry(parent.to_path_buf())
            .or_insert_with_key(|parent| parent.canonicalize().unwrap_or_else(|_| parent.clone()));
        parent.join(name)
    }

    /// The text of a file (by its real path) that is not saved yet.
    pub fn unsaved(&self, file: &Path) -> Option<&String> {
        self.unsaved.get(file)
    }

    /// The text of a file, or a sentence that says why there is none.
    pub fn read(&self, file: &Path) -> Result<String, String> {
        match self.unsaved.get(file) {
            Some(text) => Ok(text.clone()),
            None => read::read(file),
        }
    }

    /// Whether the text of a file holds a word.
    pub fn mentions(&self, file: &Path, word: &str) -> bool {
        let key = (file.to_path_buf(), word.to_string());
        if let Some(known) = self.mentions.borrow().get(&key) {
            return *known;
        }
        let found = read::read(file).is_ok_and(|text| text.contains(word));
        self.mentions.borrow_mut().insert(key, found);
        found
    }

    /// The names in a directory; of one that cannot be listed, none.
    pub fn list(&self, directory: &Path) -> Rc<Listing> {
        if let Some(known) = self.listings.borrow().get(directory) {
            return Rc::clone(known);
        }
        let mut listing = Listing::default();
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            if hidden(&entry.file_name()) {
                continue;
            }
            if entry.path().is_dir() {
                listing.directories.insert(entry.file_name());
            } else {
                listing.files.insert(entry.file_name());
            }
        }
        let here = self
            .unsaved
            .keys()
            .filter(|path| path.parent() == Some(directory));
        let names = here.filter_map(|path| path.file_name());
        listing.files.extend(names.map(OsStr::to_os_string));
        let listing = Rc::new(listing);
        let mut listings = self.listings.borrow_mut();
        listings.insert(directory.to_path_buf(), Rc::clone(&listing));
        listing
    }

    /// The files of a directory that are a tool's own: found by `pick` among its names, once for each
    /// directory, since every file in it asks. One tool has such files.
    pub fn picked(
        &self,
        directory: &Path,
        pick: impl FnOnce(&Listing) -> Vec<String>,
    ) -> Rc<[String]> {
        if let Some(known) = self.picked.borrow().get(directory) {
            return Rc::clone(known);
        }
        let picked: Rc<[String]> = pick(&self.list(directory)).into();
        let mut known = self.picked.borrow_mut();
        known.insert(directory.to_path_buf(), Rc::clone(&picked));
        picked
    }

    /// The `.sql` files that lie directly in a directory.
    pub fn sql_files(&self, directory: &Path) -> Vec<PathBuf> {
        let listing = self.list(directory);
        let names = listing.files.iter().filter(|name| is_sql(Path::new(name)));
        names.map(|name| directory.join(name)).collect()
    }

    /// The `.sql` files below a directory that the user named, as the user would write their paths.
    /// Hidden directories, `node_modules` and `target` are left out. What cannot be listed becomes
    /// a problem.
    pub fn walk(&self, root: &Path) -> (Vec<PathBuf>, Vec<Problem>) {
        let mut files = Vec::new();
        let mut problems = Vec::new();
        let start = if root.as_os_str().is_empty() {
            Path::new(".")
        } else {
            root
        };
        let walk = WalkDir::new(start).follow_links(true);
        // By their names: what is in one directory differs in nothing else.
        let walk = walk.sort_by(|one, other| one.path().as_os_str().cmp(other.path().as_os_str()));
        let entries = walk
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !left_out(entry));
        for entry in entries {
            match entry {
                Ok(entry) if !entry.file_type().is_dir() && is_sql(entry.path()) => {
                    files.push(tidy(entry.path()));
                }
                Ok(_) => {}
                // A link back to a directory above: its files have been seen.
                Err(error) if error.loop_ancestor().is_some() => {}
                Err(error) => {
                    let path = tidy(error.path().unwrap_or(root));
                    if is_sql(&path) {
                        // A dangling link: reading it says so.
                        files.push(path);
                    } else if !path.is_symlink() {
                        let message = error
                            .io_error()
                            .map_or_else(|| error.to_string(), read::plain);
                        problems.push(Problem {
                            path,
                            message: format!("cannot be listed: {message}"),
                        });
                    }
                }
            }
        }
        self.add_unsaved(start, &mut files);
        (files, problems)
    }

    fn add_unsaved(&self, root: &Path, files: &mut Vec<PathBuf>) {
        if self.unsaved.is_empty() {
            return;
        }
        let Ok(base) = root.canonicalize() else {
            return;
        };
        for file in self.unsaved.keys().filter(|file| is_sql(file)) {
            let Ok(below) = file.strip_prefix(&base) else {
                continue;
            };
            if !files.iter().any(|known| self.locate(known) == *file) {
                files.push(tidy(&root.join(below)));
            }
        }
    }
}

/// Whether the name ends in `.sql`, in any case.
pub fn is_sql(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("sql"))
}

fn hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn left_out(entry: &walkdir::DirEntry) -> bool {
    let name = entry.file_name();
    let skipped = name == "node_modules" || name == "target";
    hidden(name) || (skipped && entry.file_type().is_dir())
}

/// A path without `.` components: `./db/1.sql` is `db/1.sql`.
pub fn tidy(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}

/// The directory `levels` above a path, by name, as the user would write it.
pub fn above(path: &Path, levels: usize) -> PathBuf {
    let mut path = path.to_path_buf();
    for _ in 0..levels {
        let last = path.components().next_back();
        if matches!(last, Some(Component::Normal(_))) {
            path.pop();
        } else {
            path.push("..");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::{Tree, above, tidy};

    #[test]
    fn directories_above_are_written_from_where_the_user_stands() {
        let up = |path: &str, levels| above(Path::new(path), levels).display().to_string();
        assert_eq!(up("db/up/1.sql", 2), "db");
        assert_eq!(up("1.sql", 1), "");
        assert_eq!(up("1.sql", 2), "..");
        assert_eq!(up("../1.sql", 2), "../..");
    }

    /// Each file of a directory asks: with an answer for each, a directory is quadratic.
    #[test]
    fn a_directory_is_looked_through_once() {
        let tree = Tree::new(&BTreeMap::new());
        let asked = std::cell::Cell::new(0);
        for _ in 0..3 {
            let picked = tree.picked(Path::new("/nowhere"), |_| {
                asked.set(asked.get() + 1);
                vec!["a".to_owned()]
            });
            assert_eq!(*picked, ["a".to_owned()]);
        }
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn dots_are_tidied_away() {
        assert_eq!(tidy(Path::new("./a/./b.sql")), Path::new("a/b.sql"));
        assert_eq!(tidy(Path::new("../a.sql")), Path::new("../a.sql"));
    }
}
