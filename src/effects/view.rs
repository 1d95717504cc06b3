//! Effects of CREATE VIEW and REFRESH MATERIALIZED VIEW.

use pg_query::protobuf::{RefreshMatViewStmt, ViewStmt};

use super::Collector;

pub fn create_view(_stmt: &ViewStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn refresh(_stmt: &RefreshMatViewStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
