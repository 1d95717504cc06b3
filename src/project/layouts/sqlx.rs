//! sqlx: `<integer>_<name>.sql`, or `.up.sql` and `.down.sql`.
//!
//! Read from launchbadge/sqlx at 106b046: `sqlx-core/src/migrate/source.rs` and `migration.rs`,
//! `sqlx-postgres/src/migrate.rs`:
//!
//! - What stands before the first `_` is the version, an integer; files without a `_` are left out.
//! - A file runs in a transaction unless its text begins with `-- no-transaction`, at the very first byte.
//! - Either way the text is one simple-protocol message: without the transaction of the tool several
//!   statements are still one implicit transaction.
//!
//! golang-migrate's names look the same. It is sqlx where a file begins with the opt-out, in this directory or one
//! beside it, where a `Cargo.toml` above mentions sqlx or sqlx's own `sqlx-data.json` or `.sqlx` lies above, and where
//! files come in pairs in a project written in Rust. Where nothing tells, see [`super::golang_migrate`].

use std::path::{Path, PathBuf};

use super::files::{
    compare_numbers, directed, exists_above, is_rust, mentioned_above, number, numbered,
    one_message,
};
use super::{Arrangement, Directory, Layout, Unit};
use crate::project::tree::Tree;
use crate::project::{Direction, TransactionMode};

pub struct Sqlx;

const OPT_OUT: &str = "-- no-transaction";

impl Layout for Sqlx {
    fn name(&self) -> &'static str {
        "sqlx"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let runs = |relative: &str| version(relative).is_some();
        let mut files = directory.files.iter().filter(|it| runs(&it.relative));
        if files.clone().count() * 2 <= directory.files.len() {
            return false;
        }
        let (path, tree) = (directory.path, directory.tree);
        let paired = files.clone().all(|it| directed(&it.relative).is_some());
        files.any(|it| it.source.text().starts_with(OPT_OUT))
            || exists_above(path, tree, "sqlx-data.json")
            || has_offline_queries(path)
            || paired && opts_out_beside(path, tree)
            || mentioned_above(path, tree, "Cargo.toml", "sqlx")
            || paired && is_rust(path, tree)
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some(version) = version(&file.relative) else {
                arrangement.skip(index, "sqlx runs only files named <integer>_<name>.sql");
                continue;
            };
            let direction = directed(&file.relative).map_or(Direction::Up, |it| it.1);
            let transaction = if file.source.text().starts_with(OPT_OUT) {
                TransactionMode::Message
            } else {
                TransactionMode::File
            };
            let key = number(version);
            let unit = one_message(index, file, key, version, direction, transaction);
            arrangement.units.push(unit);
        }
        arrangement
    }

    fn identity(&self, unit: &Unit) -> Option<String> {
        Some(unit.key.clone())
    }

    fn compare(&self, a: &str, b: &str) -> std::cmp::Ordering {
        compare_numbers(a, b)
    }
}

/// `.sqlx`, where `cargo sqlx prepare` puts what it has asked the database.
fn has_offline_queries(directory: &Path) -> bool {
    let in_repository = directory.ancestors().take(6);
    in_repository
        .take_while(|it| !it.join(".git").exists())
        .any(|it| it.join(".sqlx").is_dir())
}

/// Whether a file in a directory beside this one begins with the opt-out.
fn opts_out_beside(directory: &Path, tree: &Tree) -> bool {
    /// More directories than a project has databases.
    const MOST: usize = 16;
    let Some(parent) = directory.parent() else {
        return false;
    };
    let beside = &tree.list(parent).directories;
    let opts_out = |file: &PathBuf| {
        let name = file.file_name().and_then(|it| it.to_str());
        name.is_some_and(|it| version(it).is_some())
            && tree.read(file).is_ok_and(|text| text.starts_with(OPT_OUT))
    };
    beside.len() <= MOST
        && beside
            .iter()
            .any(|name| tree.sql_files(&parent.join(name)).iter().any(opts_out))
}

fn version(relative: &str) -> Option<&str> {
    let (version, _) = numbered(relative.strip_suffix(".sql")?)?;
    (!relative.contains('/')).then_some(version)
}
