//! DROP TABLE of a table in use.

use crate::catalog::RelationKind;
use crate::effects::{ChangeKind, TargetKind};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::RelationDropped {
            relation,
            cascaded: false,
        } = &change.kind
        else {
            continue;
        };
        let is_table = matches!(
            relation.kind,
            TargetKind::Relation(RelationKind::Table | RelationKind::PartitionedTable)
        );
        if !is_table || relation.new || cx.undoes_up(&relation.name, None) {
            continue;
        }
        let table = short_name(&relation.name);
        let finding = Finding::new(
            change.span.clone(),
            "the contract step: the rows are gone, and code that still uses the table fails",
            format!("all rows of {table} are lost, and running code that uses it breaks"),
        )
        .help(format!(
            "first release code that does not use {table}; then drop it and say so: \
             `-- humdrum: ignore drop-table: contract of <migration>, code released in <version>`"
        ))
        .about(&relation.name);
        // When the table comes back empty, that is the business of recreate-table.
        let (name, from) = (relation.name.clone(), change.span.start);
        report.at_end(move |end| {
            let recreated = end.later_change(from, |kind| {
                matches!(kind, ChangeKind::RelationCreated { relation } if relation.name == name)
            });
            recreated.is_none().then_some(finding)
        });
    }
}
