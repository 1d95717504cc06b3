//! INSERT ... SELECT over rows without bound.

use pg_query::NodeEnum;

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
    copied(cx, report);
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

/// COPY of a file: nobody sees from here how long it is. (Rows behind FROM stdin stand in the migration itself.)
fn copied(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::CopyStmt(copy) = cx.node else {
        return;
    };
    if !copy.is_from || copy.filename.is_empty() {
        return;
    }
    // Under somebody else's lock, that is what hurts.
    if cx.held.iter().any(|held| held.lock.mode.blocks_writes()) {
        return;
    }
    let written = cx.work_where(report, |work| {
        work.kind == WorkKind::RowsWritten && work.reason == Reason::Copy
    });
    let Some((_, work)) = written.first() else {
        return;
    };
    let table = short_name(&work.target.name);
    let finding = Finding::new(
        cx.span.clone(),
        "as many rows as the file has, in one transaction",
        format!(
            "one transaction writes every row of {} into {table}: vacuum cannot clean up meanwhile, and replicas fall behind",
            copy.filename
        ),
    )
    .help("load the file outside the schema migration, in parts, or into a new table first")
    .about(&work.target.name);
    report.push_about(written.iter().map(|(at, _)| *at), finding);
}
