//! Liquibase's formatted SQL: changesets in files that a master changelog puts in order.
//!
//! Read from liquibase/liquibase at 09623fc, `AbstractFormattedChangeLogParser.java` (the lines that it knows, its defaults
//! `splitStatements:true` and `runInTransaction:true`); what is included from the manual, "SQL changelog format" and
//! "changeset attributes":
//!
//! - A file begins with `--liquibase formatted sql`; each `--changeset author:id` line begins a changeset, which is the
//!   unit that is applied. What the master changelog (XML, YAML or JSON) includes, in its order, is run: file
//!   names say nothing. An SQL file without the header is one changeset of its includer.
//! - A changeset runs in a transaction, statement by statement, unless it says `runInTransaction:false`; with
//!   `splitStatements:false` it is one message. `endDelimiter:` says what ends a message, `dbms:` for which databases it is.
//! - `liquibase.properties` and Spring Boot's application properties may name a default schema, which comes first in `search_path`
//!   (`DatabaseUtils.java`, `initializeDatabase`), and parameters; `--property` lines of formatted SQL hold parameters, too.
//! - `--rollback` lines and `/* liquibase rollback ... */` hold the way down.

mod changelog;
mod changeset;

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::config_files::{above, list, pairs};
use super::files::{mostly, whole};
use super::{Arrangement, Directory, Layout, Place, Unit};
use crate::project::tree::{Listing, Tree};
use crate::project::{Direction, ToolSettings, TransactionMode, order};

pub struct Liquibase;

/// How far above a file its master changelog is looked for.
const DEPTH: usize = 5;

impl Layout for Liquibase {
    fn name(&self) -> &'static str {
        "liquibase"
    }

    /// A file belongs to the nearest directory above it with a changelog.
    fn place(&self, file: &Path, tree: &Tree) -> Option<Place> {
        let mut above = file.ancestors().skip(1).take(DEPTH);
        let home = above.find(|directory| !masters(directory, tree).is_empty())?;
        Some(Place::Chain(home.to_path_buf()))
    }

    fn subdirectories(&self, directory: &Path, tree: &Tree) -> Vec<PathBuf> {
        let mut found = Vec::new();
        if !masters(directory, tree).is_empty() {
            below(directory, tree, 1, &mut found);
        }
        found
    }

    fn recognises(&self, directory: &Directory) -> bool {
        mostly(
            directory,
            |_| true,
            |file| changeset::is_formatted(file.source.text()),
        ) || !masters(directory.path, directory.tree).is_empty()
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        let order = changelog::order(directory, &masters(directory.path, directory.tree));
        for (index, file) in directory.files.iter().enumerate() {
            let place = match &order {
                Some(order) => match order.get(&index) {
                    Some(place) => format!("{place:06}"),
                    None => {
                        arrangement.skip(index, "no Liquibase changelog here includes it");
                        continue;
                    }
                },
                None => file.relative.clone(),
            };
            let text = file.source.text();
            if !changeset::is_formatted(text) {
                let stem = file.relative.trim_end_matches(".sql");
                let mode = TransactionMode::File;
                let key = format!("{place} 000000");
                let unit = whole(index, file, &key, stem, Direction::Up, mode);
                arrangement.units.push(unit);
                continue;
            }
            for (number, changeset) in changeset::changesets(text).into_iter().enumerate() {
                let key = format!("{place} {number:06}");
                let unit = |direction, scripts| Unit {
                    file: index,
                    key: key.clone(),
                    version: changeset.version.clone(),
                    direction,
                    scripts,
                };
                let up = unit(Direction::Up, changeset.up.clone());
                arrangement.units.push(up);
                if let Some(down) = &changeset.down {
                    let down = unit(Direction::Down, vec![down.clone()]);
                    arrangement.units.push(down);
                }
            }
        }
        arrangement
    }

    fn tool_settings(&self, directory: &Directory) -> ToolSettings {
        const FILES: [&str; 4] = [
            "liquibase.properties",
            "application.properties",
            "application.yml",
            "application.yaml",
        ];
        let mut settings = ToolSettings::default();
        let files = above(directory.path, directory.tree, &FILES);
        for (key, value) in files.iter().flat_map(|(name, text)| pairs(name, text)) {
            let key = key.strip_prefix("spring.liquibase.").unwrap_or(&key);
            let key = key.strip_prefix("liquibase.command.").unwrap_or(key);
            let plain = key.replace(['-', '_'], "").to_ascii_lowercase();
            let parameter = key
                .strip_prefix("parameters.")
                .or(key.strip_prefix("parameter."));
            if matches!(plain.as_str(), "defaultschema" | "defaultschemaname") {
                if settings.search_path.is_empty() {
                    settings.search_path = list(&value).into_iter().take(1).collect();
                    settings.before_default = true;
                }
            } else if let Some(name) = parameter.filter(|_| !value.contains("${")) {
                let known = &mut settings.placeholders;
                known.entry(name.to_string()).or_insert(value);
            }
        }
        for file in &directory.files {
            for (name, value) in changeset::properties(file.source.text()) {
                // The first one counts.
                settings.placeholders.entry(name).or_insert(value);
            }
        }
        settings
    }

    fn order_matters(&self) -> bool {
        false
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        order::compare(a, b)
    }
}

/// The names of the changelogs that lie in a directory: the masters, where names tell them from others.
fn masters(directory: &Path, tree: &Tree) -> Rc<[String]> {
    tree.picked(directory, |listing| pick_masters(directory, listing, tree))
}

fn pick_masters(directory: &Path, listing: &Listing, tree: &Tree) -> Vec<String> {
    let named = |name: &&str| {
        let lower = name.to_ascii_lowercase();
        let kind = [".xml", ".yaml", ".yml", ".json"];
        lower.contains("changelog") && kind.iter().any(|it| lower.ends_with(it))
    };
    let names = listing.files.iter().filter_map(|name| name.to_str());
    let found: Vec<String> = names
        .filter(named)
        .filter(|name| tree.mentions(&directory.join(OsStr::new(name)), "databaseChangeLog"))
        .map(str::to_string)
        .collect();
    let is_master = |name: &&String| name.contains("master") || name.contains("root");
    let masters: Vec<String> = found.iter().filter(is_master).cloned().collect();
    if masters.is_empty() { found } else { masters }
}

fn below(directory: &Path, tree: &Tree, depth: usize, found: &mut Vec<PathBuf>) {
    if depth >= DEPTH {
        return;
    }
    for name in &tree.list(directory).directories {
        let child = directory.join(name);
        below(&child, tree, depth + 1, found);
        found.push(child);
    }
}
