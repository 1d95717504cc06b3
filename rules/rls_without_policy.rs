//! Row level security that is enabled while no policy lets anybody in.

use pg_query::protobuf::AlterTableType;

use crate::catalog::Relation;
use crate::lint::parts::listed;
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(target) = cx.altered() else {
        return;
    };
    for command in cx.commands() {
        if command.node.subtype() != AlterTableType::AtEnableRowSecurity {
            continue;
        }
        let (name, span) = (target.name.clone(), command.span);
        report.at_end(move |end| {
            let table = end.after.relation_named(&name)?;
            let refused = refused(table);
            // Policies of before the history are not known, and SQL that was not understood may create some.
            let known = table.complete && !end.after.disturbed;
            if !table.row_security || !known || refused.is_empty() {
                return None;
            }
            let short = short_name(&name);
            let finding = if table.policies.is_empty() {
                Finding::new(
                    span,
                    "no policy lets anybody in",
                    format!("{short} is empty for everybody but its owner, and nobody else can write to it"),
                )
                .help(format!("create the policies of {short} first, then enable row level security in the same transaction"))
            } else {
                Finding::new(
                    span,
                    "not every command has a policy",
                    format!("{} on {short} does nothing or fails for everybody but its owner: no policy allows it", listed(&refused)),
                )
                .help(format!("add policies for {}, if anybody is to do that", listed(&refused)))
                .severity(Severity::Note)
            };
            Some(finding.about(&name))
        });
    }
}

/// The commands that no permissive policy allows.
fn refused(table: &Relation) -> Vec<String> {
    ["select", "insert", "update", "delete"]
        .into_iter()
        .filter(|command| {
            !table.policies.iter().any(|policy| {
                policy.permissive && (policy.command == "all" || policy.command == *command)
            })
        })
        .map(str::to_ascii_uppercase)
        .collect()
}
