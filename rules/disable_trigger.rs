//! Triggers that are disabled, for one table or for the whole session.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, VariableSetStmt};

use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if let NodeEnum::VariableSetStmt(stmt) = cx.node
        && is_replica(stmt, cx)
    {
        report.push(
            Finding::new(
                cx.span.clone(),
                "from here on this session fires no trigger",
                "rows that break a foreign key are written without a word, and no trigger of any table fires",
            )
            .help("leave session_replication_role alone: load the rows in an order that their foreign keys allow"),
        );
        return;
    }
    let Some(table) = cx.altered().filter(|table| !table.new) else {
        return;
    };
    let name = short_name(&table.name);
    for command in cx.commands() {
        let (label, loss) = match command.node.subtype() {
            AlterTableType::AtDisableTrigAll => (
                "disables the triggers of foreign keys too",
                format!(
                    "rows that break a foreign key get into {name} without a word, and enabling the triggers again does not find them"
                ),
            ),
            AlterTableType::AtDisableTrigUser => (
                "disables every trigger but those of constraints",
                format!(
                    "what the triggers of {name} would have done for the rows written meanwhile is missing for good"
                ),
            ),
            AlterTableType::AtDisableTrig => (
                "disables the trigger for every session",
                format!(
                    "what trigger {} would have done for the rows of {name} written meanwhile is missing for good",
                    command.node.name
                ),
            ),
            _ => continue,
        };
        report.push(
            Finding::new(command.span, label, loss)
                .help("let the trigger itself look at a setting that only this session has (`current_setting('app.quiet', true)`)")
                .about(&table.name),
        );
    }
}

fn is_replica(stmt: &VariableSetStmt, cx: &Context<'_>) -> bool {
    stmt.name.eq_ignore_ascii_case("session_replication_role")
        && cx.text.to_ascii_lowercase().contains("replica")
        && cx.text.rsplit(['=', ' ']).next().is_some_and(|value| {
            value
                .trim_matches(['\'', '"', ';'])
                .eq_ignore_ascii_case("replica")
        })
}
