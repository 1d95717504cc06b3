//! SQL functions that the planner replaces by their body (`inline_function` in
//! src/backend/optimizer/util/clauses.c).

use pg_query::protobuf::{self, CreateFunctionStmt, SelectStmt};
use pg_query::{Node, NodeEnum};

use super::analyser::Analyser;
use super::candidates::{self, Resolution};
use super::coerce::{self, Context};
use super::judge;
use super::simplify::Simplifier;
use super::tree::{Call, Expr, Parameter};
use super::types::{self, Kind};
use super::{Purpose, Scope};
use crate::catalog::{Function, FunctionKind, Type, Volatility};
use crate::session::Settings;
use crate::source::Source;
use crate::sql;

/// Calls within calls are not followed deeper than this.
const MAX_NESTING: usize = 16;

/// Above this many occurrences a repeated argument counts as too expensive to repeat
/// (ten times `cpu_operator_cost`).
const MAX_REPEATED_COST: usize = 10;

/// The body with the arguments in place, or None when the call stays a call.
pub fn inline(simplifier: &mut Simplifier<'_>, call: &Call) -> Option<Expr> {
    let Some(oid) = call.callee.user else {
        return concatenation(simplifier, call);
    };
    let function = simplifier.scope.catalog.function(oid)?;
    if !may_be_inlined(function)
        || simplifier.inlining.contains(&oid)
        || simplifier.inlining.len() >= MAX_NESTING
        || function.arguments.len() != call.arguments.len()
    {
        return None;
    }
    let body = body_of(simplifier.scope, function, call)?;
    let kind = simplifier.types.kind(&call.ty);
    if kind == Kind::Composite || types::is(&call.ty, "record") {
        return None;
    }
    let body = coerce::coerce_to(simplifier.types, body, &call.ty, Context::Implicit).ok()?;
    if !keeps_promises(function, &body) || !arguments_allow(function, &body, &call.arguments) {
        return None;
    }
    simplifier.inlining.push(oid);
    let inlined = simplifier.simplify(substitute(body, &call.arguments));
    simplifier.inlining.pop();
    Some(inlined)
}

/// `text || anything`: two functions in SQL that write the other side as text (`textanycat`, `anytextcat` in
/// src/include/catalog/pg_proc.dat).
fn concatenation(simplifier: &mut Simplifier<'_>, call: &Call) -> Option<Expr> {
    let other = match call.callee.name.as_str() {
        "textanycat" => 1,
        "anytextcat" => 0,
        _ => return None,
    };
    let (types, text) = (simplifier.types, Type::builtin("text"));
    let mut arguments = call.arguments.clone();
    let written = arguments.get(other)?.clone();
    *arguments.get_mut(other)? =
        coerce::coerce_to(types, written, &text, Context::Explicit).ok()?;
    let found = candidates::operator(types, "||", Some(&text), &text);
    let Resolution::Found(candidate) = found else {
        return None;
    };
    Some(simplifier.simplify(Expr::Call(Call {
        callee: candidate.callee,
        arguments,
        ty: text,
    })))
}

fn may_be_inlined(function: &Function) -> bool {
    function.language == "sql"
        && function.kind == FunctionKind::Function
        && !function.security_definer
        && !function.returns_set
        && !function.has_settings
}

/// The single expression that the function selects.
fn body_of(scope: Scope<'_>, function: &Function, call: &Call) -> Option<Expr> {
    let NodeEnum::CreateFunctionStmt(definition) = &*function.definition else {
        return None;
    };
    let written = written_body(definition)?;
    let node = match &written {
        Body::Node(node) => select_expression(node.node.as_ref()?)?,
        Body::Text(parsed) => match parsed.statements.as_slice() {
            [only] => match &only.body {
                sql::Body::Tree(tree) => select_expression(tree)?,
                _ => return None,
            },
            _ => return None,
        },
    };
    let settings = Settings::clone(scope.settings);
    let scope = Scope {
        relation: None,
        settings: &settings,
        ..scope
    };
    let mut analyser = Analyser::new(scope, Purpose::Other);
    analyser.function = Some(function.name.name.clone());
    analyser.arguments = function
        .arguments
        .iter()
        .zip(&call.arguments)
        .map(|(argument, actual)| {
            let ty = match coerce::is_polymorphic(&argument.ty) {
                true => types::plain(&actual.ty()),
                false => argument.ty.clone(),
            };
            (argument.name.clone(), ty)
        })
        .collect();
    let expr = analyser.expr(node);
    // A body that is not understood keeps its function's label.
    (analyser.notes.error.is_none() && analyser.notes.assumptions.is_empty()).then_some(expr)
}

enum Body<'a> {
    Node(&'a Node),
    Text(sql::Parsed),
}

fn written_body(definition: &CreateFunctionStmt) -> Option<Body<'_>> {
    if let Some(body) = &definition.sql_body {
        // BEGIN ATOMIC is a list of a list of statements.
        return match &body.node {
            Some(NodeEnum::List(list)) => {
                let [only] = list.items.as_slice() else {
                    return None;
                };
                match &only.node {
                    Some(NodeEnum::List(inner)) => {
                        let [statement] = inner.items.as_slice() else {
                            return None;
                        };
                        Some(Body::Node(statement))
                    }
                    _ => Some(Body::Node(only)),
                }
            }
            _ => Some(Body::Node(body)),
        };
    }
    let text = definition.options.iter().find_map(body_text)?;
    let source = Source::new("", text);
    Some(Body::Text(sql::parse_script(&source, 0..text.len())))
}

