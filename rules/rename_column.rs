//! RENAME COLUMN of a table in use.

use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::ColumnRenamed {
            relation,
            column,
            to,
        } = &change.kind
        else {
            continue;
        };
        if relation.new || cx.undoes_up(&relation.name, Some(column)) {
            continue;
        }
        let table = short_name(&relation.name);
        let finding = Finding::new(
            change.span.clone(),
            format!("code that is running still says {column}"),
            format!("every query of the running code that names {table}.{column} fails at once"),
        )
        .help(format!(
            "expand and contract: add {to}, write both, fill {to} in batches, read {to}, and drop {column} in a later release"
        ))
        .about(&relation.name);
        report.push(finding);
    }
}
