//! A down migration after which the schema is not what it was before the up migration.

use crate::lint::{Check, Finding, MigrationContext, Report, Severity, history};

pub const CHECK: Check = Check::Migration(check);

/// More differences than this are counted, not named.
const NAMED: usize = 5;

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let migration = cx.migration.migration;
    let Some(before_up) = cx.before_up else {
        return;
    };
    // A rollback that does nothing at all is said to be none: see irreversible-migration.
    if cx.statements.is_empty()
        || cx
            .statements
            .iter()
            .any(|(_, effects)| effects.error.is_some())
    {
        return;
    }
    let deviations = before_up.deviations(cx.after);
    if deviations.is_empty() {
        return;
    }
    let mut shown = deviations[..deviations.len().min(NAMED)].join(", ");
    if deviations.len() > NAMED {
        shown.push_str(&format!(" and {} more", deviations.len() - NAMED));
    }
    let mut finding = Finding::new(
        history::head(migration, &cx.spans()),
        "this rollback is not complete",
        format!(
            "rolling back {} does not give the schema back: {shown}",
            migration.version
        ),
    )
    .help("undo each statement of the up migration, the last one first");
    // Down migrations count one step lower, and this rule is about nothing else.
    finding.severity = Some(Severity::Error);
    report.push(finding);
}
