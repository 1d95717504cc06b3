//! A new migration that sorts before a released one.

use crate::lint::{Check, Finding, MigrationContext, Report, history};

pub const CHECK: Check = Check::Migration(check);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let migration = cx.migration.migration;
    let Some(later) = &migration.standing.released_later else {
        return;
    };
    let finding = Finding::new(
        history::head(migration, &cx.spans()),
        "comes before a released migration",
        format!(
            "migration {} sorts before {later}, which is released: databases that have {later} run it out of order, or never",
            migration.version
        ),
    )
    .help(format!("give it a version after {later}"));
    report.push(finding);
}
