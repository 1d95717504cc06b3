//! Columns of type json.

use crate::lint::parts::{DeclaredColumn, advise_other_type};
use crate::lint::{Check, Context, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    advise_other_type(cx, report, judge, instead);
}

fn judge(column: &DeclaredColumn<'_>) -> Option<(&'static str, &'static str)> {
    matches!(column.ty.builtin_name()?, "json").then_some((
        "cannot be compared: SELECT DISTINCT, GROUP BY and UNION over it fail",
        "declare it jsonb",
    ))
}

fn instead(_: &DeclaredColumn<'_>) -> Option<&'static str> {
    Some("jsonb")
}
