//! INSERT of chosen numbers into a column that a sequence fills, with no setval after it.

use pg_query::protobuf::InsertStmt;
use pg_query::{Node, NodeEnum};

use crate::catalog::Relation;
use crate::fix::recipes::own;
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Check, Context, Finding, Place, Recipe, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::InsertStmt(insert) = cx.node else {
        return;
    };
    let relation = insert
        .relation
        .as_ref()
        .and_then(|name| cx.before.lookup_range_var(name, &cx.session.settings))
        .and_then(|oid| cx.before.relation(oid));
    let Some(relation) = relation else {
        return;
    };
    let Some(column) = chosen(insert, relation, cx) else {
        return;
    };
    // Any later word of the sequence will do.
    let text = cx.migration.migration.source.text();
    let rest = text
        .get(cx.span.end..)
        .unwrap_or_default()
        .to_ascii_lowercase();
    if cx.effects.error.is_some() || rest.contains("setval") || rest.contains("restart") {
        return;
    }
    let table = short_name(&relation.name);
    let (sql, quoted) = (sql_name(&relation.name), ident(&column));
    let finding = Finding::new(
        cx.span.clone(),
        format!("writes {column} itself"),
        format!(
            "the sequence of {table}.{column} does not know these numbers: a later insert gets one of them and fails"
        ),
    )
    .help("set the sequence past the largest number afterwards")
    .recipe(Recipe {
        title: "move the sequence on".to_owned(),
        place: Place::After,
        steps: vec![own(
            "in the same migration",
            format!(
                "SELECT setval(pg_get_serial_sequence('{sql}', '{column}'), (SELECT max({quoted}) FROM {sql}));"
            ),
        )],
    })
    .about(&relation.name);
    report.push(finding);
}

/// The column of a sequence that a VALUES list gives numbers to.
fn chosen(insert: &InsertStmt, relation: &Relation, cx: &Context<'_>) -> Option<String> {
    let NodeEnum::SelectStmt(select) = insert.select_stmt.as_ref()?.node.as_ref()? else {
        return None;
    };
    let NodeEnum::List(row) = select.values_lists.first()?.node.as_ref()? else {
        return None;
    };
    let names: Vec<&str> = if insert.cols.is_empty() {
        let all = relation.columns.iter().map(|column| column.name.as_str());
        all.collect()
    } else {
        let named = insert.cols.iter().filter_map(|column| match &column.node {
            Some(NodeEnum::ResTarget(column)) => Some(column.name.as_str()),
            _ => None,
        });
        named.collect()
    };
    let numbered = |name: &str| {
        relation
            .column(name)
            .is_some_and(|column| column.identity.is_some())
            || !cx.before.sequences_of(relation.oid, Some(name)).is_empty()
    };
    names
        .iter()
        .zip(&row.items)
        .find(|(name, value)| numbered(name) && is_number(value))
        .map(|(name, _)| (*name).to_owned())
}

fn is_number(value: &Node) -> bool {
    matches!(
        &value.node,
        Some(NodeEnum::AConst(constant))
            if matches!(constant.val, Some(pg_query::protobuf::a_const::Val::Ival(_) | pg_query::protobuf::a_const::Val::Fval(_)))
    )
}
