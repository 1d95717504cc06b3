//! Effects of SELECT, DML, COPY and everything else that runs a query.
//!
//! A query takes locks in three steps, as PostgreSQL does: parse analysis and rewriting lock what is named
//! (`mention`), planning adds partitions, children and indexes (`build`, `access`), execution adds what foreign
//! keys, defaults and sequences reach (`dml`, `referential`, `sequences`).

mod access;
mod bound;
mod build;
mod copy;
mod dml;
mod facts;
mod function;
mod function_result;
mod functions;
mod level;
mod mention;
mod names;
mod new_rows;
mod partition;
mod referential;
mod replication;
mod same;
mod sequences;
mod targets;
mod trigger;
mod with_rules;

use std::ops::Range;

use pg_query::protobuf::{
    CallStmt, CreateTableAsStmt, DeclareCursorStmt, DeleteStmt, ExecuteStmt, ExplainStmt,
    FetchDirection, FetchStmt, InsertStmt, MergeStmt, PrepareStmt, SelectStmt, UpdateStmt,
};
use pg_query::{Node, NodeEnum, NodeRef};

use super::expression::Arguments;
use super::{Collector, Reason, created, options};
use crate::catalog::Relation;
use build::Planner;
use mention::Stage;

pub use copy::copy;
pub use function::create_function;
pub(super) use names::{refuse_query, refuse_unknown_columns, refuse_unknown_columns_of};
pub(super) use new_rows::written_columns;
pub(super) use referential::check_waiting;
pub(super) use targets::{count_of_columns, not_updatable_query};

/// Bit of `DeclareCursorStmt.options` (src/include/nodes/parsenodes.h).
const CURSOR_OPT_HOLD: i32 = 0x0020;

/// Runs a query as far as `stage` goes.
fn run<'a>(query: &'a NodeEnum, stage: Stage, c: &mut Collector<'a>) {
    let span = c.input.span();
    mention::lock(query, stage, c, &span);
    names::refuse_unknown_columns(query, &[], c);
    names::refuse_query(query, Arguments::default(), stage >= Stage::Planned, c);
    with_rules::check(query, c);
    targets::check(query, stage, c);
    if c.failed() || stage < Stage::Planned {
        return;
    }
    Planner::new(stage, Reason::Query, span.clone(), c).statement(query);
    if stage == Stage::Executed {
        lock_roots_of_partition(query, c, &span);
    }
    if stage == Stage::Executed {
        sequences::lock_called(query, c, &span);
    }
}

/// A row that is put into a partition by its own name is held against the bounds of all that it is a part of
/// (`generate_partition_qual` in src/backend/utils/cache/partcache.c). A session that has done so before does not look
/// again.
fn lock_roots_of_partition(query: &NodeEnum, c: &mut Collector<'_>, span: &Range<usize>) {
    let name = match query {
        NodeEnum::InsertStmt(stmt) => &stmt.relation,
        // Without partitions there is no row to look at; 12 and 13 look at the bounds while planning.
        NodeEnum::UpdateStmt(stmt)
            if c.input.since(14)
                && (stmt.relation.as_ref())
                    .and_then(|name| c.input.relation(name))
                    .is_some_and(|table| dml::has_no_partitions(table, c)) =>
        {
            return;
        }
        NodeEnum::UpdateStmt(stmt) => &stmt.relation,
        // 12 and 13 plan with the bounds.
        NodeEnum::DeleteStmt(stmt) if !c.input.since(14) => &stmt.relation,
        _ => return,
    };
    let mut partition = name.as_ref().and_then(|name| c.input.relation(name));
    while let Some(found) = partition.filter(|found| found.is_partition()) {
        let Some(&parent) = found.parents.first() else {
            return;
        };
        c.because("its partition is written", |c| {
            c.lock(parent, super::LockMode::AccessShare, span.clone())
        });
        partition = c.relation(parent);
    }
}

/// Locks what an expression or query names, as parse analysis does.
pub(super) fn lock_mentioned(node: &NodeEnum, c: &mut Collector<'_>, span: &Range<usize>) {
    mention::lock(node, Stage::Analysed, c, span);
}

