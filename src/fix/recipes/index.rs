//! Indexes that are built while their table stays in use.

use pg_query::NodeEnum;
use pg_query::protobuf::IndexStmt;

use super::steps::{outside, own, recipe};
use super::tree;
use crate::catalog::{
    Catalog, ConstraintKind, Index, IndexTarget, Oid, QualifiedName, RelationKind,
};
use crate::effects::ConstraintNoun;
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Context, Recipe, Step};

const BUILD: &str = "outside a transaction; the table stays in use";

/// In the place of CREATE INDEX.
pub fn create_index(cx: &Context<'_>) -> Option<Recipe> {
    if !cx.options.recipes {
        return None;
    }
    let NodeEnum::IndexStmt(stmt) = cx.node else {
        return None;
    };
    let relation = stmt.relation.as_ref()?;
    let found = cx
        .before
        .lookup_range_var(relation, &cx.session.settings)
        .and_then(|oid| cx.before.relation(oid));
    if let Some(root) = found.filter(|found| found.kind == RelationKind::PartitionedTable) {
        return partitioned(cx, stmt, root.oid);
    }
    let concurrently = IndexStmt {
        concurrent: true,
        // An invalid index of that name would be kept.
        if_not_exists: false,
        relation: Some(tree::resolved(cx, relation)),
        access_method: method(stmt),
        ..stmt.as_ref().clone()
    };
    let sql = tree::statement(NodeEnum::IndexStmt(Box::new(concurrently)))?;
    Some(recipe(
        "build the index while the table stays in use",
        vec![outside(BUILD, format!("{sql};"))],
    ))
}

/// The default needs no word.
fn method(stmt: &IndexStmt) -> String {
    match stmt.access_method.as_str() {
        "btree" => String::new(),
        method => method.to_owned(),
    }
}

/// Partition by partition, from the leaves up.
fn partitioned(cx: &Context<'_>, stmt: &IndexStmt, root: Oid) -> Option<Recipe> {
    let new = new_indexes(cx, root);
    let top = new.iter().find(|index| index.table == root)?;
    let mut steps = vec![own(
        "an index on the parent alone, not valid yet: nothing is built",
        format!(
            "{};",
            tree::statement(NodeEnum::IndexStmt(Box::new(IndexStmt {
                idxname: top.name.name.clone(),
                if_not_exists: false,
                access_method: method(stmt),
                relation: Some(tree::range_var(&cx.before.relation(root)?.name, false)),
                ..stmt.clone()
            })))?
        ),
    )];
    steps.extend(below(cx, &new, top)?);
    Some(recipe("build the index partition by partition", steps))
}

/// The indexes that the statement makes on a table and what is below it.
fn new_indexes<'a>(cx: &Context<'a>, root: Oid) -> Vec<&'a Index> {
    cx.after
        .family(root)
        .into_iter()
        .flat_map(|oid| cx.after.indexes_of(oid))
        .filter(|index| cx.before.index(index.oid).is_none())
        .collect()
}

/// The parts of an index of a partitioned table: each is built, then attached.
fn below(cx: &Context<'_>, new: &[&Index], parent: &Index) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for child in cx.after.children(parent.table) {
        // An index that fits was there already, and ATTACH takes it.
        let part = cx
            .after
            .indexes_of(child.oid)
            .find(|index| index.parent == Some(parent.oid))?;
        if new.iter().any(|index| index.oid == part.oid) {
            let leaf = child.kind != RelationKind::PartitionedTable;
            steps.push(match leaf {
                true => outside(
                    BUILD,
                    format!("{};", create(cx.after, part, "CONCURRENTLY ", false)?),
                ),
                false => own(
                    "on this level alone: nothing is built",
                    format!("{};", create(cx.after, part, "", true)?),
                ),
            });
            if !leaf {
                steps.extend(below(cx, new, part)?);
            }
        }
        steps.push(own(
            "the last one makes the parent's index valid; short",
            format!(
                "ALTER INDEX {} ATTACH PARTITION {};",
                sql_name(&parent.name),
                sql_name(&part.name)
            ),
        ));
    }
    Some(steps)
}

