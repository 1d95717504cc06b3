//! TRUNCATE of tables in use.

use crate::catalog::RelationKind;
use crate::effects::{Lock, TargetKind};
use crate::lint::parts::listed;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.effects.kind != "truncate" || cx.fails() {
        return;
    }
    let tables: Vec<&Lock> = cx
        .effects
        .locks
        .iter()
        .filter(|lock| is_old_table(lock, cx))
        .collect();
    let named: Vec<String> = names(&tables, |lock| lock.because.is_none());
    let others: Vec<String> = names(&tables, |lock| {
        lock.because
            .as_ref()
            .is_some_and(|because| because.contains("references"))
    });
    let Some(first) = tables.first() else {
        return;
    };
    let all: Vec<String> = if named.is_empty() {
        others.clone()
    } else {
        named
    };
    let cascade = match others.as_slice() {
        [] => String::new(),
        _ => format!(", and through CASCADE every row of {}", listed(&others)),
    };
    let mut finding = Finding::new(
        cx.span.clone(),
        "empties the table at once, past all triggers",
        format!("every row of {} is lost{cascade}", listed(&all)),
    )
    .help("delete what nobody needs in batches, and keep a copy for as long as somebody may ask")
    .about(&first.target.name);
    for lock in &tables {
        finding = finding.about(&lock.target.name);
    }
    report.push(finding);
}

fn is_old_table(lock: &Lock, cx: &Context<'_>) -> bool {
    let table = matches!(
        lock.target.kind,
        TargetKind::Relation(
            RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable
        )
    );
    let made_here = lock
        .target
        .oid
        .and_then(|oid| cx.before.relation(oid))
        .is_some_and(|relation| cx.made_here(relation.birth));
    table && !lock.target.new && !made_here && !cx.undoes_up(&lock.target.name, None)
}

fn names(locks: &[&Lock], wanted: impl Fn(&Lock) -> bool) -> Vec<String> {
    locks
        .iter()
        .filter(|lock| wanted(lock))
        .map(|lock| short_name(&lock.target.name))
        .collect()
}
