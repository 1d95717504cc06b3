//! The rows that INSERT, UPDATE, MERGE and COPY write: their values and defaults, where they go, and what they set off.

use std::ops::Range;

use pg_query::protobuf::{CmdType, InsertStmt, OverridingKind, RangeVar, ResTarget, SelectStmt};
use pg_query::{Node, NodeEnum};

use super::build::Planner;
use super::dml::{Written, has_no_partitions, written};
use super::referential::{self, Event, NewValue, Value};
use super::{partition, sequences, trigger};
use crate::catalog::{Column, Relation, RelationKind, RewriteRule};
use crate::effects::{Collector, DmlCommand, LockMode, Reason, RowBound, WorkKind, node};

pub(super) fn rows_written(
    written: &Written<'_>,
    command: DmlCommand,
    bound: RowBound,
    planner: &mut Planner<'_, '_, '_>,
    span: &Range<usize>,
) {
    let reason = Reason::Dml { command, bound };
    let kind = WorkKind::RowsWritten;
    match written {
        Written::Table(table) => {
            planner.c.work(table.oid, kind, reason, span.clone());
            trigger::fire(table, command, planner.c, span);
            if !table.rules.is_empty() {
                rules(table, command, planner.c, span);
            }
        }
        Written::Unknown(target) => {
            planner
                .c
                .work_on(target.clone(), kind, None, reason, span.clone());
        }
        Written::Nothing => {}
    }
}

/// The rules for the command run their actions with it (`matchLocks`, `AcquireRewriteLocks`).
pub(super) fn rules(
    table: &Relation,
    command: DmlCommand,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let event = match command {
        DmlCommand::Insert => CmdType::CmdInsert,
        DmlCommand::Update => CmdType::CmdUpdate,
        DmlCommand::Delete => CmdType::CmdDelete,
        DmlCommand::Merge => CmdType::CmdMerge,
    };
    let fires = |rule: &&RewriteRule| rule.enabled && rule.event == event;
    for rule in table.rules.iter().filter(fires) {
        let because = format!("rule {} names it", rule.name);
        c.because(because, |c| {
            for read in rule.reads.iter().filter(|read| read.relation != table.oid) {
                c.lock(read.relation, LockMode::AccessShare, span.clone());
            }
            for &written in &rule.writes {
                c.lock(written, LockMode::RowExclusive, span.clone());
                c.lock_indexes(written, LockMode::RowExclusive, span);
            }
        });
    }
}

/// The columns of an INSERT in the order of its values.
pub(in crate::effects) fn written_columns(targets: &[Node], table: &Relation) -> Vec<String> {
    if targets.is_empty() {
        return table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
    }
    let names = node::target_names(targets);
    names.into_iter().map(str::to_owned).collect()
}

/// The rows that the text shows; for a SELECT one row with what its select list tells.
pub(super) fn inserted_rows<'q>(
    stmt: &'q InsertStmt,
    select: Option<&'q SelectStmt>,
    table: &Relation,
) -> Vec<Vec<NewValue<'q>>> {
    let mut rows = given_rows(stmt, select, table);
    if stmt.r#override() == OverridingKind::OverridingUserValue {
        for value in rows.iter_mut().flatten() {
            let identity = |column: &crate::catalog::Column| column.identity.is_some();
            if table.column(&value.column).is_some_and(identity) {
                value.value = Value::Default;
            }
        }
    }
    rows
}