/// CREATE INDEX for an index of the catalog, without `;`.
pub fn create(catalog: &Catalog, index: &Index, how: &str, only: bool) -> Option<String> {
    let table = &catalog.relation(index.table)?.name;
    let keys: Option<Vec<String>> = index
        .keys
        .iter()
        .map(|key| {
            let mut text = match &key.target {
                IndexTarget::Column(column) => ident(column),
                IndexTarget::Expression(expression) => {
                    format!("({})", tree::expression(expression)?)
                }
            };
            if let Some(collation) = &key.collation {
                text += &format!(" COLLATE {}", ident(collation));
            }
            if let Some(opclass) = &key.opclass {
                text += &format!(" {}", ident(opclass));
            }
            if key.descending {
                text += " DESC";
            }
            if key.nulls_first != key.descending {
                text += if key.nulls_first {
                    " NULLS FIRST"
                } else {
                    " NULLS LAST"
                };
            }
            Some(text)
        })
        .collect();
    let mut sql = format!(
        "CREATE {}INDEX {how}{} ON {}{} USING {} ({})",
        if index.unique { "UNIQUE " } else { "" },
        ident(&index.name.name),
        if only { "ONLY " } else { "" },
        sql_name(table),
        index.method,
        keys?.join(", ")
    );
    // The default needs no word.
    sql = sql.replace(" USING btree ", " ");
    if !index.include.is_empty() {
        let columns: Vec<String> = index.include.iter().map(|column| ident(column)).collect();
        sql += &format!(" INCLUDE ({})", columns.join(", "));
    }
    if index.nulls_not_distinct {
        sql += " NULLS NOT DISTINCT";
    }
    if !index.options.is_empty() {
        let options: Vec<String> = index
            .options
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        sql += &format!(" WITH ({})", options.join(", "));
    }
    if let Some(tablespace) = &index.tablespace {
        sql += &format!(" TABLESPACE {}", ident(tablespace));
    }
    if let Some(predicate) = &index.predicate {
        sql += &format!(" WHERE {}", tree::expression(predicate)?);
    }
    Some(sql)
}

/// In the place of UNIQUE or PRIMARY KEY, also where it is written with a new column: the index first, then the
/// constraint. The column is there and filled.
pub fn key(cx: &Context<'_>, table: Oid, name: &str) -> Option<Vec<Step>> {
    let relation = cx.after.relation(table)?;
    let constraint = relation.constraint(name)?;
    let index = cx.after.index(constraint.kind.index()?)?;
    let noun = match constraint.kind {
        ConstraintKind::PrimaryKey { .. } => ConstraintNoun::PrimaryKey,
        ConstraintKind::Unique { .. } => ConstraintNoun::Unique,
        _ => return None,
    };
    // WITHOUT OVERLAPS is an exclusion constraint: its index has no concurrent form.
    if index.method != "btree" {
        return None;
    }
    if relation.kind == RelationKind::PartitionedTable {
        return partitioned_key(cx, table, name, noun, index);
    }
    let mut steps = vec![outside(
        BUILD,
        format!("{};", create(cx.after, index, "CONCURRENTLY ", false)?),
    )];
    steps.push(using_index(
        &relation.name,
        name,
        noun,
        constraint.deferrable,
        deferred(cx, name),
    ));
    Some(steps)
}

