//! The items of FROM: relations, joins, subqueries, functions.

use std::rc::Rc;

use pg_query::protobuf::{Alias, JoinExpr, JsonTable, RangeFunction, RangeTableFunc, RangeVar};
use pg_query::{Node, NodeEnum};

use super::scope::{ReaderScope, ScopeColumn};
use super::{Output, OutputColumn, Reader};
use crate::catalog::Type;
use crate::catalog::figure_name::figure_column_name;
use crate::catalog::resolve::strings;

/// Joins nested deeper than this are not looked into.
const MAX_JOINS: usize = 500;

impl Reader<'_> {
    pub(super) fn add_item(&mut self, item: &Node) {
        let star = self.item(item);
        if let Some(level) = self.levels.last_mut() {
            level.star.extend(star);
        }
    }

    pub(super) fn add_relation(&mut self, relation: &RangeVar) {
        let star = self.relation_item(relation);
        if let Some(level) = self.levels.last_mut() {
            level.star.extend(star);
        }
    }

    /// Adds an item to the names of this level and answers the columns that it adds to `*`.
    fn item(&mut self, item: &Node) -> Vec<Rc<ScopeColumn>> {
        match &item.node {
            Some(NodeEnum::RangeVar(relation)) => self.relation_item(relation),
            Some(NodeEnum::JoinExpr(join)) => self.join(join),
            Some(NodeEnum::RangeSubselect(subselect)) => {
                let output = match &subselect.subquery {
                    Some(query) => self.subquery(query),
                    None => Output::default(),
                };
                self.output_item(output, subselect.alias.as_ref(), "")
            }
            Some(NodeEnum::RangeFunction(function)) => self.function(function),
            Some(NodeEnum::RangeTableFunc(function)) => self.xml_table(function),
            Some(NodeEnum::JsonTable(table)) => self.json_table(table),
            Some(NodeEnum::RangeTableSample(sample)) => {
                self.expressions(&sample.args);
                self.expressions(sample.repeatable.as_deref());
                match &sample.relation {
                    Some(relation) => self.item(relation),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn relation_item(&mut self, relation: &RangeVar) -> Vec<Rc<ScopeColumn>> {
        let scope = self.relation_columns(relation);
        let scope = match &relation.alias {
            Some(alias) => scope.renamed(&alias.aliasname, &strings(&alias.colnames)),
            None => scope,
        };
        self.add(scope)
    }

    fn add(&mut self, scope: ReaderScope) -> Vec<Rc<ScopeColumn>> {
        let star = scope.columns.clone();
        if let Some(level) = self.levels.last_mut() {
            level.items.push(scope);
        }
        star
    }

    fn output_item(
        &mut self,
        output: Output,
        alias: Option<&Alias>,
        name: &str,
    ) -> Vec<Rc<ScopeColumn>> {
        let scope = ReaderScope::of_output(name, &output);
        let scope = match alias {
            Some(alias) => scope.renamed(&alias.aliasname, &strings(&alias.colnames)),
            None => scope,
        };
        self.add(scope)
    }

    fn join(&mut self, join: &JoinExpr) -> Vec<Rc<ScopeColumn>> {
        if self.joins >= MAX_JOINS {
            self.doubtful = true;
            return Vec::new();
        }
        self.joins += 1;
        let first = self.levels.last().map_or(0, |level| level.items.len());
        let left = join
            .larg
            .as_ref()
            .map_or_else(Vec::new, |arm| self.item(arm));
        // LATERAL items on the right see the columns of the left.
        let before = self.levels.last_mut().map_or(0, |level| {
            level.star.extend(left.iter().cloned());
            level.star.len() - left.len()
        });
        let right = join
            .rarg
            .as_ref()
            .map_or_else(Vec::new, |arm| self.item(arm));
        if let Some(level) = self.levels.last_mut() {
            level.star.truncate(before);
        }
        let using: Vec<String> = if join.is_natural {
            left.iter()
                .map(|column| column.name.clone())
                .filter(|name| right.iter().any(|column| column.name == *name))
                .collect()
        } else {
            strings(&join.using_clause)
                .into_iter()
                .map(str::to_owned)
                .collect()
        };
        let star = self.merge(left, right, &using);
        if let Some(condition) = &join.quals {
            // The condition sees the columns of this join before the rest of FROM.
            let outer = self
                .levels
                .last_mut()
                .map(|level| std::mem::replace(&mut level.star, star.clone()));
            self.expression_here(condition);
            if let (Some(level), Some(outer)) = (self.levels.last_mut(), outer) {
                level.star = outer;
            }
        }
        self.joins -= 1;
        let Some(alias) = &join.alias else {
            return star;
        };
        let known = self
            .levels
            .last()
            .is_some_and(|level| level.items[first..].iter().all(|item| item.known));
        let mut scope = ReaderScope::unknown(&alias.aliasname);
        scope.columns = star;
        scope.known = known;
        if let Some(level) = self.levels.last_mut() {
            level.items.truncate(first);
        }
        self.add(scope.renamed(&alias.aliasname, &strings(&alias.colnames)))
    }

    /// The columns of a join: those of USING first, merged, then the rest of either side.
    fn merge(
        &mut self,
        left: Vec<Rc<ScopeColumn>>,
        right: Vec<Rc<ScopeColumn>>,
        using: &[String],
    ) -> Vec<Rc<ScopeColumn>> {
        let mut star = Vec::with_capacity(left.len() + right.len());
        for name in using {
            let sides = left
                .iter()
                .find(|column| column.name == *name)
                .into_iter()
                .chain(right.iter().find(|column| column.name == *name));
            let mut merged = ScopeColumn {
                name: name.clone(),
                ty: Type::unknown(""),
                origins: Vec::new(),
            };
            for (at, side) in sides.enumerate() {
                if at == 0 {
                    merged.ty = side.ty.clone();
                }
                merged.origins.extend(side.origins.iter().cloned());
            }
            for (relation, column) in &merged.origins {
                self.read(*relation, Some(column));
            }
            star.push(Rc::new(merged));
        }
        let rest = |column: &Rc<ScopeColumn>| !using.contains(&column.name);
        star.extend(left.into_iter().filter(rest));
        star.extend(right.into_iter().filter(rest));
        star
    }

    fn function(&mut self, function: &RangeFunction) -> Vec<Rc<ScopeColumn>> {
        self.expressions(&function.functions);
        let names_columns = !function.coldeflist.is_empty()
            || function
                .alias
                .as_ref()
                .is_some_and(|alias| !alias.colnames.is_empty());
        // The one column of a function may be called as its OUT argument is.
        self.doubtful |= !names_columns;
        let calls: Vec<&Node> = function
            .functions
            .iter()
            .filter_map(|item| match &item.node {
                Some(NodeEnum::List(list)) => list.items.first(),
                Some(_) => Some(item),
                None => None,
            })
            .collect();
        let name = calls
            .first()
            .map_or_else(String::new, |call| figure_column_name(call));
        let mut output = Output {
            columns: definitions(&function.coldeflist, self),
            complete: !function.coldeflist.is_empty(),
        };
        if let ([call], true) = (calls.as_slice(), function.coldeflist.is_empty()) {
            self.function_columns(call, function.alias.as_ref(), &mut output);
        }
        if function.ordinality {
            output.columns.push(OutputColumn {
                name: "ordinality".to_owned(),
                ty: Type::builtin("int8"),
            });
        }
        self.output_item(output, function.alias.as_ref(), &name)
    }

    /// A function that gives a plain value is one column under the alias's or its own name.
    fn function_columns(&self, call: &Node, alias: Option<&Alias>, output: &mut Output) {
        let Some(NodeEnum::FuncCall(call_node)) = &call.node else {
            return;
        };
        let ty = self.type_of(call);
        let scalar = ty.builtin_name().is_some_and(|name| name != "record")
            || is_scalar_set(strings(&call_node.funcname).last().copied().unwrap_or(""));
        if !scalar {
            return;
        }
        let name = alias.map_or_else(|| figure_column_name(call), |alias| alias.aliasname.clone());
        output.columns.push(OutputColumn { name, ty });
        output.complete = true;
    }

    fn xml_table(&mut self, function: &RangeTableFunc) -> Vec<Rc<ScopeColumn>> {
        self.expressions(function.docexpr.as_deref());
        self.expressions(function.rowexpr.as_deref());
        let mut output = Output {
            columns: Vec::new(),
            complete: true,
        };
        for column in &function.columns {
            if let Some(NodeEnum::RangeTableFuncCol(column)) = &column.node {
                let ty = match &column.type_name {
                    Some(name) => self.catalog.resolve_type(name, self.settings),
                    None => Type::builtin("int4"),
                };
                output.columns.push(OutputColumn {
                    name: column.colname.clone(),
                    ty,
                });
            }
        }
        self.output_item(output, function.alias.as_ref(), "xmltable")
    }

    fn json_table(&mut self, table: &JsonTable) -> Vec<Rc<ScopeColumn>> {
        if let Some(item) = &table.context_item {
            self.expressions(item.raw_expr.as_deref());
        }
        self.expressions(&table.passing);
        let mut output = Output {
            columns: Vec::new(),
            complete: true,
        };
        self.json_columns(&table.columns, &mut output);
        self.output_item(output, table.alias.as_ref(), "json_table")
    }

    fn json_columns(&self, columns: &[Node], output: &mut Output) {
        let mut pending: Vec<&Node> = columns.iter().rev().collect();
        while let Some(column) = pending.pop() {
            let Some(NodeEnum::JsonTableColumn(column)) = &column.node else {
                continue;
            };
            if !column.columns.is_empty() {
                pending.extend(column.columns.iter().rev());
                continue;
            }
            let ty = match &column.type_name {
                Some(name) => self.catalog.resolve_type(name, self.settings),
                None => Type::builtin("int4"),
            };
            output.columns.push(OutputColumn {
                name: column.name.clone(),
                ty,
            });
        }
    }
}

/// `AS t(a int, b text)`
fn definitions(nodes: &[Node], reader: &Reader) -> Vec<OutputColumn> {
    nodes
        .iter()
        .filter_map(|node| match node.node.as_ref()? {
            NodeEnum::ColumnDef(def) => Some(OutputColumn {
                name: def.colname.clone(),
                ty: reader
                    .catalog
                    .resolve_type(def.type_name.as_ref()?, reader.settings),
            }),
            _ => None,
        })
        .collect()
}

/// Set-returning functions of one column that are usual in FROM.
fn is_scalar_set(name: &str) -> bool {
    matches!(
        name,
        "generate_series"
            | "unnest"
            | "regexp_split_to_table"
            | "string_to_table"
            | "jsonb_array_elements_text"
            | "json_array_elements_text"
            | "jsonb_object_keys"
            | "json_object_keys"
            | "generate_subscripts"
    )
}
