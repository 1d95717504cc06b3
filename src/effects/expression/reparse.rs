//! Expressions that PostgreSQL prints and parses again once a column has a new type: those of CHECK constraints,
//! indexes and index predicates (`ATPostAlterTypeParse` in src/backend/commands/tablecmds.c).
//!
//! What is printed has every cast that was implicit and the type of every constant, so `x = 'a'` on a text
//! column comes back as `x = 'a'::text`.

use pg_query::Node;

use super::analyser::Analyser;
use super::candidates::{self, Resolution, Written};
use super::coerce::Context;
use super::judge;
use super::simplify::Simplifier;
use super::tree::{Call, Expr, Origin};
use super::{Purpose, Scope, types};
use crate::catalog::{Type, Volatility};

/// What PostgreSQL answers when the expression does not fit the new type of one of its columns.
///
/// `immutable`: it belongs to an index, which refuses anything less.
pub fn refusal_with(
    node: &Node,
    column: &str,
    ty: &Type,
    immutable: bool,
    scope: &Scope,
) -> Option<(&'static str, String)> {
    let mut analyser = Analyser::new(*scope, Purpose::Other);
    let written = analyser.expr(node);
    if analyser.notes.error.is_some() || !analyser.notes.assumptions.is_empty() {
        return None;
    }
    let parsed = reparse(&mut analyser, written, column, ty);
    if analyser.notes.error.is_some() || !analyser.notes.assumptions.is_empty() {
        return analyser.notes.error;
    }
    let planned = Simplifier::new(*scope, analyser.types).simplify(parsed);
    let mutable = judge::volatility(&planned).0 > Volatility::Immutable;
    (immutable && mutable).then(|| {
        let message = "functions in index expression must be marked IMMUTABLE";
        ("42P17", message.to_owned())
    })
}

fn reparse(analyser: &mut Analyser, expr: Expr, column: &str, ty: &Type) -> Expr {
    match expr {
        Expr::Column { name, .. } if name == column => Expr::Column {
            name,
            ty: ty.clone(),
        },
        Expr::Relabel { argument, ty: to } | Expr::ToDomain { argument, ty: to } => {
            cast(analyser, *argument, &to, column, ty)
        }
        Expr::ViaText {
            argument, ty: to, ..
        } => cast(analyser, *argument, &to, column, ty),
        Expr::ArrayCoerce {
            argument, ty: to, ..
        } => cast(analyser, *argument, &to, column, ty),
        Expr::Call(call) => reparse_call(analyser, call, column, ty),
        Expr::Distinct(call) => match reparse_operator(analyser, call, column, ty) {
            Expr::Call(call) => Expr::Distinct(call),
            other => other,
        },
        other => other.map(&mut |part| reparse(analyser, part, column, ty)),
    }
}

fn cast(analyser: &mut Analyser, argument: Expr, to: &Type, column: &str, ty: &Type) -> Expr {
    let argument = reparse(analyser, argument, column, ty);
    let source = argument.ty();
    let possible =
        super::coerce::can_coerce(analyser.types, &source, to, Context::Explicit) != Some(false);
    if !possible {
        let (source, to) = (analyser.types.display(&source), analyser.types.display(to));
        analyser
            .notes
            .fail("42846", format!("cannot cast type {source} to {to}"));
    }
    analyser.coerce(argument, to, Context::Explicit)
}

fn reparse_call(analyser: &mut Analyser, mut call: Call, column: &str, ty: &Type) -> Expr {
    match call.callee.origin {
        Origin::Cast | Origin::Length { .. } if !call.arguments.is_empty() => {
            let argument = call.arguments.swap_remove(0);
            cast(analyser, argument, &call.ty, column, ty)
        }
        _ if call.callee.operator.is_some() => reparse_operator(analyser, call, column, ty),
        _ => reparse_function(analyser, call, column, ty),
    }
}

fn reparse_operator(analyser: &mut Analyser, call: Call, column: &str, ty: &Type) -> Expr {
    let Some(name) = call.callee.operator.clone() else {
        return Expr::Call(call);
    };
    let mut operands: Vec<Expr> = call
        .arguments
        .into_iter()
        .map(|part| reparse(analyser, part, column, ty))
        .collect();
    match (operands.pop(), operands.pop()) {
        (Some(right), Some(left)) => analyser.binary(&name, left, right),
        (Some(operand), None) => analyser.prefix(&name, operand),
        _ => Expr::boolean(true),
    }
}

/// A function whose arguments keep their types is the same function.
fn reparse_function(analyser: &mut Analyser, call: Call, column: &str, ty: &Type) -> Expr {
    let before: Vec<Type> = call.arguments.iter().map(Expr::ty).collect();
    let arguments: Vec<Expr> = call
        .arguments
        .into_iter()
        .map(|part| reparse(analyser, part, column, ty))
        .collect();
    let actual: Vec<Type> = arguments.iter().map(Expr::ty).collect();
    let unchanged = before
        .iter()
        .zip(&actual)
        .all(|(before, after)| types::same(before, after));
    let call = Call { arguments, ..call };
    if unchanged {
        return Expr::Call(call);
    }
    let search_path = &analyser.scope.settings.search_path;
    let written = Written {
        schema: None,
        name: &call.callee.name,
        arguments: &actual,
        names: &[],
        variadic: false,
        search_path,
    };
    match candidates::function(analyser.types, &written) {
        Resolution::Found(candidate) => analyser.resolved(candidate, call.arguments, &actual),
        Resolution::NoMatch | Resolution::Absent => {
            let signature = analyser.signature(&call.callee.name, &actual);
            analyser.missing("42883", &format!("{signature} does not exist"), &actual);
            Expr::Call(call)
        }
        Resolution::Cast(_) | Resolution::OneOf(_) | Resolution::Ambiguous => Expr::Call(call),
    }
}
