//! A CHECK or NOT NULL written inline in ADD COLUMN: the whole table is read, though the column is new.

use crate::effects::{ConstraintNoun, Reason};
use crate::fix::recipes::add_column;
use crate::lint::{Check, Context, Finding, Report, short_name};

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
        let (Reason::AddColumnNotNull { column }
        | Reason::AddConstraint {
            column: Some(column),
            ..
        }) = &cause.work.reason
        else {
            continue;
        };
        let relation = cx.subject(cause.work);
        let finding = Finding::new(
            cause.work.span.clone(),
            "every existing row is checked, though the column is new",
            format!("{} while every row is checked", cx.waiting(&relation.name)),
        )
        .help(format!(
            "add {column} alone, then the constraint NOT VALID, then VALIDATE it in another transaction: {} stays in use meanwhile",
            short_name(&relation.name)
        ))
        .recipe(add_column(cx, relation, &cause.work.span))
        .about(&relation.name);
        report.push_about(cause.at, finding);
    }
}
