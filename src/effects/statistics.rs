//! Effects of CREATE STATISTICS and ALTER STATISTICS.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterStatsStmt, CreateStatsStmt};

use super::{Collector, LockMode, node};
use crate::catalog::{Relation, RelationKind};

/// ShareUpdateExclusive on the table (src/backend/commands/statscmds.c), also when IF NOT EXISTS finds it there.
pub fn create_statistics(stmt: &CreateStatsStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    let [only] = stmt.relations.as_slice() else {
        let message = "only a single relation is allowed in CREATE STATISTICS";
        c.error("0A000", message, span);
        return;
    };
    let Some(NodeEnum::RangeVar(name)) = &only.node else {
        let message = "only a single relation is allowed in CREATE STATISTICS";
        c.error("0A000", message, span);
        return;
    };
    let mode = LockMode::ShareUpdateExclusive;
    let Some(oid) = c.lock_named(name, RelationKind::Table, mode, &span) else {
        return;
    };
    // IF NOT EXISTS of what exists does nothing more.
    let skipped =
        stmt.if_not_exists && c.input.before.statistics.len() == c.input.after.statistics.len();
    if !skipped
        && let Some(relation) = c.complete_relation(oid)
        && let Some((sqlstate, message)) = statistics_refusal(stmt, relation, c)
    {
        c.error(sqlstate, message, span);
    }
}

fn statistics_refusal(
    stmt: &CreateStatsStmt,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    match relation.kind {
        RelationKind::Table
        | RelationKind::PartitionedTable
        | RelationKind::MaterializedView
        | RelationKind::ForeignTable => {}
        RelationKind::View | RelationKind::Sequence | RelationKind::CompositeType => {
            let name = &relation.name.name;
            return Some((
                "42809",
                format!("cannot define statistics for relation \"{name}\""),
            ));
        }
    }
    let mut columns: Vec<&str> = Vec::new();
    for element in &stmt.exprs {
        let Some(NodeEnum::StatsElem(element)) = &element.node else {
            continue;
        };
        if element.name.is_empty() {
            if !c.input.since(14) {
                let message =
                    "only simple column references are allowed in CREATE STATISTICS".to_owned();
                return Some(("0A000", message));
            }
            continue;
        }
        let name = element.name.as_str();
        if relation.column(name).is_none() {
            return Some(("42703", format!("column \"{name}\" does not exist")));
        }
        if columns.contains(&name) {
            let message = "duplicate column name in statistics definition";
            return Some(("42701", message.to_owned()));
        }
        columns.push(name);
    }
    if stmt.exprs.len() == 1 && columns.len() == 1 {
        return Some((
            "42P17",
            "extended statistics require at least 2 columns".to_owned(),
        ));
    }
    let kinds = ["ndistinct", "dependencies", "mcv"];
    stmt.stat_types
        .iter()
        .filter_map(node::string)
        .find(|kind| !kinds.contains(kind))
        .map(|kind| ("42601", format!("unrecognized statistics kind \"{kind}\"")))
}

/// A statistics target is a matter of the catalog alone.
pub fn alter_statistics(_stmt: &AlterStatsStmt, _c: &mut Collector<'_>) {}
