//! Effects of SELECT, DML, COPY and what runs a query.

use pg_query::protobuf::{
    CallStmt, CopyStmt, CreateFunctionStmt, CreateTableAsStmt, DeclareCursorStmt, DeleteStmt,
    ExecuteStmt, ExplainStmt, InsertStmt, MergeStmt, PrepareStmt, SelectStmt, UpdateStmt,
};

use super::Collector;

pub fn create_function(_stmt: &CreateFunctionStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn select(_stmt: &SelectStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn insert(_stmt: &InsertStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn update(_stmt: &UpdateStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn delete(_stmt: &DeleteStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn merge(_stmt: &MergeStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn copy(_stmt: &CopyStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn create_table_as(_stmt: &CreateTableAsStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn explain(_stmt: &ExplainStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn declare_cursor(_stmt: &DeclareCursorStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn prepare(_stmt: &PrepareStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn execute(_stmt: &ExecuteStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn call(_stmt: &CallStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
