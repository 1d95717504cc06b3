//! CREATE DOMAIN with a constraint.

use pg_query::NodeEnum;
use pg_query::protobuf::ConstrType;

use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::CreateDomainStmt(_) = cx.node else {
        return;
    };
    let constraint = cx
        .declared_constraints()
        .into_iter()
        .find(|(constraint, _)| {
            matches!(
                constraint.contype(),
                ConstrType::ConstrCheck | ConstrType::ConstrNotnull
            )
        });
    if let Some((_, span)) = constraint {
        report.push(
            Finding::new(
                span,
                "checked in every table that uses the domain",
                "adding a column of this domain rewrites the table, and changing its constraint reads every table that uses it",
            )
            .help("use the base type, with a CHECK of the table"),
        );
    }
}
