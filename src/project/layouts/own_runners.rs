//! Runners that well-known projects wrote for themselves. Each has numbered files, in pairs or forward only, and sends
//! a file as one simple-protocol message; they differ in the names, in what tells them, and in the way out of their
//! transaction.
//!
//! - PrairieLearn (PrairieLearn/PrairieLearn at 0036a9f and 0266eec, `packages/migrations/src/load-migrations.ts` and
//!   `migrations/migrations.ts`): `^([0-9]{14})_.+\.[a-z]+`, in a transaction unless a line is
//!   `-- prairielearn:migrations NO TRANSACTION`; any other annotation and a second file with the same number are refused.
//! - morph of Mattermost and Focalboard (mattermost/morph at 34e8da7, `models/parse.go` and
//!   `drivers/postgres/postgres.go`): `^([0-9]+)_(.*)\.(down|up)\.(.*)$`, in a transaction unless the text begins with
//!   `-- morph:nontransactional` at its very first byte. Focalboard's files are Go templates for three databases.
//! - River (riverqueue/river at fdf6cdf, `rivermigrate/river_migrate.go`): pairs of `<digits>_<name>`, each in a
//!   transaction of its own; `/* TEMPLATE: schema */` stands before the names.
//! - Graphile Worker (graphile/worker at 01252af, `src/migrate.ts`): `^[0-9]{6}\.sql$`, each in a transaction;
//!   `:GRAPHILE_WORKER_SCHEMA` (once `:WORKER_SCHEMA`) stands for its schema, `graphile_worker` by default.
//! - Formance (formancehq/ledger at 0450087, `internal/storage/bucket/migrations.go`; formancehq/go-libs at 046e865,
//!   `migrations/migrator.go`): `<digits>-<name>/up.sql` beside a `notes.yaml`, in the order of the numbers. The caller
//!   decides whether there is a transaction around it; its server opens none, and the template's
//!   `{{ if not .Transactional }}concurrently{{ end }}` is for that case.
//! - Concourse (concourse/concourse at 0057a72, `atc/db/migration/migration.go`): pairs of `<digits>_<name>`, each in a
//!   transaction, beside a `migrations.go` or migrations that are Go functions.

use std::ffi::OsStr;
use std::path::Path;

use super::files::{
    compare_numbers, digits, directed, mentioned_above, number, numbered, one_message,
};
use super::{Arrangement, Directory, Layout, Place, Unit, markers};
use crate::project::tree::Tree;
use crate::project::{Direction, ToolSettings, TransactionMode};

/// One of these runners.
pub struct Own {
    name: &'static str,
    /// Version and direction of a file that the runner runs, by its path from the migration directory.
    runs: fn(&str) -> Option<(&str, Direction)>,
    /// What tells the runner, besides the names.
    tells: fn(&Directory) -> bool,
    /// Who opens a transaction around a file with this text.
    transaction: fn(&str) -> TransactionMode,
    /// What the runner has against a file with this text.
    refuses: fn(&str) -> Option<String>,
    skipped: &'static str,
}

pub const PRAIRIELEARN: Own = Own {
    name: "prairielearn",
    runs: |relative| {
        let (version, rest) = numbered(relative.strip_suffix(".sql")?)?;
        let fits = version.len() == 14 && !rest.is_empty() && !relative.contains('/');
        fits.then_some((version, Direction::Up))
    },
    tells: |directory| {
        let mut files = directory.files.iter();
        files.any(|file| annotations(file.source.text()).next().is_some())
            || mentioned_above(
                directory.path,
                directory.tree,
                "package.json",
                "\"@prairielearn/migrations\"",
            )
    },
    transaction: |text| match annotations(text).any(|it| it == "NO TRANSACTION") {
        true => TransactionMode::Message,
        false => TransactionMode::File,
    },
    refuses: |text| {
        let unknown = annotations(text).find(|it| *it != "NO TRANSACTION")?;
        Some(format!(
            "PrairieLearn refuses this file: it knows no annotation `{unknown}`"
        ))
    },
    skipped: "PrairieLearn runs only files named <14 digits>_<name>.sql",
};

