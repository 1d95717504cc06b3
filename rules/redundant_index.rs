//! An index that another one of the same table makes superfluous when the migration is done.

use crate::catalog::{Catalog, Index, IndexKey};
use crate::lint::{Check, Context, Finding, MigrationContext, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    // A down migration brings back what was there.
    if cx.is_down() {
        return;
    }
    let difference = cx.difference();
    for index in &difference.added_indexes {
        if index.parent.is_some() || cx.fails() {
            continue;
        }
        let (oid, span) = (index.oid, cx.span.clone());
        report.at_end(move |end| finding(end.after.index(oid)?, span, end));
    }
}

fn finding(
    index: &Index,
    span: std::ops::Range<usize>,
    end: &MigrationContext<'_>,
) -> Option<Finding> {
    let table = end.after.relation(index.table)?;
    if !table.complete {
        return None;
    }
    let name = short_name(&table.name);
    let others: Vec<&Index> = end
        .after
        .indexes_of(table.oid)
        .filter(|other| other.oid != index.oid)
        .collect();
    if let Some(other) = others.iter().find(|other| {
        serves(other, index, end.after)
            && (!serves(index, other, end.after) || other.oid < index.oid)
    }) {
        return Some(
            Finding::new(
                span,
                format!("{} serves the same queries", other.name.name),
                format!(
                    "every write to {name} maintains {} for nothing: {} ({}) serves all that it serves",
                    index.name.name,
                    other.name.name,
                    other.column_names.join(", ")
                ),
            )
            .help(format!("leave {} out; or, if it is to replace {}, drop that one after the new one is built", index.name.name, other.name.name))
            .about(&table.name),
        );
    }
    let superfluous = others
        .iter()
        .find(|other| end.before.index(other.oid).is_some() && serves(index, other, end.after))?;
    Some(
        Finding::new(
            span,
            format!("serves what {} serves", superfluous.name.name),
            format!(
                "every write to {name} maintains {} for nothing from here on: {} serves all that it serves",
                superfluous.name.name, index.name.name
            ),
        )
        .help(format!("drop {} once {} is built: DROP INDEX CONCURRENTLY", superfluous.name.name, index.name.name))
        .severity(Severity::Note)
        .about(&table.name),
    )
}

/// Whether `other` does all that `index` does: its keys begin with those of `index`, and `index` promises nothing more.
fn serves(other: &Index, index: &Index, catalog: &Catalog) -> bool {
    let plain =
        |index: &Index| index.method == "btree" && index.valid && index.operators.is_empty();
    let same_key = |(one, other): (&IndexKey, &IndexKey)| {
        one.is_same(other)
            && one.descending == other.descending
            && one.nulls_first == other.nulls_first
    };
    let prefix =
        index.keys.len() <= other.keys.len() && index.keys.iter().zip(&other.keys).all(same_key);
    let whole = index.keys.len() == other.keys.len();
    // What a unique index promises only one of exactly the same columns promises.
    let promised = !index.unique
        || other.unique && whole && index.nulls_not_distinct == other.nulls_not_distinct;
    let included = index
        .include
        .iter()
        .all(|column| other.include.contains(column) || other.key_columns().contains(column));
    let needed = catalog.constraint_of_index(index.oid).is_some()
        && !(whole && catalog.constraint_of_index(other.oid).is_some());
    plain(other)
        && plain(index)
        && prefix
        && promised
        && included
        && !needed
        && index.predicate == other.predicate
}
