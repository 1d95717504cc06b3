//! How many rows a statement may write, as far as its text bounds them.

use std::collections::BTreeSet;

use pg_query::protobuf::{BoolExprType, CommonTableExpr, SelectStmt, WithClause};
use pg_query::{Node, NodeEnum};

use super::condition::{
    Comparison, ComparisonKind, Table, column_of, comparisons, conjuncts, is_limited,
};
use crate::catalog::Catalog;
use crate::effects::RowBound;
use crate::effects::index::key_columns;

/// The bound of an UPDATE or DELETE of a table.
pub fn of_write(
    condition: Option<&Node>,
    from: &[Node],
    with: Option<&WithClause>,
    table: Table<'_>,
    catalog: &Catalog,
) -> RowBound {
    if joins_a_batch(condition, from, with, table) {
        return RowBound::Bounded;
    }
    match condition {
        None if from.is_empty() => RowBound::Unbounded,
        None => RowBound::Filtered,
        Some(condition) if is_true(condition) => RowBound::Unbounded,
        Some(condition) if is_bounded(condition, table, catalog) => RowBound::Bounded,
        Some(_) => RowBound::Filtered,
    }
}

/// The bound of an INSERT's source.
pub fn of_source(source: Option<&Node>) -> RowBound {
    let Some(NodeEnum::SelectStmt(select)) = source.and_then(|source| source.node.as_ref()) else {
        return RowBound::Bounded;
    };
    of_select(select)
}

fn of_select(select: &SelectStmt) -> RowBound {
    if let (Some(left), Some(right)) = (&select.larg, &select.rarg) {
        return worst(of_select(left), of_select(right));
    }
    let reads_tables = select.from_clause.iter().any(reads_a_table);
    if !reads_tables || select.limit_count.is_some() {
        return RowBound::Bounded;
    }
    match &select.where_clause {
        None => RowBound::Unbounded,
        Some(_) => RowBound::Filtered,
    }
}

fn worst(left: RowBound, right: RowBound) -> RowBound {
    match (left, right) {
        (RowBound::Unbounded, _) | (_, RowBound::Unbounded) => RowBound::Unbounded,
        (RowBound::Filtered, _) | (_, RowBound::Filtered) => RowBound::Filtered,
        (RowBound::Bounded, RowBound::Bounded) => RowBound::Bounded,
    }
}

fn reads_a_table(item: &Node) -> bool {
    match &item.node {
        Some(NodeEnum::RangeVar(_)) => true,
        Some(NodeEnum::JoinExpr(join)) => [&join.larg, &join.rarg]
            .into_iter()
            .flatten()
            .any(|side| reads_a_table(side)),
        Some(NodeEnum::RangeSubselect(query)) => query
            .subquery
            .as_deref()
            .is_some_and(|query| of_source(Some(query)) != RowBound::Bounded),
        // generate_series and other functions make rows from what the text says.
        _ => false,
    }
}

/// `WHERE true`, `WHERE 1 = 1`.
fn is_true(condition: &Node) -> bool {
    match &condition.node {
        Some(NodeEnum::AConst(constant)) => matches!(
            &constant.val,
            Some(pg_query::protobuf::a_const::Val::Boolval(value)) if value.boolval
        ),
        // 1 = 1
        Some(NodeEnum::AExpr(operator)) => {
            let left = operator.lexpr.as_deref().and_then(value);
            let right = operator.rexpr.as_deref().and_then(value);
            left.is_some() && left == right
        }
        _ => false,
    }
}

fn value(node: &Node) -> Option<&pg_query::protobuf::a_const::Val> {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => constant.val.as_ref(),
        _ => None,
    }
}

fn is_bounded(condition: &Node, table: Table<'_>, catalog: &Catalog) -> bool {
    match &condition.node {
        Some(NodeEnum::BoolExpr(or)) if or.boolop() == BoolExprType::OrExpr => {
            or.args.iter().all(|part| is_bounded(part, table, catalog))
        }
        Some(NodeEnum::CurrentOfExpr(_)) => true,
        _ => {
            let or_parts = conjuncts(Some(condition)).into_iter().any(|part| {
                matches!(&part.node, Some(NodeEnum::BoolExpr(or))
                    if or.boolop() == BoolExprType::OrExpr)
                    && is_bounded(part, table, catalog)
            });
            let cursor = conjuncts(Some(condition))
                .iter()
                .any(|part| matches!(&part.node, Some(NodeEnum::CurrentOfExpr(_))));
            or_parts
                || cursor
                || comparisons_bound(&comparisons(Some(condition), table), table, catalog)
        }
    }
}

