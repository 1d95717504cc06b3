//! SELECT, VALUES and set operations (`transformSelectStmt`, `transformValuesClause`,
//! `transformSetOperationStmt` in src/backend/parser/analyze.c).

use std::rc::Rc;

use pg_query::protobuf::{ResTarget, SelectStmt, SetOperation, SortBy, a_const};
use pg_query::{Node, NodeEnum};

use super::names::{Names, Output};
use super::{Analysis, strings};
use crate::catalog::Type;
use crate::catalog::figure_name::figure_column_name;
use crate::effects::expression::Purpose;
use crate::effects::expression::common::common_type;
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
    fn star(&mut self, qualifier: &[&str], names: &Rc<Names>, targets: &mut Targets) {
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
    fn sort_items(&mut self, clause: &[Node], targets: &Targets, names: &Rc<Names>) -> Vec<Expr> {
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
    fn limits(&mut self, stmt: &SelectStmt, names: &Rc<Names>) {
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

    fn values(&mut self, stmt: &SelectStmt, names: &Rc<Names>) -> Output {
        let mut rows: Vec<Vec<Expr>> = Vec::new();
        for row in &stmt.values_lists {
            let Some(NodeEnum::List(row)) = &row.node else {
                continue;
            };
            let mut values = Vec::new();
            for value in &row.items {
                if star(value).is_some() {
                    return Output::default();
                }
                values.push(match &value.node {
                    Some(NodeEnum::SetToDefault(_)) => {
                        Expr::opaque(Vec::new(), types::untold(), "")
                    }
                    _ => self.expr(value, names, Purpose::Values),
                });
            }
            rows.push(values);
        }
        let width = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|row| row.len() != width) {
            self.fail("42601", "VALUES lists must all be the same length");
            return Output::default();
        }
        let mut columns = Vec::new();
        for at in 0..width {
            let column: Vec<Type> = rows.iter().map(|row| row[at].ty()).collect();
            let ty = self.common(&column, "VALUES");
            columns.push((format!("column{}", at + 1), ty));
        }
        let targets = Targets {
            list: columns
                .iter()
                .map(|(name, ty)| Target {
                    name: name.clone(),
                    expr: Expr::opaque(Vec::new(), ty.clone(), ""),
                })
                .collect(),
            open: false,
        };
        self.sort_items(&stmt.sort_clause, &targets, names);
        self.limits(stmt, names);
        Output {
            columns,
            known: true,
        }
    }

    /// UNION and its like: the arms, of as many columns and of types that match.
    fn set_operation(&mut self, stmt: &SelectStmt, names: &Rc<Names>) -> Output {
        let mut arms = Vec::new();
        let mut pending = vec![(stmt, true)];
        while let Some((arm, top)) = pending.pop() {
            let plain = top
                || arm.with_clause.is_none()
                    && arm.sort_clause.is_empty()
                    && arm.limit_count.is_none()
                    && arm.limit_offset.is_none();
            match (&arm.larg, &arm.rarg) {
                (Some(left), Some(right)) if plain => {
                    pending.push((right, false));
                    pending.push((left, false));
                }
                _ => arms.push(arm),
            }
        }
        let word = match stmt.op() {
            SetOperation::SetopIntersect => "INTERSECT",
            SetOperation::SetopExcept => "EXCEPT",
            SetOperation::SetopUnion | SetOperation::SetopNone | SetOperation::Undefined => "UNION",
        };
        let mut output: Option<Output> = None;
        for arm in arms {
            let this = self.select(arm, names, false);
            output = Some(match output {
                None => this,
                Some(before) => self.united(before, this, word),
            });
        }
        let mut output = output.unwrap_or_default();
        for (_, ty) in &mut output.columns {
            if is_literal(ty) {
                *ty = Type::builtin("text");
            }
        }
        self.sorted_union(&stmt.sort_clause, &output);
        self.limits(stmt, names);
        if !stmt.locking_clause.is_empty() {
            self.fail("0A000", format!("FOR UPDATE is not allowed with {word}"));
        }
        output
    }

    fn united(&mut self, left: Output, right: Output, word: &str) -> Output {
        if !left.known || !right.known {
            return Output::default();
        }
        if left.columns.len() != right.columns.len() {
            let message = format!("each {word} query must have the same number of columns");
            self.fail("42601", message);
            return Output::default();
        }
        let mut columns = Vec::new();
        for ((name, one), (_, other)) in left.columns.into_iter().zip(right.columns) {
            columns.push((name, self.common(&[one, other], word)));
        }
        Output {
            columns,
            known: true,
        }
    }

    /// ORDER BY of a union sees the columns of its result and nothing else.
    fn sorted_union(&mut self, clause: &[Node], output: &Output) {
        if !output.known {
            return;
        }
        for sort in clause.iter().filter_map(sort_by) {
            let Some(item) = sort.node.as_deref() else {
                continue;
            };
            if let Some(position) = position(item) {
                if position == 0 || position > output.columns.len() {
                    let message = format!("ORDER BY position {position} is not in select list");
                    self.fail("42P10", message);
                }
                continue;
            }
            if let Some(NodeEnum::ColumnRef(reference)) = &item.node
                && let [name] = strings(&reference.fields).as_slice()
                && !output.columns.iter().any(|(column, _)| column == name)
            {
                self.fail("42703", format!("column \"{name}\" does not exist"));
            }
        }
    }

    /// `select_common_type`; untold where something is not known.
    pub(super) fn common(&mut self, inputs: &[Type], word: &str) -> Type {
        if inputs
            .iter()
            .any(|ty| !is_literal(ty) && !self.types.is_known(ty))
        {
            return types::untold();
        }
        // Literals alone stay what they are, for what comes after.
        if inputs.iter().all(is_literal) {
            return inputs.first().cloned().unwrap_or_else(types::untold);
        }
        if let Some(common) = common_type(self.types, inputs) {
            return common;
        }
        let shown: Vec<String> = inputs.iter().map(|ty| self.types.display(ty)).collect();
        self.fail(
            "42804",
            format!("{word} types {} cannot be matched", shown.join(" and ")),
        );
        types::untold()
    }

    /// FOR UPDATE and its like (`CheckSelectLocking`, `transformLockingClause`).
    fn locking(&mut self, stmt: &SelectStmt, names: &Rc<Names>, targets: &Targets) {
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

enum Star<'n> {
    Of(Vec<&'n str>),
    /// `(composite).*`
    Fields,
}

fn star(value: &Node) -> Option<Star<'_>> {
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

fn sort_by(node: &Node) -> Option<&SortBy> {
    match node.node.as_ref()? {
        NodeEnum::SortBy(sort) => Some(sort),
        _ => None,
    }
}

/// An integer constant in ORDER BY or GROUP BY.
fn position(item: &Node) -> Option<usize> {
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
