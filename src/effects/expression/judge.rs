//! How volatile an expression is (`contain_volatile_functions`, `contain_mutable_functions` in
//! src/backend/optimizer/util/clauses.c).

use super::tree::{Call, Expr};
use crate::catalog::Volatility;

/// The worst volatility in an expression that has been simplified, and the first function of it.
pub fn volatility(expr: &Expr) -> (Volatility, Option<String>) {
    let mut worst = own(expr);
    for part in expr.children() {
        let found = volatility(part);
        if found.0 > worst.0 {
            worst = found;
        }
    }
    worst
}

/// Of the node by itself.
fn own(expr: &Expr) -> (Volatility, Option<String>) {
    let called = |call: &Call| {
        let name = call.callee.operator.as_ref().unwrap_or(&call.callee.name);
        (call.callee.volatility, Some(name.clone()))
    };
    match expr {
        Expr::Call(call) | Expr::Distinct(call) | Expr::NullIf(call) => called(call),
        Expr::AnyAll { operator, .. } => called(operator),
        Expr::ViaText { volatility, .. } => (*volatility, None),
        Expr::SessionValue { name, .. } => (Volatility::Stable, Some((*name).to_owned())),
        Expr::Other(other) => (
            other.volatility,
            Some(other.name.clone()).filter(|name| !name.is_empty()),
        ),
        Expr::Constant(_)
        | Expr::Column { .. }
        | Expr::WholeRow { .. }
        | Expr::Parameter { .. }
        | Expr::Relabel { .. }
        | Expr::ArrayCoerce { .. }
        | Expr::ToDomain { .. }
        | Expr::Collate { .. }
        | Expr::And(_)
        | Expr::Or(_)
        | Expr::Not(_)
        | Expr::IsNull { .. }
        | Expr::IsBoolean { .. }
        | Expr::Case(_)
        | Expr::Coalesce { .. }
        | Expr::MinMax { .. }
        | Expr::Array { .. }
        | Expr::Row { .. } => (Volatility::Immutable, None),
    }
}
