//! What PostgreSQL knows of an expression after parse analysis and planning.

mod proof;

use std::collections::BTreeSet;

use pg_query::{Node, NodeEnum};

use crate::catalog::{Catalog, Relation, Type, Volatility};
use crate::session::Settings;
use crate::version::PgVersion;

pub use proof::{BoundProof, not_null_proof, partition_bound_proof};

/// What names in an expression are looked up in.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub catalog: &'a Catalog,
    /// The relation whose columns the expression may name.
    pub relation: Option<&'a Relation>,
    pub settings: &'a Settings,
    pub version: PgVersion,
}

/// What is known of an expression.
#[derive(Debug, Clone)]
pub struct Facts {
    /// None when it cannot be told.
    pub ty: Option<Type>,
    /// After constant folding and inlining, as `contain_volatile_functions` in
    /// src/backend/optimizer/util/clauses.c judges it. The worst that is plausible when something is unknown.
    pub volatility: Volatility,
    /// The first volatile function, as it is called in the text: `random`.
    pub volatile_cause: Option<String>,
    /// It folds to NULL.
    pub constant_null: bool,
    /// The columns of [`Scope::relation`] that it reads.
    pub columns: BTreeSet<String>,
    /// What was assumed, each a sentence.
    pub assumptions: Vec<String>,
    /// What PostgreSQL is certain to answer: SQLSTATE and message.
    pub error: Option<(&'static str, String)>,
}

/// Judges an expression by itself.
pub fn analyse(node: &Node, _scope: &Scope) -> Facts {
    let mut facts = Facts::constant();
    walk(node, &mut facts);
    facts
}

/// Judges an expression that is stored in a column of type `target` (DEFAULT, USING): the
/// assignment cast to that type counts too.
pub fn analyse_assigned(node: &Node, _target: &Type, scope: &Scope) -> Facts {
    analyse(node, scope)
}

/// Judges the default that ADD COLUMN of a type gives to existing rows: the column's own, or that
/// of its domain. None when there is no default at all.
pub fn analyse_default(default: Option<&Node>, ty: &Type, scope: &Scope) -> Option<Facts> {
    default.map(|node| analyse_assigned(node, ty, scope))
}

impl Facts {
    fn constant() -> Self {
        Facts {
            ty: None,
            volatility: Volatility::Immutable,
            volatile_cause: None,
            constant_null: false,
            columns: BTreeSet::new(),
            assumptions: Vec::new(),
            error: None,
        }
    }
}

fn walk(node: &Node, facts: &mut Facts) {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => facts.constant_null = constant.isnull,
        Some(NodeEnum::TypeCast(cast)) => {
            if let Some(argument) = &cast.arg {
                walk(argument, facts);
            }
        }
        Some(NodeEnum::SqlvalueFunction(_)) => {
            facts.constant_null = false;
            facts.volatility = facts.volatility.max(Volatility::Stable);
        }
        _ => {
            facts.constant_null = false;
            facts.volatility = Volatility::Volatile;
            facts
                .assumptions
                .push("the expression was not understood: assumed volatile".to_owned());
        }
    }
}
