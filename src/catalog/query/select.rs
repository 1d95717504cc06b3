//! SELECT, VALUES and set operations: the columns that they give.

use pg_query::protobuf::{ResTarget, SelectStmt, SetOperation};
use pg_query::{Node, NodeEnum};

use super::scope::Level;
use super::{Output, OutputColumn, Reader};
use crate::catalog::Type;
use crate::catalog::figure_name::figure_column_name;
use crate::catalog::resolve::strings;

impl Reader<'_> {
    pub(super) fn select(&mut self, select: &SelectStmt) -> Output {
        let ctes = self.ctes.len();
        self.with(select.with_clause.as_ref());
        let output = if select.op() == SetOperation::SetopNone || select.larg.is_none() {
            self.simple_select(select)
        } else {
            self.set_operation(select)
        };
        self.ctes.truncate(ctes);
        output
    }

    /// UNION and its kin: the arms from left to right, without recursion along a chain of them.
    fn set_operation(&mut self, select: &SelectStmt) -> Output {
        let mut pending: Vec<&SelectStmt> = vec![select];
        let mut output: Option<Output> = None;
        while let Some(arm) = pending.pop() {
            let nested = !std::ptr::eq(arm, select) && arm.with_clause.is_some();
            if let (Some(left), Some(right), false) = (&arm.larg, &arm.rarg, nested) {
                pending.push(right);
                pending.push(left);
                continue;
            }
            let this = if nested {
                self.guarded(|reader| reader.select(arm))
            } else {
                self.simple_select(arm)
            };
            match &mut output {
                None => output = Some(this),
                Some(first) => merge_types(first, &this),
            }
        }
        output.unwrap_or_default()
    }

    pub(super) fn simple_select(&mut self, select: &SelectStmt) -> Output {
        self.levels.push(Level::default());
        for item in &select.from_clause {
            self.add_item(item);
        }
        let output = if select.values_lists.is_empty() {
            self.targets(&select.target_list)
        } else {
            self.values(&select.values_lists)
        };
        self.expressions(select.where_clause.as_deref());
        self.expressions(select.having_clause.as_deref());
        self.expressions(&select.window_clause);
        let names = output.columns.iter().map(|column| column.name.clone());
        let outer = std::mem::replace(&mut self.outputs, names.collect());
        self.expressions(&select.distinct_clause);
        self.expressions(&select.group_clause);
        self.expressions(&select.sort_clause);
        self.outputs = outer;
        self.expressions(select.limit_count.as_deref());
        self.expressions(select.limit_offset.as_deref());
        self.levels.pop();
        output
    }

    fn values(&mut self, rows: &[Node]) -> Output {
        self.expressions(rows);
        let first = match rows.first().and_then(|row| row.node.as_ref()) {
            Some(NodeEnum::List(list)) => list.items.as_slice(),
            _ => &[],
        };
        let columns = first
            .iter()
            .enumerate()
            .map(|(at, value)| OutputColumn {
                name: format!("column{}", at + 1),
                ty: self.type_of(value),
            })
            .collect();
        Output {
            columns,
            complete: true,
        }
    }

    pub(super) fn targets(&mut self, targets: &[Node]) -> Output {
        let mut output = Output {
            columns: Vec::new(),
            complete: true,
        };
        for target in targets {
            if let Some(NodeEnum::ResTarget(target)) = &target.node {
                self.target(target, &mut output);
            }
        }
        output
    }

    fn target(&mut self, target: &ResTarget, output: &mut Output) {
        let Some(value) = &target.val else {
            return;
        };
        if let Some(NodeEnum::ColumnRef(reference)) = &value.node
            && matches!(
                reference
                    .fields
                    .last()
                    .and_then(|field| field.node.as_ref()),
                Some(NodeEnum::AStar(_))
            )
        {
            self.star(&strings(&reference.fields), output);
            return;
        }
        let ty = self.type_of(value);
        self.expression_here(value);
        let name = if target.name.is_empty() {
            figure_column_name(value)
        } else {
            target.name.clone()
        };
        output.columns.push(OutputColumn { name, ty });
    }

    /// `*` or `table.*`
    fn star(&mut self, qualifier: &[&str], output: &mut Output) {
        let expanded = match qualifier {
            [] => self.levels.last().map(Level::star),
            [table] => self
                .levels
                .iter()
                .rev()
                .find_map(|level| level.star_of(None, table)),
            [.., schema, table] => self
                .levels
                .iter()
                .rev()
                .find_map(|level| level.star_of(Some(schema), table)),
        };
        let Some((columns, known)) = expanded else {
            output.complete = false;
            return;
        };
        output.complete &= known;
        for column in columns {
            for (relation, name) in &column.origins {
                self.read(*relation, Some(name));
            }
            output.columns.push(OutputColumn {
                name: column.name.clone(),
                ty: column.ty.clone(),
            });
        }
    }
}

/// `VALUES (...), (...)` and nothing else.
pub(super) fn is_only_values(select: &SelectStmt) -> bool {
    !select.values_lists.is_empty()
        && select.with_clause.is_none()
        && select.sort_clause.is_empty()
        && select.limit_count.is_none()
        && select.limit_offset.is_none()
}

pub(super) fn merge_types(first: &mut Output, other: &Output) {
    for (column, other) in first.columns.iter_mut().zip(&other.columns) {
        if column.ty != other.ty {
            column.ty = Type::unknown("");
        }
    }
}
