//! A released migration with another text.

use crate::lint::{Check, Finding, MigrationContext, Report, history};
use crate::project::Direction;

pub const CHECK: Check = Check::Migration(check);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let migration = cx.migration.migration;
    // A rollback runs when it is needed, with the text that it has then.
    if migration.direction == Direction::Down {
        return;
    }
    let Some(place) = history::first_edit(migration) else {
        return;
    };
    let finding = Finding::new(
        place,
        "not as it was released",
        format!(
            "migration {} was edited after its release: databases that have run it never see the change",
            migration.version
        ),
    )
    .help("put it back as it was, and write the change as a new migration");
    report.push(finding);
}
