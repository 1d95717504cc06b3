//! UPDATE and DELETE over many rows, in batches that commit: they run as they stand, outside a transaction.

use pg_query::protobuf::{DeleteStmt, RangeVar, UpdateStmt};
use pg_query::{Node, NodeEnum};

use super::steps::{do_block, outside, recipe};
use super::tree;
use crate::catalog::expression::columns_read;
use crate::catalog::{
    Catalog, ConstraintKind, IndexTarget, NotNull, QualifiedName, Relation, RelationKind,
};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Context, Recipe, Step};

/// Rows a batch: some seconds at most, and few enough for others to wait for.
const BATCH: usize = 10_000;

/// In the place of an UPDATE or DELETE. None where batches would not do the same.
pub fn batches(cx: &Context<'_>, table: &QualifiedName) -> Option<Recipe> {
    if !cx.options.recipes {
        return None;
    }
    let relation = cx.before.relation_named(table);
    let step = match cx.node {
        NodeEnum::UpdateStmt(stmt) => update(cx, relation, stmt)?,
        NodeEnum::DeleteStmt(stmt) => delete(cx, relation, stmt)?,
        _ => return None,
    };
    Some(recipe("batches that commit", vec![step]))
}

/// A new column's default for the rows that were there before it.
pub fn fill(cx: &Context<'_>, table: &QualifiedName, column: &str, value: &str) -> Step {
    let (name, quoted) = (sql_name(table), ident(column));
    let relation = cx.before.relation_named(table);
    let change = Change {
        head: format!("UPDATE {name} SET {quoted} = {value}"),
        condition: Some(match value {
            "DEFAULT" => format!("{quoted} IS NULL"),
            value => format!("{quoted} IS NULL AND {value} IS NOT NULL"),
        }),
        target: String::new(),
        words: format!("{value} {quoted}"),
    };
    let body = match key(cx.before, relation) {
        Some(key) => by_key(&name, &change, &key, relation),
        // A row that has its value is not met again.
        None => by_place(&name, &change, relation, None),
    };
    outside("fills the old rows in batches that commit", do_block(&body))
}

struct Change {
    /// Up to WHERE.
    head: String,
    condition: Option<String>,
    /// What the key's columns are qualified with.
    target: String,
    /// Everything that may name a column or variable.
    words: String,
}

impl Change {
    /// `statement` has no WHERE of its own any more. None where it cannot be written back as SQL.
    fn of(statement: NodeEnum, condition: Option<&Node>, written: &RangeVar) -> Option<Change> {
        let condition = match condition {
            Some(condition) => Some(tree::expression(condition)?),
            None => None,
        };
        let head = tree::statement(statement)?;
        Some(Change {
            words: format!("{head} {}", condition.as_deref().unwrap_or_default()),
            head,
            condition,
            target: qualifier(written),
        })
    }
}

fn update(cx: &Context<'_>, relation: Option<&Relation>, stmt: &UpdateStmt) -> Option<Step> {
    let written = stmt.relation.as_ref()?;
    let mut alone = stmt.clone();
    alone.returning_clause = None;
    alone.relation = Some(tree::resolved(cx, written));
    let condition = alone.where_clause.take();
    let statement = NodeEnum::UpdateStmt(Box::new(alone));
    let change = Change::of(statement, condition.as_deref(), written)?;
    let assigned = assignments(&stmt.target_list);
    let name = qualified(cx, written);
    let keyed = key(cx.before, relation).filter(|key| {
        // A row whose key moves may be met twice.
        let moves = |column: &str| assigned.iter().any(|(name, _)| name == column);
        !key.iter().any(|(column, _)| moves(column))
    });
    if let Some(key) = keyed {
        return Some(step(by_key(&name, &change, &key, relation), true));
    }
    if !stmt.from_clause.is_empty() || stmt.with_clause.is_some() || written.alias.is_some() {
        return None;
    }
    let missing = not_done_yet(&assigned)?;
    Some(step(
        by_place(&name, &change, relation, Some(missing)),
        relation.is_some(),
    ))
}

