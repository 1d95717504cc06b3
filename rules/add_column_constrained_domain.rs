//! ADD COLUMN of a domain with constraints: the table is rewritten even without a default.

use crate::effects::Reason;
use crate::fix::recipes::add_column;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(work.reason, Reason::ConstrainedDomain { .. })
    });
    for cause in causes {
        let Reason::ConstrainedDomain { column, domain } = &cause.work.reason else {
            continue;
        };
        let relation = cx.subject(cause.work);
        let table = short_name(&relation.name);
        let finding = Finding::new(
            cause.work.span.clone(),
            format!("the constraints of domain {domain} are checked for every existing row"),
            format!("{table} is rewritten with all its indexes while its reads and writes wait"),
        )
        .help(format!(
            "add {column} with the type under {domain}, and the domain's condition as a CHECK of the table: NOT VALID first, then VALIDATE"
        ))
        .recipe(add_column(cx, relation, &cause.work.span))
        .about(&relation.name);
        report.push_about(cause.at, finding);
    }
}
