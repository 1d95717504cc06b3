//! VALIDATE CONSTRAINT while its table is still locked: by NOT VALID in the same transaction, or by another
//! part of the same ALTER TABLE.

use std::ops::Range;

use crate::effects::Reason;
use crate::fix::Fix;
use crate::fix::recipes::{recipe, validate};
use crate::lint::wording::a_lock;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        // ALTER CONSTRAINT ... ENFORCED checks the rows, too, and has no other form.
        matches!(work.reason, Reason::ValidateConstraint { .. })
            && cx
                .text_of(&work.span)
                .to_ascii_lowercase()
                .starts_with("validate")
    });
    for cause in causes {
        let Reason::ValidateConstraint { name } = &cause.work.reason else {
            continue;
        };
        let work = cause
            .at
            .iter()
            .map(|at| &cx.effects.work[*at])
            .find(|work| cx.blocks(work))
            .unwrap_or(cause.work);
        let table = short_name(&work.target.name);
        let earlier = cx.held.iter().rev().find(|held| {
            held.lock.target.name == work.target.name && held.lock.mode.blocks_writes()
        });
        let own_lock = cx
            .effects
            .lock_on(&work.target.name)
            .is_some_and(|lock| lock.mode.blocks_writes());
        let mut finding = Finding::new(
            work.span.clone(),
            "reads every row under the lock that NOT VALID was meant to keep short",
            format!(
                "{} while every row is checked against {name}",
                cx.waiting(&work.target.name)
            ),
        )
        .help(if own_lock {
            format!("validate {name} in a statement and a transaction of its own: {table} then stays in use")
        } else {
            format!("commit first, then validate {name} in another transaction: {table} then stays in use")
        })
        .recipe(recipe(
            "in a later transaction",
            vec![validate(&cx.subject(work).name, name)],
        ))
        .about(&work.target.name);
        if own_lock {
            finding = finding.fix(apart(cx, &work.span, name));
        }
        if let Some(held) = earlier.filter(|_| !own_lock) {
            finding = finding.also(
                held.statement.clone(),
                format!(
                    "takes {} on {table} until the transaction ends",
                    a_lock(held.lock.mode)
                ),
            );
        }
        report.push_about(cause.at, finding);
    }
}

/// Takes VALIDATE CONSTRAINT out of an ALTER TABLE with other parts, and puts it behind: where each statement commits by
/// itself, the lock of the others is gone by then.
fn apart(cx: &Context<'_>, validate: &Range<usize>, name: &str) -> Option<Fix> {
    let commands = cx.commands();
    let at = commands
        .iter()
        .position(|command| command.span == *validate)?;
    let gone = match (
        at.checked_sub(1).map(|before| &commands[before]),
        commands.get(at + 1),
    ) {
        (Some(before), _) => before.span.end..validate.end,
        (None, Some(next)) => validate.start..next.span.start,
        (None, None) => return None,
    };
    let relative = gone.start - cx.span.start..gone.end - cx.span.start;
    let mut edits = cx.edits(vec![(relative, String::new())]);
    edits.push(cx.validate_behind(name)?);
    Some(Fix::safe(
        format!("validate {name} in a statement of its own"),
        edits,
    ))
}
