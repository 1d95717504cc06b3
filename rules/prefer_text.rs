//! Columns with a length limit.

use crate::lint::parts::{DeclaredColumn, advise_other_type};
use crate::lint::{Check, Context, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    advise_other_type(cx, report, judge, instead);
}

fn judge(column: &DeclaredColumn<'_>) -> Option<(&'static str, &'static str)> {
    let limited = column.ty.builtin_name()? == "varchar" && !column.ty.modifiers.is_empty();
    limited.then_some((
        "has a limit that will be wrong one day; it saves nothing",
        "declare it text, with a CHECK where the limit matters",
    ))
}

fn instead(_: &DeclaredColumn<'_>) -> Option<&'static str> {
    Some("text")
}