/// Runs the query of a materialized view.
pub(super) fn execute_view<'a>(
    view: &'a Relation,
    reason: &Reason,
    c: &mut Collector<'a>,
    span: &Range<usize>,
) {
    mention::lock_view_reads(view.oid, super::LockMode::AccessShare, c, span);
    for read in &view.reads {
        let mode = super::LockMode::AccessShare;
        c.lock(read.relation, mode, span.clone());
        mention::lock_view_reads(read.relation, mode, c, span);
    }
    if view.query.is_none() {
        for read in &view.reads {
            c.scan(read.relation, reason.clone(), span.clone());
        }
        return;
    }
    Planner::new(Stage::Executed, reason.clone(), span.clone(), c).stored_query(view);
}

pub fn select<'a>(stmt: &'a SelectStmt, c: &mut Collector<'a>) {
    run(c.input.node, Stage::Executed, c);
    if stmt.into_clause.is_some() && !c.failed() {
        created::announce(c, &c.input.span());
    }
}

pub fn insert(_stmt: &InsertStmt, c: &mut Collector<'_>) {
    run(c.input.node, Stage::Executed, c);
}

pub fn update(_stmt: &UpdateStmt, c: &mut Collector<'_>) {
    run(c.input.node, Stage::Executed, c);
}

pub fn delete(_stmt: &DeleteStmt, c: &mut Collector<'_>) {
    run(c.input.node, Stage::Executed, c);
}

pub fn merge(_stmt: &MergeStmt, c: &mut Collector<'_>) {
    run(c.input.node, Stage::Executed, c);
}

/// CREATE TABLE AS and CREATE MATERIALIZED VIEW. WITH NO DATA stops after the analysis.
pub fn create_table_as<'a>(stmt: &'a CreateTableAsStmt, c: &mut Collector<'a>) {
    as_query(stmt, Stage::Executed, c);
}

fn as_query<'a>(stmt: &'a CreateTableAsStmt, stage: Stage, c: &mut Collector<'a>) {
    let into = stmt.into.as_deref();
    let exists = into
        .and_then(|into| into.rel.as_ref())
        .is_some_and(|name| c.input.oid(name).is_some());
    if exists && stmt.if_not_exists {
        // The query is analysed all the same.
        if let Some(query) = stmt.query.as_ref().and_then(|node| node.node.as_ref()) {
            mention::lock(query, Stage::Analysed, c, &c.input.span());
        }
        return;
    }
    let skips = into.is_some_and(|into| into.skip_data);
    let stage = if skips { Stage::Analysed } else { stage };
    if let Some(query) = stmt.query.as_ref().and_then(|node| node.node.as_ref()) {
        match query {
            NodeEnum::ExecuteStmt(execute) => self::execute(execute, c),
            _ => run(query, stage, c),
        }
    }
    let names = into.map_or(0, |into| into.col_names.len());
    if count_of_columns(stmt.query.as_deref(), c).is_some_and(|given| names > given) {
        let message = "too many column names were specified";
        c.error("42601", message, c.input.span());
    }
    if stage != Stage::Planned && !c.failed() {
        created::announce(c, &c.input.span());
    }
}

/// EXPLAIN plans; with ANALYZE it executes.
pub fn explain<'a>(stmt: &'a ExplainStmt, c: &mut Collector<'a>) {
    let stage = if options::is_on(&stmt.options, "analyze") {
        Stage::Executed
    } else {
        Stage::Planned
    };
    if let Some(name) = unknown_explain_option(&stmt.options, c) {
        let message = format!("unrecognized EXPLAIN option \"{name}\"");
        c.error("42601", message, c.input.span());
        return;
    }
    let Some(query) = stmt.query.as_ref().and_then(|node| node.node.as_ref()) else {
        return;
    };
    match query {
        NodeEnum::CreateTableAsStmt(create) => as_query(create, stage, c),
        NodeEnum::DeclareCursorStmt(cursor) => {
            if let Some(query) = cursor.query.as_ref().and_then(|node| node.node.as_ref()) {
                run(query, stage, c);
            }
        }
        NodeEnum::ExecuteStmt(stmt) => execute(stmt, c),
        NodeEnum::RefreshMatViewStmt(refresh) if stage == Stage::Executed => {
            super::view::refresh(refresh, c);
        }
        NodeEnum::RefreshMatViewStmt(_) => {}
        _ => run(query, stage, c),
    }
}

