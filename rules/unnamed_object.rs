//! Indexes and constraints that PostgreSQL names.

use pg_query::NodeEnum;
use pg_query::protobuf::ConstrType;

use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if let NodeEnum::IndexStmt(stmt) = cx.node {
        if stmt.idxname.is_empty() {
            push("index", cx.span.clone(), report);
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
            push("constraint", command.span, report);
        }
    }
}

fn push(what: &str, span: std::ops::Range<usize>, report: &mut Report<'_>) {
    report.push(
        Finding::new(
            span,
            format!("PostgreSQL names this {what}"),
            format!("a later migration that drops or changes this {what} has to guess its name"),
        )
        .help("give it a name"),
    );
}
