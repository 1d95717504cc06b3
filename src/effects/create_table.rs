//! Effects of CREATE TABLE, CREATE FOREIGN TABLE, CREATE SCHEMA.

use pg_query::protobuf::{CreateForeignTableStmt, CreateSchemaStmt, CreateStmt};

use super::Collector;

pub fn create_table(_stmt: &CreateStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn create_foreign_table(_stmt: &CreateForeignTableStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn create_schema(_stmt: &CreateSchemaStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
