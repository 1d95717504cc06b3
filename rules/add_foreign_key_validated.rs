//! ADD CONSTRAINT ... FOREIGN KEY that is validated at once.

use std::ops::Range;

use crate::catalog::RelationKind;
use crate::effects::{ConstraintNoun, LockMode, Reason, Target, TargetKind, WorkKind};
use crate::fix::Fix;
use crate::fix::recipes::add_validated;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let found = cx.work_where(report, |work| {
        matches!(
            work.reason,
            Reason::AddConstraint {
                constraint: ConstraintNoun::ForeignKey,
                column: None,
                ..
            }
        )
    });
    let mut spoken: Vec<&str> = Vec::new();
    for (_, work) in &found {
        let Reason::AddConstraint { name, .. } = &work.reason else {
            continue;
        };
        // The referencing table may be new while the referenced one is in use, and the other way round.
        let referencing = work.kind == WorkKind::ForeignKeyValidation || !has_validation(cx, name);
        if !referencing || spoken.contains(&name.as_str()) || !cx.blocks(work) {
            continue;
        }
        spoken.push(name);
        let relation = cx.subject(work);
        let table = short_name(&relation.name);
        let others: Vec<String> = cx
            .effects
            .locks
            .iter()
            .filter(|lock| {
                lock.mode >= LockMode::ShareRowExclusive
                    && lock.target.name != relation.name
                    && !lock.target.new
                    && lock.because.is_some()
            })
            .map(|lock| short_name(&lock.target.name))
            .collect();
        let both = match others.first() {
            Some(other) => format!("writes to {table} and to {other} wait"),
            None => cx.waiting(&relation.name),
        };
        let finding = Finding::new(
            work.span.clone(),
            "every existing row is looked up while both tables are locked",
            format!("{both} while every row of {table} is checked against {name}"),
        )
        .help(format!(
            "add {name} NOT VALID, then VALIDATE it in another transaction: reads and writes go on meanwhile"
        ))
        .recipe(add_validated(cx, relation, name, &work.span))
        .about(&relation.name)
        .fix(fix(cx, relation, &work.span, name));
        let same: Vec<usize> = found
            .iter()
            .filter(|(_, other)| other.reason == work.reason)
            .map(|(at, _)| *at)
            .collect();
        report.push_about(same, finding);
    }
}

/// Not for a partitioned table before 18: `ATAddForeignKeyConstraint` (tablecmds.c) refuses NOT VALID there.
fn fix(cx: &Context<'_>, table: &Target, span: &Range<usize>, name: &str) -> Option<Fix> {
    let partitioned = table.kind == TargetKind::Relation(RelationKind::PartitionedTable);
    let possible = !partitioned || cx.version().major() >= 18;
    possible.then(|| cx.not_valid(span, name)).flatten()
}

fn has_validation(cx: &Context<'_>, constraint: &str) -> bool {
    cx.effects.work.iter().any(|work| {
        work.kind == WorkKind::ForeignKeyValidation
            && matches!(&work.reason, Reason::AddConstraint { name, .. } if name == constraint)
    })
}
