//! A table that is dropped and created again, empty, by one migration.

use crate::catalog::RelationKind;
use crate::effects::{ChangeKind, TargetKind};
use crate::lint::{Check, Finding, MigrationContext, Report, Severity, short_name};

pub const CHECK: Check = Check::Migration(check);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let changes: Vec<_> = cx
        .statements
        .iter()
        .flat_map(|(_, effects)| &effects.changes)
        .collect();
    for (at, created) in changes.iter().enumerate() {
        let ChangeKind::RelationCreated { relation } = &created.kind else {
            continue;
        };
        let is_table = |kind| {
            matches!(
                kind,
                TargetKind::Relation(RelationKind::Table | RelationKind::PartitionedTable)
            )
        };
        let dropped = changes[..at].iter().find(|change| {
            matches!(&change.kind, ChangeKind::RelationDropped { relation: old, .. }
                if old.name == relation.name && !old.new && is_table(old.kind))
        });
        let Some(dropped) = dropped else {
            continue;
        };
        if !is_table(relation.kind) || cx.undoes_up(&relation.name) {
            continue;
        }
        let table = short_name(&relation.name);
        let filled = cx
            .after
            .relation_named(&relation.name)
            .is_some_and(|table| table.filled);
        let known = cx.before.relation_named(&relation.name).is_some();
        let severity = if known && !filled {
            Severity::Error
        } else {
            Severity::Warning
        };
        let finding = Finding::new(
            dropped.span.clone(),
            "the rows go here",
            format!("every row of {table} is lost: it is dropped, and created again empty"),
        )
        .also(created.span.clone(), "and here it comes back without them")
        .help(format!(
            "change the {table} that is there with ALTER TABLE; indexes, grants, foreign keys and triggers stay as well"
        ))
        .severity(severity)
        .about(&relation.name);
        report.push(finding);
    }
}
