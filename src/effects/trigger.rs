//! Effects of Triggers, rules and policies.

use pg_query::protobuf::{AlterPolicyStmt, CreatePolicyStmt, CreateTrigStmt, RuleStmt};

use super::Collector;

pub fn create_trigger(_stmt: &CreateTrigStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn create_rule(_stmt: &RuleStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn create_policy(_stmt: &CreatePolicyStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}

pub fn alter_policy(_stmt: &AlterPolicyStmt, c: &mut Collector<'_>) {
    c.assume("not modelled yet: assumed to lock and rewrite what it names");
}
