//! DELETE over rows without bound.

use crate::effects::{DmlCommand, Reason, RowBound, WorkKind};
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for (at, work) in cx.work_where(report, |work| work.kind == WorkKind::RowsWritten) {
        let Reason::Dml {
            command: DmlCommand::Delete,
            bound,
        } = &work.reason
        else {
            continue;
        };
        let (severity, rows) = match bound {
            RowBound::Unbounded => (Severity::Error, "every row"),
            // In a loop the condition usually names the batch.
            RowBound::Filtered if cx.surroundings.in_loop.is_none() => {
                (Severity::Warning, "every matching row")
            }
            RowBound::Filtered | RowBound::Bounded => continue,
        };
        let table = short_name(&work.target.name);
        let finding = Finding::new(
            cx.span.clone(),
            format!("{rows} in one transaction"),
            format!(
                "other writers of the same rows of {table} wait until {rows} is deleted, and vacuum cannot clean up meanwhile"
            ),
        )
        .help(format!(
            "delete from {table} in batches (a key range or a LIMIT) that each commit, outside the schema migration"
        ))
        .severity(severity)
        .recipe(crate::fix::recipes::batches(cx, &work.target.name))
        .about(&work.target.name);
        report.push_about([at], finding);
    }
}
