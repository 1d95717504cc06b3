//! A concurrent index build while Flyway's lock keeps a transaction open.
//!
//! flyway/flyway, `PostgreSQLAdvisoryLockTemplate.java`: at 1880296 (2026) the lock is the session's where the migration is told
//! `executeInTransaction=false`, before that only where `postgresql.transactional.lock` is false. The transaction keeps the
//! snapshot of its last query (the driver leaves the portal open), for which `WaitForOlderSnapshots` in
//! src/backend/commands/indexcmds.c waits: flyway/flyway#3497, #3508, #3682. Measured on 15 and 18 with such a portal: CREATE INDEX and
//! REINDEX wait; DROP INDEX, DETACH PARTITION and REFRESH, all CONCURRENTLY, and VACUUM do not.

use pg_query::NodeEnum;

use crate::lint::{Check, Context, Finding, Report, Severity};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let locked = cx.migration.tool.transactional_lock;
    if cx.migration.layout != "flyway" || locked == Some(false) {
        return;
    }
    if cx.effects.error.is_some() || cx.session.in_block() || !waits_for_snapshots(cx) {
        return;
    }
    let (severity, unless) = match locked {
        Some(true) => (Severity::Warning, ""),
        _ => (
            Severity::Note,
            ", unless `postgresql.transactional.lock=false` is set where humdrum does not see it",
        ),
    };
    let message = format!(
        "Flyway keeps a transaction open meanwhile, for which this waits, and Flyway waits for this: the migration hangs{unless}"
    );
    let finding = Finding::new(
        cx.span.clone(),
        "waits for every older transaction, Flyway's too",
        message,
    )
    .help("set `flyway.postgresql.transactional.lock=false` (Spring Boot: `spring.flyway.postgresql.transactional-lock=false`)")
    .severity(severity);
    report.push(finding);
}

/// Both come to `WaitForOlderSnapshots`; DROP INDEX and DETACH PARTITION wait for locks of the table only.
fn waits_for_snapshots(cx: &Context<'_>) -> bool {
    match cx.node {
        NodeEnum::IndexStmt(stmt) => stmt.concurrent,
        NodeEnum::ReindexStmt(_) => cx
            .effects
            .forbidden_in_transaction
            .is_some_and(|command| command.contains("CONCURRENTLY")),
        _ => false,
    }
}
