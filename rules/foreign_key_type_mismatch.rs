//! A foreign key between columns of different types.

use crate::catalog::Type;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.fails() {
        return;
    }
    for (table, name, key) in cx.new_foreign_keys() {
        let Some(parent) = cx.after.relation(key.references) else {
            continue;
        };
        let pairs = key.columns.iter().zip(&key.referenced_columns);
        for (column, referenced) in pairs {
            let (Some(one), Some(other)) = (table.column(column), parent.column(referenced)) else {
                continue;
            };
            if !differ(&one.ty, &other.ty) {
                continue;
            }
            let (from, to) = (
                cx.after.type_display(&one.ty),
                cx.after.type_display(&other.ty),
            );
            let (child, parent) = (short_name(&table.name), short_name(&parent.name));
            let message = if width(&one.ty) < width(&other.ty) {
                format!(
                    "{child}.{column} ({from}) cannot hold the keys of {parent} beyond its range: one day inserts fail, while {parent}.{referenced} ({to}) goes on"
                )
            } else {
                format!(
                    "each lookup of {name} converts: {child}.{column} is {from}, {parent}.{referenced} is {to}"
                )
            };
            report.push(
                Finding::new(
                    cx.place_of_foreign_key(&key.columns),
                    format!("{from} references {to}"),
                    message,
                )
                .help(format!("declare {column} as {to}"))
                .about(&table.name),
            );
        }
    }
}

fn differ(one: &Type, other: &Type) -> bool {
    let (Some(one), Some(other)) = (one.builtin_name(), other.builtin_name()) else {
        return false;
    };
    let text = |name: &str| matches!(name, "text" | "varchar");
    one != other && !(text(one) && text(other))
}

fn width(ty: &Type) -> u8 {
    match ty.builtin_name() {
        Some("int2") => 2,
        Some("int4") => 4,
        Some("int8") => 8,
        // Not a matter of range.
        _ => 16,
    }
}
