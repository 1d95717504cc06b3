//! REFERENCES written inline in ADD COLUMN: validated at once with a default, and always a lock on both tables.

use crate::effects::{ChangeKind, ConstraintNoun, Lock, LockMode, Reason};
use crate::fix::recipes::add_column;
use crate::lint::wording::a_lock;
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(
            work.reason,
            Reason::AddConstraint {
                constraint: ConstraintNoun::ForeignKey,
                column: Some(_),
                ..
            }
        )
    });
    let validated = !causes.is_empty();
    for cause in causes {
        let Reason::AddConstraint {
            name,
            column: Some(column),
            ..
        } = &cause.work.reason
        else {
            continue;
        };
        let relation = cx.subject(cause.work);
        let table = short_name(&relation.name);
        let other = other_side(cx).map(|lock| short_name(&lock.target.name));
        let waiting = match other {
            Some(other) if other != table => format!(
                "{}, and so do writes to {other},",
                cx.waiting(&relation.name)
            ),
            _ => cx.waiting(&relation.name),
        };
        let finding = Finding::new(
            cause.work.span.clone(),
            "a default makes PostgreSQL look up every existing row, even DEFAULT NULL",
            format!("{waiting} while every row of {table} is checked against {name}"),
        )
        .help(format!(
            "add {column} without the foreign key, then {name} NOT VALID, then VALIDATE it in another transaction"
        ))
        .recipe(add_column(cx, relation, &cause.work.span))
        .about(&relation.name);
        report.speak_for("foreign-key-locks-other-table");
        report.push_about(cause.at, finding);
    }
    if !validated {
        lock_only(cx, report);
    }
}

/// Without a default the rows are null and nothing is looked up; both tables are locked all the same.
fn lock_only(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.effects.error.is_some() {
        return;
    }
    let added = cx
        .effects
        .changes
        .iter()
        .find_map(|change| match &change.kind {
            ChangeKind::ColumnAdded {
                relation, column, ..
            } if !relation.new => Some((relation, column, &change.span)),
            _ => None,
        });
    let (Some((relation, column, span)), Some(lock)) = (added, other_side(cx)) else {
        return;
    };
    let inline = span.start <= lock.span.start && lock.span.end <= span.end;
    if !inline || lock.target.name == relation.name {
        return;
    }
    let (table, other) = (short_name(&relation.name), short_name(&lock.target.name));
    let severity = if cx.session.settings.lock_timeout.value.is_some() {
        Severity::Note
    } else {
        Severity::Warning
    };
    let finding = Finding::new(
        lock.span.clone(),
        format!("takes {} on {other}, too", a_lock(lock.mode)),
        format!(
            "reads and writes of {table} wait until this has its lock on {other} as well, and writes to {other} wait until the transaction ends"
        ),
    )
    .help(format!(
        "add {column} alone; then the foreign key, under a lock_timeout and in a transaction of its own (ADD CONSTRAINT locks {table} less)"
    ))
    .recipe(add_column(cx, relation, &lock.span))
    .severity(severity)
    .about(&relation.name)
    .about(&lock.target.name);
    report.speak_for("foreign-key-locks-other-table");
    report.push(finding);
}

fn other_side<'a>(cx: &Context<'a>) -> Option<&'a Lock> {
    cx.effects.locks.iter().find(|lock| {
        lock.by_foreign_key && !lock.target.new && lock.mode >= LockMode::ShareRowExclusive
    })
}
