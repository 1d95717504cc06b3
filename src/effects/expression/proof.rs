//! What valid constraints prove, so that PostgreSQL skips the scan (src/backend/optimizer/util/predtest.c).

use pg_query::{Node, NodeEnum};

use super::Scope;
use crate::catalog::{PartitionBound, PartitionKey};

/// What has to be proved of the rows of a table.
pub enum BoundProof<'a> {
    /// Every row belongs into the new partition.
    Belongs {
        key: &'a PartitionKey,
        bound: &'a PartitionBound,
        /// The bounds of the partitions that exist (a default partition is what they leave over).
        siblings: &'a [&'a PartitionBound],
    },
    /// No row of the default partition belongs into the new partition.
    Excluded {
        key: &'a PartitionKey,
        bound: &'a PartitionBound,
    },
}

/// Whether valid CHECK constraints of a table prove `column IS NOT NULL`, as
/// `ConstraintImpliedByRelConstraint` in src/backend/commands/tablecmds.c sees it.
///
/// `checks` are the expressions of the valid, enforced CHECK constraints.
pub fn not_null_proof(column: &str, checks: &[&Node], _scope: &Scope) -> bool {
    checks.iter().any(|check| is_not_null(column, check))
}

/// Whether valid constraints of [`Scope::relation`] (the table to attach, or the default partition)
/// prove the bound.
///
/// `checks` are the expressions of its valid, enforced CHECK constraints; its NOT NULL columns are read
/// from the relation.
pub fn partition_bound_proof(_proof: &BoundProof, _checks: &[&Node], _scope: &Scope) -> bool {
    false
}

fn is_not_null(column: &str, check: &Node) -> bool {
    let Some(NodeEnum::NullTest(test)) = &check.node else {
        return false;
    };
    let Some(Some(NodeEnum::ColumnRef(reference))) = test.arg.as_ref().map(|arg| &arg.node) else {
        return false;
    };
    test.nulltesttype() == pg_query::protobuf::NullTestType::IsNotNull
        && matches!(reference.fields.last().map(|field| &field.node), Some(Some(NodeEnum::String(name))) if name.sval == column)
}
