//! Files that psql lines, or tern's templates, bring into a migration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::tree::Tree;
use super::{Includes, Script};
use crate::source::Source;

/// Files that include each other must end somewhere.
const DEPTH: usize = 8;

/// What the psql lines of some scripts of a file bring in. `\\ir` counts from the file, `\\i` from where psql is
/// started: the nearest directory above that has the path, up to the top of the repository.
pub fn includes(file: &Path, source: &Source, scripts: &[Script], tree: &Tree) -> Includes {
    let mut found = Includes::new();
    for script in scripts {
        let text = source.text().get(script.range.clone()).unwrap_or_default();
        follow(file, text, tree, 0, &mut found);
    }
    found
}

fn follow(file: &Path, text: &str, tree: &Tree, depth: usize, found: &mut Includes) {
    if depth == DEPTH || !may_include(text) {
        return;
    }
    for (path, relative) in text.lines().filter_map(included) {
        if found.contains_key(path) {
            continue;
        }
        let Some(place) = locate(file, path, relative) else {
            continue;
        };
        let Ok(content) = tree.read(&place) else {
            continue;
        };
        let source = Arc::new(Source::new(place.clone(), content));
        found.insert(path.to_string(), Arc::clone(&source));
        follow(&place, source.text(), tree, depth + 1, found);
    }
}

/// Whether some line of a text may include a file.
pub fn may_include(text: &str) -> bool {
    text.contains("\\i") || text.contains("{{") && text.contains("template")
}

/// `{{ template "shared/x.sql" . }}`: tern finds it from its migration directory (jackc/tern at 0189c51,
/// `migrate/migrate.go`).
fn template(line: &str) -> Option<&str> {
    let action = line.trim().strip_prefix("{{")?.split("}}").next()?;
    let action = action.trim_start_matches('-').trim_start();
    let path = action
        .strip_prefix("template")?
        .trim_start()
        .strip_prefix('"')?;
    let (path, _) = path.split_once('"')?;
    path.ends_with(".sql").then_some(path)
}

/// The path of a psql line that includes a file, and whether it counts from the including file.
pub fn included(line: &str) -> Option<(&str, bool)> {
    if let Some(path) = template(line) {
        return Some((path, false));
    }
    let command = line.trim().strip_prefix('\\')?;
    let (name, path) = command.split_once([' ', '\t'])?;
    let relative = match name {
        "i" | "include" => false,
        "ir" | "include_relative" => true,
        _ => return None,
    };
    let path = path.trim().trim_end_matches(';').trim();
    let path = path
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap_or(path);
    // A variable or a command line in the path is not known.
    let plain = !path.is_empty() && !path.contains([':', '`']);
    plain.then_some((path, relative))
}

fn locate(file: &Path, path: &str, relative: bool) -> Option<PathBuf> {
    let directory = file.parent()?;
    if relative {
        return inside(directory, path);
    }
    for ancestor in directory.ancestors() {
        if let Some(found) = inside(ancestor, path) {
            return Some(found);
        }
        if ancestor.join(".git").exists() {
            return None;
        }
    }
    None
}

fn inside(directory: &Path, path: &str) -> Option<PathBuf> {
    let place = directory.join(path);
    (!Path::new(path).is_absolute() && place.is_file()).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::included;

    #[test]
    fn lines_that_include() {
        assert_eq!(included("\\i a/b.sql"), Some(("a/b.sql", false)));
        assert_eq!(included("  \\ir 'a b.sql' ;"), Some(("a b.sql", true)));
        assert_eq!(
            included("\\include_relative x.sql\r"),
            Some(("x.sql", true))
        );
        assert_eq!(
            included("{{- template \"shared/x.sql\" . -}}"),
            Some(("shared/x.sql", false))
        );
        assert_eq!(included("{{ template \"x\" . }}"), None);
        for line in ["\\if x", "\\i", "\\i :file", "\\i `ls`", "-- \\i x.sql"] {
            assert_eq!(included(line), None, "{line}");
        }
    }
}