fn delete(cx: &Context<'_>, relation: Option<&Relation>, stmt: &DeleteStmt) -> Option<Step> {
    let written = stmt.relation.as_ref()?;
    let mut alone = stmt.clone();
    alone.returning_clause = None;
    alone.relation = Some(tree::resolved(cx, written));
    let condition = alone.where_clause.take();
    let statement = NodeEnum::DeleteStmt(Box::new(alone));
    let change = Change::of(statement, condition.as_deref(), written)?;
    let name = qualified(cx, written);
    if let Some(key) = key(cx.before, relation) {
        return Some(step(by_key(&name, &change, &key, relation), true));
    }
    if !stmt.using_clause.is_empty() || stmt.with_clause.is_some() || written.alias.is_some() {
        return None;
    }
    Some(step(
        by_place(&name, &change, relation, None),
        relation.is_some(),
    ))
}

fn step(body: String, known: bool) -> Step {
    let title = match known {
        true => "outside a transaction, so that COMMIT works",
        false => {
            "outside a transaction, so that COMMIT works; the table's key is not known here, so every batch looks for its rows"
        }
    };
    outside(title, do_block(&body))
}

/// The table's name with its schema, as SQL.
fn qualified(cx: &Context<'_>, written: &RangeVar) -> String {
    sql_name(&cx.before.qualify(
        Some(written.schemaname.as_str()).filter(|schema| !schema.is_empty()),
        &written.relname,
        &cx.session.settings,
    ))
}

fn qualifier(written: &RangeVar) -> String {
    let name = match &written.alias {
        Some(alias) => &alias.aliasname,
        None => &written.relname,
    };
    format!("{}.", ident(name))
}

/// Columns and the values that they get.
fn assignments(targets: &[Node]) -> Vec<(String, Option<&Node>)> {
    targets
        .iter()
        .filter_map(|target| match &target.node {
            Some(NodeEnum::ResTarget(target)) => {
                let value = target
                    .val
                    .as_deref()
                    .filter(|_| target.indirection.is_empty());
                Some((target.name.clone(), value))
            }
            _ => None,
        })
        .collect()
}

/// The condition under which a row was not changed yet, where that can be seen: the values do not depend on the
/// columns that they are put into.
fn not_done_yet(assigned: &[(String, Option<&Node>)]) -> Option<String> {
    let mut different = Vec::new();
    for (column, value) in assigned {
        let value = (*value)?;
        let reads = columns_read(value);
        let unstable = !crate::catalog::expression::function_calls(value).is_empty()
            || matches!(
                value.node,
                Some(
                    NodeEnum::SetToDefault(_) | NodeEnum::MultiAssignRef(_) | NodeEnum::SubLink(_)
                )
            );
        if unstable || assigned.iter().any(|(name, _)| reads.contains(name)) {
            return None;
        }
        different.push(format!(
            "{} IS DISTINCT FROM {}",
            ident(column),
            tree::expression(value)?
        ));
    }
    match different.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        several => Some(format!("({})", several.join(" OR "))),
    }
}

/// The columns that tell a table's rows apart and order them, with their types: the primary key, or a unique index
/// over columns that are never null.
pub fn key(catalog: &Catalog, relation: Option<&Relation>) -> Option<Vec<(String, String)>> {
    let relation = relation?;
    let primary = relation.primary_key().and_then(|key| match key.kind {
        ConstraintKind::PrimaryKey { index } => catalog.index(index),
        _ => None,
    });
    let index = primary.or_else(|| {
        catalog.indexes_of(relation.oid).find(|index| {
            index.unique
                && index.valid
                && index.predicate.is_none()
                && index.keys.iter().all(|key| match &key.target {
                    IndexTarget::Column(column) => relation
                        .column(column)
                        .is_some_and(|column| column.not_null == NotNull::Valid),
                    IndexTarget::Expression(_) => false,
                })
        })
    })?;
    let columns: Option<Vec<(String, String)>> = index
        .key_columns()
        .into_iter()
        .map(|column| {
            let ty = catalog.type_display(&relation.column(&column)?.ty);
            Some((column, ty))
        })
        .collect();
    columns.filter(|columns| !columns.is_empty() && index.method == "btree")
}

