//! Columns that pad with blanks.

use crate::lint::parts::{DeclaredColumn, advise_other_type};
use crate::lint::{Check, Context, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    advise_other_type(cx, report, judge, instead);
}

fn judge(column: &DeclaredColumn<'_>) -> Option<(&'static str, &'static str)> {
    matches!(column.ty.builtin_name()?, "bpchar").then_some((
        "pads with blanks, which count in some comparisons and not in others",
        "declare it text, with a CHECK of its length",
    ))
}

fn instead(_: &DeclaredColumn<'_>) -> Option<&'static str> {
    Some("text")
}
