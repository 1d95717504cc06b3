//! A new enum value that is used in the transaction that adds it.

use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(error) = cx
        .effects
        .error
        .as_ref()
        .filter(|error| error.sqlstate == "55P04")
    else {
        return;
    };
    report.speak_for("statement-fails");
    if cx.surroundings.conditional {
        return;
    }
    let finding = Finding::new(
        error.span.clone(),
        "not before the transaction that adds it has committed",
        format!("the migration fails: {} (SQLSTATE 55P04)", error.message),
    )
    .help("add the value in a migration of its own, and use it in a later one");
    report.push(finding);
}
