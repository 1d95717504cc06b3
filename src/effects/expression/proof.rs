//! What valid constraints prove, so that PostgreSQL skips a scan.

use pg_query::Node;

use super::analyser::Analyser;
use super::bounds::Bounds;
use super::canonical::{canonical, conjuncts};
use super::implies::implied;
use super::simplify::Simplifier;
use super::tree::Expr;
use super::{Purpose, Scope};
use crate::catalog::{NotNull, PartitionBound, PartitionKey};

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

/// Whether valid CHECK constraints of a table prove `column IS NOT NULL`
/// (`NotNullImpliedByRelConstraints` in src/backend/commands/tablecmds.c).
///
/// `checks` are the expressions of the valid, enforced CHECK constraints of [`Scope::relation`].
pub fn not_null_proof(column: &str, checks: &[&Node], scope: &Scope) -> bool {
    let Some(found) = scope.relation.and_then(|relation| relation.column(column)) else {
        return false;
    };
    let subject = Expr::Column {
        name: column.to_owned(),
        ty: found.ty.clone(),
    };
    implied(&is_not_null(subject), &clauses(checks, scope), scope)
}

/// Whether valid constraints of [`Scope::relation`] (the table to attach, or the default partition)
/// prove the bound (`PartConstraintImpliedByRelConstraint` in src/backend/commands/tablecmds.c).
///
/// `checks` are the expressions of its valid, enforced CHECK constraints; its NOT NULL columns are read
/// from the relation.
pub fn partition_bound_proof(proof: &BoundProof, checks: &[&Node], scope: &Scope) -> bool {
    let predicate = match proof {
        BoundProof::Belongs {
            key,
            bound,
            siblings,
        } => Bounds::new(key, scope).constraint(bound, siblings),
        BoundProof::Excluded { key, bound } => excluded(key, bound, scope),
    };
    let Some(predicate) = predicate else {
        return false;
    };
    if super::simplify::truth(&predicate) == Some(Some(true)) {
        return true;
    }
    let mut held = not_null_columns(scope);
    held.extend(clauses(checks, scope));
    implied(&predicate, &held, scope)
}

/// `get_proposed_default_constraint`
fn excluded(key: &PartitionKey, bound: &PartitionBound, scope: &Scope) -> Option<Expr> {
    let mut bounds = Bounds::new(key, scope);
    let taken = bounds.constraint(bound, &[])?;
    let left = bounds.simplified(Expr::Not(Box::new(taken)));
    Some(canonical(left))
}

fn is_not_null(argument: Expr) -> Expr {
    Expr::IsNull {
        argument: Box::new(argument),
        negated: true,
        row: false,
    }
}

fn not_null_columns(scope: &Scope) -> Vec<Expr> {
    let Some(relation) = scope.relation else {
        return Vec::new();
    };
    relation
        .columns
        .iter()
        .filter(|column| column.not_null == NotNull::Valid)
        .map(|column| {
            is_not_null(Expr::Column {
                name: column.name.clone(),
                ty: column.ty.clone(),
            })
        })
        .collect()
}

/// The parts of all CHECKs, as `ConstraintImpliedByRelConstraint` prepares them.
fn clauses(checks: &[&Node], scope: &Scope) -> Vec<Expr> {
    let mut clauses = Vec::new();
    for check in checks {
        let mut analyser = Analyser::new(*scope, Purpose::Check);
        let expr = analyser.expr(check);
        let expr = Simplifier::new(*scope, analyser.types).simplify(expr);
        clauses.extend(conjuncts(canonical(expr)));
    }
    clauses
}
