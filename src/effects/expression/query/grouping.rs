//! Columns that are neither grouped nor inside an aggregate (`parseCheckAggregates` in
//! src/backend/parser/parse_agg.c).

use std::rc::Rc;

use pg_query::protobuf::SelectStmt;

use super::Analysis;
use super::names::{Item, Names};
use super::select::{Targets, has_unknown};
use crate::catalog::{Catalog, ConstraintKind};
use crate::effects::expression::Purpose;
use crate::effects::expression::tree::Expr;
use crate::effects::key_columns;

/// What [`Expr::Other`] of an aggregate is called.
pub(in crate::effects::expression) const AGGREGATE: &str = "aggregate";
/// Of a call that may be one: which function is meant is not known.
pub(in crate::effects::expression) const PERHAPS_AGGREGATE: &str = "function or aggregate";
/// And of a window function.
pub(in crate::effects::expression) const WINDOW: &str = "window function";

impl Analysis<'_> {
    /// `grouped`: none where grouping sets say more than a list.
    pub(super) fn check_grouping(
        &mut self,
        stmt: &SelectStmt,
        targets: &Targets,
        sorted: &[Expr],
        grouped: Option<Vec<Expr>>,
        names: &Rc<Names>,
    ) {
        let Some(grouped) = grouped else {
            return;
        };
        let having = stmt.having_clause.as_deref();
        let having = having.map(|node| self.expr(node, names, Purpose::Having));
        let all: Vec<&Expr> = targets
            .list
            .iter()
            .map(|target| &target.expr)
            .chain(sorted)
            .chain(&having)
            .collect();
        let groups = !stmt.group_clause.is_empty()
            || having.is_some()
            || all.iter().any(|expr| aggregates(expr));
        if !groups || grouped.iter().any(has_unknown) {
            return;
        }
        let determined = determined_items(names, &grouped, self.scope.catalog);
        let level = format!("{}.", names.depth);
        let ungrouped = all
            .into_iter()
            .find_map(|expr| ungrouped(expr, &grouped, &determined, &level));
        if let Some(column) = ungrouped {
            let name = column.rsplit('.').next().unwrap_or(column);
            let message = format!(
                "column \"{name}\" must appear in the GROUP BY clause or be used in an aggregate function"
            );
            self.fail("42803", message);
        }
    }
}

/// The key of the first column of this level that is on its own (`check_ungrouped_columns_walker`).
fn ungrouped<'e>(
    expr: &'e Expr,
    grouped: &[Expr],
    determined: &[String],
    level: &str,
) -> Option<&'e str> {
    if grouped.contains(expr) {
        return None;
    }
    match expr {
        Expr::Other(other) if matches!(other.name.as_str(), AGGREGATE | PERHAPS_AGGREGATE) => None,
        Expr::Column { name, .. } => {
            let own = name.starts_with(level);
            let free = determined
                .iter()
                .any(|item| name.starts_with(item.as_str()));
            (own && !free).then_some(name.as_str())
        }
        other => other
            .children()
            .into_iter()
            .find_map(|part| ungrouped(part, grouped, determined, level)),
    }
}

/// The items whose columns all depend on what is grouped: their primary key is (`check_functional_grouping` in
/// src/backend/catalog/pg_constraint.c), or may be.
fn determined_items(names: &Names, grouped: &[Expr], catalog: &Catalog) -> Vec<String> {
    let is_grouped = |key: &str| {
        grouped
            .iter()
            .any(|expr| matches!(expr, Expr::Column { name, .. } if name == key))
    };
    names
        .items()
        .iter()
        .filter(|item| is_determined(item, catalog, is_grouped))
        .filter_map(|item| {
            let key = &item.columns.first()?.key;
            let (place, _) = key.split_at(key.find('.')? + 1);
            let rest = key.get(place.len()..)?;
            let end = rest.find('.')?;
            Some(format!("{place}{}.", &rest[..end]))
        })
        .collect()
}

fn is_determined(item: &Item, catalog: &Catalog, is_grouped: impl Fn(&str) -> bool) -> bool {
    let Some(relation) = item.relation.and_then(|oid| catalog.relation(oid)) else {
        return false;
    };
    if !relation.complete {
        return true;
    }
    relation.constraints.iter().any(|constraint| {
        let ConstraintKind::PrimaryKey { index } = &constraint.kind else {
            return false;
        };
        let Some(index) = catalog.index(*index) else {
            return true;
        };
        let columns = key_columns(index);
        !constraint.deferrable
            && columns.iter().all(|name| {
                item.columns
                    .iter()
                    .zip(&relation.columns)
                    .any(|(column, stored)| stored.name == *name && is_grouped(&column.key))
            })
    })
}

/// It contains an aggregate.
pub(in crate::effects::expression) fn aggregates(expr: &Expr) -> bool {
    is_called(expr, AGGREGATE)
}

pub(super) fn has_window(expr: &Expr) -> bool {
    is_called(expr, WINDOW)
}

fn is_called(expr: &Expr, name: &str) -> bool {
    let found = matches!(expr, Expr::Other(other) if other.name == name);
    found
        || expr
            .children()
            .into_iter()
            .any(|part| is_called(part, name))
}

pub(super) fn returns_set(expr: &Expr) -> bool {
    let found = matches!(expr, Expr::Call(call) if call.callee.returns_set);
    found || expr.children().into_iter().any(returns_set)
}
