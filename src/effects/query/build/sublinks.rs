//! Conditions, and the subqueries in them: which are pulled up into joins, and which are planned by themselves.

use std::ops::Range;

use pg_query::protobuf::{BoolExprType, SelectStmt, SubLink, SubLinkType, a_const};
use pg_query::{Node, NodeEnum, NodeRef};

use crate::effects::query::functions;
use crate::effects::query::level::{Condition, Level, Place, Resolved, Rows, Source, Test};
use crate::effects::{LockMode, node};
use crate::sql::walk;

use super::from::{is_simple, output_value};
use super::{Planner, Wanted, lock_mode};

impl<'q, 'a: 'q> Planner<'q, '_, 'a> {
    /// Adds the conjuncts of WHERE or ON; sublinks among them become joins where PostgreSQL makes them so.
    pub fn conditions(
        &mut self,
        condition: Option<&'q Node>,
        level: &mut Level<'q>,
        scope: usize,
        about: Option<Range<usize>>,
    ) {
        let Some(condition) = condition else {
            return;
        };
        match &condition.node {
            Some(NodeEnum::BoolExpr(and)) if and.boolop() == BoolExprType::AndExpr => {
                for part in &and.args {
                    self.conditions(Some(part), level, scope, about.clone());
                }
                return;
            }
            Some(NodeEnum::SubLink(sublink)) if self.pull_up(sublink, false, level, scope) => {
                return;
            }
            Some(NodeEnum::BoolExpr(not)) if not.boolop() == BoolExprType::NotExpr => {
                if let Some(NodeEnum::SubLink(sublink)) =
                    not.args.first().and_then(|node| node.node.as_ref())
                    && self.pull_up(sublink, true, level, scope)
                {
                    return;
                }
            }
            Some(NodeEnum::AConst(constant)) => {
                let no = match &constant.val {
                    Some(a_const::Val::Boolval(value)) => !value.boolval,
                    _ => constant.isnull,
                };
                level.never |= no && about.is_none();
                return;
            }
            _ => {}
        }
        self.sublinks(condition);
        level.conditions.push(Condition {
            test: Test::Expression(condition),
            scope,
            about,
        });
    }

    /// `x IN (SELECT ...)`, `EXISTS (SELECT ...)` and `NOT EXISTS (...)` become joins
    /// (`convert_ANY_sublink_to_join`, `convert_EXISTS_sublink_to_join`).
    fn pull_up(
        &mut self,
        sublink: &'q SubLink,
        negated: bool,
        level: &mut Level<'q>,
        scope: usize,
    ) -> bool {
        let Some(NodeEnum::SelectStmt(select)) = sublink
            .subselect
            .as_ref()
            .and_then(|node| node.node.as_ref())
        else {
            return false;
        };
        match sublink.sub_link_type() {
            SubLinkType::AnySublink if !negated => self.pull_up_any(sublink, select, level, scope),
            SubLinkType::ExistsSublink => self.pull_up_exists(select, negated, level, scope),
            _ => false,
        }
    }

    fn pull_up_any(
        &mut self,
        sublink: &'q SubLink,
        select: &'q SelectStmt,
        level: &mut Level<'q>,
        scope: usize,
    ) -> bool {
        let operator = sublink.oper_name.last().and_then(node::string);
        if !matches!(operator, None | Some("=")) {
            return false;
        }
        let Some(left) = sublink.testexpr.as_deref() else {
            return false;
        };
        if is_simple(select, self.c)
            && let [output] = select.target_list.as_slice()
            && let Some(output) = output_value(output)
        {
            let first = level.sources.len();
            let inner = level.add_scope(None);
            self.add_list(&select.from_clause, level, inner, &|alias| {
                lock_mode(select, alias)
            });
            let about = first..level.sources.len();
            self.conditions(select.where_clause.as_deref(), level, inner, None);
            self.sublinks(output);
            self.sublinks(left);
            level.conditions.push(Condition {
                test: Test::Equal(
                    Place::Expression(left, scope),
                    Place::Expression(output, inner),
                ),
                scope,
                about: None,
            });
            return !about.is_empty() || select.from_clause.is_empty();
        }
        let count = self.select(select, Wanted::AllRows);
        let source = level.add_source(Source {
            rows: Rows::Planned(count),
            mode: LockMode::AccessShare,
            span: self.span.clone(),
            because: None,
        });
        self.sublinks(left);
        level.conditions.push(Condition {
            test: Test::Equal(Place::Expression(left, scope), Place::Row(source)),
            scope,
            about: None,
        });
        true
    }

    /// An EXISTS that does not look at the outer query is run once, and its first row ends it.
    fn pull_up_exists(
        &mut self,
        select: &'q SelectStmt,
        negated: bool,
        level: &mut Level<'q>,
        scope: usize,
    ) -> bool {
        let plain = select.with_clause.is_none()
            && select.larg.is_none()
            && select.values_lists.is_empty()
            && select.group_clause.is_empty()
            && select.having_clause.is_none()
            && select.window_clause.is_empty()
            && select.limit_offset.is_none()
            && !select.from_clause.is_empty()
            && !functions::has_aggregate(&select.target_list, self.c);
        if !plain {
            return false;
        }
        let first = level.sources.len();
        let inner = level.add_scope(Some(scope));
        self.add_list(&select.from_clause, level, inner, &|alias| {
            lock_mode(select, alias)
        });
        let end = level.sources.len();
        let correlated = select
            .where_clause
            .as_deref()
            .is_some_and(|node| reaches_out(node, level, inner, first..end));
        if !correlated {
            level.sources.truncate(first);
            level.scopes.truncate(inner);
            level.conditions.retain(|condition| condition.scope < inner);
            self.select(select, Wanted::OneRow);
            return true;
        }
        // The rows of the outer query that have no partner count as well.
        let about = negated.then_some(first..end);
        self.conditions(select.where_clause.as_deref(), level, inner, about);
        true
    }

    /// Plans every subquery in an expression by itself.
    pub fn sublinks(&mut self, expression: &'q Node) {
        if let Some(node) = &expression.node {
            self.sublinks_in(node.to_ref());
        }
    }

    pub fn sublinks_of(&mut self, expressions: &'q [Node]) {
        for expression in expressions {
            self.sublinks(expression);
        }
    }

    pub fn sublinks_below(&mut self, node: NodeRef<'q>) {
        for child in walk::children(node) {
            self.sublinks_in(child);
        }
    }

    fn sublinks_in(&mut self, node: NodeRef<'q>) {
        let NodeRef::SubLink(sublink) = node else {
            self.sublinks_below(node);
            return;
        };
        if let Some(test) = &sublink.testexpr {
            self.sublinks(test);
        }
        let wanted = match sublink.sub_link_type() {
            SubLinkType::ExistsSublink => Wanted::OneRow,
            _ => Wanted::AllRows,
        };
        if let Some(NodeEnum::SelectStmt(select)) = sublink
            .subselect
            .as_ref()
            .and_then(|node| node.node.as_ref())
        {
            self.select(select, wanted);
        }
    }
}

/// Whether a condition names a column of a query around it.
fn reaches_out(condition: &Node, level: &Level<'_>, scope: usize, own: Range<usize>) -> bool {
    let Some(node) = &condition.node else {
        return false;
    };
    walk::descendants(node).any(|node| match node {
        NodeRef::ColumnRef(column) => match level.resolve(column, scope) {
            Resolved::Column(source, _) | Resolved::Row(source) => !own.contains(&source),
            Resolved::Outer => true,
            Resolved::Computed => false,
        },
        _ => false,
    })
}
