//! ATTACH PARTITION or PARTITION OF that reads a table: the partition, or the default partition.

use crate::effects::{Reason, Work, WorkKind};
use crate::fix::recipes::attach;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(
            work.reason,
            Reason::AttachPartition { .. } | Reason::CreatePartition { .. }
        )
    });
    for cause in causes {
        let (Reason::AttachPartition { partition } | Reason::CreatePartition { partition }) =
            &cause.work.reason
        else {
            continue;
        };
        let all: Vec<&Work> = cause.at.iter().map(|at| &cx.effects.work[*at]).collect();
        let worked = all
            .iter()
            .find(|work| work.kind == WorkKind::Scan && cx.blocks(work))
            .copied()
            .unwrap_or(cause.work);
        let table = short_name(&worked.target.name);
        let default = worked.target.name.name != *partition;
        let what = match worked.kind {
            WorkKind::IndexBuild => "while its missing indexes are built",
            WorkKind::ForeignKeyValidation => "while its rows are checked against a foreign key",
            _ if default => "while every row is looked at for the new partition",
            _ => "while every row is checked against the bounds",
        };
        let label = if default {
            format!("{table}, the default partition, may hold rows of {partition}")
        } else {
            format!("nothing proves that the rows of {table} belong there")
        };
        let help = if default {
            format!(
                "first add a CHECK to {table} that excludes the new bounds: NOT VALID, then VALIDATE"
            )
        } else {
            format!(
                "first add a CHECK to {table} that says the same as the bounds (NOT VALID, then VALIDATE), and build the indexes that the parent has"
            )
        };
        let finding = Finding::new(
            worked.span.clone(),
            label,
            format!("{} {what}", cx.waiting(&worked.target.name)),
        )
        .help(help)
        .recipe(attach(cx))
        .about(&worked.target.name);
        report.push_about(cause.at, finding);
    }
}
