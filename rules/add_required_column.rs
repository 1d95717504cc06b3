//! ADD COLUMN NOT NULL without a default on a table in use.

use crate::effects::{ChangeKind, Reason};
use crate::lint::wording::{derived_name, ident, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, Step, StepTransaction, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::ColumnAdded {
            relation,
            column,
            required: true,
        } = &change.kind
        else {
            continue;
        };
        if relation.new {
            continue;
        }
        let table = short_name(&relation.name);
        let scans = cx.work_where(
            report,
            |work| matches!(&work.reason, Reason::AddColumnNotNull { column: of } if of == column),
        );
        let finding = Finding::new(
            change.span.clone(),
            "no default: existing rows and old code have no value for it",
            format!(
                "the migration fails as soon as {table} has a row, and code that does not know {column} can no longer insert"
            ),
        )
        .help(format!(
            "give {column} a constant default (free since PostgreSQL 11), or add it nullable, fill it in batches, \
             and make it NOT NULL through a validated CHECK"
        ))
        .recipe(recipe(cx, &sql_name(&relation.name), &table, column))
        .about(&relation.name);
        // However small the table: the code breaks.
        report.explain(scans.iter().map(|(at, _)| *at));
        report.push(finding);
    }
}

fn recipe(cx: &Context<'_>, table: &str, bare: &str, column: &str) -> Recipe {
    let quoted = ident(column);
    let proof = derived_name(&[bare, column, "not_null"]);
    let ty = column_type(cx, column).unwrap_or_else(|| "text".to_owned());
    let step = |title: &str, sql: String| Step {
        title: title.to_owned(),
        sql,
        transaction: StepTransaction::Own,
    };
    Recipe {
        title: "add the column first, require it later".to_owned(),
        steps: vec![
            step(
                "add it nullable; deploy code that writes it",
                format!("ALTER TABLE {table} ADD COLUMN {quoted} {ty};"),
            ),
            step(
                "fill the existing rows in batches that commit, then promise there are no nulls",
                format!(
                    "ALTER TABLE {table} ADD CONSTRAINT {proof} CHECK ({quoted} IS NOT NULL) NOT VALID;"
                ),
            ),
            step(
                "check the promise without blocking anybody",
                format!("ALTER TABLE {table} VALIDATE CONSTRAINT {proof};"),
            ),
            step(
                "the valid CHECK proves it: no scan",
                format!("ALTER TABLE {table} ALTER COLUMN {quoted} SET NOT NULL;"),
            ),
            step(
                "the CHECK has done its work",
                format!("ALTER TABLE {table} DROP CONSTRAINT {proof};"),
            ),
        ],
    }
}

fn column_type(cx: &Context<'_>, column: &str) -> Option<String> {
    let relation = cx.effects.locks.first()?.target.oid?;
    let added = cx.after.relation(relation)?.column(column)?;
    Some(cx.after.type_display(&added.ty))
}
