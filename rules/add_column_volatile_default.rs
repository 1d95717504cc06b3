//! ADD COLUMN with a default that must be computed for each row.

use crate::effects::{Reason, WorkKind};
use crate::fix::recipes::add_column;
use crate::lint::{Check, Context, Finding, Report, short_name};

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
    let finding = Finding::new(
        first.span.clone(),
        format!("{expression} is volatile: computed again for every existing row"),
        format!("{table} is rewritten with all its indexes while its reads and writes wait"),
    )
    .help(format!(
        "add {column} without a default, set the default for new rows, then fill the old rows in batches that commit"
    ))
    .recipe(add_column(cx, relation, &first.span))
    .about(&relation.name);
    let at: Vec<usize> = work.iter().map(|(at, _)| *at).collect();
    report.push_about(at, finding);
}
