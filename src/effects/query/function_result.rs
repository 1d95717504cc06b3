//! What CREATE FUNCTION refuses about parameters and result (src/backend/commands/functioncmds.c), and what the last
//! statement of a body in SQL must give (`check_sql_fn_retval` in src/backend/executor/functions.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{CreateFunctionStmt, FunctionParameter, FunctionParameterMode as Mode};

use crate::catalog::Type;
use crate::effects::Collector;
use crate::effects::expression::{Arguments, output_refusal, query_columns};

type Refusal = (&'static str, String);

/// The parameters and the types that are named.
pub(super) fn declaration(stmt: &CreateFunctionStmt, c: &Collector<'_>) -> Option<Refusal> {
    let parameters = parameters(stmt);
    let mut defaults = false;
    for (at, parameter) in parameters.iter().enumerate() {
        let mode = parameter.mode();
        let input = !matches!(mode, Mode::FuncParamOut | Mode::FuncParamTable);
        let clashes = |other: &&FunctionParameter| {
            let other_output = matches!(other.mode(), Mode::FuncParamOut | Mode::FuncParamTable);
            let pure = |it: &FunctionParameter| it.mode() != Mode::FuncParamInout;
            let apart = input == other_output && pure(parameter) && pure(other);
            !parameter.name.is_empty() && other.name == parameter.name && !apart
        };
        if parameters[..at]
            .iter()
            .copied()
            .any(|other| clashes(&other))
        {
            let message = format!("parameter name \"{}\" used more than once", parameter.name);
            return Some(("42P13", message));
        }
        if input && defaults && parameter.defexpr.is_none() && mode != Mode::FuncParamVariadic {
            let message = "input parameters after one with a default value must also have defaults";
            return Some(("42P13", message.to_owned()));
        }
        defaults |= parameter.defexpr.is_some();
    }
    if super::function::language(stmt).is_some_and(|it| matches!(it.as_str(), "c" | "internal")) {
        return None;
    }
    let types = c.input.scope(None).types();
    let named = parameters
        .iter()
        .filter_map(|parameter| parameter.arg_type.as_ref())
        .chain(&stmt.return_type)
        .filter(|name| !name.pct_type);
    named
        .map(|name| c.input.before.resolve_type(name, c.input.settings()))
        .find_map(|ty| types.missing(&ty))
}

/// What the last statement gives. `statements` are all of the body's.
pub(super) fn result(
    stmt: &CreateFunctionStmt,
    statements: &[&NodeEnum],
    arguments: Arguments,
    c: &Collector<'_>,
) -> Option<Refusal> {
    let outputs: Vec<Type> = parameters(stmt)
        .iter()
        .filter(|parameter| {
            matches!(
                parameter.mode(),
                Mode::FuncParamOut | Mode::FuncParamInout | Mode::FuncParamTable
            )
        })
        .filter_map(|parameter| parameter.arg_type.as_ref())
        .map(|name| c.input.before.resolve_type(name, c.input.settings()))
        .collect();
    let declared = stmt
        .return_type
        .as_ref()
        .map(|name| c.input.before.resolve_type(name, c.input.settings()));
    if declared.as_ref().and_then(Type::builtin_name) == Some("trigger") {
        let message = "SQL functions cannot return type trigger";
        return Some(("42P13", message.to_owned()));
    }
    let wanted = match (outputs.len(), declared) {
        (0, Some(ty)) if stmt.is_procedure || ty.builtin_name() == Some("void") => return None,
        (0, Some(ty)) => vec![ty],
        (0, None) => return None,
        _ => outputs,
    };
    let wrong = || {
        let message = "return type mismatch in function declared to return another type";
        Some(("42P13", message.to_owned()))
    };
    let gives = match statements.last() {
        Some(NodeEnum::SelectStmt(select)) => select.into_clause.is_none(),
        Some(NodeEnum::InsertStmt(stmt)) => stmt.returning_clause.is_some(),
        Some(NodeEnum::UpdateStmt(stmt)) => stmt.returning_clause.is_some(),
        Some(NodeEnum::DeleteStmt(stmt)) => stmt.returning_clause.is_some(),
        Some(NodeEnum::MergeStmt(stmt)) => stmt.returning_clause.is_some(),
        // RETURN expression has a result by itself.
        Some(NodeEnum::ReturnStmt(_)) => return None,
        _ => false,
    };
    let Some(last) = statements.last().filter(|_| gives) else {
        return wrong();
    };
    let given = query_columns(last, arguments, &c.input.scope(None))?;
    output_refusal(&given, &wanted, &c.input.scope(None)).then(wrong)?
}

fn parameters(stmt: &CreateFunctionStmt) -> Vec<&FunctionParameter> {
    stmt.parameters
        .iter()
        .filter_map(|node| match node.node.as_ref()? {
            NodeEnum::FunctionParameter(parameter) => Some(&**parameter),
            _ => None,
        })
        .collect()
}
