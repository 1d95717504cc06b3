//! A migration without a rollback where its neighbours have one.

use crate::catalog::UserTypeKind;
use crate::effects::{Effects, LockMode};
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
    if !can_be_undone(cx) {
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

/// Whether a rollback would have something to do. Rows that were changed are not given back, and PostgreSQL
/// has no way to take a value from an enum.
fn can_be_undone(cx: &MigrationContext<'_>) -> bool {
    cx.statements.iter().any(|(_, effects)| match effects.kind {
        "insert"
        | "update"
        | "delete"
        | "merge"
        | "copy"
        | "truncate"
        | "refresh materialized view"
        | "analyze"
        | "vacuum"
        | "set"
        | "show"
        | "transaction control" => false,
        "select" | "do" | "call" => changes_schema(effects),
        "alter type" => !effects.locks.is_empty() || !only_adds_values(cx),
        _ => true,
    })
}

fn changes_schema(effects: &Effects) -> bool {
    let locks = effects.locks.iter();
    !effects.is_exact()
        || !effects.changes.is_empty()
        || locks.map(|lock| lock.mode).max() > Some(LockMode::RowExclusive)
}

/// Of the types that were there before: each enum has all its values still.
fn only_adds_values(cx: &MigrationContext<'_>) -> bool {
    cx.before.user_types().all(|ty| {
        let UserTypeKind::Enum { values: then, .. } = &ty.kind else {
            return true;
        };
        let now = cx.after.user_types().find(|now| now.name == ty.name);
        match now.map(|now| &now.kind) {
            Some(UserTypeKind::Enum { values: now, .. }) => then
                .iter()
                .all(|value| now.iter().any(|it| it.name == value.name)),
            _ => false,
        }
    })
}
