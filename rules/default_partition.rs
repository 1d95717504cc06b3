//! A default partition that is created or attached.

use crate::catalog::{PartitionBound, Relation};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.fails() {
        return;
    }
    let difference = cx.difference();
    let is_default =
        |relation: &Relation| matches!(relation.partition_bound, Some(PartitionBound::Default));
    let added = difference.added_relations.iter().copied();
    let changed = difference
        .changed_relations
        .iter()
        .map(|(old, new)| (*old, *new));
    let attached = changed
        .filter(|(old, _)| !is_default(old))
        .map(|(_, new)| new);
    for partition in added
        .chain(attached)
        .filter(|relation| is_default(relation))
    {
        let parent = partition
            .parents
            .first()
            .and_then(|&oid| cx.after.relation(oid))
            .map_or_else(
                || "its parent".to_owned(),
                |parent| short_name(&parent.name),
            );
        let name = short_name(&partition.name);
        report.push(
            Finding::new(
                cx.span.clone(),
                "collects what fits no other partition",
                format!("each partition that {parent} gets from here on reads all of {name} first, while everything waits, and fails if it finds rows of its own there"),
            )
            .help("create partitions ahead of time, and let a row that fits none be an error")
            .about(&partition.name),
        );
    }
}
