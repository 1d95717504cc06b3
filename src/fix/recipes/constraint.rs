//! CHECK and FOREIGN KEY for a table in use: promised first, checked in another transaction.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{ConstrType, Constraint};

use super::steps::{own, recipe, validate};
use super::tree;
use crate::catalog::{Catalog, Oid, QualifiedName, Relation, RelationKind};
use crate::effects::Target;
use crate::lint::{Context, Recipe, Step};

/// In the place of ADD CHECK and ADD FOREIGN KEY.
pub fn add_validated(
    cx: &Context<'_>,
    relation: &Target,
    name: &str,
    span: &Range<usize>,
) -> Option<Recipe> {
    if !cx.options.recipes {
        return None;
    }
    let (constraint, _) = cx.declared_constraints().into_iter().find(|(_, place)| {
        place.start <= span.start && span.start < place.end
            || span.start <= place.start && place.start < span.end
    })?;
    let mut steps = Vec::new();
    if constraint.contype() == ConstrType::ConstrForeign
        && let Some(after) = relation.oid.and_then(|oid| cx.after.relation(oid))
    {
        steps.extend(index_first(
            cx,
            after,
            &crate::sql::names::parts(&constraint.fk_attrs),
        ));
    }
    steps.extend(promised(
        cx,
        &relation.name,
        relation.oid,
        constraint,
        name,
    )?);
    Some(recipe("two transactions: promise, then check", steps))
}

/// The index that a foreign key wants on its own side, where none begins with its columns: without it every DELETE
/// of a referenced row reads the whole table.
pub fn index_first(cx: &Context<'_>, table: &Relation, columns: &[String]) -> Option<Step> {
    // The index of a partitioned table takes more than a step.
    let plain = table.complete && !cx.after.disturbed && table.kind == RelationKind::Table;
    (plain && !is_indexed(cx.after, table.oid, columns))
        .then(|| super::index::over(cx.after, table.oid, columns, false))
        .flatten()
}

/// Whether an index on all rows begins with these columns.
pub fn is_indexed(catalog: &Catalog, table: Oid, columns: &[String]) -> bool {
    catalog.indexes_of(table).any(|index| {
        let leading = index.key_columns();
        index.predicate.is_none()
            && leading.len() >= columns.len()
            && leading[..columns.len()]
                .iter()
                .all(|column| columns.contains(column))
    })
}

/// A table constraint, or one that is written with a column, as NOT VALID and VALIDATE.
pub fn promised(
    cx: &Context<'_>,
    table: &QualifiedName,
    oid: Option<Oid>,
    constraint: &Constraint,
    name: &str,
) -> Option<Vec<Step>> {
    let mut promise = constraint.clone();
    promise.conname = name.to_owned();
    promise.skip_validation = true;
    promise.initially_valid = false;
    promise.location = -1;
    promise.pktable = promise
        .pktable
        .as_ref()
        .map(|other| tree::resolved(cx, other));
    let foreign = promise.contype() == ConstrType::ConstrForeign;
    let partitioned = oid
        .and_then(|oid| cx.before.relation(oid))
        .filter(|relation| relation.kind == RelationKind::PartitionedTable);
    if let Some(root) = partitioned.filter(|_| foreign && cx.version().major() < 18) {
        return on_partitions(cx, root.oid, &promise, name);
    }
    let title = match foreign {
        true => "holds for new rows at once; short, but locks both tables against writes",
        false => "holds for new rows at once; short",
    };
    Some(vec![
        own(title, tree::add(table, false, promise)?),
        validate(table, name),
    ])
}

/// Until 17 a foreign key of a partitioned table cannot be NOT VALID: it is proved on every partition, and the one
/// of the parent takes these over (`tryAttachPartitionForeignKey` in src/backend/commands/tablecmds.c).
fn on_partitions(
    cx: &Context<'_>,
    root: Oid,
    promise: &Constraint,
    name: &str,
) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for oid in cx.before.family(root) {
        let part = cx.before.relation(oid)?;
        if part.kind == RelationKind::PartitionedTable {
            continue;
        }
        steps.push(own(
            "holds for new rows of this partition at once; short, but locks both tables against writes",
            tree::add(&part.name, false, promise.clone())?,
        ));
        steps.push(validate(&part.name, name));
    }
    let whole = Constraint {
        skip_validation: false,
        initially_valid: true,
        ..promise.clone()
    };
    steps.push(own(
        "takes over what the partitions have: nothing is read",
        tree::add(&cx.before.relation(root)?.name, false, whole)?,
    ));
    Some(steps)
}

/// A constraint that is written with a new column, as one of the table.
pub fn of_table(constraint: &Constraint, column: &str) -> Constraint {
    let mut apart = constraint.clone();
    if apart.contype() == ConstrType::ConstrForeign {
        apart.fk_attrs = vec![tree::wrap(NodeEnum::String(pg_query::protobuf::String {
            sval: column.to_owned(),
        }))];
    }
    apart
}
