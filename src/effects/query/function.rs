//! Effects of CREATE FUNCTION and CREATE PROCEDURE: a body in SQL is analysed and rewritten, which locks what it
//! names (`fmgr_sql_validator` in src/backend/catalog/pg_proc.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{CreateFunctionStmt, a_const};

use super::mention::{self, Stage};
use crate::effects::{Collector, node};

pub fn create_function(stmt: &CreateFunctionStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    if let Some(body) = stmt.sql_body.as_ref().and_then(|node| node.node.as_ref()) {
        c.because("the body names it", |c| {
            mention::lock(body, Stage::Rewritten, c, &span)
        });
        return;
    }
    if language(stmt).as_deref() != Some("sql") || is_polymorphic(stmt) {
        return;
    }
    let Some(text) = body(stmt) else {
        return;
    };
    // A body that does not parse is an error of its own, which the parser reports elsewhere.
    let Ok(parsed) = pg_query::parse(&text, 0) else {
        return;
    };
    for statement in &parsed.protobuf.stmts {
        if let Some(node) = statement.stmt.as_ref().and_then(|node| node.node.as_ref()) {
            c.because("the body names it", |c| statement_of_body(node, c, &span));
        }
    }
}

/// Utility statements in a body are not analysed before they run.
fn statement_of_body(node: &NodeEnum, c: &mut Collector<'_>, span: &std::ops::Range<usize>) {
    let analysed = matches!(
        node,
        NodeEnum::SelectStmt(_)
            | NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_)
    );
    if analysed {
        mention::lock(node, Stage::Rewritten, c, span);
    }
}

fn language(stmt: &CreateFunctionStmt) -> Option<String> {
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
