//! An index that is dropped before the one that takes its place is built.

use crate::catalog::{Index, IndexTarget};
use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::IndexDropped { index, table, .. } = &change.kind else {
            continue;
        };
        let Some(old) = index.oid.and_then(|oid| cx.before.index(oid)).cloned() else {
            continue;
        };
        if index.new || table.new {
            continue;
        }
        let span = change.span.clone();
        let table = short_name(&table.name);
        let kept = cx
            .after
            .indexes_of(old.table)
            .any(|other| leads_alike(other, &old));
        let transaction = cx.session.transaction_id;
        let there: Vec<_> = cx
            .after
            .indexes_of(old.table)
            .map(|index| index.oid)
            .collect();
        if kept {
            continue;
        }
        report.at_end(move |end| {
            let new = end.after.indexes_of(old.table).find(|new| {
                leads_alike(new, &old)
                    && !there.contains(&new.oid)
                    && new.birth.transaction != transaction
            })?;
            Some(
                Finding::new(
                    span,
                    "gone before the new one is built",
                    format!(
                        "until {} is built, queries that used {} read all of {table}",
                        new.name.name, old.name.name
                    ),
                )
                .help(if new.name == old.name {
                    format!("build it under another name first, then drop {}; rename it afterwards if the name matters", old.name.name)
                } else {
                    format!("build {} first, then drop {}", new.name.name, old.name.name)
                }),
            )
        });
    }
}

/// Whether the first keys are the same, so that queries can go from one index to the other.
fn leads_alike(one: &Index, other: &Index) -> bool {
    let (Some(first), Some(second)) = (one.keys.first(), other.keys.first()) else {
        return false;
    };
    match (&first.target, &second.target) {
        (IndexTarget::Column(one_name), IndexTarget::Column(other_name)) => {
            one_name == other_name && one.method == other.method
        }
        _ => first.is_same(second) && one.method == other.method,
    }
}
