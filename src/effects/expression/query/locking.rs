//! FOR UPDATE and its like: where they may stand (`CheckSelectLocking`, `transformLockingClause` in
//! src/backend/parser/analyze.c).

use std::rc::Rc;

use pg_query::protobuf::SelectStmt;
use pg_query::{Node, NodeEnum};

use super::Analysis;
use super::names::Names;
use super::select::Targets;
use crate::effects::expression::tree::Expr;

impl Analysis<'_> {
    /// FOR UPDATE and its like (`CheckSelectLocking`, `transformLockingClause`).
    pub(super) fn locking(&mut self, stmt: &SelectStmt, names: &Rc<Names>, targets: &Targets) {
        let clauses: Vec<_> = stmt
            .locking_clause
            .iter()
            .filter_map(|node| match &node.node {
                Some(NodeEnum::LockingClause(clause)) => Some(clause),
                _ => None,
            })
            .collect();
        if clauses.is_empty() {
            return;
        }
        let in_list = |found: fn(&Expr) -> bool| targets.list.iter().any(|it| found(&it.expr));
        let with = if !stmt.distinct_clause.is_empty() {
            Some("DISTINCT clause")
        } else if !stmt.group_clause.is_empty() {
            Some("GROUP BY clause")
        } else if stmt.having_clause.is_some() {
            Some("HAVING clause")
        } else if in_list(super::grouping::aggregates) {
            Some("aggregate functions")
        } else if in_list(super::grouping::has_window) {
            Some("window functions")
        } else if in_list(super::grouping::returns_set) {
            Some("set-returning functions in the target list")
        } else {
            None
        };
        if let Some(with) = with {
            self.fail("0A000", format!("FOR UPDATE is not allowed with {with}"));
            return;
        }
        for clause in &clauses {
            for node in &clause.locked_rels {
                if let Some(NodeEnum::RangeVar(name)) = &node.node
                    && !names.items().iter().any(|item| item.alias == name.relname)
                {
                    let message = format!(
                        "relation \"{}\" in FOR UPDATE clause not found in FROM clause",
                        name.relname
                    );
                    self.fail("42P01", message);
                }
            }
        }
        let locked = |alias: &str| {
            clauses.iter().any(|clause| {
                clause.locked_rels.is_empty()
                    || clause.locked_rels.iter().any(|node| match &node.node {
                        Some(NodeEnum::RangeVar(name)) => name.relname == alias,
                        _ => false,
                    })
            })
        };
        let nullable = nullable_relations(&stmt.from_clause);
        if self.planned && nullable.iter().any(|alias| locked(alias)) {
            let message = "FOR UPDATE cannot be applied to the nullable side of an outer join";
            self.fail("0A000", message);
        }
    }
}

/// The relations that an outer join can leave empty; those inside subqueries are not looked for.
fn nullable_relations(from: &[Node]) -> Vec<&str> {
    use pg_query::protobuf::JoinType;
    let mut found = Vec::new();
    let mut waiting: Vec<(&Node, bool)> = from.iter().map(|node| (node, false)).collect();
    while let Some((node, nullable)) = waiting.pop() {
        match &node.node {
            Some(NodeEnum::RangeVar(name)) if nullable => {
                found.push(
                    name.alias
                        .as_ref()
                        .map_or(name.relname.as_str(), |alias| alias.aliasname.as_str()),
                );
            }
            Some(NodeEnum::JoinExpr(join)) => {
                let (left, right) = match join.jointype() {
                    JoinType::JoinLeft => (false, true),
                    JoinType::JoinRight => (true, false),
                    JoinType::JoinFull => (true, true),
                    _ => (false, false),
                };
                for (side, empty) in [(&join.larg, left), (&join.rarg, right)] {
                    if let Some(side) = side {
                        waiting.push((side, nullable || empty));
                    }
                }
            }
            _ => {}
        }
    }
    found
}
