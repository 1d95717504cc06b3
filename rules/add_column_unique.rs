//! UNIQUE or PRIMARY KEY written inline in ADD COLUMN: the index is built under the lock.

use crate::effects::{ConstraintNoun, Reason, Target};
use crate::fix::recipes::{column_alone, outside, own, require};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, Step, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(
            work.reason,
            Reason::AddConstraint {
                constraint: ConstraintNoun::Unique | ConstraintNoun::PrimaryKey,
                column: Some(_),
                ..
            }
        )
    });
    for cause in causes {
        let Reason::AddConstraint {
            constraint,
            name,
            column: Some(column),
        } = &cause.work.reason
        else {
            continue;
        };
        let relation = cx.subject(cause.work);
        let table = short_name(&relation.name);
        let numbered = numbers(cx, column);
        let rewritten = if numbered.is_empty() {
            String::new()
        } else {
            format!(" and {table} is rewritten to number its rows")
        };
        let finding = Finding::new(
            cause.work.span.clone(),
            "builds a unique index while the table is locked",
            format!(
                "{} while the index of {name} is built{rewritten}",
                cx.waiting(&relation.name)
            ),
        )
        .help(format!(
            "add {column} alone, build the unique index CONCURRENTLY, then add {name} with USING INDEX; {table} stays in use"
        ))
        .recipe(Recipe {
            title: "the column, then the index, then the constraint".to_owned(),
            steps: steps(cx, relation, column, (*constraint, name), &cause.work.span, !numbered.is_empty()),
        })
        .about(&relation.name);
        report.push_about(cause.at.into_iter().chain(numbered), finding);
    }
}

/// The work of the same column's sequence: one column, one finding.
fn numbers(cx: &Context<'_>, column: &str) -> Vec<usize> {
    let all = cx.effects.work.iter().enumerate();
    all.filter(|(_, work)| {
        matches!(&work.reason, Reason::AddColumnSequence { column: of } if of == column)
    })
    .map(|(at, _)| at)
    .collect()
}

fn steps(
    cx: &Context<'_>,
    relation: &Target,
    column: &str,
    (noun, name): (ConstraintNoun, &str),
    span: &std::ops::Range<usize>,
    numbered: bool,
) -> Vec<Step> {
    let (table, bare) = (sql_name(&relation.name), &relation.name.name);
    let (quoted, name) = (ident(column), ident(name));
    let mut steps = if numbered {
        super::add_column_serial::numbered(cx, relation, column)
    } else {
        let alone = column_alone(cx, &table, span);
        vec![Step {
            title: "free; then fill it in batches that commit".to_owned(),
            ..alone
        }]
    };
    if noun == ConstraintNoun::PrimaryKey && !numbered {
        steps.extend(require(&table, bare, column));
    }
    steps.push(outside(
        "outside a transaction; the table stays in use",
        format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({quoted});"),
    ));
    steps.push(own(
        "no build: short",
        format!(
            "ALTER TABLE {table} ADD CONSTRAINT {name} {} USING INDEX {name};",
            noun.sql()
        ),
    ));
    steps
}
