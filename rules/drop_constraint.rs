//! DROP CONSTRAINT of a table in use, with nothing in its place.

use crate::catalog::{Catalog, ConstraintKind, NotNull, Relation};
use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::ConstraintDropped {
            relation,
            constraint,
        } = &change.kind
        else {
            continue;
        };
        let table = relation.oid.and_then(|oid| cx.before.relation(oid));
        let kind = table
            .and_then(|table| table.constraint(constraint))
            .map(|known| known.kind.clone());
        let made_here = relation
            .oid
            .and_then(|oid| cx.start.relation(oid))
            .is_some_and(|start| start.complete && start.constraint(constraint).is_none());
        let made_by_up = cx
            .to_restore(&relation.name)
            .is_some_and(|earlier| earlier.complete && earlier.constraint(constraint).is_none());
        if relation.new || made_here || made_by_up || cx.undoes_up(&relation.name, None) {
            continue;
        }
        let name = short_name(&relation.name);
        let (loss, severity) = lost(kind.as_ref(), &name, constraint);
        let finding = Finding::new(
            change.span.clone(),
            "no longer enforced from here on",
            loss,
        )
        .help(format!(
            "add what replaces {constraint} first; if nothing does, say since when no code relies on it: \
             `-- humdrum: ignore drop-constraint: <reason>`"
        ))
        .severity(severity)
        .about(&relation.name);
        let columns = kind
            .as_ref()
            .map_or_else(Vec::new, |kind| columns(kind, cx.before));
        let oid = relation.oid;
        report.at_end(move |end| {
            let kept = match (oid, &kind) {
                (Some(oid), Some(kind)) => end
                    .after
                    .relation(oid)
                    .is_none_or(|table| is_kept(kind, &columns, table, end.after)),
                _ => false,
            };
            (!kept).then_some(finding)
        });
    }
}

fn lost(kind: Option<&ConstraintKind>, table: &str, constraint: &str) -> (String, Severity) {
    match kind {
        Some(ConstraintKind::PrimaryKey { .. }) => (
            format!(
                "{table} has no primary key any more: duplicates can be written, ON CONFLICT fails, and so do replicated updates"
            ),
            Severity::Warning,
        ),
        Some(ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. }) => (
            format!(
                "{table} accepts what {constraint} refused: duplicates can be written, and ON CONFLICT that relies on it fails"
            ),
            Severity::Warning,
        ),
        Some(ConstraintKind::ForeignKey(_)) => (
            format!("{table} accepts rows whose parent does not exist"),
            Severity::Note,
        ),
        Some(ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. }) => (
            format!("{table} accepts what {constraint} refused"),
            Severity::Note,
        ),
        None => (
            format!("{table} accepts what {constraint} refused; what that was is not known here"),
            Severity::Warning,
        ),
    }
}

fn columns(kind: &ConstraintKind, catalog: &Catalog) -> Vec<String> {
    match kind {
        ConstraintKind::Check { columns, .. } => columns.clone(),
        ConstraintKind::NotNull { column } => vec![column.clone()],
        ConstraintKind::PrimaryKey { index }
        | ConstraintKind::Unique { index }
        | ConstraintKind::Exclusion { index } => catalog
            .index(*index)
            .map_or_else(Vec::new, |index| index.key_columns()),
        ConstraintKind::ForeignKey(key) => key.columns.clone(),
    }
}

/// Whether the table at the end of the migration still promises as much, or has lost the columns.
fn is_kept(kind: &ConstraintKind, columns: &[String], table: &Relation, end: &Catalog) -> bool {
    if columns.iter().any(|column| table.column(column).is_none()) {
        return true;
    }
    let same = |other: &[String]| other.iter().all(|column| columns.contains(column));
    match kind {
        ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. } => {
            let not_null = columns.iter().all(|column| {
                table
                    .column(column)
                    .is_some_and(|column| column.not_null == NotNull::Valid)
            });
            not_null
                || table.constraints.iter().any(|other| {
                    matches!(&other.kind, ConstraintKind::Check { columns: other, .. } if !other.is_empty() && same(other))
                })
        }
        ConstraintKind::PrimaryKey { .. } => table.primary_key().is_some(),
        ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => {
            end.indexes_of(table.oid).any(|index| {
                // ON CONFLICT asks for an index over just these columns.
                (index.unique || !index.operators.is_empty())
                    && same(&index.key_columns())
                    && index.key_columns().len() == columns.len()
            })
        }
        ConstraintKind::ForeignKey(_) => table.foreign_keys().any(|(_, key)| same(&key.columns)),
    }
}
