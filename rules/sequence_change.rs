//! ALTER SEQUENCE in a form that nextval() waits for.

use pg_query::NodeEnum;

use crate::catalog::RelationKind;
use crate::effects::TargetKind;
use crate::lint::wording::a_lock;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if !matches!(cx.node, NodeEnum::AlterSeqStmt(_)) || cx.effects.error.is_some() {
        return;
    }
    let lock = cx
        .blocking_locks()
        .find(|lock| lock.target.kind == TargetKind::Relation(RelationKind::Sequence));
    let Some(lock) = lock else {
        return;
    };
    let name = short_name(&lock.target.name);
    let restarts = cx.text.to_ascii_lowercase().contains("restart");
    let again = if restarts {
        ", and numbers may come a second time"
    } else {
        ""
    };
    let finding = Finding::new(
        lock.span.clone(),
        format!("takes {} on {name}", a_lock(lock.mode)),
        format!("inserts that take a number from {name} wait until the transaction ends{again}"),
    )
    .help("set a lock_timeout and commit right afterwards; before RESTART or a smaller MAXVALUE, compare with the largest number in use")
    .about(&lock.target.name);
    report.push(finding);
}
