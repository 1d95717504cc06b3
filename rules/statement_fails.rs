//! A statement that PostgreSQL is certain to refuse.

use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(error) = &cx.effects.error else {
        return;
    };
    // 25001 has a rule of its own; what may not run at all is not certain to fail.
    if error.sqlstate == "25001" || cx.surroundings.conditional {
        return;
    }
    let finding = Finding::new(
        error.span.clone(),
        "PostgreSQL refuses this",
        format!(
            "the migration fails: {} (SQLSTATE {})",
            error.message, error.sqlstate
        ),
    )
    .help(format!(
        "this follows from the migrations before it and from PostgreSQL {}; if the real schema differs, start from a dump of it with --schema",
        cx.version()
    ));
    report.push(finding);
}
