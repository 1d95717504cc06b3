//! EXCLUDE on a table in use: its index cannot be built online.

use crate::effects::{ConstraintNoun, Reason};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(
            work.reason,
            Reason::AddConstraint {
                constraint: ConstraintNoun::Exclusion,
                ..
            }
        )
    });
    for cause in causes {
        let Reason::AddConstraint { name, .. } = &cause.work.reason else {
            continue;
        };
        let relation = cx.subject(cause.work);
        let table = short_name(&relation.name);
        let finding = Finding::new(
            cause.work.span.clone(),
            "builds its index and compares every row while the table is locked",
            format!(
                "{} until the index of {name} is built; PostgreSQL has no online form of this",
                cx.waiting(&relation.name)
            ),
        )
        .help(format!(
            "neither CONCURRENTLY nor NOT VALID nor USING INDEX exists for EXCLUDE: build a new table with it and move the rows in batches, or take a maintenance window for {table} with a lock_timeout"
        ))
        .about(&relation.name);
        report.push_about(cause.at, finding);
    }
}
