//! ADD COLUMN with a default that must be computed for each row.

use crate::effects::{Reason, WorkKind};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, Step, StepTransaction, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let mut columns: Vec<&str> = Vec::new();
    for (_, work) in cx.work_where(report, |work| work.kind == WorkKind::Rewrite) {
        if let Reason::VolatileDefault { column, .. } = &work.reason
            && !columns.contains(&column.as_str())
        {
            columns.push(column);
        }
    }
    for column in columns {
        report_column(cx, report, column);
    }
}

fn report_column(cx: &Context<'_>, report: &mut Report<'_>, column: &str) {
    let work = cx.work_where(
        report,
        |work| matches!(&work.reason, Reason::VolatileDefault { column: of, .. } if of == column),
    );
    let Some((_, first)) = work.iter().find(|(_, work)| work.kind == WorkKind::Rewrite) else {
        return;
    };
    let Reason::VolatileDefault { expression, .. } = &first.reason else {
        return;
    };
    let relation = cx.subject(first);
    let table = short_name(&relation.name);
    let (sql_table, quoted) = (sql_name(&relation.name), ident(column));
    let default = cx.text_of(&first.span);
    let ty = cx
        .new_column_type(relation, column)
        .unwrap_or_else(|| "uuid".to_owned());
    let step = |title: &str, sql: String| Step {
        title: title.to_owned(),
        sql,
        transaction: StepTransaction::Own,
    };
    let finding = Finding::new(
        first.span.clone(),
        format!("{expression} is volatile: computed again for every existing row"),
        format!("{table} is rewritten with all its indexes while its reads and writes wait"),
    )
    .help(format!(
        "add {column} without a default, set the default for new rows, then fill the old rows in batches that commit"
    ))
    .recipe(Recipe {
        title: "new rows first, old rows in batches".to_owned(),
        steps: vec![
            step(
                "free",
                format!("ALTER TABLE {sql_table} ADD COLUMN {quoted} {ty};"),
            ),
            step(
                "for new rows",
                format!("ALTER TABLE {sql_table} ALTER COLUMN {quoted} SET {default};"),
            ),
            step(
                "repeat until no row is left, a transaction each time",
                format!(
                    "UPDATE {sql_table} SET {quoted} = DEFAULT WHERE ctid = ANY (ARRAY(SELECT ctid FROM {sql_table} WHERE {quoted} IS NULL LIMIT 10000));"
                ),
            ),
        ],
    })
    .about(&relation.name);
    let at: Vec<usize> = work.iter().map(|(at, _)| *at).collect();
    report.push_about(at, finding);
}
