//! ADD CONSTRAINT ... CHECK that is validated at once.

use crate::effects::{ConstraintNoun, Reason, Work};
use crate::fix::recipes::add_validated;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn is_mine(work: &Work) -> bool {
    matches!(
        work.reason,
        Reason::AddConstraint {
            constraint: ConstraintNoun::Check,
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
            "every existing row is checked while the table is locked",
            format!("{} while every row is checked against {name}", cx.waiting(&relation.name)),
        )
        .help(format!(
            "add {name} NOT VALID, then VALIDATE it in another transaction: {table} stays in use meanwhile"
        ))
        .recipe(add_validated(cx, relation, name, &work.span))
        .about(&relation.name)
        .fix(cx.not_valid(&work.span, name));
        let same = found
            .iter()
            .filter(|(_, other)| other.reason == work.reason)
            .map(|(at, _)| *at);
        report.push_about(same, finding);
    }
}
