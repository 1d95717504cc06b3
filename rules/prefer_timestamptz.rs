//! Timestamps without time zone, or rounded to the second.

use crate::lint::parts::{DeclaredColumn, advise_other_type};
use crate::lint::{Check, Context, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    advise_other_type(cx, report, judge, instead);
}

fn judge(column: &DeclaredColumn<'_>) -> Option<(&'static str, &'static str)> {
    match column.ty.builtin_name()? {
        "timestamp" => Some((
            "is no point in time: what it means depends on who reads it",
            "declare it timestamptz",
        )),
        "timestamptz" if column.ty.modifiers.first() == Some(&0) => Some((
            "is rounded to the second, possibly into the future",
            "leave out the precision, and truncate where it is shown",
        )),
        _ => None,
    }
}

fn instead(_: &DeclaredColumn<'_>) -> Option<&'static str> {
    Some("timestamptz")
}
