//! Effects of SELECT, DML, COPY and what runs or only analyses a query.

mod bound;
mod condition;
mod prune;
mod reader;
mod referential;
mod write;

use pg_query::protobuf::{
    CallStmt, CopyStmt, CreateFunctionStmt, CreateTableAsStmt, DeclareCursorStmt, DeleteStmt,
    ExecuteStmt, ExplainStmt, InsertStmt, MergeStmt, PrepareStmt, SelectStmt, UpdateStmt,
};
use pg_query::{Node, NodeEnum};

pub use reader::{Depth, Reader};

use super::{ChangeKind, Collector, LockMode, Reason, WorkKind, node};
use crate::catalog::RelationKind;

fn reader(depth: Depth, c: &Collector<'_>) -> Reader {
    Reader::new(depth, Reason::Query, c.input.span())
}

pub fn select(stmt: &SelectStmt, c: &mut Collector<'_>) {
    reader(Depth::Executed, c).select(stmt, c);
    if stmt.into_clause.is_some() {
        created(c);
    }
}

pub fn insert(stmt: &InsertStmt, c: &mut Collector<'_>) {
    write::insert(stmt, &reader(Depth::Executed, c), c);
}

pub fn update(stmt: &UpdateStmt, c: &mut Collector<'_>) {
    write::update(stmt, &reader(Depth::Executed, c), c);
}

pub fn delete(stmt: &DeleteStmt, c: &mut Collector<'_>) {
    write::delete(stmt, &reader(Depth::Executed, c), c);
}

pub fn merge(stmt: &MergeStmt, c: &mut Collector<'_>) {
    write::merge(stmt, &reader(Depth::Executed, c), c);
}

/// The relations that the statement makes are its own.
fn created(c: &mut Collector<'_>) {
    let span = c.input.span();
    let difference = c.input.before.difference(c.input.after);
    for relation in difference.added_relations {
        if c.is_locked(relation.oid) {
            continue;
        }
        c.lock(relation.oid, LockMode::AccessExclusive, span.clone());
        if let Some(target) = c.target(relation.oid) {
            c.change(
                ChangeKind::RelationCreated { relation: target },
                span.clone(),
            );
        }
    }
}

/// CREATE TABLE AS and CREATE MATERIALIZED VIEW run their query, unless WITH NO DATA.
pub fn create_table_as(stmt: &CreateTableAsStmt, c: &mut Collector<'_>) {
    let into = stmt.into.as_ref();
    let exists = into
        .and_then(|into| into.rel.as_ref())
        .is_some_and(|name| c.input.oid(name).is_some());
    if stmt.if_not_exists && exists {
        return;
    }
    let depth = if into.is_some_and(|into| into.skip_data) {
        Depth::Analysed
    } else {
        Depth::Executed
    };
    if let Some(query) = &stmt.query {
        reader(depth, c).statement(query, c);
    }
    created(c);
}

/// EXPLAIN plans; EXPLAIN ANALYZE runs.
pub fn explain(stmt: &ExplainStmt, c: &mut Collector<'_>) {
    let analyze = stmt.options.iter().any(|option| {
        matches!(&option.node, Some(NodeEnum::DefElem(option))
            if option.defname == "analyze" && !is_off(option.arg.as_deref()))
    });
    let depth = if analyze {
        Depth::Executed
    } else {
        Depth::Planned
    };
    if let Some(query) = &stmt.query {
        reader(depth, c).statement(query, c);
    }
}

fn is_off(value: Option<&Node>) -> bool {
    match value.and_then(|value| value.node.as_ref()) {
        Some(NodeEnum::String(value)) => matches!(value.sval.as_str(), "off" | "false"),
        Some(NodeEnum::Boolean(value)) => !value.boolval,
        Some(NodeEnum::Integer(value)) => value.ival == 0,
        _ => false,
    }
}

/// The rows are read by FETCH.
pub fn declare_cursor(stmt: &DeclareCursorStmt, c: &mut Collector<'_>) {
    if let Some(query) = &stmt.query {
        reader(Depth::Planned, c).statement(query, c);
    }
}

pub fn prepare(stmt: &PrepareStmt, c: &mut Collector<'_>) {
    if let Some(query) = &stmt.query {
        reader(Depth::Analysed, c).statement(query, c);
    }
}

pub fn execute(stmt: &ExecuteStmt, c: &mut Collector<'_>) {
    c.assume(format!(
        "what the prepared statement {} does is not followed",
        stmt.name
    ));
}

/// The arguments may be queries. A procedure that the catalog knows is looked into by the replay.
pub fn call(stmt: &CallStmt, c: &mut Collector<'_>) {
    let Some(function) = &stmt.funccall else {
        return;
    };
    let reader = reader(Depth::Executed, c);
    for argument in &function.args {
        reader.expression(argument, c);
    }
}

pub fn copy(stmt: &CopyStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    if let Some(query) = &stmt.query {
        Reader::new(Depth::Executed, Reason::Copy, span).statement(query, c);
        return;
    }
    let Some(name) = &stmt.relation else {
        return;
    };
    let mode = if stmt.is_from {
        LockMode::RowExclusive
    } else {
        LockMode::AccessShare
    };
    let target = match c.resolve(name).and_then(|oid| c.target(oid)) {
        Some(target) => target,
        None => c.unknown_target(c.input.qualified(name), RelationKind::Table),
    };
    // 12 gives the lock of a COPY TO back when it has read the table.
    if !stmt.is_from && !c.input.since(13) {
        c.work_on(target, WorkKind::Scan, None, Reason::Copy, span);
        return;
    }
    c.lock_target(target.clone(), mode, span.clone());
    let kind = if stmt.is_from {
        WorkKind::RowsWritten
    } else {
        WorkKind::Scan
    };
    c.work_on(target, kind, None, Reason::Copy, span);
}

/// The body of an SQL function is analysed when it is created, which locks what it mentions
/// (`fmgr_sql_validator` in src/backend/catalog/pg_proc.c).
pub fn create_function(stmt: &CreateFunctionStmt, c: &mut Collector<'_>) {
    let reader = reader(Depth::Analysed, c);
    if let Some(body) = &stmt.sql_body {
        analyse_body(body, &reader, c);
        return;
    }
    let option = |name: &str| {
        stmt.options.iter().find_map(|option| match &option.node {
            Some(NodeEnum::DefElem(option)) if option.defname == name => option.arg.as_deref(),
            _ => None,
        })
    };
    let language = option("language").and_then(node::string).unwrap_or("sql");
    if !language.eq_ignore_ascii_case("sql") {
        return;
    }
    let body = match option("as").and_then(|body| body.node.as_ref()) {
        Some(NodeEnum::List(parts)) => parts.items.first().and_then(node::string),
        _ => None,
    };
    let Some(parsed) = body.and_then(|body| pg_query::parse(body, 0).ok()) else {
        return;
    };
    for statement in &parsed.protobuf.stmts {
        if let Some(statement) = &statement.stmt {
            reader.statement(statement, c);
        }
    }
}

/// BEGIN ATOMIC ... END is a list of a list of statements; RETURN is an expression.
fn analyse_body(body: &Node, reader: &Reader, c: &mut Collector<'_>) {
    match &body.node {
        Some(NodeEnum::List(list)) => {
            for item in &list.items {
                analyse_body(item, reader, c);
            }
        }
        Some(NodeEnum::ReturnStmt(value)) => {
            if let Some(value) = &value.returnval {
                reader.expression(value, c);
            }
        }
        _ => reader.statement(body, c),
    }
}
