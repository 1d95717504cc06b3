//! SET LOGGED, SET UNLOGGED, SET TABLESPACE, SET ACCESS METHOD: the table's storage is copied.

use crate::effects::Reason;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| matches!(work.reason, Reason::Storage { .. }));
    for cause in causes {
        let Reason::Storage { clause } = cause.work.reason else {
            continue;
        };
        let table = short_name(&cause.work.target.name);
        let (copied, help) = match clause {
            "SET TABLESPACE" => (
                "its files are copied to the other tablespace",
                "move it with pg_repack (--tablespace), which copies while the table stays in use, or in a maintenance window",
            ),
            "SET LOGGED" => (
                "every row is copied and written to the WAL, and every index built again",
                "create the table logged from the start; otherwise a maintenance window",
            ),
            "SET UNLOGGED" => (
                "every row is copied, and every index built again",
                "an unlogged table is empty after a crash and on replicas: use a new unlogged table for data that may be lost",
            ),
            _ => (
                "every row is copied, and every index built again",
                "create a new table with the access method and move the rows in batches, or take a maintenance window",
            ),
        };
        let finding = Finding::new(
            cause.work.span.clone(),
            copied,
            format!(
                "{} until {table} is copied",
                cx.waiting(&cause.work.target.name)
            ),
        )
        .help(help)
        .about(&cause.work.target.name);
        report.push_about(cause.at, finding);
    }
}
