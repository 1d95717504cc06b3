//! The order in which changelogs include files.
//!
//! The four formats are not parsed as such: an include is found by its key (`file`, `path`) and the text
//! in quotes or up to the end of the line behind it. That is the same in XML, YAML and JSON.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::layouts::Directory;

/// Includes that include each other must end somewhere.
const DEPTH: usize = 16;

/// The places of the directory's files, by index. None where no changelog includes any of them.
pub fn order(directory: &Directory, masters: &[String]) -> Option<BTreeMap<usize, usize>> {
    let mut order = Order {
        directory,
        places: BTreeMap::new(),
        seen: BTreeSet::new(),
    };
    for master in masters {
        order.follow(master, 0);
    }
    (!order.places.is_empty()).then_some(order.places)
}

struct Order<'a> {
    directory: &'a Directory<'a>,
    places: BTreeMap<usize, usize>,
    /// Changelogs that were followed.
    seen: BTreeSet<String>,
}

impl Order<'_> {
    /// `changelog` is relative to the migration directory.
    fn follow(&mut self, changelog: &str, depth: usize) {
        if depth > DEPTH || !self.seen.insert(changelog.to_string()) {
            return;
        }
        let Some(text) = self.directory.beside(changelog) else {
            return;
        };
        for included in includes(&text) {
            self.include(changelog, &included, depth);
        }
    }

    fn include(&mut self, changelog: &str, included: &str, depth: usize) {
        let lower = included.to_ascii_lowercase();
        if lower.ends_with(".sql") {
            if let Some(file) = self.file(changelog, included) {
                self.add(file);
            }
        } else if [".xml", ".yaml", ".yml", ".json"]
            .iter()
            .any(|it| lower.ends_with(it))
        {
            for candidate in candidates(changelog, included) {
                self.follow(&candidate, depth + 1);
            }
        } else {
            self.include_all(changelog, included);
        }
    }

    fn add(&mut self, file: usize) {
        let next = self.places.len();
        self.places.entry(file).or_insert(next);
    }

    fn file(&self, changelog: &str, included: &str) -> Option<usize> {
        let candidates = candidates(changelog, included);
        let files = || self.directory.files.iter();
        candidates
            .iter()
            .find_map(|wanted| files().position(|file| file.relative == *wanted))
    }

    /// `includeAll`: the files of a directory in the order of their paths.
    fn include_all(&mut self, changelog: &str, path: &str) {
        for directory in candidates(changelog, path.trim_end_matches('/')) {
            let prefix = format!("{directory}/");
            let files = self.directory.files.iter().enumerate();
            let mut found: Vec<(&str, usize)> = files
                .filter(|(_, file)| file.relative.starts_with(&prefix))
                .map(|(index, file)| (file.relative.as_str(), index))
                .collect();
            found.sort_unstable();
            let found: Vec<usize> = found.into_iter().map(|(_, index)| index).collect();
            if !found.is_empty() {
                found.into_iter().for_each(|index| self.add(index));
                return;
            }
        }
    }
}

/// What an included path may be from the migration directory: beside the changelog that includes it, or
/// from the root of a search path, which lies somewhere above.
fn candidates(changelog: &str, included: &str) -> Vec<String> {
    let path = included
        .trim_start_matches("classpath:")
        .trim_start_matches("./")
        .trim_start_matches('/');
    let mut found = Vec::new();
    if let Some((folder, _)) = changelog.rsplit_once('/') {
        found.push(tidy(&format!("{folder}/{path}")));
    }
    let mut rest = path;
    loop {
        found.push(tidy(rest));
        match rest.split_once('/') {
            Some((_, below)) => rest = below,
            None => return found,
        }
    }
}

/// Without `..` components, by name only.
fn tidy(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The paths that a changelog includes, in order.
fn includes(text: &str) -> Vec<String> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for key in ["file", "path"] {
        for (at, _) in text.match_indices(key) {
            let before = text[..at].chars().next_back();
            let starts = before.is_none_or(|it| it.is_whitespace() || "\"'{,-".contains(it));
            let after = text[at + key.len()..].trim_start_matches(['"', '\'']);
            let Some(value) = after.trim_start().strip_prefix([':', '=']) else {
                continue;
            };
            if starts && let Some(value) = value_of(value.trim_start_matches([' ', '\t'])) {
                found.push((at, value.to_string()));
            }
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, path)| path).collect()
}

fn value_of(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|it| matches!(it, '"' | '\''));
    let value = match quote {
        Some(quote) => text[1..].split(quote).next()?,
        None => text.split(['\n', '\r', '#', ',', '}']).next()?.trim(),
    };
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{candidates, includes};

    #[test]
    fn includes_of_each_format() {
        for text in [
            "databaseChangeLog:\n  - include:\n      file: db/a.sql\n  - includeAll:\n      path: 'db/more/' # all\n",
            "<databaseChangeLog><include file=\"db/a.sql\" relativeToChangelogFile='false'/>\n<includeAll path = \"db/more/\"/>",
            "{\"databaseChangeLog\": [{\"include\": {\"file\": \"db/a.sql\"}}, {\"includeAll\": {\"path\":\"db/more/\"}}]}",
        ] {
            assert_eq!(includes(text), ["db/a.sql", "db/more/"], "{text}");
        }
    }

    #[test]
    fn a_path_counts_from_the_changelog_or_from_a_root_above() {
        assert_eq!(
            candidates("v1/changes.yaml", "../sql/a.sql"),
            ["sql/a.sql", "sql/a.sql", "sql/a.sql", "a.sql"]
        );
        assert!(
            candidates("m.xml", "classpath:db/changelog/sql/a.sql")
                .contains(&"sql/a.sql".to_string())
        );
    }
}