fn using_index(
    table: &QualifiedName,
    name: &str,
    noun: ConstraintNoun,
    deferrable: bool,
    deferred: bool,
) -> Step {
    let when = match (deferrable, deferred) {
        (_, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        (false, false) => "",
    };
    own(
        "no build, no scan: short",
        format!(
            "ALTER TABLE {} ADD CONSTRAINT {name} {} USING INDEX {name}{when};",
            sql_name(table),
            noun.sql(),
            name = ident(name),
        ),
    )
}

fn deferred(cx: &Context<'_>, name: &str) -> bool {
    cx.declared_constraints().iter().any(|(constraint, _)| {
        constraint.initdeferred && (constraint.conname == name || constraint.conname.is_empty())
    })
}

/// USING INDEX does not work for a partitioned table: an empty constraint there, one on each partition, attached
/// (https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE).
fn partitioned_key(
    cx: &Context<'_>,
    root: Oid,
    name: &str,
    noun: ConstraintNoun,
    top: &Index,
) -> Option<Vec<Step>> {
    let relation = cx.after.relation(root)?;
    let declared = cx.declared_constraints();
    let (constraint, _) = declared.iter().find(|(constraint, _)| {
        constraint.keys.len() == top.keys.len()
            && (constraint.conname == name || constraint.conname.is_empty())
    })?;
    let mut named = (*constraint).clone();
    named.conname = name.to_owned();
    let mut steps = vec![own(
        "on the parent alone, not valid yet: nothing is built",
        tree::add(&relation.name, true, named)?,
    )];
    steps.extend(keys_below(cx, top, noun)?);
    Some(steps)
}

fn keys_below(cx: &Context<'_>, parent: &Index, noun: ConstraintNoun) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for child in cx.after.children(parent.table) {
        let part = cx
            .after
            .indexes_of(child.oid)
            .find(|index| index.parent == Some(parent.oid))?;
        if cx.before.index(part.oid).is_none() {
            if child.kind == RelationKind::PartitionedTable {
                return None;
            }
            steps.push(outside(
                BUILD,
                format!("{};", create(cx.after, part, "CONCURRENTLY ", false)?),
            ));
            steps.push(using_index(
                &child.name,
                &part.name.name,
                noun,
                false,
                false,
            ));
        }
        steps.push(own(
            "the last one makes the parent's constraint valid; short",
            format!(
                "ALTER INDEX {} ATTACH PARTITION {};",
                sql_name(&parent.name),
                sql_name(&part.name)
            ),
        ));
    }
    Some(steps)
}

/// In the place of ADD UNIQUE and ADD PRIMARY KEY.
pub fn add_key(cx: &Context<'_>, table: Oid, name: &str) -> Option<Recipe> {
    if !cx.options.recipes {
        return None;
    }
    let relation = cx.after.relation(table)?;
    let mut steps = Vec::new();
    if let ConstraintKind::PrimaryKey { index } = relation.constraint(name)?.kind {
        let before = cx.before.relation(table);
        for column in cx.after.index(index)?.key_columns() {
            let proved = before
                .filter(|before| before.complete)
                .and_then(|before| before.column(&column))
                .is_some_and(|column| column.not_null == crate::catalog::NotNull::Valid);
            if !proved {
                steps.extend(super::not_null::require(cx, &relation.name, &column, None));
            }
        }
    }
    let uses_index = cx
        .declared_constraints()
        .into_iter()
        .any(|(constraint, _)| {
            !constraint.indexname.is_empty()
                && (constraint.conname == name || constraint.indexname == name)
        });
    if uses_index {
        steps.push(own("no scan: short", format!("{};", cx.text)));
        return Some(recipe("prove the columns first", steps));
    }
    steps.extend(key(cx, table, name)?);
    Some(recipe(
        "build the index first, then make it the constraint",
        steps,
    ))
}

/// An index over these columns, beside what the statement does.
pub fn over(catalog: &Catalog, table: Oid, columns: &[String], new: bool) -> Option<Step> {
    let relation = catalog.relation(table)?;
    // That would be a recipe of its own, partition by partition.
    if !new && relation.kind == RelationKind::PartitionedTable {
        return None;
    }
    let name = catalog.choose_index_name(
        &relation.name.name,
        &relation.name.schema,
        columns,
        crate::catalog::choose_name::IndexRole::Plain,
    );
    let quoted: Vec<String> = columns.iter().map(|column| ident(column)).collect();
    let index = format!(
        "{} ON {} ({});",
        ident(&name),
        sql_name(&relation.name),
        quoted.join(", ")
    );
    Some(match new {
        true => own("the table is new", format!("CREATE INDEX {index}")),
        false => outside(BUILD, format!("CREATE INDEX CONCURRENTLY {index}")),
    })
}
