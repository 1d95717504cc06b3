//! A DO loop over batches that never commits.

use crate::effects::{DmlCommand, Reason, WorkKind};
use crate::lint::{Check, Context, Finding, Report, short_name};
use crate::session::{OpenedBy, Transaction};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(batch_loop) = &cx.surroundings.in_loop else {
        return;
    };
    if batch_loop.commits {
        return;
    }
    let written = cx.work_where(report, |work| {
        work.kind == WorkKind::RowsWritten
            && matches!(
                work.reason,
                Reason::Dml {
                    command: DmlCommand::Update | DmlCommand::Delete | DmlCommand::Merge,
                    ..
                }
            )
    });
    let Some((_, work)) = written.first() else {
        return;
    };
    let table = short_name(&work.target.name);
    let opened_by = match &cx.session.transaction {
        Transaction::None => OpenedBy::Statement,
        Transaction::Open(block) => block.opened_by,
    };
    let help = match opened_by {
        _ if cx.surroundings.in_function => {
            "a function cannot COMMIT: make it a procedure that commits after each batch, and CALL it outside a transaction"
                .to_owned()
        }
        OpenedBy::Statement => "put COMMIT at the end of each turn of the loop".to_owned(),
        OpenedBy::Script => {
            "COMMIT is impossible inside BEGIN ... COMMIT: run the block outside one, with COMMIT after each batch"
                .to_owned()
        }
        OpenedBy::Tool | OpenedBy::Message => format!(
            "COMMIT is impossible inside a transaction: {}, then COMMIT after each batch",
            crate::fix::recipes::opt_out(cx.migration.layout)
        ),
    };
    let mut finding = Finding::new(
        cx.span.clone(),
        "all batches are one transaction",
        format!(
            "the row locks of every batch on {table} last to the end of the loop: other writers of those rows wait"
        ),
    )
    .help(help)
    .about(&work.target.name);
    // A function's loop stands somewhere else.
    if !cx.surroundings.in_function {
        finding = finding.also(batch_loop.span.clone(), "no COMMIT in this loop");
    }
    report.push_about(written.iter().map(|(at, _)| *at), finding);
}
