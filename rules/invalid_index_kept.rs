//! CREATE INDEX CONCURRENTLY IF NOT EXISTS.

use pg_query::NodeEnum;

use crate::fix::Fix;
use crate::fix::tokens::{Tokens, without_if_not_exists};
use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::IndexStmt(stmt) = cx.node else {
        return;
    };
    let new = cx.effects.locks.first().is_some_and(|lock| lock.target.new);
    if !stmt.concurrent || !stmt.if_not_exists || new || cx.fails() {
        return;
    }
    let name = &stmt.idxname;
    let tokens = Tokens::new(cx.text);
    let concurrently = tokens.find(0, &["concurrently"]).unwrap_or_default();
    let changes = without_if_not_exists(&tokens, concurrently + 1);
    let title = "create it without IF NOT EXISTS";
    let fix = cx
        .stands_alone()
        .then(|| Fix::unsafe_(title, cx.edits(changes)));
    report.push(
        Finding::new(
            cx.span.clone(),
            "takes an invalid index for the one it is to build",
            format!("if a first attempt fails, {name} stays behind invalid, and the next run keeps it and reports success: no query ever uses it"),
        )
        .fix(fix)
        .help(format!(
            "first `DROP INDEX CONCURRENTLY IF EXISTS {name}`, then create it without IF NOT EXISTS"
        )),
    );
}
