//! A migration whose version another one has.

use crate::lint::{Check, Finding, MigrationContext, Report, history};

pub const CHECK: Check = Check::Migration(check);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let migration = cx.migration.migration;
    let Some(twin) = &migration.standing.twin else {
        return;
    };
    let name = twin
        .file_name()
        .unwrap_or(twin.as_os_str())
        .to_string_lossy();
    let finding = Finding::new(
        history::head(migration, &cx.spans()),
        "its version is taken",
        format!(
            "version {} is taken by {name}: {} runs only one of the two, or refuses to start",
            migration.version, cx.migration.layout
        ),
    )
    .help("give this migration a version of its own");
    report.push(finding);
}
