//! INHERIT and NO INHERIT of tables in use.

use pg_query::protobuf::AlterTableType;

use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(child) = cx.altered().filter(|child| !child.new) else {
        return;
    };
    for command in cx.commands() {
        let sees = match command.node.subtype() {
            AlterTableType::AtAddInherit => "see its rows as well",
            AlterTableType::AtDropInherit => "see its rows no more",
            _ => continue,
        };
        let name = short_name(&child.name);
        report.push(
            Finding::new(
                command.span,
                "queries of the parent change their meaning",
                format!("queries, updates and deletes of the parent of {name} {sees}, and no error tells the code"),
            )
            .help("first release code that says what it means: ONLY the parent, or both tables")
            .about(&child.name),
        );
    }
}
