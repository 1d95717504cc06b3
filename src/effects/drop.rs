//! Effects of DROP and TRUNCATE.

use pg_query::protobuf::{DropOwnedStmt, DropStmt, TruncateStmt};

use super::Collector;

pub fn drop(_stmt: &DropStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn drop_owned(_stmt: &DropOwnedStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn truncate(_stmt: &TruncateStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
