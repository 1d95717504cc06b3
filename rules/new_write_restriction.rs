//! Constraints that a table in use did not have.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, ConstrType};

use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(table) = cx.altered().filter(|table| !table.new) else {
        return;
    };
    let name = short_name(&table.name);
    for command in cx.commands() {
        let what = match command.node.subtype() {
            AlterTableType::AtSetNotNull if !cx.is_new_column(table, &command.node.name) => {
                format!("leave {} empty", command.node.name)
            }
            AlterTableType::AtAddConstraint => {
                let Some(NodeEnum::Constraint(constraint)) =
                    command.node.def.as_ref().and_then(|def| def.node.as_ref())
                else {
                    continue;
                };
                if constraint.contype() == ConstrType::ConstrCheck
                    && is_not_enforced(&cx.text_of(&command.span).to_ascii_lowercase())
                {
                    continue;
                }
                match constraint.conname.as_str() {
                    "" => "break the new constraint".to_owned(),
                    constraint => format!("break {constraint}"),
                }
            }
            _ => continue,
        };
        report.push(
            Finding::new(
                command.span,
                "holds for new rows at once",
                format!("writes of the running code to {name} that {what} fail from here on"),
            )
            .help("first release code that keeps to it, then say so where the constraint is added")
            .about(&table.name),
        );
    }
}

/// NOT ENFORCED, of 18.
fn is_not_enforced(clause: &str) -> bool {
    clause
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .ends_with("not enforced")
}