fn comparisons_bound(found: &[Comparison<'_>], table: Table<'_>, catalog: &Catalog) -> bool {
    if found
        .iter()
        .any(|comparison| comparison.kind == ComparisonKind::InQuery { limited: true })
    {
        return true;
    }
    let keys = keys(table, catalog);
    let on = |column: &str, wanted: &[ComparisonKind]| {
        found
            .iter()
            .any(|comparison| comparison.column == column && wanted.contains(&comparison.kind))
    };
    let exact = |column: &str| {
        column == "ctid" && on(column, &[ComparisonKind::Equal, ComparisonKind::InList])
            || on(column, &[ComparisonKind::Equal, ComparisonKind::InList])
    };
    let ranged = |column: &str| {
        on(column, &[ComparisonKind::Between])
            || on(column, &[ComparisonKind::Above]) && on(column, &[ComparisonKind::Below])
    };
    exact("ctid")
        || ranged("ctid")
        || keys
            .iter()
            .any(|key| key.iter().all(|column| exact(column)))
        || keys
            .iter()
            .filter_map(|key| key.first())
            .any(|first| ranged(first))
}

/// The columns of each unique key. Of a table that is not known, `id` is taken to be one.
fn keys(table: Table<'_>, catalog: &Catalog) -> Vec<Vec<String>> {
    let mut keys: Vec<Vec<String>> = catalog
        .indexes_of(table.relation.oid)
        .filter(|index| index.unique && index.predicate.is_none())
        .map(|index| (key_columns(index), index.keys.len()))
        .filter(|(columns, parts)| columns.len() == *parts)
        .map(|(columns, _)| columns)
        .collect();
    if !table.relation.complete {
        keys.push(vec!["id".to_owned()]);
        keys.push(vec!["uuid".to_owned()]);
    }
    keys
}

/// Whether the write joins a batch: a CTE or subquery with LIMIT, or VALUES, by equality with the table.
fn joins_a_batch(
    condition: Option<&Node>,
    from: &[Node],
    with: Option<&WithClause>,
    table: Table<'_>,
) -> bool {
    let batches: BTreeSet<String> = from.iter().filter_map(|item| batch(item, with)).collect();
    if batches.is_empty() {
        return false;
    }
    conjuncts(condition).into_iter().any(|conjunct| {
        let Some(NodeEnum::AExpr(operator)) = &conjunct.node else {
            return false;
        };
        if operator.name.last().and_then(crate::effects::node::string) != Some("=") {
            return false;
        }
        let (Some(left), Some(right)) = (operator.lexpr.as_deref(), operator.rexpr.as_deref())
        else {
            return false;
        };
        let of_batch =
            |side: &Node| qualifier(side).is_some_and(|qualifier| batches.contains(&qualifier));
        column_of(left, table).is_some() && of_batch(right)
            || column_of(right, table).is_some() && of_batch(left)
    })
}

fn qualifier(expression: &Node) -> Option<String> {
    let NodeEnum::ColumnRef(reference) = expression.node.as_ref()? else {
        return None;
    };
    let mut parts = crate::effects::node::strings(&reference.fields);
    parts.pop()?;
    parts.pop()
}

/// The name of a FROM item that gives a bounded number of rows.
fn batch(item: &Node, with: Option<&WithClause>) -> Option<String> {
    match item.node.as_ref()? {
        NodeEnum::RangeVar(name) => {
            let query = cte(&name.relname, with)?.ctequery.as_deref()?;
            let alias = name
                .alias
                .as_ref()
                .map_or(name.relname.clone(), |alias| alias.aliasname.clone());
            returns_a_batch(query, with).then_some(alias)
        }
        NodeEnum::RangeSubselect(query) => {
            let alias = query.alias.as_ref()?.aliasname.clone();
            returns_a_batch(query.subquery.as_deref()?, with).then_some(alias)
        }
        _ => None,
    }
}

/// LIMIT and VALUES, a selection from another batch, and a write that is itself bounded by a LIMIT.
fn returns_a_batch(query: &Node, with: Option<&WithClause>) -> bool {
    if is_limited(query) {
        return true;
    }
    match &query.node {
        Some(NodeEnum::SelectStmt(select)) => match select.from_clause.as_slice() {
            [only] => batch(only, with).is_some(),
            _ => false,
        },
        _ => false,
    }
}

fn cte<'a>(name: &str, with: Option<&'a WithClause>) -> Option<&'a CommonTableExpr> {
    with?.ctes.iter().find_map(|node| match &node.node {
        Some(NodeEnum::CommonTableExpr(found)) if found.ctename == name => Some(found.as_ref()),
        _ => None,
    })
}
