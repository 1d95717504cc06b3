//! DROP DATABASE.

use pg_query::NodeEnum;

use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::DropdbStmt(stmt) = cx.node else {
        return;
    };
    report.push(
        Finding::new(
            cx.span.clone(),
            "cannot be rolled back",
            format!("every table of database {} is lost, and only a backup brings it back", stmt.dbname),
        )
        .help("drop databases by hand, never in a migration: one day it runs against the wrong server"),
    );
}
