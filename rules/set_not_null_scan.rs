//! SET NOT NULL, or a validated NOT NULL constraint, that nothing proves.

use crate::effects::{ConstraintNoun, Reason};
use crate::lint::wording::{derived_name, ident, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, Step, StepTransaction, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let scans = cx.work_where(report, |work| {
        matches!(
            work.reason,
            Reason::SetNotNull { .. }
                | Reason::AddConstraint {
                    constraint: ConstraintNoun::NotNull,
                    ..
                }
        ) && cx.blocks(work)
    });
    let mut spoken: Vec<&Reason> = Vec::new();
    for (_, work) in &scans {
        if spoken.contains(&&work.reason) {
            continue;
        }
        spoken.push(&work.reason);
        let relation = cx.subject(work);
        let table = short_name(&relation.name);
        let column = match &work.reason {
            Reason::SetNotNull { column } => column.clone(),
            Reason::AddConstraint { name, .. } => constraint_column(cx, name),
            _ => continue,
        };
        let finding = Finding::new(
            work.span.clone(),
            "reads the whole table to look for nulls",
            format!("{} until every row is checked for a null {column}", cx.waiting(&relation.name)),
        )
        .help(format!(
            "prove it first: a CHECK ({column} IS NOT NULL) that is added NOT VALID and then validated lets SET NOT NULL skip the scan"
        ))
        .recipe(recipe(&sql_name(&relation.name), &table, &column))
        .about(&relation.name);
        let same = scans
            .iter()
            .filter(|(_, other)| other.reason == work.reason)
            .map(|(at, _)| *at);
        report.push_about(same, finding);
    }
}

fn constraint_column(cx: &Context<'_>, name: &str) -> String {
    cx.after
        .relations_locked(cx.effects)
        .find_map(|relation| {
            let constraint = relation.constraint(name)?;
            match &constraint.kind {
                crate::catalog::ConstraintKind::NotNull { column } => Some(column.clone()),
                _ => None,
            }
        })
        .unwrap_or_else(|| "value".to_owned())
}

fn recipe(table: &str, bare: &str, column: &str) -> Recipe {
    let quoted = ident(column);
    let proof = derived_name(&[bare, column, "not_null"]);
    let step = |title: &str, sql: String| Step {
        title: title.to_owned(),
        sql,
        transaction: StepTransaction::Own,
    };
    Recipe {
        title: "prove first, then require; each step in a transaction of its own".to_owned(),
        steps: vec![
            step(
                "holds for new rows at once; short",
                format!(
                    "ALTER TABLE {table} ADD CONSTRAINT {proof} CHECK ({quoted} IS NOT NULL) NOT VALID;"
                ),
            ),
            step(
                "reads the table while reads and writes go on",
                format!("ALTER TABLE {table} VALIDATE CONSTRAINT {proof};"),
            ),
            step(
                "no scan: the valid CHECK proves it",
                format!("ALTER TABLE {table} ALTER COLUMN {quoted} SET NOT NULL;"),
            ),
            step(
                "the CHECK has done its work; not in the same statement",
                format!("ALTER TABLE {table} DROP CONSTRAINT {proof};"),
            ),
        ],
    }
}
