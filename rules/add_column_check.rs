//! A CHECK or NOT NULL written inline in ADD COLUMN: the whole table is read, though the column is new.

use crate::effects::{ConstraintNoun, Reason};
use crate::fix::recipes::{column_alone, promise, require};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(
            work.reason,
            Reason::AddColumnNotNull { .. }
                | Reason::AddConstraint {
                    constraint: ConstraintNoun::Check | ConstraintNoun::NotNull,
                    column: Some(_),
                    ..
                }
        )
    });
    for cause in causes {
        let (column, name) = match &cause.work.reason {
            Reason::AddColumnNotNull { column } => (column, None),
            Reason::AddConstraint {
                column: Some(column),
                name,
                ..
            } => (column, Some(name)),
            _ => continue,
        };
        let relation = cx.subject(cause.work);
        let (table, bare) = (sql_name(&relation.name), &relation.name.name);
        let clause = cx.text_of(&cause.work.span);
        let mut steps = vec![column_alone(cx, &table, &cause.work.span)];
        match name {
            Some(name) => steps.extend(promise(&table, &ident(name), condition(clause))),
            None => steps.extend(require(&table, bare, column)),
        }
        let finding = Finding::new(
            cause.work.span.clone(),
            "every existing row is checked, though the column is new",
            format!("{} while every row is checked", cx.waiting(&relation.name)),
        )
        .help(format!(
            "add {column} alone, then the constraint NOT VALID, then VALIDATE it in another transaction: {} stays in use meanwhile",
            short_name(&relation.name)
        ))
        .recipe(Recipe {
            title: "the column first, then the constraint".to_owned(),
            steps,
        })
        .about(&relation.name);
        report.push_about(cause.at, finding);
    }
}

/// `CHECK (...)` of `CONSTRAINT n CHECK (...)`.
fn condition(clause: &str) -> &str {
    let at = clause.to_ascii_lowercase().find("check");
    at.map_or(clause, |at| clause[at..].trim_end())
}
