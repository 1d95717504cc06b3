//! postgres-migrations (ThomWright): `<digits>[-_]<name>.sql`, forward only.
//!
//! Read from its README and `src/run-migration.ts`: a file runs in a transaction as one message, unless its text
//! holds `-- postgres-migrations disable-transaction` anywhere; then several statements are still one implicit transaction.
//! The numbers run without a gap.

use super::files::{compare_numbers, digits, mentioned_above, number, whole};
use super::{Arrangement, Directory, Layout, Unit};
use crate::project::{Direction, TransactionMode};

pub struct PostgresMigrations;

const OPT_OUT: &str = "-- postgres-migrations disable-transaction";

impl Layout for PostgresMigrations {
    fn name(&self) -> &'static str {
        "postgres-migrations"
    }

    fn recognises(&self, directory: &Directory) -> bool {
        let mut files = directory.files.iter();
        let runs = files.clone().filter(|it| version(&it.relative).is_some());
        runs.count() * 2 > directory.files.len()
            && (files.any(|it| it.source.text().contains(OPT_OUT))
                || mentioned_above(
                    directory.path,
                    directory.tree,
                    "package.json",
                    "\"postgres-migrations\"",
                ))
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        for (index, file) in directory.files.iter().enumerate() {
            let Some(version) = version(&file.relative) else {
                let reason = "postgres-migrations runs only files whose name begins with a number";
                arrangement.skip(index, reason);
                continue;
            };
            let transaction = if file.source.text().contains(OPT_OUT) {
                TransactionMode::Message
            } else {
                TransactionMode::File
            };
            let key = number(version);
            let unit = whole(index, file, key, version, Direction::Up, transaction);
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

fn version(relative: &str) -> Option<&str> {
    let end = digits(relative);
    (end > 0 && relative.ends_with(".sql") && !relative.contains('/')).then(|| &relative[..end])
}
