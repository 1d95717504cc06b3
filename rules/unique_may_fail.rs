//! A unique index over rows that nothing proves to be unique.

use crate::catalog::Index;
use crate::effects::{ConstraintNoun, Reason, WorkKind};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    // Their way out begins with a unique index, of which this is then said.
    let spoken = [
        "add-unique-constraint",
        "add-primary-key",
        "create-index-blocking",
    ]
    .iter()
    .any(|rule| report.has(rule));
    if spoken {
        return;
    }
    let builds = cx.effects.work.iter().filter(|work| {
        work.kind == WorkKind::IndexBuild
            && matches!(
                work.reason,
                Reason::CreateIndex { .. }
                    | Reason::AddConstraint {
                        constraint: ConstraintNoun::Unique | ConstraintNoun::PrimaryKey,
                        column: None,
                        ..
                    }
            )
    });
    for work in builds.filter(|work| !work.target.new) {
        let built = work.target.oid.and_then(|oid| {
            cx.after
                .indexes_of(oid)
                .find(|index| Some(&index.name.name) == work.index.as_ref())
        });
        let Some(index) = built.filter(|index| index.unique && index.parent.is_none()) else {
            continue;
        };
        let columns = index.key_columns();
        let new_column = columns
            .iter()
            .any(|column| cx.is_new_column(&work.target, column));
        if new_column || is_promised(index, cx) {
            continue;
        }
        let table = short_name(&work.target.name);
        report.push(
            Finding::new(
                work.span.clone(),
                "nothing proves that the rows are unique",
                format!("the build of {} fails at its end if {table} has duplicates", index.name.name),
            )
            .help(match columns.as_slice() {
                [] => "look for duplicates in the database that it is for first".to_owned(),
                _ => {
                    let quoted: Vec<String> = columns.iter().map(|column| ident(column)).collect();
                    format!(
                        "look for duplicates first: SELECT {0}, count(*) FROM {1} GROUP BY {0} HAVING count(*) > 1",
                        quoted.join(", "),
                        sql_name(&work.target.name)
                    )
                }
            })
            .about(&work.target.name),
        );
    }
}

/// A unique index over some of the same columns is there already.
fn is_promised(index: &Index, cx: &Context<'_>) -> bool {
    let columns = index.key_columns();
    cx.before.indexes_of(index.table).any(|other| {
        other.unique
            && other.valid
            && other.predicate.is_none()
            && other.key_columns().len() == other.keys.len()
            && other
                .key_columns()
                .iter()
                .all(|column| columns.contains(column))
    })
}
