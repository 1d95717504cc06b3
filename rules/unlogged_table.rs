//! A table that is unlogged when the migration is done.

use pg_query::NodeEnum;
use pg_query::protobuf::AlterTableType;

use crate::catalog::{Persistence, QualifiedName};
use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.fails() {
        return;
    }
    for (name, span) in unlogged(cx) {
        let finding = Finding::new(
            span,
            "not in the write-ahead log",
            format!("{} is emptied by a crash, and it is empty on every replica, so that a failover loses its rows", short_name(&name)),
        )
        .help("use an ordinary table, unless what is in it may go at any time")
        .about(&name);
        report.at_end(move |end| {
            let stays = end
                .after
                .relation_named(&name)
                .is_some_and(|table| table.persistence == Persistence::Unlogged);
            stays.then_some(finding)
        });
    }
}

fn unlogged(cx: &Context<'_>) -> Vec<(QualifiedName, std::ops::Range<usize>)> {
    if let NodeEnum::AlterTableStmt(_) = cx.node {
        let Some(table) = cx.altered() else {
            return Vec::new();
        };
        return cx
            .commands()
            .into_iter()
            .filter(|command| command.node.subtype() == AlterTableType::AtSetUnLogged)
            .map(|command| (table.name.clone(), command.span))
            .collect();
    }
    let created = cx
        .effects
        .changes
        .iter()
        .filter_map(|change| match &change.kind {
            ChangeKind::RelationCreated { relation } => Some((relation, &change.span)),
            _ => None,
        });
    created
        .filter(|(relation, _)| {
            relation
                .oid
                .and_then(|oid| cx.after.relation(oid))
                .is_some_and(|table| table.persistence == Persistence::Unlogged)
        })
        .map(|(relation, span)| (relation.name.clone(), span.clone()))
        .collect()
}
