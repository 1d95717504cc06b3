//! DROP NOT NULL of a column in use.

use crate::catalog::NotNull;
use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::NotNullDropped { relation, column } = &change.kind else {
            continue;
        };
        let restored = cx
            .to_restore(&relation.name)
            .and_then(|earlier| earlier.column(column))
            .is_some_and(|earlier| earlier.not_null != NotNull::Valid);
        if restored || cx.is_new_column(relation, column) {
            continue;
        }
        let table = short_name(&relation.name);
        let finding = Finding::new(
            change.span.clone(),
            "nulls can be written from here on",
            format!(
                "running code that takes {table}.{column} to be never null fails on the first row that is"
            ),
        )
        .help(format!(
            "first release code that handles a null in {table}.{column}; then drop the NOT NULL and say so: \
             `-- humdrum: ignore drop-not-null: readers accept null since <version>`"
        ))
        .about(&relation.name);
        let (oid, column) = (relation.oid, column.clone());
        report.at_end(move |end| {
            let given_back = oid.is_some_and(|oid| {
                end.after.relation(oid).is_none_or(|table| {
                    table
                        .column(&column)
                        .map_or(table.complete, |column| column.not_null == NotNull::Valid)
                })
            });
            (!given_back).then_some(finding)
        });
    }
}
