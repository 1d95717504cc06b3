//! DETACH PARTITION without CONCURRENTLY (14 and later).

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableStmt, AlterTableType, PartitionCmd};

use crate::catalog::PartitionBound;
use crate::fix::recipes::{outside, recipe, way_out};
use crate::lint::wording::sql_name;
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::AlterTableStmt(stmt) = cx.node else {
        return;
    };
    let Some(detach) = detach(stmt).filter(|detach| !detach.concurrent) else {
        return;
    };
    if cx.version().major() < 14 || cx.effects.error.is_some() {
        return;
    }
    let parent = cx
        .effects
        .locks
        .first()
        .filter(|lock| !lock.target.new && lock.mode.blocks_reads());
    let (Some(parent), Some(name)) = (parent, &detach.name) else {
        return;
    };
    let table = short_name(&parent.target.name);
    let partition = &name.relname;
    let default = parent.target.oid.and_then(|oid| {
        cx.before
            .children(oid)
            .find(|child| matches!(child.partition_bound, Some(PartitionBound::Default)))
    });
    let finding = Finding::new(
        parent.span.clone(),
        format!("takes an ACCESS EXCLUSIVE lock on {table} and all that depends on it"),
        format!("reads and writes of {table} wait while {partition} is detached, and until the transaction ends"),
    )
    .about(&parent.target.name);
    // Its foreign keys are checked while their tables are locked, CONCURRENTLY or not.
    let referenced = parent
        .target
        .oid
        .is_none_or(|oid| cx.before.foreign_keys_to(oid).next().is_some());
    let finding = match default {
        Some(default) => finding
            .help(format!(
                "CONCURRENTLY is impossible while {} is the default partition: use a short lock_timeout and retry",
                default.name.name
            ))
            .severity(Severity::Note),
        None => {
            let out = if cx.in_transaction() {
                format!(" (not inside a transaction: {})", way_out(cx))
            } else {
                String::new()
            };
            finding
                .help(format!("DETACH PARTITION ... CONCURRENTLY lets reads and writes go on{out}"))
                .fix(cx.concurrently("detach it CONCURRENTLY", false))
                .recipe((!referenced).then(|| recipe("detach while the table stays in use", vec![outside(
                        "in a migration of its own; if it is interrupted, end it with DETACH PARTITION ... FINALIZE; a CHECK of the old bounds stays on the partition",
                        format!(
                            "ALTER TABLE {} DETACH PARTITION {} CONCURRENTLY;",
                            sql_name(&parent.target.name),
                            cx.before
                                .lookup_range_var(name, &cx.session.settings)
                                .and_then(|oid| cx.before.name_of(oid))
                                .map_or_else(|| partition.clone(), sql_name),
                        ),
                    )])))
        }
    };
    report.push(finding);
}

fn detach(stmt: &AlterTableStmt) -> Option<&PartitionCmd> {
    stmt.cmds.iter().find_map(|command| match &command.node {
        Some(NodeEnum::AlterTableCmd(command))
            if command.subtype() == AlterTableType::AtDetachPartition =>
        {
            match command.def.as_ref()?.node.as_ref()? {
                NodeEnum::PartitionCmd(detach) => Some(detach),
                _ => None,
            }
        }
        _ => None,
    })
}
