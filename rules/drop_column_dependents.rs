//! Indexes and constraints that go silently with a column though they are about others as well.

use crate::catalog::{Catalog, Constraint, ConstraintKind, Index, IndexTarget, Relation};
use crate::effects::ChangeKind;
use crate::lint::parts::listed;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::ColumnDropped { relation, column } = &change.kind else {
            continue;
        };
        let Some(table) = relation.oid.and_then(|oid| cx.before.relation(oid)) else {
            continue;
        };
        if relation.new
            || cx
                .altered()
                .is_none_or(|altered| altered.oid != relation.oid)
        {
            continue;
        }
        let lost = lost(cx, table, column);
        if lost.is_empty() || cx.undoes_up(&relation.name, Some(column)) {
            continue;
        }
        let goes = if lost.len() == 1 { "goes" } else { "go" };
        let finding = Finding::new(
            change.span.clone(),
            format!("takes along what mentions {column}"),
            format!(
                "{} of {} {goes} silently with column {column}",
                listed(&lost),
                short_name(&relation.name)
            ),
        )
        .help("build what is still needed without the column first, and drop the rest by name")
        .about(&relation.name);
        report.push(finding);
    }
}

fn lost(cx: &Context<'_>, table: &Relation, column: &str) -> Vec<String> {
    let difference = cx.difference();
    let constraints = difference
        .removed_constraints()
        .filter(|(of, constraint)| {
            of.oid == table.oid && mentions_another(constraint, cx.before, column)
        })
        .map(|(_, constraint)| format!("constraint {}", constraint.name));
    let indexes = difference
        .removed_indexes
        .iter()
        .filter(|index| {
            index.table == table.oid
                && index.reads(column)
                && is_about_another(index, table, column)
                && cx.before.constraint_of_index(index.oid).is_none()
        })
        .map(|index| {
            let unique = if index.unique {
                "unique index"
            } else {
                "index"
            };
            format!("{unique} {}", index.name.name)
        });
    constraints.chain(indexes).collect()
}

fn is_about_another(index: &Index, table: &Relation, column: &str) -> bool {
    let other_key = index
        .keys
        .iter()
        .any(|key| !matches!(&key.target, IndexTarget::Column(name) if name == column));
    other_key
        && table
            .columns
            .iter()
            .any(|other| other.name != column && index.reads(&other.name))
}

/// A CHECK over several columns no longer makes sense without one of them.
fn mentions_another(constraint: &Constraint, catalog: &Catalog, column: &str) -> bool {
    match &constraint.kind {
        ConstraintKind::Check { columns, .. } => {
            columns.iter().any(|name| name == column) && columns.iter().any(|name| name != column)
        }
        ConstraintKind::ForeignKey(key) => {
            key.columns.iter().any(|name| name == column) && key.columns.len() > 1
        }
        ConstraintKind::PrimaryKey { index }
        | ConstraintKind::Unique { index }
        | ConstraintKind::Exclusion { index } => catalog
            .index(*index)
            .is_some_and(|index| index.reads(column) && index.keys.len() > 1),
        ConstraintKind::NotNull { .. } => false,
    }
}
