//! A CHECK constraint over the time, the user, a setting or chance.

use pg_query::protobuf::ConstrType;
use pg_query::{NodeEnum, NodeRef};

use crate::catalog::Volatility;
use crate::catalog::builtin::functions;
use crate::lint::{Check, Context, Finding, Report};
use crate::sql::{names, walk};

pub const CHECK: Check = Check::Statement(check);

/// Stable functions whose answer is not in the row. Other stable ones mostly format what is.
const STABLE: [&str; 7] = [
    "now",
    "transaction_timestamp",
    "statement_timestamp",
    "current_setting",
    "current_schema",
    "pg_has_role",
    "txid_current",
];

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for (constraint, span) in cx.declared_constraints() {
        if constraint.contype() != ConstrType::ConstrCheck {
            continue;
        }
        let Some(cause) = constraint
            .raw_expr
            .as_ref()
            .and_then(|expression| expression.node.as_ref())
            .and_then(|expression| cause(expression, cx))
        else {
            continue;
        };
        let name = match constraint.conname.as_str() {
            "" => "the check".to_owned(),
            name => name.to_owned(),
        };
        report.push(
            Finding::new(
                span,
                format!("{cause} is not in the row"),
                format!("{name} does not stay true: it is asked when a row is written, and {cause} answers otherwise later; a restored dump may fail on rows that were fine"),
            )
            .help("check it in a trigger or in the application when it is written; compare with columns or constants in a CHECK"),
        );
    }
}

fn cause(expression: &NodeEnum, cx: &Context<'_>) -> Option<String> {
    walk::descendants(expression).find_map(|node| match node {
        NodeRef::SqlvalueFunction(_) => Some("the current time or user".to_owned()),
        NodeRef::FuncCall(call) => {
            let name = names::parts(&call.funcname).pop()?;
            let volatile = functions(&name, cx.version())
                .any(|function| function.volatility == Volatility::Volatile);
            (volatile || STABLE.contains(&name.as_str())).then(|| format!("{name}()"))
        }
        _ => None,
    })
}
