//! CREATE, DROP, ENABLE or DISABLE TRIGGER on a table in use.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableStmt, AlterTableType, ObjectType};

use crate::effects::Lock;
use crate::lint::wording::{a_lock, of_or_to, waiters};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let what = match cx.node {
        NodeEnum::CreateTrigStmt(_) => "CREATE TRIGGER",
        NodeEnum::DropStmt(stmt) if stmt.remove_type() == ObjectType::ObjectTrigger => {
            "DROP TRIGGER"
        }
        NodeEnum::AlterTableStmt(stmt) if toggles(stmt) => "switching a trigger",
        _ => return,
    };
    // Switching a trigger off loses more than time.
    if report.has("disable-trigger") || cx.effects.error.is_some() {
        return;
    }
    // An earlier statement of the transaction has locked the table as much.
    let adds = |lock: &&Lock| {
        let held = cx.held.iter().map(|held| &held.lock);
        !held
            .filter(|held| held.target.name == lock.target.name)
            .any(|held| held.mode >= lock.mode)
    };
    let Some(lock) = cx
        .blocking_locks()
        .filter(adds)
        .max_by_key(|lock| lock.mode)
    else {
        return;
    };
    let table = short_name(&lock.target.name);
    let finding = Finding::new(
        lock.span.clone(),
        format!("takes {} on {table}", a_lock(lock.mode)),
        format!(
            "{} {} {table} wait until {what} has its lock and its transaction ends",
            waiters(lock.mode),
            of_or_to(lock.mode)
        ),
    )
    .help("it is short by itself: set a lock_timeout, and commit right afterwards")
    .about(&lock.target.name);
    report.push(finding);
}

fn toggles(stmt: &AlterTableStmt) -> bool {
    use AlterTableType as T;
    stmt.cmds.iter().any(|command| match &command.node {
        Some(NodeEnum::AlterTableCmd(command)) => matches!(
            command.subtype(),
            T::AtEnableTrig
                | T::AtEnableAlwaysTrig
                | T::AtEnableReplicaTrig
                | T::AtEnableTrigAll
                | T::AtEnableTrigUser
                | T::AtDisableTrig
                | T::AtDisableTrigAll
                | T::AtDisableTrigUser
        ),
        _ => false,
    })
}
