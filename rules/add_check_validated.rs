//! ADD CONSTRAINT ... CHECK that is validated at once.

use crate::effects::{ConstraintNoun, Reason, Work};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, Step, StepTransaction, short_name};

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
        .recipe(recipe(cx, &work.span, &sql_name(&relation.name), name))
        .about(&relation.name)
        .fix(cx.not_valid(&work.span, name));
        let same = found
            .iter()
            .filter(|(_, other)| other.reason == work.reason)
            .map(|(at, _)| *at);
        report.push_about(same, finding);
    }
}

fn recipe(cx: &Context<'_>, span: &std::ops::Range<usize>, table: &str, name: &str) -> Recipe {
    let clause = cx.text_of(span);
    let name = ident(name);
    Recipe {
        title: "two transactions: promise, then check".to_owned(),
        steps: vec![
            Step {
                title: "holds for new rows at once; short".to_owned(),
                sql: format!(
                    "ALTER TABLE {table} {} NOT VALID;",
                    cx.named_constraint(clause, &name)
                ),
                transaction: StepTransaction::Own,
            },
            Step {
                title: "reads the table while reads and writes go on".to_owned(),
                sql: format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};"),
                transaction: StepTransaction::Own,
            },
        ],
    }
}
