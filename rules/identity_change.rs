//! Identity and generated columns that get their values in another way.

use pg_query::NodeEnum;
use pg_query::protobuf::AlterTableType;

use crate::catalog::Identity;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(table) = cx.altered() else {
        return;
    };
    let name = short_name(&table.name);
    for command in cx.commands() {
        let column = &command.node.name;
        if table.new || cx.is_new_column(table, column) {
            continue;
        }
        let after = table
            .oid
            .and_then(|oid| cx.after.relation(oid)?.column(column));
        let is_always = after.is_some_and(|column| column.identity == Some(Identity::Always));
        let message = match command.node.subtype() {
            AlterTableType::AtAddIdentity | AlterTableType::AtSetIdentity
                if is_always && says_always(command.node.def.as_deref()) =>
            {
                format!(
                    "an INSERT of the running code that gives a value for {name}.{column} fails"
                )
            }
            AlterTableType::AtDropIdentity
                if after
                    .is_none_or(|column| column.default.is_none() && column.identity.is_none()) =>
            {
                format!(
                    "an INSERT of the running code that leaves out {column} of {name} fails, or stores a null"
                )
            }
            AlterTableType::AtDropExpression => {
                format!(
                    "{name}.{column} follows the columns it was computed from no more: rows written from here on have what the INSERT gives, or null"
                )
            }
            AlterTableType::AtSetExpression => {
                format!(
                    "code that reads {name}.{column} gets the values of another expression at once"
                )
            }
            _ => continue,
        };
        let finding = Finding::new(
            command.span,
            "running code gets or gives this value in another way",
            message,
        )
        .help(format!(
            "first release code that works with both; then change {column} and say so: \
             `-- humdrum: ignore identity-change: <reason>`"
        ))
        .about(&table.name);
        report.push(finding);
    }
}

/// `GENERATED ALWAYS` in ADD GENERATED or SET GENERATED (`ATTRIBUTE_IDENTITY_ALWAYS` is `a`).
fn says_always(def: Option<&pg_query::Node>) -> bool {
    match def.and_then(|def| def.node.as_ref()) {
        Some(NodeEnum::Constraint(constraint)) => constraint.generated_when == "a",
        Some(NodeEnum::List(list)) => {
            crate::lint::parts::options(&list.items).any(|option| option.defname == "generated")
        }
        _ => false,
    }
}
