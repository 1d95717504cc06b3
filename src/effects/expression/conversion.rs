//! How ALTER COLUMN ... TYPE turns old values into new ones.

use pg_query::Node;

use super::analyser::Analyser;
use super::coerce::{self, Context, NoCoercion};
use super::simplify::Simplifier;
use super::tree::Expr;
use super::types::{self, Types};
use super::{Purpose, Scope, refused_literal};
use crate::catalog::{Column, Type};

/// What becomes of a column's values.
#[derive(Debug, Default)]
pub struct Conversion {
    /// They are computed and written anew.
    pub rewrite: bool,
    /// What was assumed, each a sentence.
    pub assumptions: Vec<String>,
    /// What PostgreSQL is certain to answer: SQLSTATE and message.
    pub error: Option<(&'static str, String)>,
}

/// `ATPrepAlterColumnType` and `ATColumnChangeRequiresRewrite` in src/backend/commands/tablecmds.c.
pub fn convert(column: &Column, target: &Type, using: Option<&Node>, scope: &Scope) -> Conversion {
    let mut analyser = Analyser::new(*scope, Purpose::Using);
    let expr = match using {
        Some(node) => analyser.expr(node),
        None => Expr::Column {
            name: column.name.clone(),
            ty: column.ty.clone(),
        },
    };
    let types = analyser.types;
    let source = expr.ty();
    let coerced = match coerce::coerce_to(types, expr, target, Context::Assignment) {
        Ok(coerced) => Some(coerced),
        Err(NoCoercion::Impossible) => {
            analyser
                .notes
                .fail("42804", refusal(column, target, using.is_some(), types));
            None
        }
        Err(NoCoercion::Unknown) => {
            let (source, target) = (types.display(&source), types.display(target));
            analyser.notes.assume(format!(
                "how {source} is cast to {target} is not known: assumed to need a rewrite"
            ));
            None
        }
    };
    let rewrite = match coerced {
        Some(coerced) => {
            let refused = refused_literal(&coerced);
            let mut simplifier = Simplifier::new(*scope, types);
            let planned = simplifier.simplify(coerced);
            if let Some((sqlstate, message)) = refused.or(simplifier.error) {
                analyser.notes.fail(sqlstate, message);
            }
            requires_rewrite(&planned, &column.name, types)
        }
        None => true,
    };
    Conversion {
        rewrite,
        assumptions: analyser.notes.assumptions,
        error: analyser.notes.error,
    }
}

fn refusal(column: &Column, target: &Type, using: bool, types: Types<'_>) -> String {
    let (name, target) = (&column.name, types.display(target));
    match using {
        true => format!(
            "result of USING clause for column \"{name}\" cannot be cast automatically to type {target}"
        ),
        false => format!("column \"{name}\" cannot be cast automatically to type {target}"),
    }
}

/// `ATColumnChangeRequiresRewrite`: the value is the old one under another label.
fn requires_rewrite(expr: &Expr, column: &str, types: Types<'_>) -> bool {
    match expr {
        Expr::Column { name, .. } => name != column,
        Expr::Relabel { argument, .. } => requires_rewrite(argument, column, types),
        Expr::Collate { argument, .. } => requires_rewrite(argument, column, types),
        Expr::ToDomain { argument, ty } => {
            types.has_constraints(ty) || requires_rewrite(argument, column, types)
        }
        Expr::Call(call) => {
            let converts_time = matches!(
                (call.callee.name.as_str(), call.callee.declared.as_slice()),
                ("timestamptz", [from]) if types::is(from, "timestamp")
            ) || matches!(
                (call.callee.name.as_str(), call.callee.declared.as_slice()),
                ("timestamp", [from]) if types::is(from, "timestamptz")
            );
            let same_bits = converts_time && call.callee.user.is_none() && types.at_utc;
            match call.arguments.first() {
                Some(argument) if same_bits => requires_rewrite(argument, column, types),
                _ => true,
            }
        }
        _ => true,
    }
}

/// Whether the column's default can become one of the new type; the refusal if not
/// (`ATExecAlterColumnType`). Casts that the default's user did not write are left out of it first.
pub fn default_refusal(
    column: &Column,
    target: &Type,
    scope: &Scope,
) -> Option<(&'static str, String)> {
    let (noun, node) = match (&column.generated, &column.default) {
        (Some(generated), _) => ("generation expression", &generated.expression),
        (None, Some(default)) => ("default", default),
        (None, None) => return None,
    };
    let mut analyser = Analyser::new(*scope, Purpose::Other);
    let expr = analyser.expr(node);
    // A default that is no more than NULL is not stored (cookDefault).
    if expr.is_null() {
        return None;
    }
    let types = analyser.types;
    // An untyped literal was read as a value of the old type.
    let expr = match types::is_literal(&expr.ty()) {
        true => coerce::coerce_type(types, expr, &types.base(&column.ty), Context::Assignment),
        false => expr,
    };
    let possible = coerce::can_coerce(types, &expr.ty(), target, Context::Assignment);
    (possible == Some(false)).then(|| {
        let (name, target) = (&column.name, types.display(target));
        (
            "42804",
            format!("{noun} for column \"{name}\" cannot be cast automatically to type {target}"),
        )
    })
}
