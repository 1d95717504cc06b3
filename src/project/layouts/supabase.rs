//! The Supabase CLI: `supabase/migrations/<digits>_<name>.sql`, forward only.
//!
//! Read from supabase/cli: `apps/cli-go/pkg/migration/list.go` and `file.go` at 1d1e719 (which
//! files), and `apps/cli/src/legacy/shared/legacy-migration-apply.ts` of version 2.115 (how a file is
//! sent; before 2.109 all of it was one protocol pipeline, in which CREATE INDEX CONCURRENTLY failed
//! with 25001 unless it came first, see supabase/cli#5139, #5671 and #6276):
//!
//! - File names match `^([0-9]+)_(.*)\.sql$`, in `supabase/migrations` itself and not below it. The
//!   versions compare as text.
//! - A first file `<14 digits>_init.sql` of before 9 December 2021 is skipped: older versions of the
//!   CLI wrote it for themselves.
//! - The statements run in one transaction together with the insert into the history table, except
//!   those that PostgreSQL refuses in a transaction block: what came before is committed and they run
//!   by themselves ([`TransactionMode::Split`]). A file with transaction commands of its own gets no
//!   transaction from the tool, and neither does one whose first line is
//!   `-- pg-delta: transaction=false`.
//! - Seeds, roles, tests, functions and declarative schemas beside `migrations` are no migrations.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::path::Path;

use super::{Arrangement, Directory, Layout, Place, Unit};
use crate::project::tree::Tree;
use crate::project::{Direction, Script, TransactionMode};

pub struct Supabase;

impl Layout for Supabase {
    fn name(&self) -> &'static str {
        "supabase"
    }

    fn place(&self, file: &Path, tree: &Tree) -> Option<Place> {
        let root = file.ancestors().skip(1).find(|it| named(it, "supabase"))?;
        let mut below = file.strip_prefix(root).ok()?.components();
        let first = below.next()?.as_os_str();
        let depth = 1 + below.count();
        if first == "migrations" && depth == 2 {
            return Some(Place::Chain(root.join(first)));
        }
        // Any project may lie in a directory of that name: the configuration tells.
        let configured = tree.list(root).files.contains(OsStr::new("config.toml"));
        let beside = depth == 1 || BESIDE.iter().any(|name| first == *name);
        (configured && beside).then_some(Place::NotAMigration(
            "the Supabase CLI runs only the files directly in supabase/migrations as migrations",
        ))
    }

    fn recognises(&self, directory: &Directory) -> bool {
        named(directory.path, "migrations")
            && directory
                .path
                .parent()
                .is_some_and(|above| named(above, "supabase"))
            && directory
                .files
                .iter()
                .any(|file| version(&file.relative).is_some())
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        let names = directory.files.iter().map(|file| file.relative.as_str());
        let first = names.min();
        for (index, file) in directory.files.iter().enumerate() {
            let Some(version) = version(&file.relative) else {
                let reason = "the Supabase CLI runs only files named <digits>_<name>.sql";
                arrangement.skipped.push((index, reason.to_string()));
                continue;
            };
            if first == Some(file.relative.as_str()) && is_old_init(&file.relative) {
                let reason = "the Supabase CLI skips an _init.sql of before December 2021";
                arrangement.skipped.push((index, reason.to_string()));
                continue;
            }
            let text = file.source.text();
            arrangement.units.push(Unit {
                file: index,
                key: file.relative.clone(),
                version: version.to_string(),
                direction: Direction::Up,
                scripts: vec![Script::new(0..text.len(), transaction(text))],
            });
        }
        arrangement
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(unit.version.clone())
    }

    fn compare(&self, a: &str, b: &str) -> Ordering {
        version(a).cmp(&version(b)).then_with(|| a.cmp(b))
    }
}

/// What may lie in `supabase/` besides the migrations. Below `migrations` nothing is run either.
const BESIDE: &[&str] = &[
    "migrations",
    "functions",
    "schemas",
    "seed",
    "seeds",
    "snippets",
    "tests",
];

fn named(path: &Path, name: &str) -> bool {
    path.file_name() == Some(OsStr::new(name))
}

fn version(relative: &str) -> Option<&str> {
    let end = relative.bytes().take_while(u8::is_ascii_digit).count();
    let runs = end > 0 && relative[end..].starts_with('_') && relative.ends_with(".sql");
    runs.then(|| &relative[..end])
}

fn is_old_init(relative: &str) -> bool {
    let version = relative
        .strip_suffix("_init.sql")
        .filter(|it| it.len() == 14);
    version.is_some_and(|version| version < "20211209000000")
}

fn transaction(text: &str) -> TransactionMode {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.lines().next() {
        Some("-- pg-delta: transaction=false") => TransactionMode::None,
        Some(_) | None => TransactionMode::Split,
    }
}

#[cfg(test)]
mod tests {
    use super::{Supabase, is_old_init, transaction, version};
    use crate::project::TransactionMode;
    use crate::project::layouts::Layout;

    #[test]
    fn file_names() {
        assert_eq!(version("20240102030405_a.sql"), Some("20240102030405"));
        assert_eq!(version("1_.sql"), Some("1"));
        assert_eq!(version("20240102030405.sql"), None);
        assert_eq!(version("a_1.sql"), None);
    }

    #[test]
    fn versions_compare_as_text() {
        let mut names = ["0551_b.sql", "055_a.sql", "9_c.sql", "10_d.sql"];
        names.sort_by(|a, b| Supabase.compare(a, b));
        assert_eq!(names, ["055_a.sql", "0551_b.sql", "10_d.sql", "9_c.sql"]);
    }

    #[test]
    fn only_an_init_file_of_the_old_cli_is_skipped() {
        assert!(is_old_init("20210101000000_init.sql"));
        assert!(!is_old_init("20240101000000_init.sql"));
        assert!(!is_old_init("1_init.sql"));
    }

    #[test]
    fn the_directive_must_be_the_first_line() {
        let mode = transaction;
        let none = TransactionMode::None;
        assert_eq!(mode("-- pg-delta: transaction=false\nvacuum;"), none);
        assert_eq!(
            mode("\u{feff}-- pg-delta: transaction=false\r\nvacuum;"),
            none
        );
        let split = TransactionMode::Split;
        assert_eq!(mode("select 1;\n-- pg-delta: transaction=false\n"), split);
        assert_eq!(mode("-- pg-delta: transaction=false please\n"), split);
        assert_eq!(mode(""), split);
    }
}
