//! SET NOT NULL, or a validated NOT NULL constraint, that nothing proves.

use crate::effects::{ConstraintNoun, Reason};
use crate::fix::recipes::set_not_null;
use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let scans = cx.work_where(report, |work| {
        matches!(
            work.reason,
            Reason::SetNotNull { .. }
                | Reason::AddConstraint {
                    constraint: ConstraintNoun::NotNull,
                    ..
                }
        ) && cx.blocks(work)
    });
    let mut spoken: Vec<&Reason> = Vec::new();
    for (_, work) in &scans {
        if spoken.contains(&&work.reason) {
            continue;
        }
        spoken.push(&work.reason);
        let relation = cx.subject(work);
        let column = match &work.reason {
            Reason::SetNotNull { column } => column.clone(),
            Reason::AddConstraint { name, .. } => constraint_column(cx, name),
            _ => continue,
        };
        let finding = Finding::new(
            work.span.clone(),
            "reads the whole table to look for nulls",
            format!("{} until every row is checked for a null {column}", cx.waiting(&relation.name)),
        )
        .help(format!(
            "prove it first: a CHECK ({column} IS NOT NULL) that is added NOT VALID and then validated lets SET NOT NULL skip the scan"
        ))
        .recipe(set_not_null(cx, relation, &column, &work.span))
        .about(&relation.name);
        let same = scans
            .iter()
            .filter(|(_, other)| other.reason == work.reason)
            .map(|(at, _)| *at);
        report.push_about(same, finding);
    }
}

fn constraint_column(cx: &Context<'_>, name: &str) -> String {
    cx.after
        .relations_locked(cx.effects)
        .find_map(|relation| {
            let constraint = relation.constraint(name)?;
            match &constraint.kind {
                crate::catalog::ConstraintKind::NotNull { column } => Some(column.clone()),
                _ => None,
            }
        })
        .unwrap_or_else(|| "value".to_owned())
}
