//! Columns of type money.

use crate::lint::parts::{DeclaredColumn, advise_columns};
use crate::lint::{Check, Context, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    advise_columns(cx, report, judge);
}

fn judge(column: &DeclaredColumn<'_>) -> Option<(&'static str, &'static str)> {
    matches!(column.ty.builtin_name()?, "money").then_some((
        "means what lc_monetary says: the same value is other money on another server",
        "declare it numeric",
    ))
}
