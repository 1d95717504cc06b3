//! CREATE, ALTER and DROP POLICY, and row level security that is switched off.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, ObjectType};

use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let relevant = match cx.node {
        NodeEnum::CreatePolicyStmt(_) | NodeEnum::AlterPolicyStmt(_) => true,
        NodeEnum::DropStmt(stmt) => stmt.remove_type() == ObjectType::ObjectPolicy,
        NodeEnum::AlterTableStmt(_) => cx.commands().iter().any(|command| {
            matches!(
                command.node.subtype(),
                AlterTableType::AtDisableRowSecurity | AlterTableType::AtNoForceRowSecurity
            )
        }),
        _ => false,
    };
    let Some(table) = cx.effects.locks.first().map(|lock| &lock.target) else {
        return;
    };
    if !relevant || table.new || cx.fails() {
        return;
    }
    report.push(
        Finding::new(
            cx.span.clone(),
            "decides who sees which rows",
            format!(
                "other rows of {} are seen or hidden from here on, and no error tells anybody",
                short_name(&table.name)
            ),
        )
        .help("a migration of its own, with a review of its own")
        .about(&table.name),
    );
}
