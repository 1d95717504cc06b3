//! Columns of type json.

use crate::lint::parts::{DeclaredColumn, advise_columns};
use crate::lint::{Check, Context, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    advise_columns(cx, report, judge);
}

fn judge(column: &DeclaredColumn<'_>) -> Option<(&'static str, &'static str)> {
    matches!(column.ty.builtin_name()?, "json").then_some((
        "cannot be compared: SELECT DISTINCT, GROUP BY and UNION over it fail",
        "declare it jsonb",
    ))
}
