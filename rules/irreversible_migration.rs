//! An up migration that loses rows, or whose rollback does nothing.

use crate::catalog::RelationKind;
use crate::effects::{ChangeKind, Target, TargetKind};
use crate::lint::parts::listed;
use crate::lint::{Check, Finding, MigrationContext, Report, history, short_name};
use crate::project::{Direction, Rollback};

pub const CHECK: Check = Check::Migration(check);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    match cx.migration.migration.direction {
        Direction::Up => rows_lost(cx, report),
        Direction::Down => empty(cx, report),
    }
}

fn rows_lost(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let migration = cx.migration.migration;
    if migration.rollback != Rollback::Present {
        return;
    }
    let changes = cx
        .statements
        .iter()
        .flat_map(|(_, effects)| &effects.changes);
    let lost = changes.filter_map(|change| match &change.kind {
        ChangeKind::RelationDropped { relation, .. }
            if holds_rows(relation) && !is_replaced(relation, cx) =>
        {
            Some((
                change.span.clone(),
                format!("the rows of {}", short_name(&relation.name)),
            ))
        }
        ChangeKind::ColumnDropped { relation, column } if holds_rows(relation) => Some((
            change.span.clone(),
            format!("what is in {}.{column}", short_name(&relation.name)),
        )),
        _ => None,
    });
    let lost: Vec<(std::ops::Range<usize>, String)> = lost.collect();
    // Once a migration: there is no way back from the first of them on.
    let Some((span, _)) = lost.first() else {
        return;
    };
    let names: Vec<String> = lost.iter().map(|(_, what)| what.clone()).collect();
    let finding = Finding::new(
        span.clone(),
        "no way back from here",
        format!(
            "the rollback of migration {} cannot bring back {}",
            migration.version,
            listed(&names)
        ),
    )
    .help("keep a copy of the rows until nobody wants to go back");
    report.push(finding);
}

/// The table was renamed to make room for a new one of its name, to which its rows were copied.
fn is_replaced(relation: &Target, cx: &MigrationContext<'_>) -> bool {
    let before = relation.oid.and_then(|oid| cx.before.relation(oid));
    before.is_some_and(|before| {
        before.name != relation.name && cx.after.relation_named(&before.name).is_some()
    })
}

fn holds_rows(relation: &Target) -> bool {
    let table = matches!(
        relation.kind,
        TargetKind::Relation(RelationKind::Table | RelationKind::PartitionedTable)
    );
    table && !relation.new
}

fn empty(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let migration = cx.migration.migration;
    let Some(before_up) = cx.before_up.filter(|_| cx.statements.is_empty()) else {
        return;
    };
    if before_up.deviations(cx.after).is_empty() {
        return;
    }
    let finding = Finding::new(
        history::head(migration, &[]),
        "nothing is undone here",
        format!(
            "the rollback of migration {} is empty: the schema stays as it is",
            migration.version
        ),
    )
    .help("undo the up migration, or make sure that nobody needs to");
    report.push(finding);
}