fn given_rows<'q>(
    stmt: &'q InsertStmt,
    select: Option<&'q SelectStmt>,
    table: &Relation,
) -> Vec<Vec<NewValue<'q>>> {
    let columns = written_columns(&stmt.cols, table);
    let Some(select) = select else {
        return vec![row(&[], &[], table)];
    };
    if !select.values_lists.is_empty() {
        return select
            .values_lists
            .iter()
            .filter_map(|values| match values.node.as_ref()? {
                NodeEnum::List(values) => Some(row(&columns, &values.items, table)),
                _ => None,
            })
            .collect();
    }
    let plain = select.larg.is_none()
        && select.target_list.iter().all(|target| match &target.node {
            Some(NodeEnum::ResTarget(target)) => !is_star(target.val.as_deref()),
            _ => false,
        });
    if !plain {
        return vec![
            columns
                .into_iter()
                .map(|column| NewValue {
                    column,
                    value: Value::Unknown,
                })
                .chain(defaults(&stmt.cols, table))
                .collect(),
        ];
    }
    let values = select.target_list.iter().map(|target| match &target.node {
        Some(NodeEnum::ResTarget(target)) => target.val.as_deref(),
        _ => None,
    });
    let given: Vec<NewValue<'q>> = columns
        .iter()
        .zip(values)
        .map(|(column, value)| NewValue {
            column: column.clone(),
            value: value.map_or(Value::Unknown, value_of),
        })
        .collect();
    vec![with_defaults(given, table)]
}

fn is_star(value: Option<&Node>) -> bool {
    match value.and_then(|value| value.node.as_ref()) {
        Some(NodeEnum::ColumnRef(column)) => matches!(
            column.fields.last().and_then(|field| field.node.as_ref()),
            Some(NodeEnum::AStar(_))
        ),
        Some(_) => false,
        None => true,
    }
}

/// The columns that an INSERT of unknown values does not name.
pub(super) fn defaults<'q>(targets: &[Node], table: &Relation) -> Vec<NewValue<'q>> {
    if targets.is_empty() {
        return Vec::new();
    }
    let given = written_columns(targets, table);
    table
        .columns
        .iter()
        .filter(|column| !given.contains(&column.name))
        .map(|column| NewValue {
            column: column.name.clone(),
            value: default_of(column),
        })
        .collect()
}

pub(super) fn row<'q>(
    columns: &[String],
    values: &'q [Node],
    table: &Relation,
) -> Vec<NewValue<'q>> {
    let given = columns
        .iter()
        .zip(values)
        .filter(|(_, value)| !matches!(value.node, Some(NodeEnum::SetToDefault(_))))
        .map(|(column, value)| NewValue {
            column: column.clone(),
            value: value_of(value),
        })
        .collect();
    with_defaults(given, table)
}

pub(super) fn with_defaults<'q>(given: Vec<NewValue<'q>>, table: &Relation) -> Vec<NewValue<'q>> {
    let mut row = given;
    for column in &table.columns {
        if !row.iter().any(|value| value.column == column.name) {
            row.push(NewValue {
                column: column.name.clone(),
                value: default_of(column),
            });
        }
    }
    row
}

fn default_of<'q>(column: &Column) -> Value<'q> {
    if column.default.is_some() || column.identity.is_some() || column.generated.is_some() {
        Value::Default
    } else {
        Value::Null
    }
}

fn value_of(value: &Node) -> Value<'_> {
    match &value.node {
        Some(NodeEnum::AConst(constant)) if constant.isnull => Value::Null,
        Some(NodeEnum::TypeCast(cast)) => match cast.arg.as_deref().map(value_of) {
            Some(Value::Null) => Value::Null,
            _ => Value::Known(value),
        },
        Some(NodeEnum::AConst(_)) => Value::Known(value),
        _ => Value::Unknown,
    }
}