/// `ExplainQuery`
fn unknown_explain_option(list: &[Node], c: &Collector<'_>) -> Option<String> {
    options::options(list)
        .find(|option| {
            let since = match option.name {
                "analyze" | "verbose" | "costs" | "buffers" | "settings" | "timing" | "summary"
                | "format" => 12,
                "wal" => 13,
                "generic_plan" => 16,
                "serialize" | "memory" => 17,
                _ => return true,
            };
            !c.input.since(since)
        })
        .map(|option| option.name.to_owned())
}

/// A cursor is planned when it is declared and read when rows are fetched; WITH HOLD outside a block it is read at
/// once.
pub fn declare_cursor<'a>(stmt: &'a DeclareCursorStmt, c: &mut Collector<'a>) {
    let holds = stmt.options & CURSOR_OPT_HOLD != 0;
    let in_block = c.input.session.in_block();
    if !holds && !in_block {
        let message = "DECLARE CURSOR can only be used in transaction blocks";
        c.error("25P01", message, c.input.span());
        return;
    }
    let stage = if in_block {
        Stage::Planned
    } else {
        Stage::Executed
    };
    if let Some(query) = stmt.query.as_ref().and_then(|node| node.node.as_ref()) {
        run(query, stage, c);
    }
}

/// FETCH and MOVE run the query that DECLARE has planned. A few rows of an unsorted table are soon found; whatever else
/// may have to read all of it first.
pub fn fetch(stmt: &FetchStmt, c: &mut Collector<'_>) {
    let Some(query) = c.input.session.kept.cursor(&stmt.portalname) else {
        // One that a function or PL/pgSQL opened is called as it likes.
        if c.input.before.complete && !c.input.foreign_names {
            let message = format!("cursor \"{}\" does not exist", stmt.portalname);
            c.error("34000", message, c.input.span());
        }
        return;
    };
    let few = (1..500).contains(&stmt.how_many)
        && !matches!(stmt.direction(), FetchDirection::FetchAbsolute);
    if few && gives_rows_at_once(query) {
        return;
    }
    run(query, Stage::Executed, c);
}

fn gives_rows_at_once(query: &NodeEnum) -> bool {
    let NodeEnum::SelectStmt(select) = query else {
        return false;
    };
    let computes = select.target_list.iter().any(|target| {
        target.node.as_ref().is_some_and(|node| {
            crate::sql::walk::descendants(node)
                .any(|found| matches!(found, NodeRef::FuncCall(_) | NodeRef::SubLink(_)))
        })
    });
    select.from_clause.len() <= 1
        && select.where_clause.is_none()
        && select.sort_clause.is_empty()
        && select.group_clause.is_empty()
        && select.distinct_clause.is_empty()
        && select.larg.is_none()
        && !computes
}

/// PREPARE analyses and rewrites.
pub fn prepare<'a>(stmt: &'a PrepareStmt, c: &mut Collector<'a>) {
    if let Some(query) = stmt.query.as_ref().and_then(|node| node.node.as_ref()) {
        run(query, Stage::Rewritten, c);
    }
}

/// Plans it with the parameters, which are not followed.
pub fn execute(stmt: &ExecuteStmt, c: &mut Collector<'_>) {
    if let Some(query) = c.input.session.kept.prepared(&stmt.name) {
        run(query, Stage::Executed, c);
        return;
    }
    if c.input.before.complete && !c.input.foreign_names {
        let message = format!("prepared statement \"{}\" does not exist", stmt.name);
        c.error("26000", message, c.input.span());
        return;
    }
    c.assume(format!(
        "what prepared statement {} does is not looked up: its locks and rows are not known",
        stmt.name
    ));
}

/// The arguments are evaluated here; what the procedure does is replayed statement by statement where its body
/// is known.
pub fn call<'a>(stmt: &'a CallStmt, c: &mut Collector<'a>) {
    let span = c.input.span();
    let Some(call) = &stmt.funccall else {
        return;
    };
    for argument in call.args.iter().filter_map(|node| node.node.as_ref()) {
        mention::lock(argument, Stage::Executed, c, &span);
        if c.failed() {
            return;
        }
        sequences::lock_called(argument, c, &span);
    }
    Planner::new(Stage::Executed, Reason::Query, span, c).sublinks_of(&call.args);
}
