//! INSERT, UPDATE, DELETE and MERGE, at the top of a statement or in a CTE.

use pg_query::protobuf::{DeleteStmt, InsertStmt, MergeStmt, RangeVar, UpdateStmt};
use pg_query::{Node, NodeEnum};

use super::bound;
use super::condition::Table;
use super::reader::{Depth, Reader};
use super::{prune, referential};
use crate::catalog::{Oid, Relation, RelationKind};
use crate::effects::{Collector, DmlCommand, LockMode, RowBound, Target, WorkKind, nextval};

/// The table that is written: locked in RowExclusive.
fn target(name: &RangeVar, reader: &Reader, c: &mut Collector<'_>) -> Option<Oid> {
    match c.resolve(name) {
        Some(oid) => Some(oid),
        None => {
            let target: Target = c.unknown_target(c.input.qualified(name), RelationKind::Table);
            c.lock_target(target.clone(), LockMode::RowExclusive, reader.span.clone());
            if reader.depth == Depth::Executed {
                c.work_on(
                    target,
                    WorkKind::RowsWritten,
                    None,
                    reader.reason.clone(),
                    reader.span.clone(),
                );
            }
            None
        }
    }
}

fn alias(name: &RangeVar) -> &str {
    name.alias
        .as_ref()
        .map_or(name.relname.as_str(), |alias| alias.aliasname.as_str())
}

fn rows_written(oid: Oid, reader: &Reader, c: &mut Collector<'_>) {
    if reader.depth == Depth::Executed {
        c.work(
            oid,
            WorkKind::RowsWritten,
            reader.reason.clone(),
            reader.span.clone(),
        );
    }
}

pub fn insert(stmt: &InsertStmt, outer: &Reader, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let source = stmt.select_stmt.as_deref();
    let mut reader = outer.writing(DmlCommand::Insert, bound::of_source(source));
    reader.with(stmt.with_clause.as_ref(), c);
    let into = target(name, &reader, c);
    if let Some(source) = source {
        reader.statement(source, c);
    }
    let Some(oid) = into else {
        return;
    };
    let Some(relation) = c.relation(oid) else {
        return;
    };
    let columns = written_columns(stmt, relation);
    refuse_columns(&columns, relation, stmt, &reader, c);
    if c.failed() {
        return;
    }
    if relation.kind == RelationKind::View {
        reader.relation(
            oid,
            LockMode::RowExclusive,
            None,
            alias(name),
            false,
            true,
            c,
        );
        return;
    }
    c.lock(oid, LockMode::RowExclusive, reader.span.clone());
    // The arbiter of ON CONFLICT is looked up among all indexes when the statement is planned.
    let arbiter = stmt
        .on_conflict_clause
        .as_ref()
        .is_some_and(|clause| clause.infer.is_some());
    if arbiter && reader.depth >= Depth::Planned {
        c.lock_indexes(oid, LockMode::RowExclusive, &reader.span);
    }
    rows_written(oid, &reader, c);
    if reader.depth < Depth::Executed {
        return;
    }
    if relation.kind == RelationKind::PartitionedTable {
        let value = |column: &str| constant(stmt, &columns, column);
        for partition in prune::for_value(c.input.before, relation, value) {
            c.because("the row may go to it", |c| {
                c.lock(partition, LockMode::RowExclusive, reader.span.clone())
            });
        }
    }
    lock_default_sequences(relation, &columns, stmt, &reader, c);
    let is_null = |column: &str| {
        let given = columns.iter().any(|name| name == column);
        if given {
            is_null_constant(stmt, &columns, column)
        } else {
            relation
                .column(column)
                .is_some_and(|column| column.default.is_none() && column.identity.is_none())
        }
    };
    referential::referencing_rows(oid, &reader.span, is_null, c);
}

/// The columns that the INSERT names; without a list, all of the table's as far as values are given.
fn written_columns(stmt: &InsertStmt, relation: &Relation) -> Vec<String> {
    if stmt.cols.is_empty() {
        let given = first_row(stmt).map(|row| row.len());
        let all = relation.columns.iter().map(|column| column.name.clone());
        return match given {
            Some(given) => all.take(given).collect(),
            None if stmt.select_stmt.is_none() => Vec::new(),
            None => all.collect(),
        };
    }
    stmt.cols
        .iter()
        .filter_map(|column| match &column.node {
            Some(NodeEnum::ResTarget(target)) => Some(target.name.clone()),
            _ => None,
        })
        .collect()
}

