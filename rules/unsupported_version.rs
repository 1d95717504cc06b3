//! SQL that the target version does not know yet.

use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some((error, since)) = cx
        .effects
        .error
        .as_ref()
        .and_then(|error| Some((error, error.came_with?)))
    else {
        return;
    };
    report.speak_for("statement-fails");
    let finding = Finding::new(
        error.span.clone(),
        format!("came with PostgreSQL {since}"),
        format!(
            "the migration fails on PostgreSQL {}: {} (SQLSTATE {})",
            cx.version(),
            error.message,
            error.sqlstate
        ),
    )
    .help(format!(
        "write it without that, or raise the version that humdrum checks for (`pg-version = {since}` in humdrum.toml) if the servers are newer"
    ));
    report.push(finding);
}
