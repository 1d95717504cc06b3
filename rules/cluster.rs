//! CLUSTER of a table in use.

use crate::effects::Reason;
use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| matches!(work.reason, Reason::Cluster));
    for cause in causes {
        let finding = Finding::new(
            cause.work.span.clone(),
            "copies the table in the order of the index, and builds all its indexes again",
            format!(
                "{} until CLUSTER has copied the table",
                cx.waiting(&cause.work.target.name)
            ),
        )
        .help("use pg_repack, which copies while the table stays in use, or a maintenance window")
        .about(&cause.work.target.name);
        report.push_about(cause.at, finding);
    }
}
