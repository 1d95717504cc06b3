//! CREATE OR REPLACE that breaks who uses the view or function.

use pg_query::NodeEnum;
use pg_query::protobuf::{SelectStmt, ViewStmt};

use crate::catalog::{Catalog, Function, IndexTarget, Oid, Relation, expression};
use crate::lint::parts::options;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.fails() {
        return;
    }
    match cx.node {
        NodeEnum::ViewStmt(stmt) if stmt.replace => view(stmt, cx, report),
        NodeEnum::CreateFunctionStmt(stmt) if stmt.replace => function(cx, report),
        _ => {}
    }
}

fn view(stmt: &ViewStmt, cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(name) = &stmt.view else {
        return;
    };
    let oid = cx.before.lookup_range_var(name, &cx.session.settings);
    let (Some(old), Some(new)) = (
        oid.and_then(|oid| cx.before.relation(oid)),
        oid.and_then(|oid| cx.after.relation(oid)),
    ) else {
        return;
    };
    if cx.made_here(old.birth) || !old.complete {
        return;
    }
    let view = short_name(&old.name);
    let lost_option = ["security_barrier", "security_invoker"]
        .into_iter()
        .find(|option| is_on(old, option) && !is_on(new, option));
    let (before, after) = (query(old), query(new));
    let unfiltered = before.is_some_and(|query| query.where_clause.is_some())
        && after.is_some_and(|query| query.where_clause.is_none() && query.larg.is_none());
    let message = if unfiltered {
        format!("{view} shows rows that its old condition kept back, to everybody who may read it")
    } else if let Some(option) = lost_option {
        format!("{view} loses {option}: CREATE OR REPLACE keeps only the options that it repeats")
    } else if before.is_some_and(is_updatable) && after.is_some_and(|query| !is_updatable(query)) {
        format!(
            "an INSERT, UPDATE or DELETE of the running code on {view} fails: the new query cannot be written through"
        )
    } else {
        return;
    };
    report.push(
        Finding::new(cx.span.clone(), "replaces the view for everybody at once", message)
            .help(format!("create the new version beside {view}, move the code over, and drop {view} in a later release"))
            .about(&old.name),
    );
}

fn is_on(view: &Relation, option: &str) -> bool {
    view.options
        .get(option)
        .is_some_and(|value| !matches!(value.as_str(), "false" | "off" | "0" | "no"))
}

fn query(view: &Relation) -> Option<&SelectStmt> {
    match view.query.as_deref()? {
        NodeEnum::SelectStmt(query) => Some(query),
        _ => None,
    }
}

/// Roughly `view_query_is_auto_updatable` in src/backend/rewrite/rewriteHandler.c.
fn is_updatable(query: &SelectStmt) -> bool {
    query.larg.is_none()
        && query.distinct_clause.is_empty()
        && query.group_clause.is_empty()
        && query.having_clause.is_none()
        && query.limit_count.is_none()
        && query.with_clause.is_none()
        && matches!(query.from_clause.as_slice(), [only] if matches!(only.node, Some(NodeEnum::RangeVar(_))))
}

fn function(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(new) = written(cx) else {
        return;
    };
    let name = short_name(&new.name);
    let Some(old) = cx.before.function(new.oid) else {
        overload(&name, new, cx, report);
        return;
    };
    if cx.made_here(old.birth) {
        return;
    }
    let stale = if body(old) == body(new) {
        Vec::new()
    } else {
        indexes_over(old, cx.before)
    };
    let message = if let Some(index) = stale.first() {
        format!(
            "index {index} keeps what the old {name} computed: queries that use it miss rows until it is built again"
        )
    } else if !old.strict && new.strict {
        format!("{name} returns null as soon as one argument is null, without being run")
    } else if old.security_definer && !new.security_definer {
        format!("{name} runs with the rights of its caller from here on, who may not have them")
    } else if !old.security_definer && new.security_definer {
        format!("{name} runs with the rights of its owner from here on, whoever calls it")
    } else {
        return;
    };
    let help = match stale.first() {
        Some(index) => format!(
            "give the new version a new name and an index of its own; or run REINDEX INDEX CONCURRENTLY {index} right after"
        ),
        None => format!(
            "give the new version a new name, move the code over, and drop the old {name} later"
        ),
    };
    report.push(
        Finding::new(
            cx.span.clone(),
            "replaces the function for everybody at once",
            message,
        )
        .help(help),
    );
}

/// The function that the statement makes, as it is afterwards.
fn written<'a>(cx: &Context<'a>) -> Option<&'a Function> {
    cx.after.functions().find(|function| {
        matches!(&*function.definition, NodeEnum::CreateFunctionStmt(stmt)
            if matches!(cx.node, NodeEnum::CreateFunctionStmt(here) if here.funcname == stmt.funcname && here.parameters == stmt.parameters && here.options == stmt.options))
    })
}

/// A longer or shorter list of parameters makes a second function.
fn overload(name: &str, new: &Function, cx: &Context<'_>, report: &mut Report<'_>) {
    let similar = cx.before.functions_named(&new.name).find(|old| {
        let (few, many) = if old.arguments.len() < new.arguments.len() {
            (&old.arguments, &new.arguments)
        } else {
            (&new.arguments, &old.arguments)
        };
        few.len() != many.len()
            && few
                .iter()
                .zip(many)
                .all(|(one, other)| one.ty == other.ty && one.name == other.name)
            && !few.is_empty()
            && !cx.made_here(old.birth)
    });
    let Some(old) = similar else {
        return;
    };
    let finding = Finding::new(
        cx.span.clone(),
        "another list of parameters, so it replaces nothing",
        format!("callers of {name} go on calling the old one with {} arguments, or get an error because both fit", old.arguments.len()),
    )
    .help(format!("give it another name; or drop the old {name} in the same transaction once no code calls it"));
    let oid = old.oid;
    report.at_end(move |end| end.after.function(oid).is_some().then_some(finding));
}

fn body(function: &Function) -> Option<String> {
    let NodeEnum::CreateFunctionStmt(stmt) = &*function.definition else {
        return None;
    };
    let text = options(&stmt.options).find(|option| option.defname == "as")?;
    Some(format!("{:?}", text.arg))
}

/// The indexes with an expression or condition that calls the function.
fn indexes_over(function: &Function, catalog: &Catalog) -> Vec<String> {
    let calls = |node: &pg_query::Node| {
        expression::function_calls(node).iter().any(|call| {
            crate::sql::names::parts(&call.funcname).last() == Some(&function.name.name)
        })
    };
    let mut found: Vec<(Oid, String)> = catalog
        .indexes()
        .filter(|index| {
            let key = index
                .keys
                .iter()
                .any(|key| matches!(&key.target, IndexTarget::Expression(node) if calls(node)));
            key || index.predicate.as_ref().is_some_and(|node| calls(node))
        })
        .map(|index| (index.oid, short_name(&index.name)))
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}
