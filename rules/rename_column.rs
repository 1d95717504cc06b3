//! RENAME COLUMN of a table in use.

use crate::effects::ChangeKind;
use crate::fix::recipes::rename_column;
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
            "leave both names in place for a release: a view of {table} with {column} and {to}; or add {to}, write both, fill {to} in batches, read {to}, and drop {column} in a later release"
        ))
        .recipe(rename_column(cx, &relation.name, column, to))
        .about(&relation.name);
        let (name, column) = (relation.name.clone(), column.clone());
        // A view in the table's place, or another column in this one's.
        report.at_end(move |end| {
            let lives_on = end
                .after
                .relation_named(&name)
                .is_some_and(|relation| relation.column(&column).is_some());
            (!lives_on).then_some(finding)
        });
    }
}
