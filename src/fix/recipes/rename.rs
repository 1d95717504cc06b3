//! Renames behind a view: code that says the old name and code that says the new one work side by side.

use super::steps::{own, recipe, relation_name};
use crate::catalog::{QualifiedName, Relation, RelationKind};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Context, Recipe};

const CONTRACT: &str = "once no released code uses the old name";
const SIMPLE: &str = "a view of one table can be written to; COPY, TRUNCATE, LOCK and the table's GRANTs need a look";

/// In the place of ALTER TABLE ... RENAME TO. None where a view would let rows through that row security hides.
pub fn table(
    relation: Option<&Relation>,
    old: &QualifiedName,
    new: &QualifiedName,
    major: u8,
) -> Option<Recipe> {
    let with = as_invoker(relation, major)?;
    Some(recipe(
        "rename behind a view",
        vec![
            own(
                SIMPLE,
                format!(
                    "ALTER TABLE {old} RENAME TO {};\nCREATE VIEW {old}{with} AS SELECT * FROM {};",
                    ident(&new.name),
                    sql_name(new),
                    old = sql_name(old),
                ),
            ),
            own(
                CONTRACT,
                format!(
                    "-- humdrum: ignore drop-object: no released code uses it\nDROP VIEW {};",
                    sql_name(old)
                ),
            ),
        ],
    ))
}

/// In the place of RENAME COLUMN: a view in the place of the table has both names.
pub fn column(cx: &Context<'_>, table: &QualifiedName, from: &str, to: &str) -> Option<Recipe> {
    let relation = cx.before.relation_named(table);
    let is_table = relation.is_some_and(|relation| {
        matches!(
            relation.kind,
            RelationKind::Table | RelationKind::PartitionedTable
        ) && relation.parents.is_empty()
    });
    if !is_table {
        return None;
    }
    let with = as_invoker(relation, cx.version().major())?;
    let base = relation_name(cx, table, None, "base");
    let behind = QualifiedName::new(table.schema.clone(), base.clone());
    let (view, behind) = (sql_name(table), sql_name(&behind));
    Some(recipe(
        "both names through a view",
        vec![
            own(
                SIMPLE,
                format!(
                    "ALTER TABLE {view} RENAME COLUMN {from} TO {to};\nALTER TABLE {view} RENAME TO {};\n\
                     CREATE VIEW {view}{with} AS SELECT *, {to} AS {from} FROM {behind};",
                    ident(&base),
                    from = ident(from),
                    to = ident(to),
                ),
            ),
            own(
                CONTRACT,
                format!(
                    "-- humdrum: ignore drop-object: the table gets its name at once\nDROP VIEW {view};\n-- humdrum: ignore rename-table: code uses it through the view only\nALTER TABLE {behind} RENAME TO {};",
                    ident(&table.name)
                ),
            ),
        ],
    ))
}

/// Row security is checked for the view's owner unless the view says otherwise, which it can from 15 on.
fn as_invoker(relation: Option<&Relation>, major: u8) -> Option<&'static str> {
    if major >= 15 {
        return Some(" WITH (security_invoker = true)");
    }
    match relation {
        Some(relation) if relation.complete && !relation.row_security => Some(""),
        _ => None,
    }
}
