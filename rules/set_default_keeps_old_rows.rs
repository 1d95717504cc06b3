//! SET DEFAULT of a column that has rows.

use pg_query::protobuf::AlterTableType;

use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(table) = cx.altered() else {
        return;
    };
    let name = short_name(&table.name);
    for command in cx.commands() {
        let column = &command.node.name;
        let sets =
            command.node.subtype() == AlterTableType::AtColumnDefault && command.node.def.is_some();
        if !sets || cx.is_new_column(table, column) {
            continue;
        }
        report.push(
            Finding::new(
                command.span,
                "for new rows only",
                format!("the rows of {name} that are there keep their {column}: null, or the old default"),
            )
            .help("fill them on purpose, in batches, or say that they stay")
            .about(&table.name),
        );
    }
}
