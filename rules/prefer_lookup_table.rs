//! CREATE TYPE ... AS ENUM.

use pg_query::NodeEnum;

use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::CreateEnumStmt(stmt) = cx.node else {
        return;
    };
    let Some(name) = crate::sql::names::parts(&stmt.type_name).pop() else {
        return;
    };
    report.push(
        Finding::new(
            cx.span.clone(),
            "its labels can be added, never dropped",
            format!("a label of {name} that nobody wants any more stays for ever"),
        )
        .help("use a table that others reference, or text with a CHECK"),
    );
}
