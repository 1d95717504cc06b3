//! SELECT, VALUES and set operations (`transformSelectStmt`, `transformValuesClause`,
//! `transformSetOperationStmt` in src/backend/parser/analyze.c).

use std::rc::Rc;

use pg_query::protobuf::{ResTarget, SelectStmt, SetOperation, a_const};
use pg_query::{Node, NodeEnum};

use super::names::{Names, Output};
use super::{Analysis, strings};
use crate::catalog::Type;
use crate::catalog::figure_name::figure_column_name;
use crate::effects::expression::Purpose;
use crate::effects::expression::tree::Expr;
use crate::effects::expression::types::{self, is_literal};

/// The select list of a query.
#[derive(Default)]
pub(super) struct Targets {
    pub list: Vec<Target>,
    /// A `*` may stand for more.
    pub open: bool,
}

pub(super) struct Target {
    pub name: String,
    pub expr: Expr,
}

impl Targets {
    pub fn output(&self) -> Output {
        let text = |ty: Type| match is_literal(&ty) {
            true => Type::builtin("text"),
            false => ty,
        };
        Output {
            columns: self
                .list
                .iter()
                .map(|target| (target.name.clone(), text(target.expr.ty())))
                .collect(),
            known: !self.open,
        }
    }
}

impl Analysis<'_> {
    /// `resolve`: untyped literals become text, as everywhere but at the top of INSERT and in set operations.
    pub(super) fn select(&mut self, stmt: &SelectStmt, outer: &Rc<Names>, resolve: bool) -> Output {
        let level = self.level(stmt.with_clause.as_ref(), outer);
        if self.error.is_some() {
            return Output::default();
        }
        if stmt.op() != SetOperation::SetopNone && stmt.larg.is_some() {
            return self.set_operation(stmt, &Rc::new(level));
        }
        if !stmt.values_lists.is_empty() {
            return self.values(stmt, &Rc::new(level));
        }
        self.simple_select(stmt, level, resolve)
    }

    fn simple_select(&mut self, stmt: &SelectStmt, level: Names, resolve: bool) -> Output {
        let names = self.from(level, &stmt.from_clause);
        let targets = self.targets(&stmt.target_list, &names, Purpose::Other);
        self.condition(
            stmt.where_clause.as_deref(),
            &names,
            Purpose::Where,
            "WHERE",
        );
        self.condition(
            stmt.having_clause.as_deref(),
            &names,
            Purpose::Having,
            "HAVING",
        );
        let sorted = self.sort_items(&stmt.sort_clause, &targets, &names);
        let grouped = self.group_items(&stmt.group_clause, &targets, &names);
        self.distinct(stmt, &targets, &sorted, &names);
        self.limits(stmt, &names);
        if self.error.is_none() {
            self.locking(stmt, &names, &targets);
        }
        if self.error.is_none() {
            self.check_grouping(stmt, &targets, &sorted, grouped, &names);
        }
        match resolve {
            true => targets.output(),
            false => Output {
                columns: targets
                    .list
                    .iter()
                    .map(|target| (target.name.clone(), target.expr.ty()))
                    .collect(),
                known: !targets.open,
            },
        }
    }

    /// `transformTargetList`
    pub(super) fn targets(
        &mut self,
        list: &[Node],
        names: &Rc<Names>,
        purpose: Purpose,
    ) -> Targets {
        let mut targets = Targets::default();
        for node in list {
            if let Some(NodeEnum::ResTarget(target)) = &node.node {
                self.target(target, names, purpose, &mut targets);
            }
        }
        targets
    }

    fn target(
        &mut self,
        target: &ResTarget,
        names: &Rc<Names>,
        purpose: Purpose,
        targets: &mut Targets,
    ) {
        let Some(value) = target.val.as_deref() else {
            return;
        };
        match star(value) {
            Some(Star::Of(qualifier)) => {
                self.star(&qualifier, names, targets);
                return;
            }
            Some(Star::Fields) => {
                self.expr(value, names, purpose);
                targets.open = true;
                return;
            }
            None => {}
        }
        let name = match target.name.as_str() {
            "" => figure_column_name(value),
            name => name.to_owned(),
        };
        let expr = self.expr(value, names, purpose);
        targets.list.push(Target { name, expr });
    }

    /// `*` and `table.*` (`ExpandColumnRefStar`).
    pub(super) fn star(&mut self, qualifier: &[&str], names: &Rc<Names>, targets: &mut Targets) {
        let (columns, known) = match qualifier {
            [] if names.items().is_empty() => {
                self.fail("42601", "SELECT * with no tables specified is not valid");
                return;
            }
            [] => (
                names.bare().to_vec(),
                names.items().iter().all(|item| item.known),
            ),
            [.., table] => match names.item(table) {
                Some(item) => (item.columns.clone(), item.known),
                None => {
                    targets.open = true;
                    if qualifier.len() == 1 && !names.may_be_argument(table) {
                        self.fail(
                            "42P01",
                            format!("missing FROM-clause entry for table \"{table}\""),
                        );
                    }
                    return;
                }
            },
        };
        targets.open |= !known;
        for column in columns {
            targets.list.push(Target {
                name: column.name,
                expr: Expr::Column {
                    name: column.key,
                    ty: column.ty,
                },
            });
        }
    }

    /// `transformSortClause`: a name is one of the select list's before it is a column's.
    pub(super) fn sort_items(
        &mut self,
        clause: &[Node],
        targets: &Targets,
        names: &Rc<Names>,
    ) -> Vec<Expr> {
        let mut sorted = Vec::new();
        for node in clause {
            let Some(NodeEnum::SortBy(sort)) = &node.node else {
                continue;
            };
            let Some(item) = sort.node.as_deref() else {
                continue;
            };
            sorted.push(
                match self.by_target(item, targets, "ORDER BY", false, names) {
                    Some(expr) => expr,
                    None => self.expr(item, names, Purpose::Other),
                },
            );
        }
        sorted
    }

    /// None where a grouping set makes it more than a list.
    fn group_items(
        &mut self,
        clause: &[Node],
        targets: &Targets,
        names: &Rc<Names>,
    ) -> Option<Vec<Expr>> {
        let mut grouped = Vec::new();
        for node in clause {
            match &node.node {
                Some(NodeEnum::GroupingSet(_)) => return None,
                Some(NodeEnum::RowExpr(row)) => {
                    for field in &row.args {
                        grouped.push(self.expr(field, names, Purpose::GroupBy));
                    }
                }
                _ => grouped.push(
                    match self.by_target(node, targets, "GROUP BY", true, names) {
                        Some(expr) => {
                            self.refuse_aggregate(&expr, "GROUP BY");
                            expr
                        }
                        None => self.expr(node, names, Purpose::GroupBy),
                    },
                ),
            }
        }
        Some(grouped)
    }

    fn refuse_aggregate(&mut self, expr: &Expr, clause: &str) {
        if super::grouping::aggregates(expr) {
            self.fail(
                "42803",
                format!("aggregate functions are not allowed in {clause}"),
            );
        }
    }

    /// A position or a name in the select list (`findTargetlistEntrySQL92`).
    fn by_target(
        &mut self,
        item: &Node,
        targets: &Targets,
        clause: &str,
        columns_first: bool,
        names: &Rc<Names>,
    ) -> Option<Expr> {
        if let Some(position) = position(item) {
            let found = position
                .checked_sub(1)
                .and_then(|at| targets.list.get(at))
                .map(|target| target.expr.clone());
            if found.is_none() && !targets.open {
                let message = format!("{clause} position {position} is not in select list");
                self.fail("42P10", message);
            }
            // What stands behind a `*` that is not known may be elsewhere in the list.
            return Some(match (found, targets.open) {
                (Some(expr), false) => expr,
                _ => Expr::opaque(Vec::new(), types::untold(), ""),
            });
        }
        let name = match &item.node {
            Some(NodeEnum::ColumnRef(reference)) => match strings(&reference.fields).as_slice() {
                [name] if reference.fields.len() == 1 => (*name).to_owned(),
                _ => return None,
            },
            _ => return None,
        };
        if columns_first && names.bare().iter().any(|column| column.name == name) {
            return None;
        }
        let mut found = targets.list.iter().filter(|target| target.name == name);
        let first = found.next()?;
        if let Some(other) = found.find(|other| other.expr != first.expr) {
            let certain = !has_unknown(&first.expr) && !has_unknown(&other.expr);
            if certain {
                self.fail("42702", format!("{clause} \"{name}\" is ambiguous"));
            }
        }
        Some(first.expr.clone())
    }

    /// DISTINCT and DISTINCT ON (`transformDistinctClause`, `transformDistinctOnClause`).
    fn distinct(
        &mut self,
        stmt: &SelectStmt,
        targets: &Targets,
        sorted: &[Expr],
        names: &Rc<Names>,
    ) {
        let on: Vec<&Node> = stmt
            .distinct_clause
            .iter()
            .filter(|node| node.node.is_some())
            .collect();
        if stmt.distinct_clause.is_empty() {
            return;
        }
        if on.is_empty() {
            let elsewhere = sorted.iter().any(|expr| {
                !has_unknown(expr) && !targets.list.iter().any(|target| target.expr == *expr)
            });
            if elsewhere && !targets.open && !targets.list.iter().any(|it| has_unknown(&it.expr)) {
                let message =
                    "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
                self.fail("42P10", message);
            }
            return;
        }
        let mut wanted = Vec::new();
        for node in on {
            wanted.push(
                match self.by_target(node, targets, "DISTINCT ON", false, names) {
                    Some(expr) => expr,
                    None => self.expr(node, names, Purpose::Other),
                },
            );
        }
        if wanted.iter().chain(sorted).any(has_unknown) {
            return;
        }
        let leading = sorted
            .iter()
            .take_while(|expr| wanted.contains(expr))
            .count();
        let all_covered = wanted.iter().all(|expr| sorted[..leading].contains(expr));
        if leading < sorted.len() && !all_covered {
            let message = "SELECT DISTINCT ON expressions must match initial ORDER BY expressions";
            self.fail("42P10", message);
        }
    }

    /// `transformLimitClause`
    pub(super) fn limits(&mut self, stmt: &SelectStmt, names: &Rc<Names>) {
        for (node, word) in [
            (stmt.limit_offset.as_deref(), "OFFSET"),
            (stmt.limit_count.as_deref(), "LIMIT"),
        ] {
            let Some(node) = node else {
                continue;
            };
            self.assigned_to(
                node,
                names,
                Purpose::Limit,
                &Type::builtin("int8"),
                |found| format!("argument of {word} must be type bigint, not type {found}"),
            );
        }
    }

    /// An expression that a place of that type takes.
    pub(super) fn assigned_to(
        &mut self,
        node: &Node,
        names: &Rc<Names>,
        purpose: Purpose,
        target: &Type,
        message: impl Fn(&str) -> String,
    ) {
        use crate::effects::expression::analyser::Analyser;
        use crate::effects::expression::coerce::{Context, can_coerce};
        let mut analyser = Analyser::new(self.scope, purpose);
        analyser.names = Some(Rc::clone(names));
        let expr = analyser.expr(node);
        let found = expr.ty();
        let possible = can_coerce(self.types, &found, target, Context::Assignment);
        if possible == Some(false) {
            let found = self.types.display(&found);
            analyser.notes.fail("42804", message(&found));
        }
        let expr = analyser.coerce(expr, target, Context::Assignment);
        let error = analyser
            .notes
            .error
            .or_else(|| crate::effects::expression::refused_literal(&expr));
        if self.error.is_none() {
            self.error = error;
        }
    }
}

