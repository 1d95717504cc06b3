//! DROP INDEX without CONCURRENTLY on a table in use.

use crate::effects::ChangeKind;
use crate::fix::concurrent;
use crate::fix::recipes::{outside, recipe};
use crate::lint::wording::sql_name;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::IndexDropped {
            index,
            table,
            concurrently: false,
        } = &change.kind
        else {
            continue;
        };
        if table.new || index.new {
            continue;
        }
        let (index_name, table_name) = (short_name(&index.name), short_name(&table.name));
        let mut finding = Finding::new(
            change.span.clone(),
            format!("waits for every query on {table_name}, and every later query waits for it"),
            format!("reads and writes of {table_name} wait while index {index_name} is dropped"),
        )
        .about(&table.name);
        let partitioned = index.oid.is_some_and(|oid| is_partitioned(cx, oid));
        finding = if partitioned {
            finding.help(
                "the index of a partitioned table has no concurrent form: set a short lock_timeout and retry",
            )
        } else {
            report.take_over("missing-lock-timeout");
            finding
                .help("drop it CONCURRENTLY, one index a statement, outside a transaction")
                .recipe(recipe(
                    "drop the index while the table stays in use",
                    vec![outside(
                        "in a migration of its own, outside a transaction",
                        format!(
                            "DROP INDEX CONCURRENTLY IF EXISTS {};",
                            sql_name(&index.name)
                        ),
                    )],
                ))
                .fix(cx.concurrently("drop the index CONCURRENTLY", is_known(cx, index.oid)))
        };
        report.push(finding);
    }
}

fn is_known(cx: &Context<'_>, index: Option<crate::catalog::Oid>) -> bool {
    let index = index.and_then(|index| cx.before.index(index));
    concurrent::is_known(index.and_then(|index| cx.before.relation(index.table)))
}

fn is_partitioned(cx: &Context<'_>, index: crate::catalog::Oid) -> bool {
    cx.before
        .index(index)
        .and_then(|index| cx.before.relation(index.table))
        .is_some_and(|table| table.kind == crate::catalog::RelationKind::PartitionedTable)
}
