//! Effects of Transaction control and SET.

use pg_query::protobuf::{TransactionStmt, VariableSetStmt};

use super::Collector;

pub fn transaction(_stmt: &TransactionStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn set(_stmt: &VariableSetStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
