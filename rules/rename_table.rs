//! RENAME of a table in use, without a view in its place.

use crate::catalog::RelationKind;
use crate::effects::{ChangeKind, TargetKind};
use crate::fix::recipes::rename_table;
use crate::lint::{Check, Finding, MigrationContext, Report, short_name};

pub const CHECK: Check = Check::Migration(check);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    for (_, effects) in cx.statements {
        for change in &effects.changes {
            let ChangeKind::RelationRenamed { relation, to } = &change.kind else {
                continue;
            };
            let is_table = matches!(
                relation.kind,
                TargetKind::Relation(
                    RelationKind::Table
                        | RelationKind::PartitionedTable
                        | RelationKind::ForeignTable
                )
            );
            // Something of the old name is there when the migration is done: a view, or another table.
            let replaced = cx.after.relation_named(&relation.name).is_some();
            // Moves between schemas are rename-object's.
            let moved = to.schema != relation.name.schema;
            if !is_table || moved || relation.new || replaced || cx.undoes_up(&relation.name) {
                continue;
            }
            let (old, new) = (short_name(&relation.name), short_name(to));
            let finding = Finding::new(
                change.span.clone(),
                format!("code that is running still says {old}"),
                format!("every query of the running code that names {old} fails at once"),
            )
            .help(format!(
                "leave a view of the old name on {new} in the same transaction, and drop it once no released code uses {old}"
            ))
            .recipe(rename_table(
                relation.oid.and_then(|oid| cx.before.relation(oid)),
                &relation.name,
                to,
                cx.version.major(),
            ))
            .about(&relation.name);
            report.push(finding);
        }
    }
}