/// Partitions that the rows go to, sequences that number them, and their foreign keys.
pub(super) fn new_rows(
    table: &Relation,
    rows: &[Vec<NewValue<'_>>],
    planner: &mut Planner<'_, '_, '_>,
    span: &Range<usize>,
) {
    let c = &mut *planner.c;
    if table.kind == RelationKind::PartitionedTable {
        for row in rows {
            route(table, row, c, span);
        }
    }
    for row in rows {
        for value in row {
            if matches!(value.value, Value::Default) {
                sequences::lock_default(table, &value.column, c, span);
            }
        }
    }
    referential::check_referenced(table, rows, c, span);
}

pub(super) fn route(
    table: &Relation,
    row: &[NewValue<'_>],
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let known: Vec<(&str, Option<&Node>)> = row
        .iter()
        .filter_map(|value| match value.value {
            Value::Known(node) => Some((value.column.as_str(), Some(node))),
            Value::Null => Some((value.column.as_str(), None)),
            Value::Unknown | Value::Default => None,
        })
        .collect();
    for partition in partition::routed(table, &known, c.input.before) {
        c.because("a new row goes into it, or may", |c| {
            c.lock(partition.oid, LockMode::RowExclusive, span.clone())
        });
    }
}

/// SET: foreign keys of the columns that are set, those that reference them, and partitions that rows move to.
pub(super) fn changed_rows<'q>(
    targets: &'q [Node],
    name: &RangeVar,
    planner: &mut Planner<'q, '_, '_>,
    span: &Range<usize>,
) {
    let Written::Table(table) = written(name, planner) else {
        return;
    };
    let row: Vec<NewValue<'q>> = targets
        .iter()
        .filter_map(|target| match target.node.as_ref()? {
            NodeEnum::ResTarget(target) if keeps_value(target, name) => None,
            NodeEnum::ResTarget(target) => Some(NewValue {
                column: target.name.clone(),
                value: target.val.as_deref().map_or(Value::Unknown, value_of),
            }),
            _ => None,
        })
        .collect();
    let columns: Vec<String> = row.iter().map(|value| value.column.clone()).collect();
    let c = &mut *planner.c;
    for target in targets {
        if let Some(NodeEnum::ResTarget(target)) = &target.node
            && let Some(NodeEnum::SetToDefault(_)) =
                target.val.as_ref().and_then(|value| value.node.as_ref())
        {
            sequences::lock_default(table, &target.name, c, span);
        }
    }
    if moves_between_partitions(table, &columns) {
        route(table, &row, c, span);
    }
    if has_no_partitions(table, c) {
        return;
    }
    referential::act_on_referencing(table, Event::Update(&columns), c, span);
    referential::check_referenced(table, &[row], c, span);
}

/// `SET k = k` and `SET k = t.k`: foreign keys compare the old key with the new one.
fn keeps_value(target: &ResTarget, table: &RangeVar) -> bool {
    use crate::effects::node::string;
    let called = table
        .alias
        .as_ref()
        .map_or(&table.relname, |alias| &alias.aliasname);
    match target.val.as_ref().and_then(|value| value.node.as_ref()) {
        Some(NodeEnum::ColumnRef(column)) => match column.fields.as_slice() {
            [name] => string(name) == Some(&target.name),
            [of, name] => string(of) == Some(called) && string(name) == Some(&target.name),
            _ => false,
        },
        _ => false,
    }
}

fn moves_between_partitions(table: &Relation, columns: &[String]) -> bool {
    table.partition_key.as_ref().is_some_and(|key| {
        key.parts.iter().any(|part| match part {
            crate::catalog::IndexTarget::Column(column) => columns.contains(column),
            crate::catalog::IndexTarget::Expression(_) => true,
        })
    })
}

/// COPY FROM: rows of which nothing is known.
pub(super) fn copied_rows<'q>(
    table: &'q Relation,
    columns: &[String],
    planner: &mut Planner<'q, '_, '_>,
    span: &Range<usize>,
) {
    let row: Vec<NewValue<'_>> = if columns.is_empty() {
        table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    } else {
        columns.to_vec()
    }
    .into_iter()
    .map(|column| NewValue {
        column,
        value: Value::Unknown,
    })
    .collect();
    let given: Vec<String> = row.iter().map(|value| value.column.clone()).collect();
    let omitted: Vec<String> = table
        .columns
        .iter()
        .map(|column| column.name.clone())
        .filter(|column| !given.contains(column))
        .collect();
    let c = &mut *planner.c;
    if table.kind == RelationKind::PartitionedTable {
        route(table, &[], c, span);
    }
    for column in omitted {
        sequences::lock_default(table, &column, c, span);
    }
    referential::check_referenced(table, &[row], c, span);
}
