//! Triggers that are disabled, for one table or for the whole session.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, VariableSetStmt};

use crate::lint::parts::listed;
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
    let disabled: Vec<_> = cx
        .commands()
        .into_iter()
        .filter(|command| {
            matches!(
                command.node.subtype(),
                AlterTableType::AtDisableTrigAll
                    | AlterTableType::AtDisableTrigUser
                    | AlterTableType::AtDisableTrig
            )
        })
        .collect();
    let Some(first) = disabled.first() else {
        return;
    };
    let has = |wanted| disabled.iter().any(|it| it.node.subtype() == wanted);
    let names: Vec<String> = disabled.iter().map(|it| it.node.name.clone()).collect();
    let (label, loss) = if has(AlterTableType::AtDisableTrigAll) {
        (
            "disables the triggers of foreign keys too",
            format!(
                "rows that break a foreign key get into {name} without a word, and enabling the triggers again does not find them"
            ),
        )
    } else if has(AlterTableType::AtDisableTrigUser) {
        (
            "disables every trigger but those of constraints",
            format!(
                "what the triggers of {name} would have done for the rows written meanwhile is missing for good"
            ),
        )
    } else {
        let noun = if names.len() == 1 {
            "trigger"
        } else {
            "triggers"
        };
        (
            "disables the trigger for every session",
            format!(
                "what {noun} {} would have done for the rows of {name} written meanwhile is missing for good",
                listed(&names)
            ),
        )
    };
    let mut finding = Finding::new(first.span.clone(), label, loss)
        .help("let the trigger itself look at a setting that only this session has (`current_setting('app.quiet', true)`)")
        .about(&table.name);
    for more in &disabled[1..] {
        finding = finding.also(more.span.clone(), "and this one");
    }
    report.push(finding);
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
