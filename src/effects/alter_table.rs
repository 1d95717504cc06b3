//! Effects of ALTER TABLE and its kin.

use pg_query::protobuf::AlterTableStmt;

use super::Collector;

pub fn alter_table(_stmt: &AlterTableStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