/// From key to key, as the index has them.
fn by_key(
    table: &str,
    change: &Change,
    key: &[(String, String)],
    relation: Option<&Relation>,
) -> String {
    let free = |base: &str| {
        (0..)
            .map(|number| match number {
                0 => base.to_owned(),
                number => format!("{base}{number}"),
            })
            .find(|name| {
                let column = relation.is_some_and(|relation| {
                    relation
                        .columns
                        .iter()
                        .any(|column| column.name.starts_with(name.as_str()))
                });
                !column && !change.words.contains(name.as_str())
            })
            .unwrap_or_else(|| base.to_owned())
    };
    let (first, last) = (free("batch_start"), free("batch_end"));
    let variables = |base: &str| -> Vec<String> {
        match key {
            [_] => vec![base.to_owned()],
            several => (1..=several.len())
                .map(|at| format!("{base}_{at}"))
                .collect(),
        }
    };
    let (firsts, lasts) = (variables(&first), variables(&last));
    let columns: Vec<String> = key.iter().map(|(column, _)| ident(column)).collect();
    let row = |parts: &[String]| match parts {
        [only] => only.clone(),
        several => format!("({})", several.join(", ")),
    };
    let list = columns.join(", ");
    let descending = columns
        .iter()
        .map(|column| format!("{column} DESC"))
        .collect::<Vec<_>>()
        .join(", ");
    let declared: String = [&firsts, &lasts]
        .into_iter()
        .flat_map(|names| names.iter().zip(key))
        .map(|(name, (_, ty))| format!("  {name} {ty};\n"))
        .collect();
    let qualified: Vec<String> = columns
        .iter()
        .map(|column| format!("{}{column}", change.target))
        .collect();
    let condition = match &change.condition {
        Some(condition) => format!("({condition}) AND "),
        None => String::new(),
    };
    format!(
        "DECLARE\n{declared}BEGIN\n  \
           SELECT {list} INTO {first_list} FROM {table} ORDER BY {list} LIMIT 1;\n  \
           WHILE {head} IS NOT NULL LOOP\n    \
             SELECT {list} INTO {last_list} FROM (SELECT {list} FROM {table} WHERE {plain} >= {from} ORDER BY {list} LIMIT {BATCH}) AS batch ORDER BY {descending} LIMIT 1;\n    \
             {change} WHERE {condition}{key} >= {from} AND {key} <= {to};\n    \
             COMMIT;\n    \
             SELECT {list} INTO {first_list} FROM {table} WHERE {plain} > {to} ORDER BY {list} LIMIT 1;\n  \
           END LOOP;\nEND",
        first_list = firsts.join(", "),
        last_list = lasts.join(", "),
        head = firsts[0],
        plain = row(&columns),
        from = row(&firsts),
        to = row(&lasts),
        key = row(&qualified),
        change = change.head,
    )
}

/// Without a key: by the rows' places, for as long as there is one to change.
fn by_place(
    table: &str,
    change: &Change,
    relation: Option<&Relation>,
    missing: Option<String>,
) -> String {
    let conditions: Vec<String> = change
        .condition
        .iter()
        .map(|condition| match missing {
            Some(_) => format!("({condition})"),
            None => condition.clone(),
        })
        .chain(missing.clone())
        .collect();
    let filter = match conditions.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", conditions.join(" AND ")),
    };
    // A place is one of a single table.
    let several = relation.is_none_or(|relation| relation.kind != RelationKind::Table);
    let chosen = match several {
        true => format!(
            "(tableoid, ctid) IN (SELECT tableoid, ctid FROM {table}{filter} LIMIT {BATCH})"
        ),
        false => format!("ctid = ANY (ARRAY(SELECT ctid FROM {table}{filter} LIMIT {BATCH}))"),
    };
    format!(
        "BEGIN\n  LOOP\n    {} WHERE {chosen};\n    EXIT WHEN NOT FOUND;\n    COMMIT;\n  END LOOP;\nEND",
        change.head
    )
}
