//! A table that has no primary key when the migration that creates it is done.

use crate::catalog::{Catalog, IndexTarget, NotNull, Persistence, Relation, RelationKind};
use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

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
            if let Some(index) = key_in_all_but_name(table, end.after) {
                return Some(
                    Finding::new(
                        span,
                        "no PRIMARY KEY",
                        format!("logical replication refuses updates and deletes of {name}: it does not take {index} for its key"),
                    )
                    .help(format!("make the columns of {index} the primary key of {name}, or say REPLICA IDENTITY USING INDEX {index}"))
                    .severity(Severity::Note)
                    .about(&table.name),
                );
            }
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

/// A unique index that tells all rows apart: over columns that are never null, without a condition.
fn key_in_all_but_name(table: &Relation, catalog: &Catalog) -> Option<String> {
    let required = |target: &IndexTarget| match target {
        IndexTarget::Column(name) => table
            .column(name)
            .is_some_and(|column| column.not_null == NotNull::Valid),
        IndexTarget::Expression(_) => false,
    };
    let mut indexes = catalog.indexes_of(table.oid);
    let index = indexes.find(|index| {
        index.unique
            && index.valid
            && index.predicate.is_none()
            && index.keys.iter().all(|key| required(&key.target))
    })?;
    Some(index.name.name.clone())
}
