//! INSERT ... SELECT over rows without bound.

use crate::effects::{DmlCommand, Reason, RowBound, WorkKind};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let written = cx.work_where(report, |work| {
        work.kind == WorkKind::RowsWritten
            && matches!(
                work.reason,
                Reason::Dml {
                    command: DmlCommand::Insert,
                    bound: RowBound::Unbounded | RowBound::Filtered,
                }
            )
    });
    // In a loop the condition usually names the batch.
    if cx.surroundings.in_loop.is_some() {
        return;
    }
    for (at, work) in written {
        let table = short_name(&work.target.name);
        let finding = Finding::new(
            cx.span.clone(),
            "as many rows as the query finds, in one transaction",
            format!(
                "one transaction inserts every row that the query finds into {table}: vacuum cannot clean up meanwhile, and replicas fall behind"
            ),
        )
        .help("copy the rows in batches (a LIMIT each) that commit, outside the schema migration")
        .about(&work.target.name);
        report.push_about([at], finding);
    }
}
