//! postgres-migrations (ThomWright): `<digits>[-_]<name>.sql`, forward only.
//!
//! Read from its README and `src/run-migration.ts`: a file runs in a transaction as one message, unless its text
//! holds `-- postgres-migrations disable-transaction` anywhere; then several statements are still one implicit transaction.
//! The numbers run from 1 without a gap, or the directory is refused (`src/validation.ts`).

use memchr::memmem;

use super::files::{compare_numbers, digits, first_missing, mentioned_above, number, one_message};
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
            && (files
                .any(|it| memmem::find(it.source.text().as_bytes(), OPT_OUT.as_bytes()).is_some())
                || mentioned_above(
                    directory.path,
                    directory.tree,
                    "package.json",
                    "\"postgres-migrations\"",
                ))
    }

    fn arrange(&self, directory: &Directory) -> Arrangement {
        let mut arrangement = Arrangement::default();
        let names = &directory.tree.list(directory.path).files;
        // Migrations may be written in JavaScript too.
        let numbers = names.iter().filter_map(|name| {
            let name = name.to_str()?;
            Some(&name[..digits(name)]).filter(|it| !it.is_empty())
        });
        let missing = first_missing(numbers);
        let behind = directory
            .files
            .iter()
            .filter_map(|it| version(&it.relative));
        let behind = behind.filter(|it| compare_numbers(it, &missing.to_string()).is_gt());
        let gap = behind.min_by(|a, b| compare_numbers(a, b));
        for (index, file) in directory.files.iter().enumerate() {
            let Some(version) = version(&file.relative) else {
                let reason = "postgres-migrations runs only files whose name begins with a number";
                arrangement.skip(index, reason);
                continue;
            };
            if gap == Some(version) {
                arrangement.refuse(
                    index,
                    &format!(
                        "postgres-migrations refuses the directory: migration {missing} is missing"
                    ),
                );
            }
            let transaction = if file.source.text().contains(OPT_OUT) {
                TransactionMode::Message
            } else {
                TransactionMode::File
            };
            let key = number(version);
            let unit = one_message(index, file, key, version, Direction::Up, transaction);
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
