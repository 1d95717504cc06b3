//! Settings that a migration changes for more than itself.

use pg_query::NodeEnum;
use pg_query::protobuf::VariableSetKind;

use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let (set, who) = match cx.node {
        NodeEnum::AlterSystemStmt(stmt) => (
            &stmt.setstmt,
            "every database of the server, past the configuration that its operators manage",
        ),
        NodeEnum::AlterDatabaseSetStmt(stmt) => (
            &stmt.setstmt,
            "every session that connects to the database from here on",
        ),
        NodeEnum::AlterRoleSetStmt(stmt) if stmt.role.is_none() => {
            (&stmt.setstmt, "every session of every role from here on")
        }
        _ => return,
    };
    let Some(set) = set else {
        return;
    };
    let name = match set.kind() {
        VariableSetKind::VarResetAll => "all settings",
        _ => set.name.as_str(),
    };
    report.push(
        Finding::new(
            cx.span.clone(),
            "lasts beyond the migration",
            format!("{name} changes for {who}"),
        )
        .help(format!("change {name} where the server is configured; for the migration alone, SET or SET LOCAL is enough")),
    );
}
