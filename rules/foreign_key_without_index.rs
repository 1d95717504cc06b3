//! A foreign key whose columns no index of the finished migration begins with.

use crate::catalog::{Catalog, ForeignKey, Index, Relation};
use crate::fix::recipes::index_over;
use crate::lint::{Check, Context, Finding, Place, Recipe, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    // A down migration brings back what was there.
    if cx.is_down() || cx.fails() {
        return;
    }
    for (table, _, key) in cx.new_foreign_keys() {
        let span = cx.place_of_foreign_key(&key.columns);
        let (oid, key) = (table.oid, key.clone());
        let new = cx.made_here(table.birth);
        report.at_end(move |end| {
            let table = end.after.relation(oid)?;
            // Dropped again, or not all that is known of the table.
            let still = table
                .foreign_keys()
                .any(|(_, other)| other.columns == key.columns);
            let known = table.complete && !end.after.disturbed;
            if !still || !known || is_indexed(table, &key, end.after) {
                return None;
            }
            Some(finding(table, &key, end.after, span, new))
        });
    }
}

fn finding(
    table: &Relation,
    key: &ForeignKey,
    catalog: &Catalog,
    span: std::ops::Range<usize>,
    new: bool,
) -> Finding {
    let name = short_name(&table.name);
    let parent = catalog.relation(key.references).map_or_else(
        || "the referenced table".to_owned(),
        |parent| short_name(&parent.name),
    );
    let columns = key.columns.join(", ");
    Finding::new(
        span,
        format!("no index of {name} begins with {columns}"),
        format!("every DELETE from {parent}, and every change of its key, reads all of {name}"),
    )
    .help(if new {
        format!("create an index over {columns} of {name} here, while it is empty")
    } else {
        format!("build an index over {columns} of {name}, outside a transaction, before the foreign key is added")
    })
    .recipe(index_over(catalog, table.oid, &key.columns, new).map(|step| Recipe {
        title: "index the foreign key".to_owned(),
        place: Place::After,
        steps: vec![step],
    }))
    .about(&table.name)
}

fn is_indexed(table: &Relation, key: &ForeignKey, catalog: &Catalog) -> bool {
    catalog.indexes_of(table.oid).any(|index| {
        let keys = index.key_columns();
        let plain = keys.len() == index.keys.len() || keys.len() >= key.columns.len();
        let leading = keys.iter().take(key.columns.len());
        plain
            && index.valid
            && leads(index, key)
            && leading
                .filter(|column| key.columns.contains(column))
                .count()
                == key.columns.len()
    })
}

/// A partial index serves only when its condition speaks of the key's own columns.
fn leads(index: &Index, key: &ForeignKey) -> bool {
    let first = index.keys.first();
    let on_column = first.is_some_and(|first| matches!(&first.target, crate::catalog::IndexTarget::Column(name) if key.columns.contains(name)));
    let condition = index.predicate.as_ref().is_none_or(|predicate| {
        crate::catalog::expression::columns_read(predicate)
            .iter()
            .all(|column| key.columns.contains(column))
    });
    on_column && condition
}