/// The first row of a VALUES list.
fn first_row(stmt: &InsertStmt) -> Option<&[Node]> {
    let Some(NodeEnum::SelectStmt(select)) = stmt.select_stmt.as_ref()?.node.as_ref() else {
        return None;
    };
    match select.values_lists.first()?.node.as_ref()? {
        NodeEnum::List(row) => Some(&row.items),
        _ => None,
    }
}

/// The constant that the only row gives a column.
fn constant(stmt: &InsertStmt, columns: &[String], column: &str) -> Option<Node> {
    let Some(NodeEnum::SelectStmt(select)) = stmt.select_stmt.as_ref()?.node.as_ref() else {
        return None;
    };
    if select.values_lists.len() != 1 {
        return None;
    }
    let at = columns.iter().position(|name| name == column)?;
    first_row(stmt)?.get(at).cloned()
}

fn is_null_constant(stmt: &InsertStmt, columns: &[String], column: &str) -> bool {
    constant(stmt, columns, column).is_some_and(
        |value| matches!(value.node, Some(NodeEnum::AConst(constant)) if constant.isnull),
    )
}

fn refuse_columns(
    columns: &[String],
    relation: &Relation,
    stmt: &InsertStmt,
    reader: &Reader,
    c: &mut Collector<'_>,
) {
    if !relation.complete || stmt.cols.is_empty() {
        return;
    }
    if let Some(missing) = columns.iter().find(|name| relation.column(name).is_none()) {
        let message = format!(
            "column \"{missing}\" of relation \"{}\" does not exist",
            relation.name.name
        );
        c.error("42703", message, reader.span.clone());
    }
}

/// Columns that are not given take their default, perhaps from a sequence.
fn lock_default_sequences(
    relation: &Relation,
    columns: &[String],
    stmt: &InsertStmt,
    reader: &Reader,
    c: &mut Collector<'_>,
) {
    for column in &relation.columns {
        if columns.contains(&column.name) && !is_default(stmt, columns, &column.name) {
            continue;
        }
        if let Some(default) = &column.default {
            nextval::lock_sequences_in(default, c, &reader.span);
        }
        if column.identity.is_some() {
            let sequences: Vec<Oid> = c
                .input
                .before
                .sequences_of(relation.oid, Some(&column.name))
                .into_iter()
                .map(|sequence| sequence.oid)
                .collect();
            for sequence in sequences {
                c.because("it numbers the rows", |c| {
                    c.lock(sequence, LockMode::RowExclusive, reader.span.clone())
                });
            }
        }
    }
}

fn is_default(stmt: &InsertStmt, columns: &[String], column: &str) -> bool {
    constant(stmt, columns, column)
        .is_some_and(|value| matches!(value.node, Some(NodeEnum::SetToDefault(_))))
}

pub fn update(stmt: &UpdateStmt, outer: &Reader, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let set: Vec<String> = stmt
        .target_list
        .iter()
        .filter_map(|target| match &target.node {
            Some(NodeEnum::ResTarget(target)) => Some(target.name.clone()),
            _ => None,
        })
        .collect();
    let condition = stmt.where_clause.as_deref();
    let bound = bound_of(
        name,
        condition,
        &stmt.from_clause,
        stmt.with_clause.as_ref(),
        c,
    );
    let mut reader = outer.writing(DmlCommand::Update, bound);
    reader.with(stmt.with_clause.as_ref(), c);
    let written = target(name, &reader, c);
    reader.from_clause(&stmt.from_clause, c);
    for part in stmt.target_list.iter().chain(condition) {
        reader.expression(part, c);
    }
    let Some(oid) = written else {
        return;
    };
    if let Some(relation) = c.relation(oid) {
        refuse_set(&set, relation, stmt, &reader, c);
    }
    if c.failed() {
        return;
    }
    write_rows(oid, name, condition, &reader, c);
    if reader.depth < Depth::Executed {
        return;
    }
    if moves_between_partitions(oid, &set, c) {
        for partition in c.family(oid) {
            c.because("the row may move to it", |c| {
                c.lock(partition, LockMode::RowExclusive, reader.span.clone())
            });
        }
    }
    let untouched = |column: &str| !set.iter().any(|name| name == column);
    referential::referencing_rows(oid, &reader.span, untouched, c);
    referential::referenced_rows(oid, Some(&set), &reader.span, c);
}

