//! What is known of the functions that an expression calls, without its types.

use pg_query::protobuf::{AExprKind, FuncCall, a_const};
use pg_query::{Node, NodeEnum, NodeRef};

use super::level::Count;
use crate::catalog::builtin::{self, FunctionKind};
use crate::catalog::{Function, QualifiedName, Volatility};
use crate::effects::{Collector, node};
use crate::sql::walk;

/// The function calls of a list of expressions, outside of subqueries.
pub(super) fn calls(list: &[Node]) -> impl Iterator<Item = &FuncCall> {
    let mut waiting: Vec<NodeRef<'_>> = list
        .iter()
        .rev()
        .filter_map(|node| Some(node.node.as_ref()?.to_ref()))
        .collect();
    std::iter::from_fn(move || {
        while let Some(node) = waiting.pop() {
            if matches!(node, NodeRef::SubLink(_)) {
                continue;
            }
            waiting.extend(walk::children(node).into_iter().rev());
            if let NodeRef::FuncCall(call) = node {
                return Some(call);
            }
        }
        None
    })
}

/// An aggregate or window function somewhere in a select list, not in a subquery of it.
pub(super) fn has_aggregate(list: &[Node], c: &Collector<'_>) -> bool {
    calls(list).any(|call| is_aggregate(call, c))
}

pub(super) fn is_aggregate(call: &FuncCall, c: &Collector<'_>) -> bool {
    call.agg_star
        || call.agg_distinct
        || call.agg_filter.is_some()
        || call.over.is_some()
        || kind(&call.funcname, c)
            .is_some_and(|kind| matches!(kind, FunctionKind::Aggregate | FunctionKind::Window))
}

fn kind(name: &[Node], c: &Collector<'_>) -> Option<FunctionKind> {
    let name = name.last().and_then(node::string)?;
    builtin::functions(name, c.input.version())
        .next()
        .map(|function| function.kind)
}

/// A set-returning function in a select list.
pub(super) fn returns_set(list: &[Node], c: &Collector<'_>) -> bool {
    calls(list).any(|call| {
        let name = call.funcname.last().and_then(node::string);
        name.is_some_and(|name| {
            builtin::functions(name, c.input.version())
                .next()
                .is_some_and(|function| function.returns_set)
        })
    })
}

/// Whether a volatile function is called in it (`contain_volatile_functions`). Functions that are not known are
/// taken to be volatile.
pub(super) fn is_volatile(node: NodeRef<'_>, c: &Collector<'_>) -> bool {
    walk::below(node).any(|node| match node {
        NodeRef::FuncCall(call) => function_is_volatile(&call.funcname, c),
        _ => false,
    })
}

fn function_is_volatile(name: &[Node], c: &Collector<'_>) -> bool {
    let parts = node::strings(name);
    let Some(last) = parts.last() else {
        return true;
    };
    let mut builtin = builtin::functions(last, c.input.version()).peekable();
    if builtin.peek().is_some() {
        return builtin.any(|function| function.volatility == Volatility::Volatile);
    }
    own_functions(&parts, c)
        .first()
        .is_none_or(|function| function.volatility == Volatility::Volatile)
}

/// The functions of that name that migrations created.
pub(super) fn own_functions<'a>(parts: &[String], c: &Collector<'a>) -> Vec<&'a Function> {
    let Some(last) = parts.last() else {
        return Vec::new();
    };
    let schemas: Vec<&str> = match parts {
        [.., schema, _] => vec![schema.as_str()],
        _ => c
            .input
            .settings()
            .search_path
            .iter()
            .map(String::as_str)
            .collect(),
    };
    let before = c.input.before;
    let mut found = Vec::new();
    for schema in schemas {
        let name = QualifiedName::new(schema, last.clone());
        found.extend(before.functions_named(&name));
    }
    found
}

/// The rows of functions in FROM, where their arguments tell.
pub(super) fn rows(functions: &[Node]) -> Count {
    let call = functions
        .first()
        .and_then(|node| match node.node.as_ref()? {
            NodeEnum::List(list) => list.items.first(),
            _ => None,
        })
        .and_then(|node| match node.node.as_ref()? {
            NodeEnum::FuncCall(call) => Some(call),
            _ => None,
        });
    let Some(call) = call else {
        return Count::Many;
    };
    let name = call.funcname.last().and_then(node::string).unwrap_or("");
    match (name, call.args.as_slice()) {
        ("generate_series", [from, to, ..]) => match (integer(from), integer(to)) {
            (Some(from), Some(to)) => Count::of(to.saturating_sub(from).saturating_add(1)),
            _ => Count::Many,
        },
        ("unnest", [array]) => match &array.node {
            Some(NodeEnum::AArrayExpr(array)) => Count::of_len(array.elements.len()),
            _ => Count::Many,
        },
        _ => Count::Many,
    }
}

/// An integer constant.
pub(super) fn integer(node: &Node) -> Option<i64> {
    match node.node.as_ref()? {
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            a_const::Val::Ival(number) => Some(number.ival.into()),
            a_const::Val::Fval(number) => number.fval.parse().ok(),
            _ => None,
        },
        NodeEnum::TypeCast(cast) => integer(cast.arg.as_deref()?),
        NodeEnum::AExpr(minus)
            if minus.kind() == AExprKind::AexprOp
                && minus.lexpr.is_none()
                && minus.name.first().and_then(node::string) == Some("-") =>
        {
            integer(minus.rexpr.as_deref()?)?.checked_neg()
        }
        _ => None,
    }
}
