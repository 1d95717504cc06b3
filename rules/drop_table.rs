//! DROP TABLE of a table in use.

use crate::catalog::RelationKind;
use crate::effects::{ChangeKind, TargetKind};
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

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
        // Nobody knows a table that the migration itself has made.
        let made_here = relation
            .oid
            .and_then(|oid| cx.before.relation(oid))
            .is_some_and(|table| cx.made_here(table.birth));
        if !is_table || relation.new || made_here || cx.undoes_up(&relation.name, None) {
            continue;
        }
        // Running code knows it by the name that it had when the migration began.
        let known_as = relation
            .oid
            .and_then(|oid| cx.start.relation(oid))
            .map_or(&relation.name, |start| &start.name);
        let table = short_name(known_as);
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
        let renamed = (*known_as != relation.name).then(|| known_as.clone());
        // When the table comes back empty, that is the business of recreate-table.
        let (name, from) = (relation.name.clone(), change.span.start);
        report.at_end(move |end| {
            let recreated = end.later_change(from, |kind| {
                matches!(kind, ChangeKind::RelationCreated { relation } if relation.name == name)
            });
            if recreated.is_some() {
                return None;
            }
            let replaced = renamed
                .filter(|known_as| end.after.relation_named(known_as).is_some())
                .map(|known_as| short_name(&known_as));
            Some(match replaced {
                Some(table) => Finding {
                    message: format!(
                        "what was not copied from the old {table} to the new one is lost"
                    ),
                    label: format!("the table that {table} was when the migration began"),
                    help: Some(format!(
                        "count both before you drop the old one, and keep it until nobody misses anything of {table}"
                    )),
                    severity: Some(Severity::Note),
                    ..finding
                },
                None => finding,
            })
        });
    }
}