pub(super) enum Star<'n> {
    Of(Vec<&'n str>),
    /// `(composite).*`
    Fields,
}

pub(super) fn star(value: &Node) -> Option<Star<'_>> {
    let is_star = |node: Option<&Node>| {
        node.is_some_and(|node| matches!(node.node, Some(NodeEnum::AStar(_))))
    };
    match value.node.as_ref()? {
        NodeEnum::ColumnRef(reference) if is_star(reference.fields.last()) => {
            Some(Star::Of(strings(&reference.fields)))
        }
        NodeEnum::AIndirection(indirection) if is_star(indirection.indirection.last()) => {
            Some(Star::Fields)
        }
        _ => None,
    }
}

/// An integer constant in ORDER BY or GROUP BY.
pub(super) fn position(item: &Node) -> Option<usize> {
    match item.node.as_ref()? {
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            a_const::Val::Ival(value) => usize::try_from(value.ival).ok(),
            _ => None,
        },
        _ => None,
    }
}

/// Something in it has no type that is known, so that it may be the same as anything.
pub(in crate::effects::expression) fn has_unknown(expr: &Expr) -> bool {
    let unknown = match expr {
        Expr::Column { name, .. } => name.starts_with('?'),
        Expr::Other(other) => types::untold() == other.ty,
        _ => false,
    };
    unknown || expr.children().into_iter().any(has_unknown)
}
