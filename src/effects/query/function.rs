//! Effects of CREATE FUNCTION and CREATE PROCEDURE: a body in SQL is analysed and rewritten, which locks what it
//! names (`fmgr_sql_validator` in src/backend/catalog/pg_proc.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{CreateFunctionStmt, FunctionParameterMode, a_const};

use super::function_result;
use super::mention::{self, Stage};
use crate::catalog::Type;
use crate::effects::expression::Arguments;
use crate::effects::{Collector, node};

pub fn create_function(stmt: &CreateFunctionStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    if !c.input.foreign_names
        && let Some((sqlstate, message)) = function_result::declaration(stmt, c)
    {
        c.error(sqlstate, message, span);
        return;
    }
    if let Some(body) = stmt.sql_body.as_ref().and_then(|node| node.node.as_ref()) {
        c.because("the body names it", |c| {
            mention::lock(body, Stage::Rewritten, c, &span)
        });
        if !is_polymorphic(stmt) {
            refuse_body(stmt, &statements_of(body), c);
        }
        return;
    }
    let unread = !c.input.settings().checks_function_bodies;
    if language(stmt).as_deref() != Some("sql") || is_polymorphic(stmt) || unread {
        return;
    }
    let Some(text) = body(stmt) else {
        return;
    };
    // A body that does not parse is an error of its own, which the parser reports elsewhere.
    let Ok(parsed) = pg_query::parse(&text, 0) else {
        return;
    };
    let statements: Vec<&NodeEnum> = parsed
        .protobuf
        .stmts
        .iter()
        .filter_map(|statement| statement.stmt.as_ref()?.node.as_ref())
        .collect();
    for node in &statements {
        c.because("the body names it", |c| statement_of_body(node, c, &span));
    }
    refuse_body(stmt, &statements, c);
}

/// BEGIN ATOMIC holds a list of lists.
fn statements_of(body: &NodeEnum) -> Vec<&NodeEnum> {
    match body {
        NodeEnum::List(list) => list
            .items
            .iter()
            .filter_map(|item| item.node.as_ref())
            .flat_map(statements_of)
            .collect(),
        statement => vec![statement],
    }
}

/// What parse analysis refuses of the statements, and of what the last one gives (`fmgr_sql_validator`).
fn refuse_body(stmt: &CreateFunctionStmt, statements: &[&NodeEnum], c: &mut Collector<'_>) {
    // The body is read with the function's own settings.
    if stmt.options.iter().any(
        |node| matches!(&node.node, Some(NodeEnum::DefElem(option)) if option.defname == "set"),
    ) {
        return;
    }
    for statement in statements {
        super::names::refuse_query(statement, arguments(stmt, c), false, c);
    }
    if c.failed() || c.input.foreign_names {
        return;
    }
    let refusal = function_result::result(stmt, statements, arguments(stmt, c), c);
    if let Some((sqlstate, message)) = refusal {
        c.error(sqlstate, message, c.input.span());
    }
}

/// The arguments that the body can name.
fn arguments(stmt: &CreateFunctionStmt, c: &Collector<'_>) -> Arguments {
    use FunctionParameterMode as Mode;
    let list = stmt.parameters.iter().filter_map(|node| {
        let Some(NodeEnum::FunctionParameter(parameter)) = &node.node else {
            return None;
        };
        if matches!(parameter.mode(), Mode::FuncParamOut | Mode::FuncParamTable) {
            return None;
        }
        let ty = match (&parameter.arg_type, parameter.mode()) {
            (_, Mode::FuncParamVariadic) | (None, _) => Type::unknown(""),
            (Some(name), _) => c.input.before.resolve_type(name, c.input.settings()),
        };
        let name = Some(parameter.name.clone()).filter(|name| !name.is_empty());
        Some((name, ty))
    });
    Arguments {
        function: stmt
            .funcname
            .last()
            .and_then(node::string)
            .unwrap_or_default()
            .to_owned(),
        list: list.collect(),
    }
}

/// Utility statements in a body are not analysed before they run.
fn statement_of_body(node: &NodeEnum, c: &mut Collector<'_>, span: &std::ops::Range<usize>) {
    if is_analysed(node) {
        mention::lock(node, Stage::Rewritten, c, span);
    }
}

fn is_analysed(node: &NodeEnum) -> bool {
    matches!(
        node,
        NodeEnum::SelectStmt(_)
            | NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_)
    )
}

pub(super) fn language(stmt: &CreateFunctionStmt) -> Option<String> {
    option(stmt, "language").and_then(|value| match value {
        NodeEnum::String(name) => Some(name.sval.to_ascii_lowercase()),
        _ => None,
    })
}

fn body(stmt: &CreateFunctionStmt) -> Option<String> {
    match option(stmt, "as")? {
        NodeEnum::List(list) => list.items.first().and_then(node::string).map(str::to_owned),
        NodeEnum::String(text) => Some(text.sval.clone()),
        NodeEnum::AConst(constant) => match &constant.val {
            Some(a_const::Val::Sval(text)) => Some(text.sval.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn option<'s>(stmt: &'s CreateFunctionStmt, name: &str) -> Option<&'s NodeEnum> {
    stmt.options
        .iter()
        .filter_map(|option| match option.node.as_ref()? {
            NodeEnum::DefElem(option) if option.defname == name => {
                option.arg.as_ref()?.node.as_ref()
            }
            _ => None,
        })
        .next_back()
}

/// With a polymorphic argument the body is only parsed.
fn is_polymorphic(stmt: &CreateFunctionStmt) -> bool {
    stmt.parameters.iter().any(|parameter| {
        let Some(NodeEnum::FunctionParameter(parameter)) = &parameter.node else {
            return false;
        };
        let name = parameter
            .arg_type
            .as_ref()
            .and_then(|ty| ty.names.last())
            .and_then(node::string);
        name.is_some_and(|name| name.starts_with("any") && name != "any")
    })
}
