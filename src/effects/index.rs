//! Effects of CREATE INDEX and REINDEX.

use pg_query::protobuf::{IndexStmt, ReindexStmt};

use super::Collector;

pub fn create_index(_stmt: &IndexStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn reindex(_stmt: &ReindexStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
