//! Effects of VACUUM, ANALYZE, CLUSTER, LOCK TABLE, statistics objects.

use pg_query::protobuf::{AlterStatsStmt, ClusterStmt, CreateStatsStmt, LockStmt, VacuumStmt};

use super::Collector;

pub fn vacuum(_stmt: &VacuumStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn cluster(_stmt: &ClusterStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn lock(_stmt: &LockStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn create_statistics(_stmt: &CreateStatsStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn alter_statistics(_stmt: &AlterStatsStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
