//! A SECURITY DEFINER function that finds its objects by its caller's search path.

use pg_query::protobuf::DefElem;
use pg_query::{Node, NodeEnum};

use crate::fix::Fix;
use crate::fix::tokens::Tokens;
use crate::lint::parts::options;
use crate::lint::wording::ident;
use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let (clauses, name, bound) = match cx.node {
        NodeEnum::CreateFunctionStmt(stmt) => (
            &stmt.options,
            crate::sql::names::parts(&stmt.funcname),
            stmt.sql_body.is_some(),
        ),
        NodeEnum::AlterFunctionStmt(stmt) => {
            let name = stmt.func.as_ref().map_or_else(Vec::new, |function| {
                crate::sql::names::parts(&function.objname)
            });
            (&stmt.actions, name, false)
        }
        _ => return,
    };
    let definer = options(clauses).find(|option| option.defname == "security" && is_true(option));
    let Some(definer) = definer.filter(|_| !bound && !sets_search_path(clauses) && !cx.fails())
    else {
        return;
    };
    let Some(last) = name.last().cloned() else {
        return;
    };
    let schema = (name.len() > 1).then(|| name[name.len() - 2].clone());
    let settings = cx.session.settings.clone();
    let had_settings = cx
        .after
        .lookup_functions(schema.as_deref(), &last, &settings);
    let before: Vec<_> = had_settings
        .iter()
        .filter_map(|oid| cx.after.function(*oid))
        .map(|function| (function.oid, function.has_settings))
        .collect();
    let finding = Finding::new(
        cx.clause(definer.location),
        format!("{last} runs with its owner's rights, in its caller's search path"),
        format!("whoever may create a table or function in a schema that they search makes {last} run theirs with its owner's rights"),
    )
    .help(format!("add `SET search_path = <its schemas>, pg_temp` to {last}, or set it empty and qualify every name"))
    .fix(fix(cx, definer));
    report.at_end(move |end| {
        // ALTER FUNCTION ... SET later in the same migration.
        let set_later = before.iter().any(|(oid, had)| {
            !had && end
                .after
                .function(*oid)
                .is_none_or(|function| function.has_settings)
        });
        (!set_later).then_some(finding)
    });
}

/// The search path that the migration itself runs with. Whether the function's body needs other schemas is not known.
fn fix(cx: &Context<'_>, definer: &DefElem) -> Option<Fix> {
    let tokens = Tokens::new(cx.text);
    let security = tokens.from(usize::try_from(definer.location).ok()?);
    let words = 1 + usize::from(tokens.are(security, &["external"]));
    let at = security + words;
    if !tokens.are(at - 1, &["security", "definer"]) {
        return None;
    }
    let path = &cx.session.settings.search_path;
    let schemas: Vec<String> = path.iter().map(|schema| ident(schema)).collect();
    let path = [schemas.join(", "), "pg_temp".to_owned()];
    let path: Vec<&str> = path
        .iter()
        .map(String::as_str)
        .filter(|it| !it.is_empty())
        .collect();
    let set = format!(" SET search_path = {}", path.join(", "));
    let end = tokens.get(at)?.end;
    Some(Fix::unsafe_(
        "set the function's search path",
        cx.edits(vec![(end..end, set)]),
    ))
}

fn is_true(option: &DefElem) -> bool {
    match option.arg.as_ref().and_then(|arg| arg.node.as_ref()) {
        Some(NodeEnum::Boolean(value)) => value.boolval,
        Some(NodeEnum::Integer(value)) => value.ival != 0,
        _ => false,
    }
}

fn sets_search_path(clauses: &[Node]) -> bool {
    options(clauses).any(|option| {
        option.defname == "set"
            && matches!(option.arg.as_ref().and_then(|arg| arg.node.as_ref()),
                Some(NodeEnum::VariableSetStmt(stmt)) if stmt.name.eq_ignore_ascii_case("search_path"))
    })
}
