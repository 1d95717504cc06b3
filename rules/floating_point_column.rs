//! Columns of floating point.

use crate::lint::parts::{DeclaredColumn, advise_columns};
use crate::lint::{Check, Context, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    advise_columns(cx, report, judge);
}

fn judge(column: &DeclaredColumn<'_>) -> Option<(&'static str, &'static str)> {
    matches!(column.ty.builtin_name()?, "float4" | "float8").then_some((
        "rounds: sums drift, and equal values are not equal",
        "declare it numeric where the value is exact",
    ))
}
