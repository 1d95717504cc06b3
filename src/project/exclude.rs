//! `exclude` of the configuration: globs relative to the configuration's directory.

use std::path::{Component, Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Files that are left out: neither checked nor replayed as history.
///
/// A pattern with a `/` inside is anchored at the base directory, one without matches a name at
/// any depth; `*` and `?` do not cross a `/`, `**` does. A pattern that matches a directory
/// excludes everything below it.
#[derive(Debug, Clone, Default)]
pub struct Exclude {
    set: GlobSet,
    bases: Vec<PathBuf>,
    directories: Vec<PathBuf>,
}

impl Exclude {
    /// `base` is the directory of the configuration file. The error names the pattern at fault.
    pub fn new<P: AsRef<str>>(base: &Path, patterns: &[P]) -> Result<Self, String> {
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            for glob in globs(pattern.as_ref())? {
                builder.add(glob);
            }
        }
        let set = builder.build().map_err(|error| error.to_string())?;
        let mut bases = vec![absolute(base)];
        if let Ok(canonical) = base.canonicalize()
            && !bases.contains(&canonical)
        {
            bases.push(canonical);
        }
        Ok(Exclude {
            set,
            bases,
            directories: Vec::new(),
        })
    }

    /// Leaves out everything below these directories too.
    pub fn and_directories(mut self, directories: impl IntoIterator<Item = PathBuf>) -> Self {
        for directory in directories {
            self.directories.extend(directory.canonicalize());
            self.directories.push(absolute(&directory));
        }
        self
    }

    /// Whether the file or a directory above it (below the base) is excluded.
    pub fn matches(&self, path: &Path) -> bool {
        if self.set.is_empty() && self.directories.is_empty() {
            return false;
        }
        let path = absolute(path);
        if self.directories.iter().any(|it| path.starts_with(it)) {
            return true;
        }
        self.bases.iter().any(|base| {
            path.strip_prefix(base).is_ok_and(|below| {
                below
                    .ancestors()
                    .filter(|part| !part.as_os_str().is_empty())
                    .any(|part| self.set.is_match(part))
            })
        })
    }
}

fn globs(pattern: &str) -> Result<Vec<Glob>, String> {
    let anchored = pattern.trim().trim_start_matches("./");
    let bare = anchored.trim_start_matches('/').trim_end_matches('/');
    if bare.is_empty() {
        return Err(format!("pattern `{pattern}` is empty"));
    }
    let build = |glob: &str| {
        GlobBuilder::new(glob)
            .literal_separator(true)
            .build()
            .map_err(|error| format!("exclude pattern `{pattern}`: {}", error.kind()))
    };
    let mut globs = vec![build(bare)?];
    if !bare.contains('/') && !anchored.starts_with('/') {
        globs.push(build(&format!("**/{bare}"))?);
    }
    Ok(globs)
}

/// Absolute, with `.` and `..` resolved by name only: the file need not exist.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => clean.push(part),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::Exclude;
    use std::path::Path;

    fn excluded(pattern: &str, path: &str) -> bool {
        let exclude = Exclude::new(Path::new("/repo"), &[pattern]).unwrap();
        exclude.matches(&Path::new("/repo").join(path))
    }

    #[test]
    fn a_directory_takes_everything_below_it() {
        assert!(excluded("db/seeds", "db/seeds/a/b.sql"));
        assert!(excluded("db/seeds/", "db/seeds/a.sql"));
        assert!(!excluded("db/seeds", "db/seeds.sql"));
        assert!(!excluded("db/seeds", "other/db/seeds/a.sql"));
    }

    #[test]
    fn a_name_matches_at_any_depth_and_a_leading_slash_anchors_it() {
        assert!(excluded("seed*.sql", "a/b/seed_1.sql"));
        assert!(excluded("fixtures", "a/fixtures/b.sql"));
        assert!(excluded("/fixtures", "fixtures/b.sql"));
        assert!(!excluded("/fixtures", "a/fixtures/b.sql"));
    }

    #[test]
    fn a_star_stays_in_its_directory() {
        assert!(excluded("db/*.sql", "db/a.sql"));
        assert!(!excluded("db/*.sql", "db/sub/a.sql"));
        assert!(excluded("db/**/*.sql", "db/sub/a.sql"));
    }

    #[test]
    fn files_outside_the_base_are_never_excluded() {
        let exclude = Exclude::new(Path::new("/repo"), &["**"]).unwrap();
        assert!(!exclude.matches(Path::new("/elsewhere/a.sql")));
        assert!(exclude.matches(Path::new("/elsewhere/../repo/a.sql")));
    }

    #[test]
    fn a_bad_pattern_is_named() {
        let error = Exclude::new(Path::new("/repo"), &["a/{b"]).unwrap_err();
        assert!(error.contains("a/{b"), "{error}");
    }

    #[test]
    fn directories_are_left_out_whatever_the_patterns_say() {
        let exclude = Exclude::default().and_directories(["/repo/in[n]er".into()]);
        assert!(exclude.matches(Path::new("/repo/in[n]er/a.sql")));
        assert!(!exclude.matches(Path::new("/repo/inner/a.sql")));
        assert!(!exclude.matches(Path::new("/repo/in[n]er.sql")));
    }
}
