//! Indexes and constraints that PostgreSQL names.

use pg_query::NodeEnum;
use pg_query::protobuf::ConstrType;

use crate::fix::Fix;
use crate::fix::concurrent::is_known;
use crate::fix::tokens::Tokens;
use crate::lint::wording::ident;
use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if let NodeEnum::IndexStmt(stmt) = cx.node {
        if stmt.idxname.is_empty() {
            push("index", cx.span.clone(), name_index(cx), report);
        }
        return;
    }
    for command in cx.commands() {
        let Some(NodeEnum::Constraint(constraint)) =
            command.node.def.as_ref().and_then(|def| def.node.as_ref())
        else {
            continue;
        };
        let nameable = matches!(
            constraint.contype(),
            ConstrType::ConstrCheck
                | ConstrType::ConstrUnique
                | ConstrType::ConstrPrimary
                | ConstrType::ConstrForeign
                | ConstrType::ConstrExclusion
        );
        if nameable && constraint.conname.is_empty() && constraint.indexname.is_empty() {
            let fix = name_constraint(cx, constraint.location);
            push("constraint", command.span, fix, report);
        }
    }
}

/// The name that PostgreSQL gives an index of a table that is known, written out.
fn name_index(cx: &Context<'_>) -> Option<Fix> {
    let table = cx.effects.locks.first()?.target.oid?;
    is_known(cx.before.relation(table)).then_some(())?;
    let known = |oid| cx.before.indexes_of(table).any(|it| it.oid == oid);
    let new = cx.after.indexes_of(table).find(|it| !known(it.oid))?;
    let name = &new.name.name;
    let tokens = Tokens::new(cx.text);
    let at = tokens.get(tokens.find_outside(1, "on")?)?.start;
    Some(named(cx, at, format!("{} ", ident(name)), name))
}

fn name_constraint(cx: &Context<'_>, location: i32) -> Option<Fix> {
    let table = cx.altered()?.oid?;
    is_known(cx.before.relation(table)).then_some(())?;
    let (before, after) = (cx.before.relation(table)?, cx.after.relation(table)?);
    let is_new = |name: &str| before.constraint(name).is_none();
    let mut new = after.constraints.iter().filter(|it| is_new(&it.name));
    // Which of several is meant is not looked for.
    let (Some(only), None) = (new.next(), new.next()) else {
        return None;
    };
    let at = usize::try_from(location).ok()?;
    let words = format!("CONSTRAINT {} ", ident(&only.name));
    Some(named(cx, at, words, &only.name))
}

fn named(cx: &Context<'_>, at: usize, words: String, name: &str) -> Fix {
    let title = format!("name it {name}, as PostgreSQL does");
    Fix::safe(title, cx.edits(vec![(at..at, words)]))
}

fn push(what: &str, span: std::ops::Range<usize>, fix: Option<Fix>, report: &mut Report<'_>) {
    report.push(
        Finding::new(
            span,
            format!("PostgreSQL names this {what}"),
            format!("a later migration that drops or changes this {what} has to guess its name"),
        )
        .help("give it a name")
        .fix(fix),
    );
}
