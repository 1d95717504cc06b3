//! A type change that rewrites, rebuilds indexes or checks constraints again.

use crate::effects::{Reason, Work, WorkKind};
use crate::fix::recipes::change_type;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let found = cx.work_where(report, |work| {
        matches!(work.reason, Reason::TypeChange { .. }) && cx.blocks(work)
    });
    let mut spoken: Vec<&str> = Vec::new();
    for (_, work) in &found {
        let Reason::TypeChange { column, from, to } = &work.reason else {
            continue;
        };
        if spoken.contains(&column.as_str()) {
            continue;
        }
        spoken.push(column);
        let same: Vec<(usize, &Work)> = found
            .iter()
            .filter(|(_, other)| {
                matches!(&other.reason, Reason::TypeChange { column: of, .. } if of == column)
            })
            .copied()
            .collect();
        let relation = cx.subject(work);
        let table = short_name(&relation.name);
        let known = relation
            .oid
            .and_then(|oid| cx.before.relation(oid))
            .is_some_and(|table| table.column(column).is_some());
        let finding = if known {
            Finding::new(
                work.span.clone(),
                format!("{from} to {to}: {}", what_is_done(&same)),
                format!(
                    "{} while {}",
                    cx.waiting(&relation.name),
                    what_is_done(&same)
                ),
            )
        } else {
            Finding::new(
                work.span.clone(),
                format!("to {to}, from a type that no migration tells"),
                format!(
                    "{} while the table is rewritten, unless {column} has a type now that {to} takes as it is: which one is not known here",
                    cx.waiting(&relation.name)
                ),
            )
        };
        let finding = finding.help(format!(
            "add a new column of type {to}, keep it in step with a trigger, fill it in batches that commit, \
             then switch the code over and drop {column} of {table} in a later release"
        ))
        .recipe(change_type(cx, relation, column, &work.span))
        .about(&relation.name);
        report.push_about(same.iter().map(|(at, _)| *at), finding);
    }
}

/// Which work the change brings, the largest first.
fn what_is_done(work: &[(usize, &Work)]) -> String {
    let has = |kind: WorkKind| work.iter().any(|(_, work)| work.kind == kind);
    if has(WorkKind::Rewrite) {
        return "the table is rewritten with all its indexes".to_owned();
    }
    let indexes: Vec<&str> = work
        .iter()
        .filter_map(|(_, work)| work.index.as_deref())
        .collect();
    if !indexes.is_empty() {
        let noun = if indexes.len() == 1 {
            "index"
        } else {
            "indexes"
        };
        let verb = if indexes.len() == 1 { "is" } else { "are" };
        return format!("{noun} {} {verb} built again", indexes.join(", "));
    }
    if has(WorkKind::ForeignKeyValidation) {
        return "a foreign key is checked against every row again".to_owned();
    }
    "a CHECK constraint is checked against every row again".to_owned()
}
