//! ADD COLUMN of a serial type or with an identity.

use crate::effects::Reason;
use crate::fix::recipes::add_column;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(work.reason, Reason::AddColumnSequence { .. })
    });
    for cause in causes {
        let Reason::AddColumnSequence { column } = &cause.work.reason else {
            continue;
        };
        let relation = cx.subject(cause.work);
        let table = short_name(&relation.name);
        let finding = Finding::new(
            cause.work.span.clone(),
            "takes a number from a sequence for every existing row",
            format!("{table} is rewritten with all its indexes while its reads and writes wait"),
        )
        .help(format!(
            "add {column} as a plain column, give it a sequence as its default, number the old rows in batches that commit, then make it NOT NULL"
        ))
        .recipe(add_column(cx, relation, &cause.work.span))
        .about(&relation.name);
        report.push_about(cause.at, finding);
    }
}
