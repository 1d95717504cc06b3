//! A primary key or sequence of less than 64 bits.

use crate::catalog::{Catalog, Relation, RelationKind};
use crate::effects::ChangeKind;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    // A down migration brings back what was there.
    if cx.is_down() {
        return;
    }
    for change in &cx.effects.changes {
        let ChangeKind::RelationCreated { relation } = &change.kind else {
            continue;
        };
        let Some(oid) = relation.oid else {
            continue;
        };
        let span = change.span.clone();
        report.at_end(move |end| {
            let relation = end.after.relation(oid)?;
            let name = short_name(&relation.name);
            let (what, last) = if relation.kind == RelationKind::Sequence {
                let ty = relation.sequence_type.as_ref().filter(|_| relation.owned_by.is_none())?;
                (format!("sequence {name}"), last_of(ty.builtin_name()?, true)?)
            } else {
                let (column, last) = short_key(relation, end.after)?;
                (format!("{name}.{column}"), last)
            };
            Some(
                Finding::new(
                    span,
                    "bigint is wide enough for ever",
                    format!("inserts fail once {what} has reached {last}, and widening it then rewrites what is by then a large table"),
                )
                .help("declare it bigint now")
                .about(&relation.name),
            )
        });
    }
}

fn last_of(ty: &str, generated: bool) -> Option<&'static str> {
    match ty {
        "int4" => Some("2 147 483 647"),
        // Without a sequence a smallint is somebody's list of kinds.
        "int2" if generated => Some("32 767"),
        _ => None,
    }
}

/// The only column of the primary key, if it is short and its values are the table's own.
fn short_key(table: &Relation, catalog: &Catalog) -> Option<(String, &'static str)> {
    let index = catalog.index(table.primary_key()?.kind.index()?)?;
    let [only] = index.key_columns().try_into().ok()?;
    if table
        .foreign_keys()
        .any(|(_, key)| key.columns.contains(&only))
    {
        return None;
    }
    let column = table.column(&only)?;
    let generated = column.identity.is_some() || column.default.is_some();
    let last = last_of(column.ty.builtin_name()?, generated)?;
    Some((only, last))
}
