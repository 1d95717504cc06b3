//! VALUES, UNION and its like: rows of one width, columns of one type (`transformValuesClause`,
//! `transformSetOperationStmt` in src/backend/parser/analyze.c).

use std::rc::Rc;

use pg_query::protobuf::{SelectStmt, SetOperation, SortBy};
use pg_query::{Node, NodeEnum};

use super::names::{Names, Output};
use super::select::{Target, Targets, position, star};
use super::{Analysis, strings};
use crate::catalog::Type;
use crate::effects::expression::Purpose;
use crate::effects::expression::common::common_type;
use crate::effects::expression::tree::Expr;
use crate::effects::expression::types::{self, is_literal};

impl Analysis<'_> {
    pub(super) fn values(&mut self, stmt: &SelectStmt, names: &Rc<Names>) -> Output {
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
    pub(super) fn set_operation(&mut self, stmt: &SelectStmt, names: &Rc<Names>) -> Output {
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
}

fn sort_by(node: &Node) -> Option<&SortBy> {
    match node.node.as_ref()? {
        NodeEnum::SortBy(sort) => Some(sort),
        _ => None,
    }
}
