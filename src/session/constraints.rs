//! SET CONSTRAINTS: which deferrable constraints wait for the end of the transaction.

use std::collections::BTreeMap;

use pg_query::NodeEnum;
use pg_query::protobuf::ConstraintsSetStmt;

use super::Session;
use super::transaction::Step;

/// What SET CONSTRAINTS has said in this transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConstraintTiming {
    /// SET CONSTRAINTS ALL.
    all: Option<bool>,
    by_name: BTreeMap<String, bool>,
}

impl ConstraintTiming {
    /// Whether a deferrable constraint waits; `by_default` is INITIALLY DEFERRED.
    pub fn is_deferred(&self, name: &str, by_default: bool) -> bool {
        let said = self.by_name.get(name).copied().or(self.all);
        said.unwrap_or(by_default)
    }
}

impl Session {
    /// IMMEDIATE runs what waited (`AfterTriggerSetState` in src/backend/commands/trigger.c). Of a list of names it
    /// is not told apart whose events those were.
    pub(super) fn set_constraints(&mut self, stmt: &ConstraintsSetStmt) -> Step {
        if !self.in_block() {
            return Step::Stays;
        }
        if !stmt.deferred {
            self.pending_events.clear();
        }
        if stmt.constraints.is_empty() {
            self.constraints = ConstraintTiming {
                all: Some(stmt.deferred),
                by_name: BTreeMap::new(),
            };
            return Step::Stays;
        }
        for constraint in &stmt.constraints {
            if let Some(NodeEnum::RangeVar(name)) = &constraint.node {
                self.constraints
                    .by_name
                    .insert(name.relname.clone(), stmt.deferred);
            }
        }
        Step::Stays
    }
}