pub const MORPH: Own = Own {
    name: "morph",
    runs: pair,
    tells: |directory| {
        let mut files = directory.files.iter();
        files.any(|file| {
            let text = file.source.text();
            text.starts_with(MORPH_OPT_OUT)
                || text.contains("{{if .postgres}}")
                || text.contains("{{if .mysql}}")
        }) || ["mattermost/morph", "go-morph/morph"]
            .iter()
            .any(|word| mentioned_above(directory.path, directory.tree, "go.mod", word))
    },
    transaction: |text| match text.starts_with(MORPH_OPT_OUT) {
        true => TransactionMode::Message,
        false => TransactionMode::File,
    },
    refuses: |_| None,
    skipped: "morph runs only files named <digits>_<name>.up.sql or .down.sql",
};

pub const RIVER: Own = Own {
    name: "river",
    runs: pair,
    tells: |directory| mentions(directory, "/* TEMPLATE: schema */"),
    transaction: |_| TransactionMode::File,
    refuses: |_| None,
    skipped: "River runs only files named <digits>_<name>.up.sql or .down.sql",
};

pub const GRAPHILE_WORKER: Own = Own {
    name: "graphile-worker",
    runs: |relative| {
        let version = relative.strip_suffix(".sql")?;
        let fits = version.len() == 6 && digits(version) == 6;
        fits.then_some((version, Direction::Up))
    },
    tells: |directory| {
        [":GRAPHILE_WORKER_SCHEMA", ":WORKER_SCHEMA"]
            .iter()
            .any(|word| mentions(directory, word))
    },
    transaction: |_| TransactionMode::File,
    refuses: |_| None,
    skipped: "Graphile Worker runs only files named <6 digits>.sql",
};

pub const FORMANCE: Own = Own {
    name: "formance",
    runs: |relative| {
        let (name, file) = relative.split_once('/')?;
        let version = &name[..digits(name)];
        let fits = !version.is_empty() && name[version.len()..].starts_with('-');
        (fits && file == "up.sql").then_some((version, Direction::Up))
    },
    tells: |directory| {
        let mut files = directory.files.iter();
        files.any(|file| {
            let name = file.relative.split('/').next().unwrap_or_default();
            directory.has(&format!("{name}/{NOTES}"))
        })
    },
    transaction: |_| TransactionMode::Message,
    refuses: |_| None,
    skipped: "Formance's migrator runs only <digits>-<name>/up.sql",
};

pub const CONCOURSE: Own = Own {
    name: "concourse",
    runs: pair,
    tells: |directory| {
        let names = &directory.tree.list(directory.path).files;
        let is_go = |name: &str| name.ends_with(".up.go") || name.ends_with(".down.go");
        names.contains(OsStr::new("migrations.go"))
            && (names.iter().any(|it| it.to_str().is_some_and(is_go))
                || directory.path.ends_with("db/migration/migrations"))
    },
    transaction: |_| TransactionMode::File,
    refuses: |_| None,
    skipped: "Concourse runs only files named <digits>_<name>.up.sql or .down.sql",
};

const MORPH_OPT_OUT: &str = "-- morph:nontransactional";
const NOTES: &str = "notes.yaml";

/// `-- prairielearn:migrations <annotation>` lines.
fn annotations(text: &str) -> impl Iterator<Item = &str> {
    markers::lines(text).filter_map(|line| {
        let rest = text[line].strip_prefix("-- prairielearn:migrations")?;
        Some(rest.trim())
    })
}

fn pair(relative: &str) -> Option<(&str, Direction)> {
    let (base, direction) = directed(relative)?;
    let (version, _) = numbered(base)?;
    (!relative.contains('/')).then_some((version, direction))
}

