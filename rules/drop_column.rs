//! DROP COLUMN of a table in use.

use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::ColumnDropped { relation, column } = &change.kind else {
            continue;
        };
        // Those rules list the columns that go.
        let spoken = ["drop-cascade", "drop-schema", "drop-type"]
            .iter()
            .any(|rule| report.has(rule));
        let by_cascade = cx
            .altered()
            .is_none_or(|altered| altered.oid != relation.oid);
        if cx.is_new_column(relation, column) || spoken && by_cascade {
            continue;
        }
        let table = short_name(&relation.name);
        let added_again = relation
            .oid
            .and_then(|oid| cx.after.relation(oid))
            .is_some_and(|after| after.column(column).is_some());
        let (loss, help) = if added_again {
            (
                format!(
                    "every value of {table}.{column} is lost: the column is dropped, and added again empty"
                ),
                format!(
                    "change the column that is there, with ALTER COLUMN {column} or RENAME COLUMN"
                ),
            )
        } else {
            (
                format!(
                    "{column} of {table} and its data are lost, and running code that names it breaks"
                ),
                format!(
                    "first release code that neither reads nor writes {table}.{column}; then drop it and say so: \
                     `-- humdrum: ignore drop-column: contract of <migration>, code released in <version>`"
                ),
            )
        };
        let finding = Finding::new(
            change.span.clone(),
            "the contract step: the data is gone, and code that still reads the column fails",
            loss,
        )
        .help(help)
        .about(&relation.name);
        report.push(finding);
    }
}