fn bound_of(
    name: &RangeVar,
    condition: Option<&Node>,
    from: &[Node],
    with: Option<&pg_query::protobuf::WithClause>,
    c: &mut Collector<'_>,
) -> RowBound {
    let Some(relation) = c.resolve(name).and_then(|oid| c.relation(oid)) else {
        return match condition {
            None => RowBound::Unbounded,
            Some(_) => RowBound::Filtered,
        };
    };
    let table = Table {
        relation,
        alias: alias(name),
    };
    bound::of_write(condition, from, with, table, c.input.before)
}

fn refuse_set(
    set: &[String],
    relation: &Relation,
    stmt: &UpdateStmt,
    reader: &Reader,
    c: &mut Collector<'_>,
) {
    if relation.complete
        && let Some(missing) = set.iter().find(|name| relation.column(name).is_none())
    {
        let message = format!(
            "column \"{missing}\" of relation \"{}\" does not exist",
            relation.name.name
        );
        c.error("42703", message, reader.span.clone());
        return;
    }
    let plain = |at: usize| match &stmt.target_list[at].node {
        Some(NodeEnum::ResTarget(target)) => target.indirection.is_empty(),
        _ => false,
    };
    let twice = (0..set.len().min(stmt.target_list.len()))
        .find(|&at| plain(at) && set[..at].contains(&set[at]));
    if let Some(at) = twice {
        let message = format!("multiple assignments to same column \"{}\"", set[at]);
        c.error("42601", message, reader.span.clone());
    }
}

/// The rows of an UPDATE or DELETE: found like those of a SELECT, with the write's lock.
fn write_rows(
    oid: Oid,
    name: &RangeVar,
    condition: Option<&Node>,
    reader: &Reader,
    c: &mut Collector<'_>,
) {
    reader.relation(
        oid,
        LockMode::RowExclusive,
        condition,
        alias(name),
        true,
        name.inh,
        c,
    );
    rows_written(oid, reader, c);
}

/// A partition key is SET.
fn moves_between_partitions(oid: Oid, set: &[String], c: &Collector<'_>) -> bool {
    c.relation(oid)
        .and_then(|relation| relation.partition_key.as_ref())
        .is_some_and(|key| {
            key.parts.iter().any(|part| match part {
                crate::catalog::IndexTarget::Column(column) => set.contains(column),
                crate::catalog::IndexTarget::Expression(_) => true,
            })
        })
}

pub fn delete(stmt: &DeleteStmt, outer: &Reader, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let condition = stmt.where_clause.as_deref();
    let bound = bound_of(
        name,
        condition,
        &stmt.using_clause,
        stmt.with_clause.as_ref(),
        c,
    );
    let mut reader = outer.writing(DmlCommand::Delete, bound);
    reader.with(stmt.with_clause.as_ref(), c);
    let written = target(name, &reader, c);
    reader.from_clause(&stmt.using_clause, c);
    if let Some(condition) = condition {
        reader.expression(condition, c);
    }
    let Some(oid) = written else {
        return;
    };
    write_rows(oid, name, condition, &reader, c);
    if reader.depth == Depth::Executed {
        referential::referenced_rows(oid, None, &reader.span, c);
    }
}

pub fn merge(stmt: &MergeStmt, outer: &Reader, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let source = stmt.source_relation.as_deref();
    let bound = match source.and_then(|source| source.node.as_ref()) {
        Some(NodeEnum::RangeSubselect(query)) => bound::of_source(query.subquery.as_deref()),
        _ => RowBound::Unbounded,
    };
    let mut reader = outer.writing(DmlCommand::Merge, bound);
    reader.with(stmt.with_clause.as_ref(), c);
    let written = target(name, &reader, c);
    if let Some(source) = source {
        reader.from_clause(std::slice::from_ref(source), c);
    }
    let Some(oid) = written else {
        return;
    };
    // The join's condition leads to the rows when it names an indexed column; the source is the other side.
    let condition = stmt.join_condition.as_deref();
    write_rows(oid, name, condition, &reader, c);
    for clause in &stmt.merge_when_clauses {
        if let Some(NodeEnum::MergeWhenClause(clause)) = &clause.node {
            for part in clause.values.iter().chain(clause.condition.as_deref()) {
                reader.expression(part, c);
            }
            let set: Vec<String> = clause
                .target_list
                .iter()
                .filter_map(|target| match &target.node {
                    Some(NodeEnum::ResTarget(target)) => Some(target.name.clone()),
                    _ => None,
                })
                .collect();
            if reader.depth == Depth::Executed && !set.is_empty() {
                let untouched = |column: &str| !set.iter().any(|name| name == column);
                referential::referencing_rows(oid, &reader.span, untouched, c);
            }
        }
    }
}
