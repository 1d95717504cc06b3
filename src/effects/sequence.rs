//! Effects of Sequences.

use pg_query::protobuf::{AlterSeqStmt, CreateSeqStmt};

use super::Collector;

pub fn create_sequence(_stmt: &CreateSeqStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn alter_sequence(_stmt: &AlterSeqStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
