//! Serial columns.

use crate::lint::parts::{DeclaredColumn, advise_other_type};
use crate::lint::{Check, Context, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    advise_other_type(cx, report, judge, instead);
}

fn judge(column: &DeclaredColumn<'_>) -> Option<(&'static str, &'static str)> {
    let names = &column.definition.type_name.as_ref()?.names;
    let written = crate::sql::names::parts(names).pop()?;
    let serial = matches!(
        written.as_str(),
        "serial" | "serial2" | "serial4" | "serial8" | "smallserial" | "bigserial"
    );
    (serial && names.len() == 1).then_some((
        "is a default and a loose sequence: an INSERT that gives a value puts them out of step",
        "declare it bigint GENERATED ALWAYS AS IDENTITY",
    ))
}

/// Of the same width: what references it stays as it is.
fn instead(column: &DeclaredColumn<'_>) -> Option<&'static str> {
    let written = column.definition.type_name.as_ref()?;
    let name = crate::sql::names::parts(&written.names).pop()?;
    Some(match name.as_str() {
        "smallserial" | "serial2" => "smallint GENERATED ALWAYS AS IDENTITY",
        "bigserial" | "serial8" => "bigint GENERATED ALWAYS AS IDENTITY",
        _ => "integer GENERATED ALWAYS AS IDENTITY",
    })
}
