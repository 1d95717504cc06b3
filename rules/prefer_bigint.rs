//! Columns of 16 or 32 bits.

use crate::lint::parts::{DeclaredColumn, advise_other_type};
use crate::lint::{Check, Context, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    advise_other_type(cx, report, judge, instead);
}

fn judge(column: &DeclaredColumn<'_>) -> Option<(&'static str, &'static str)> {
    matches!(column.ty.builtin_name()?, "int2" | "int4").then_some((
        "may run out of numbers, and widening it later rewrites the table",
        "declare it bigint",
    ))
}

fn instead(_: &DeclaredColumn<'_>) -> Option<&'static str> {
    Some("bigint")
}
