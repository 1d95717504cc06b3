//! VACUUM FULL of a table in use.

use crate::effects::Reason;
use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| matches!(work.reason, Reason::VacuumFull));
    for cause in causes {
        let finding = Finding::new(
            cause.work.span.clone(),
            "copies the table and builds all its indexes again",
            format!(
                "{} until VACUUM FULL has copied the table",
                cx.waiting(&cause.work.target.name)
            ),
        )
        .help(
            "plain VACUUM makes the space usable again and blocks nobody; to give it back to the system use pg_repack or pg_squeeze, or a maintenance window",
        )
        .about(&cause.work.target.name);
        report.push_about(cause.at, finding);
    }
}