fn body_text(option: &Node) -> Option<&str> {
    let Some(NodeEnum::DefElem(option)) = &option.node else {
        return None;
    };
    if option.defname != "as" {
        return None;
    }
    match &option.arg.as_ref()?.node {
        Some(NodeEnum::List(list)) => match &list.items.first()?.node {
            Some(NodeEnum::String(text)) => Some(&text.sval),
            _ => None,
        },
        Some(NodeEnum::String(text)) => Some(&text.sval),
        _ => None,
    }
}

/// `SELECT expression` or `RETURN expression` and nothing else.
fn select_expression(statement: &NodeEnum) -> Option<&Node> {
    match statement {
        NodeEnum::ReturnStmt(statement) => statement.returnval.as_deref(),
        NodeEnum::SelectStmt(select) => bare_select(select),
        _ => None,
    }
}

fn bare_select(select: &SelectStmt) -> Option<&Node> {
    let bare = select.distinct_clause.is_empty()
        && select.into_clause.is_none()
        && select.from_clause.is_empty()
        && select.where_clause.is_none()
        && select.group_clause.is_empty()
        && select.having_clause.is_none()
        && select.window_clause.is_empty()
        && select.values_lists.is_empty()
        && select.sort_clause.is_empty()
        && select.limit_offset.is_none()
        && select.limit_count.is_none()
        && select.locking_clause.is_empty()
        && select.with_clause.is_none()
        && select.op() == protobuf::SetOperation::SetopNone;
    let [target] = select.target_list.as_slice() else {
        return None;
    };
    match &target.node {
        Some(NodeEnum::ResTarget(target)) if bare => target.val.as_deref(),
        _ => None,
    }
}

/// The body must not be more volatile than the function is declared, nor less strict.
fn keeps_promises(function: &Function, body: &Expr) -> bool {
    if contains_set_or_query(body) {
        return false;
    }
    judge::volatility(body).0 <= function.volatility && (!function.strict || is_strict(body))
}

fn contains_set_or_query(expr: &Expr) -> bool {
    let own = match expr {
        Expr::Call(call) => call.callee.returns_set,
        Expr::Other(other) => other.volatility == Volatility::Volatile,
        _ => false,
    };
    own || expr.children().into_iter().any(contains_set_or_query)
}

/// `contain_nonstrict_functions`
fn is_strict(expr: &Expr) -> bool {
    let own = match expr {
        Expr::Call(call) => call.callee.strict,
        Expr::Constant(_)
        | Expr::Column { .. }
        | Expr::WholeRow { .. }
        | Expr::Parameter { .. }
        | Expr::Relabel { .. }
        | Expr::ViaText { .. }
        | Expr::ArrayCoerce { .. }
        | Expr::ToDomain { .. }
        | Expr::Collate { .. }
        | Expr::Not(_)
        | Expr::SessionValue { .. } => true,
        Expr::And(_)
        | Expr::Or(_)
        | Expr::IsNull { .. }
        | Expr::IsBoolean { .. }
        | Expr::Distinct(_)
        | Expr::NullIf(_)
        | Expr::AnyAll { .. }
        | Expr::Case(_)
        | Expr::Coalesce { .. }
        | Expr::MinMax { .. }
        | Expr::Array { .. }
        | Expr::Row { .. }
        | Expr::Other(_) => false,
    };
    own && expr.children().into_iter().all(is_strict)
}

/// An argument that is used several times must be neither volatile nor expensive.
fn arguments_allow(function: &Function, body: &Expr, arguments: &[Expr]) -> bool {
    arguments
        .iter()
        .enumerate()
        .all(|(index, argument)| match uses(body, index) {
            0 => !function.strict,
            1 => true,
            _ => {
                judge::volatility(argument).0 < Volatility::Volatile
                    && cost(argument) <= MAX_REPEATED_COST
            }
        })
}

fn uses(expr: &Expr, index: usize) -> usize {
    let own =
        matches!(expr, Expr::Parameter { index: Parameter::Argument(at), .. } if *at == index);
    usize::from(own)
        + expr
            .children()
            .into_iter()
            .map(|part| uses(part, index))
            .sum::<usize>()
}

/// In units of `cpu_operator_cost`; functions of users cost 100 unless they say otherwise.
fn cost(expr: &Expr) -> usize {
    let own = match expr {
        Expr::Call(call) if call.callee.user.is_some() => 100,
        Expr::Call(_) | Expr::ViaText { .. } | Expr::AnyAll { .. } => 1,
        _ => 0,
    };
    own + expr.children().into_iter().map(cost).sum::<usize>()
}

fn substitute(expr: Expr, arguments: &[Expr]) -> Expr {
    match expr {
        Expr::Parameter {
            index: Parameter::Argument(at),
            ty,
        } => match arguments.get(at) {
            Some(argument) => argument.clone(),
            None => Expr::Parameter {
                index: Parameter::Argument(at),
                ty,
            },
        },
        other => other.map(&mut |part| substitute(part, arguments)),
    }
}

/// The DEFAULT expressions of a function's input arguments, in order.
pub fn default_nodes(function: &Function) -> Vec<&Node> {
    let NodeEnum::CreateFunctionStmt(definition) = &*function.definition else {
        return Vec::new();
    };
    definition
        .parameters
        .iter()
        .filter_map(|parameter| match &parameter.node {
            Some(NodeEnum::FunctionParameter(parameter)) => parameter.defexpr.as_deref(),
            _ => None,
        })
        .collect()
}
