//! A new column that is filled and takes over from an old one in the migration that adds it.

use std::collections::BTreeSet;
use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::UpdateStmt;

use crate::catalog::{NotNull, Oid, QualifiedName, expression};
use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, MigrationContext, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

struct Handover {
    table: Oid,
    name: QualifiedName,
    new: String,
    /// The old columns that the new one is computed from.
    from: BTreeSet<String>,
    span: Range<usize>,
}

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::UpdateStmt(stmt) = cx.node else {
        return;
    };
    let oid = stmt
        .relation
        .as_ref()
        .and_then(|name| cx.before.lookup_range_var(name, &cx.session.settings));
    let Some((now, start)) =
        oid.and_then(|oid| Some((cx.before.relation(oid)?, cx.start.relation(oid)?)))
    else {
        return;
    };
    if cx.made_here(start.birth) {
        return;
    }
    for (new, from) in assignments(stmt) {
        let added = now.column(&new).is_some() && start.column(&new).is_none();
        if !added || !start.complete {
            continue;
        }
        let handover = Handover {
            table: now.oid,
            name: now.name.clone(),
            new,
            from: from
                .into_iter()
                .filter(|name| start.column(name).is_some())
                .collect(),
            span: cx.span.clone(),
        };
        report.at_end(move |end| finding(handover, end));
    }
}

/// The columns that are set, each with those that its value reads.
fn assignments(stmt: &UpdateStmt) -> Vec<(String, Vec<String>)> {
    stmt.target_list
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::ResTarget(target)) => {
                let read = target
                    .val
                    .as_deref()
                    .map_or_else(Vec::new, expression::columns_read);
                Some((target.name.clone(), read))
            }
            _ => None,
        })
        .collect()
}

fn finding(handover: Handover, end: &MigrationContext<'_>) -> Option<Finding> {
    let Handover {
        table,
        name,
        new,
        from,
        span,
    } = handover;
    let after = end.after.relation(table)?;
    let short = short_name(&name);
    let old = from.iter().find(|column| after.column(column).is_none());
    if let Some(old) = old {
        let drop = end.later_change(span.start, |kind| {
            matches!(kind, ChangeKind::ColumnDropped { relation, column } if relation.oid == Some(table) && column == old)
        });
        let finding = Finding::new(
            span,
            format!("{new} takes over from {old}"),
            format!("what running code still writes to {short}.{old} during the deploy is lost: {new} is added, filled and takes over in one release"),
        )
        .help(format!("three releases: add {new}; write both and fill {new} in batches; read {new}, and then drop {old}"))
        .about(&name);
        return Some(match drop {
            Some(place) => finding.also(place, format!("{old} is dropped in the same release")),
            None => finding,
        });
    }
    let column = after.column(&new)?;
    let required = column.not_null == NotNull::Valid
        && column.default.is_none()
        && column.identity.is_none()
        && column.generated.is_none();
    required.then(|| {
        Finding::new(
            span,
            format!("fills {new}, which is NOT NULL when the migration is done"),
            format!("an INSERT of the running code into {short} fails: it does not know {new}, which is added and required in one release"),
        )
        .help(format!("add {new} without NOT NULL, release code that fills it, and set NOT NULL in a later migration; or give it a default that stays"))
        .about(&name)
    })
}
