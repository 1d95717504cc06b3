//! ADD CONSTRAINT ... UNIQUE that builds its index under the lock.

use crate::effects::{ConstraintNoun, Reason, Work};
use crate::fix::recipes::add_key;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn is_mine(work: &Work) -> bool {
    matches!(
        work.reason,
        Reason::AddConstraint {
            constraint: ConstraintNoun::Unique,
            column: None,
            ..
        }
    )
}

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let mut spoken: Vec<Reason> = Vec::new();
    let found = cx.work_where(report, |work| is_mine(work) && cx.blocks(work));
    for (_, work) in &found {
        let Reason::AddConstraint { name, .. } = &work.reason else {
            continue;
        };
        if spoken.contains(&work.reason) {
            continue;
        }
        spoken.push(work.reason.clone());
        let relation = cx.subject(work);
        let table = short_name(&relation.name);
        let finding = Finding::new(
            work.span.clone(),
            "builds a unique index while the table is locked",
            format!("{} while the index of {name} is built", cx.waiting(&relation.name)),
        )
        .help(format!(
            "build the index CONCURRENTLY first, then add {name} with USING INDEX (UNIQUE has no NOT VALID); {table} stays in use"
        ))
        .recipe(relation.oid.and_then(|oid| add_key(cx, oid, name)))
        .about(&relation.name);
        let same = found
            .iter()
            .filter(|(_, other)| other.reason == work.reason)
            .map(|(at, _)| *at);
        report.push_about(same, finding);
    }
}
