//! A table that has no primary key when the migration that creates it is done.

use crate::catalog::{Persistence, RelationKind};
use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    // A down migration brings back what was there.
    if cx.is_down() {
        return;
    }
    for change in &cx.effects.changes {
        let ChangeKind::RelationCreated { relation } = &change.kind else {
            continue;
        };
        let Some(oid) = relation.oid else {
            continue;
        };
        let span = change.span.clone();
        report.at_end(move |end| {
            let table = end.after.relation(oid)?;
            let is_table = matches!(
                table.kind,
                RelationKind::Table | RelationKind::PartitionedTable
            );
            let inherits = !table.parents.is_empty() || table.of_type.is_some();
            if !is_table
                || inherits
                || !table.complete
                || end.after.disturbed
                || table.persistence == Persistence::Temporary
                || table.primary_key().is_some()
            {
                return None;
            }
            let name = short_name(&table.name);
            Some(
                Finding::new(
                    span,
                    "no PRIMARY KEY",
                    format!("equal rows of {name} cannot be told apart: logical replication refuses its updates and deletes, and adding a key later blocks the table"),
                )
                .help(format!("give {name} a primary key while it is empty"))
                .about(&table.name),
            )
        });
    }
}
