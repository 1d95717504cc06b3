//! What PostgreSQL knows of an expression after parse analysis and planning.
//!
//! `analyser` gives every operator, function and cast of a parse tree its meaning, `simplify` does what the
//! planner does before anything is stored or proved, and `judge` and `proof` read the result.

mod analyser;
mod apart;
mod bounds;
mod candidates;
mod canonical;
pub(super) mod coerce;
mod common;
mod compute;
mod conversion;
mod extension;
mod extension_functions;
mod fold;
mod implies;
mod inline;
mod input;
mod judge;
mod length;
mod negate;
mod number;
mod overlap;
mod polymorphic;
mod proof;
mod purpose;
mod query;
mod reparse;
mod simplify;
#[cfg(test)]
mod tests;
mod tree;
pub(super) mod types;
mod value;

use std::collections::BTreeSet;

use pg_query::Node;

use crate::catalog::builtin::zero_offset_time_zone;
use crate::catalog::{Catalog, Relation, Type, Volatility};
use crate::session::Settings;
use crate::version::PgVersion;

use analyser::Analyser;
use coerce::{Context, NoCoercion};
use simplify::Simplifier;
use tree::Expr;
use types::Types;
use value::Value;

pub use conversion::{Conversion, convert, default_refusal};
pub use overlap::bound_refusal;
pub use proof::{BoundProof, not_null_proof, partition_bound_proof};
pub use purpose::Purpose;
pub use query::{Arguments, output_refusal, query_columns, query_refusal};
pub use reparse::refusal_with;

/// What names in an expression are looked up in.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub catalog: &'a Catalog,
    /// The relation whose columns the expression may name.
    pub relation: Option<&'a Relation>,
    pub settings: &'a Settings,
    pub version: PgVersion,
}

impl<'a> Scope<'a> {
    /// Questions about types in this scope.
    pub(super) fn types(&self) -> Types<'a> {
        let zone = self.settings.time_zone.as_deref();
        Types {
            catalog: self.catalog,
            version: self.version,
            at_utc: zone.is_some_and(zero_offset_time_zone),
            search_path: &self.settings.search_path,
        }
    }
}

/// What is known of an expression.
#[derive(Debug, Clone)]
pub struct Facts {
    /// None when it cannot be told.
    pub ty: Option<Type>,
    /// After constant folding and inlining, as `contain_volatile_functions` in
    /// src/backend/optimizer/util/clauses.c judges it. The worst that is plausible when something is unknown.
    pub volatility: Volatility,
    /// The first function that is as volatile as that, as it is called in the text: `random`.
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
pub fn analyse(node: &Node, scope: &Scope) -> Facts {
    analyse_for(Purpose::Other, node, scope)
}

/// Judges an expression that stands in a certain place, where subqueries, aggregates and the like may be errors.
pub fn analyse_for(purpose: Purpose, node: &Node, scope: &Scope) -> Facts {
    let mut analyser = Analyser::new(*scope, purpose);
    let expr = analyser.expr(node);
    facts(analyser, expr, false)
}

/// Judges a DEFAULT that is stored in a column of type `target`: the assignment cast to that type counts too.
pub fn analyse_assigned(node: &Node, target: &Type, scope: &Scope) -> Facts {
    analyse_assigned_for(Purpose::Default, node, target, scope)
}

/// [`analyse_assigned`] for a generation expression or another place.
pub fn analyse_assigned_for(purpose: Purpose, node: &Node, target: &Type, scope: &Scope) -> Facts {
    let mut analyser = Analyser::new(*scope, purpose);
    let expr = analyser.expr(node);
    let expr = assigned(&mut analyser, expr, target);
    facts(analyser, expr, false)
}

/// Judges the default that ADD COLUMN of a type gives to existing rows: the column's own, or that
/// of its domain. None when there is no default at all.
pub fn analyse_default(default: Option<&Node>, ty: &Type, scope: &Scope) -> Option<Facts> {
    let mut analyser = Analyser::new(*scope, Purpose::Default);
    if let Some((sqlstate, message)) = analyser.types.missing(ty) {
        analyser.notes.fail(sqlstate, message);
    }
    let inherited;
    let node = match default {
        Some(node) => node,
        // 12 leaves existing rows NULL then (measured on 12.22).
        None if scope.version.major() < 13 => return None,
        None => {
            inherited = domain_default(&analyser, ty)?;
            &inherited
        }
    };
    let expr = analyser.expr(node);
    let expr = assigned(&mut analyser, expr, ty);
    Some(facts(analyser, expr, true))
}

/// The default of a domain, or of one that it is made of (`get_typdefault`).
fn domain_default(analyser: &Analyser, ty: &Type) -> Option<std::sync::Arc<Node>> {
    let mut ty = ty.clone();
    for _ in 0..64 {
        let domain = analyser.types.domain(&ty)?;
        if let Some(default) = &domain.default {
            return Some(default.clone());
        }
        ty = domain.base.clone();
    }
    None
}

fn assigned(analyser: &mut Analyser, expr: Expr, target: &Type) -> Expr {
    let source = expr.ty();
    match coerce::coerce_to(analyser.types, expr.clone(), target, Context::Assignment) {
        Ok(coerced) => coerced,
        Err(NoCoercion::Unknown) => {
            analyser.unknown_cast(&source, target);
            Expr::opaque(vec![expr], target.clone(), "cast")
        }
        Err(NoCoercion::Impossible) => {
            let (found, wanted) = (
                analyser.types.display(&source),
                analyser.types.display(target),
            );
            let noun = analyser.purpose.value();
            analyser.notes.fail(
                "42804",
                format!("column is of type {wanted} but {noun} is of type {found}"),
            );
            expr
        }
    }
}

/// `computed`: PostgreSQL plans the expression at once, so that its constants are computed now.
fn facts(analyser: Analyser, expr: Expr, computed: bool) -> Facts {
    let ty = Some(expr.ty()).filter(|ty| *ty != types::untold());
    let Analyser {
        scope,
        types,
        mut notes,
        ..
    } = analyser;
    let refused = refused_literal(&expr);
    let mut simplifier = Simplifier::new(scope, types);
    let expr = simplifier.simplify(expr);
    let (volatility, cause) = judge::volatility(&expr);
    if simplifier.undecided && volatility == Volatility::Volatile {
        let what =
            "the value of a constant was not computed: assumed not to rule out what is volatile";
        notes.assume(what.to_owned());
    }
    let error = notes.error.or(refused);
    Facts {
        ty,
        volatility,
        volatile_cause: cause,
        constant_null: expr.is_null(),
        columns: notes.columns,
        assumptions: notes.assumptions,
        error: error.or(simplifier.error.filter(|_| computed)),
    }
}

/// The first literal that its type's input function refuses.
fn refused_literal(expr: &Expr) -> Option<(&'static str, String)> {
    match expr {
        Expr::Constant(constant) => match &constant.value {
            Value::Refused(sqlstate, message) => Some((*sqlstate, message.clone())),
            _ => None,
        },
        other => other.children().into_iter().find_map(refused_literal),
    }
}