fn mentions(directory: &Directory, word: &str) -> bool {
    let mut files = directory.files.iter();
    files.any(|file| file.source.text().contains(word))
}

impl Layout for Own {
    fn name(&self) -> &'static str {
        self.name
    }

    /// Formance's tests lie beside `up.sql`.
    fn place(&self, file: &Path, tree: &Tree) -> Option<Place> {
        if self.name != FORMANCE.name {
            return None;
        }
        let parent = file.parent()?;
        let name = parent.file_name()?.to_str()?;
        let is_one = (self.runs)(&format!("{name}/up.sql")).is_some()
            && tree.list(parent).files.contains(OsStr::new(NOTES));
        is_one.then(|| Place::Chain(parent.parent().unwrap_or(parent).to_path_buf()))
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let files = directory.files.iter();
        let of_names = files.filter(|it| (self.runs)(&it.relative).is_some());
        let count = of_names.count();
        // Formance's files are accompanied by their tests.
        let most = count * 2 > directory.files.len() || self.name == FORMANCE.name && count > 0;
        most && (self.tells)(directory)
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some((version, direction)) = (self.runs)(&file.relative) else {
                arrangement.skip(index, self.skipped);
                continue;
            };
            let text = file.source.text();
            if let Some(reason) = (self.refuses)(text) {
                arrangement.refuse(index, &reason);
            }
            let (key, mode) = (number(version), (self.transaction)(text));
            let unit = one_message(index, file, key, version, direction, mode);
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn tool_settings(&self, _directory: &Directory) -> ToolSettings {
        let mut settings = ToolSettings::default();
        if self.name == GRAPHILE_WORKER.name {
            for name in ["GRAPHILE_WORKER_SCHEMA", "WORKER_SCHEMA"] {
                let schema = "graphile_worker".to_string();
                settings.placeholders.insert(name.to_string(), schema);
            }
            settings.creates.push("graphile_worker".to_string());
        }
        settings
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(unit.key.clone())
    }

    fn compare(&self, a: &str, b: &str) -> std::cmp::Ordering {
        compare_numbers(a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::{FORMANCE, GRAPHILE_WORKER, MORPH, PRAIRIELEARN};
    use crate::project::TransactionMode::{File, Message};

    #[test]
    fn names() {
        let version = |own: &super::Own, name: &'static str| (own.runs)(name).map(|it| it.0);
        let learn = |name| version(&PRAIRIELEARN, name);
        assert_eq!(learn("20240101000000_a__b.sql"), Some("20240101000000"));
        assert_eq!(learn("20240101_a.sql"), None);
        assert_eq!(learn("20240101000000_.sql"), None);
        let worker = |name| version(&GRAPHILE_WORKER, name);
        assert_eq!(worker("000001.sql"), Some("000001"));
        assert_eq!(worker("000001_a.sql"), None);
        let formance = |name| version(&FORMANCE, name);
        assert_eq!(formance("11-make-stateless/up.sql"), Some("11"));
        assert_eq!(formance("11-make-stateless/up_tests_after.sql"), None);
        assert_eq!(formance("11_x/up.sql"), None);
    }

    #[test]
    fn the_way_out_of_the_transaction() {
        let learn = PRAIRIELEARN.transaction;
        assert_eq!(
            learn("select 1;\n-- prairielearn:migrations NO TRANSACTION \n"),
            Message
        );
        assert_eq!(learn(" -- prairielearn:migrations NO TRANSACTION\n"), File);
        let refused = (PRAIRIELEARN.refuses)("-- prairielearn:migrations NO TRANSACTIONS\n");
        assert!(refused.is_some_and(|it| it.contains("`NO TRANSACTIONS`")));
        let morph = MORPH.transaction;
        assert_eq!(morph("-- morph:nontransactional\nvacuum;"), Message);
        assert_eq!(morph("\n-- morph:nontransactional\nvacuum;"), File);
    }
}
