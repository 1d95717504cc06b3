//! autovacuum_enabled = false when the migration is done.

use crate::catalog::{Persistence, Relation};
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.fails() {
        return;
    }
    let difference = cx.difference();
    let added = difference.added_relations.iter().copied();
    let changed = difference
        .changed_relations
        .iter()
        .filter(|(old, _)| !is_off(old))
        .map(|(_, new)| *new);
    for table in added.chain(changed).filter(|table| is_off(table)) {
        let (oid, span) = (table.oid, cx.span.clone());
        report.at_end(move |end| {
            let table = end.after.relation(oid).filter(|table| is_off(table))?;
            let name = short_name(&table.name);
            Some(
                Finding::new(
                    span,
                    "nothing cleans up after updates and deletes",
                    format!("{name} grows with every update and delete and its statistics go stale, so that plans get worse week by week"),
                )
                .help("make autovacuum run more often instead: autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay")
                .about(&table.name),
            )
        });
    }
}

/// Autovacuum never touches temporary tables.
fn is_off(table: &Relation) -> bool {
    let value = table.options.get("autovacuum_enabled");
    table.persistence != Persistence::Temporary
        && value.is_some_and(|value| {
            matches!(
                value.to_ascii_lowercase().trim_matches('\''),
                "false" | "off" | "0" | "no" | "f"
            )
        })
}
