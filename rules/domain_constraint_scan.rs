//! ALTER DOMAIN that checks every table with a column of the domain.

use pg_query::NodeEnum;

use crate::catalog::QualifiedName;
use crate::effects::Reason;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::AlterDomainStmt(stmt) = cx.node else {
        return;
    };
    if cx.effects.error.is_some() {
        return;
    }
    let scans = cx.work_where(report, |work| {
        matches!(work.reason, Reason::DomainConstraint { .. })
    });
    let mut tables: Vec<&QualifiedName> = Vec::new();
    for (_, work) in &scans {
        if !tables.contains(&&work.target.name) {
            tables.push(&work.target.name);
        }
    }
    // A domain that no known migration created: its tables are not known either.
    let unknown = tables.is_empty() && !cx.effects.assumptions.is_empty();
    if tables.is_empty() && !unknown {
        return;
    }
    let names: Vec<String> = tables.iter().map(|name| short_name(name)).collect();
    let which = match names.as_slice() {
        [] => "every table that uses the domain".to_owned(),
        [only] => only.clone(),
        [first, second] => format!("{first} and {second}"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
    };
    let help = if stmt.subtype == "C" {
        "add it NOT VALID: new values are checked from then on, and no table is read. VALIDATE would block the same writes"
    } else {
        "there is no form that lets writes go on: leave the constraint NOT VALID, or check the rows with a CHECK on each table (NOT VALID, then VALIDATE)"
    };
    let mut finding = Finding::new(
        cx.span.clone(),
        "reads every table with a column of the domain",
        format!("writes to {which} wait while every row is checked"),
    )
    .help(help);
    for table in tables {
        finding = finding.about(table);
    }
    report.push_about(scans.iter().map(|(at, _)| *at), finding);
}
