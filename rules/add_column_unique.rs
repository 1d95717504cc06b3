//! UNIQUE or PRIMARY KEY written inline in ADD COLUMN: the index is built under the lock.

use crate::effects::{ConstraintNoun, Reason};
use crate::fix::recipes::add_column;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(
            work.reason,
            Reason::AddConstraint {
                constraint: ConstraintNoun::Unique | ConstraintNoun::PrimaryKey,
                column: Some(_),
                ..
            }
        )
    });
    for cause in causes {
        let Reason::AddConstraint {
            name,
            column: Some(column),
            ..
        } = &cause.work.reason
        else {
            continue;
        };
        let relation = cx.subject(cause.work);
        let table = short_name(&relation.name);
        let numbered = numbers(cx, column);
        let rewritten = if numbered.is_empty() {
            String::new()
        } else {
            format!(" and {table} is rewritten to number its rows")
        };
        let finding = Finding::new(
            cause.work.span.clone(),
            "builds a unique index while the table is locked",
            format!(
                "{} while the index of {name} is built{rewritten}",
                cx.waiting(&relation.name)
            ),
        )
        .help(format!(
            "add {column} alone, build the unique index CONCURRENTLY, then add {name} with USING INDEX; {table} stays in use"
        ))
        .recipe(add_column(cx, relation, &cause.work.span))
        .about(&relation.name);
        report.push_about(cause.at.into_iter().chain(numbered), finding);
    }
}

/// The work of the same column's sequence: one column, one finding.
fn numbers(cx: &Context<'_>, column: &str) -> Vec<usize> {
    let all = cx.effects.work.iter().enumerate();
    all.filter(|(_, work)| {
        matches!(&work.reason, Reason::AddColumnSequence { column: of } if of == column)
    })
    .map(|(at, _)| at)
    .collect()
}
