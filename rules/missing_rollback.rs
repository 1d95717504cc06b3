//! A migration without a rollback where its neighbours have one.

use crate::lint::{Check, Finding, MigrationContext, Report};
use crate::project::{Direction, Rollback};

pub const CHECK: Check = Check::Migration(check);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let migration = cx.migration.migration;
    let Some((first, _)) = cx.statements.first() else {
        return;
    };
    if migration.direction != Direction::Up || migration.rollback != Rollback::Missing {
        return;
    }
    let finding = Finding::new(
        first.clone(),
        "nothing undoes this migration",
        format!(
            "migration {} cannot be rolled back: the other migrations here have a rollback, this one has none",
            migration.version
        ),
    )
    .help(crate::fix::recipes::where_rollbacks_live(
        cx.migration.layout,
        migration.source.path(),
    ));
    report.push(finding);
}
