//! What a query reads and which columns it gives: names resolved against the catalog, `*` expanded.

mod cte;
mod from;
mod infer;
mod scope;
mod select;

use std::collections::BTreeSet;
use std::rc::Rc;

use pg_query::{Node, NodeEnum};

use super::resolve::{range_var_name, strings};
use super::{Catalog, Dependency, Oid, Type};
use crate::catalog::tree::walk;
use crate::session::Settings;

use cte::Cte;
pub use scope::ReaderScope;
use scope::{Level, ScopeColumn};
use select::is_only_values;

/// Subqueries nested deeper than this are not looked into.
const MAX_DEPTH: usize = 64;

/// A column that a query gives.
#[derive(Debug, Clone)]
pub struct OutputColumn {
    pub name: String,
    /// [`Type::unknown`] of an empty name when it cannot be told.
    pub ty: Type,
}

/// What was found out about a query.
#[derive(Debug, Default)]
pub struct Reading {
    /// Sorted, each once. A relation of which no column is named is there without one.
    pub reads: Vec<Dependency>,
    /// The columns of the query, when it was one.
    pub columns: Vec<OutputColumn>,
    /// All columns are known by name.
    pub complete: bool,
    /// Relations that are not in the catalog, as schema and name.
    pub missing: Vec<(Option<String>, String)>,
    /// Columns that certainly nothing in sight has, as written.
    pub unknown_columns: Vec<String>,
}

/// Reads queries and expressions against a catalog.
pub struct Reader<'a> {
    catalog: &'a Catalog,
    settings: &'a Settings,
    reads: BTreeSet<Dependency>,
    missing: Vec<(Option<String>, String)>,
    /// What names mean, outermost query first.
    levels: Vec<Level>,
    ctes: Vec<Cte>,
    depth: usize,
    joins: usize,
    output: Output,
    unknown_columns: Vec<String>,
    /// The names of the select list, which GROUP BY and ORDER BY may use.
    outputs: Vec<String>,
    /// Something gives columns under names that cannot be told.
    doubtful: bool,
}

/// The columns of a (sub)query.
#[derive(Debug, Clone, Default)]
struct Output {
    columns: Vec<OutputColumn>,
    complete: bool,
}

impl<'a> Reader<'a> {
    pub fn new(catalog: &'a Catalog, settings: &'a Settings) -> Self {
        Reader {
            catalog,
            settings,
            reads: BTreeSet::new(),
            missing: Vec::new(),
            levels: Vec::new(),
            ctes: Vec::new(),
            depth: 0,
            joins: 0,
            output: Output::default(),
            unknown_columns: Vec::new(),
            outputs: Vec::new(),
            doubtful: false,
        }
    }

    /// Reads an expression in which the columns of these relations can be named.
    pub fn expression(&mut self, expression: &Node, scope: &[ReaderScope]) {
        self.levels.push(Level::of(scope));
        self.expression_here(expression);
        self.levels.pop();
    }

    /// Reads a query or a data-modifying statement.
    pub fn statement(&mut self, statement: &Node, scope: &[ReaderScope]) {
        if let Some(statement) = &statement.node {
            self.query(statement, scope);
        }
    }

    /// As [`Reader::statement`].
    pub fn query(&mut self, statement: &NodeEnum, scope: &[ReaderScope]) {
        self.levels.push(Level::of(scope));
        self.output = self.subquery_of(statement);
        self.levels.pop();
    }

    pub fn finish(self) -> Reading {
        let with_columns: BTreeSet<Oid> = self
            .reads
            .iter()
            .filter(|read| read.column.is_some())
            .map(|read| read.relation)
            .collect();
        let reads = self
            .reads
            .into_iter()
            .filter(|read| read.column.is_some() || !with_columns.contains(&read.relation))
            .collect();
        Reading {
            reads,
            columns: self.output.columns,
            complete: self.output.complete,
            missing: self.missing,
            unknown_columns: if self.doubtful {
                Vec::new()
            } else {
                self.unknown_columns
            },
        }
    }

    fn read(&mut self, relation: Oid, column: Option<&str>) {
        self.reads.insert(Dependency {
            relation,
            column: column.map(str::to_owned),
        });
    }

    fn expression_here(&mut self, expression: &Node) {
        let Some(root) = &expression.node else {
            return;
        };
        walk(root, |node| match node {
            NodeEnum::ColumnRef(reference) => {
                self.column(&strings(&reference.fields));
                false
            }
            NodeEnum::SubLink(link) => {
                if let Some(test) = &link.testexpr {
                    self.expression_here(test);
                }
                if let Some(select) = &link.subselect {
                    self.subquery(select);
                }
                false
            }
            NodeEnum::SelectStmt(select) => {
                self.select(select);
                false
            }
            _ => true,
        });
    }

    fn expressions<'n>(&mut self, expressions: impl IntoIterator<Item = &'n Node>) {
        for expression in expressions {
            self.expression_here(expression);
        }
    }

    /// Notes the column that a reference means, and answers its type.
    fn column(&mut self, name: &[&str]) -> Option<Type> {
        let (column, qualifier) = name.split_last()?;
        let found = match qualifier {
            [] => self.find(|level| level.column(column)),
            [table] => self.find(|level| level.qualified(None, table, column)),
            [.., schema, table] => self.find(|level| level.qualified(Some(schema), table, column)),
        };
        let Some(found) = found else {
            if self.is_certainly_unknown(column, qualifier) {
                self.unknown_columns.push(name.join("."));
            }
            return None;
        };
        for (relation, column) in &found.origins {
            self.read(*relation, Some(column));
        }
        Some(found.ty.clone())
    }

    /// Nothing in sight has the column, and everything in sight is known.
    fn is_certainly_unknown(&self, column: &str, qualifier: &[&str]) -> bool {
        if is_system_column(column) || self.depth >= MAX_DEPTH {
            return false;
        }
        match qualifier {
            [] => {
                self.levels.iter().all(Level::is_known)
                    && !self.outputs.iter().any(|name| name == column)
            }
            // `t.f` may also be a call of f(t).
            [table] => {
                !self.has_function(column)
                    && self
                        .levels
                        .iter()
                        .rev()
                        .find_map(|level| level.knows(table))
                        == Some(true)
            }
            _ => false,
        }
    }

    fn has_function(&self, name: &str) -> bool {
        crate::catalog::builtin::function_versions(name).is_some()
            || self
                .catalog
                .functions()
                .any(|function| function.name.name == name)
    }

    fn find(&self, search: impl Fn(&Level) -> Option<Rc<ScopeColumn>>) -> Option<Rc<ScopeColumn>> {
        self.levels.iter().rev().find_map(search)
    }

    fn subquery(&mut self, statement: &Node) -> Output {
        match &statement.node {
            Some(statement) => self.subquery_of(statement),
            None => Output::default(),
        }
    }

    fn subquery_of(&mut self, statement: &NodeEnum) -> Output {
        let unknown = Output::default();
        if self.depth >= MAX_DEPTH {
            return unknown;
        }
        self.depth += 1;
        let ctes = self.ctes.len();
        let output = match statement {
            NodeEnum::SelectStmt(select) => self.select(select),
            NodeEnum::InsertStmt(insert) => {
                self.with(insert.with_clause.as_ref());
                match insert.select_stmt.as_ref().and_then(|it| it.node.as_ref()) {
                    Some(NodeEnum::SelectStmt(select)) if is_only_values(select) => {
                        // Nobody asks what their columns are called.
                        self.levels.push(Level::default());
                        self.expressions(&select.values_lists);
                        self.levels.pop();
                    }
                    Some(select) => {
                        self.subquery_of(select);
                    }
                    None => {}
                }
                let conflict = insert.on_conflict_clause.as_deref();
                let updates = conflict
                    .into_iter()
                    .flat_map(|conflict| &conflict.target_list);
                let filter = conflict.and_then(|conflict| conflict.where_clause.as_deref());
                self.modify(
                    insert.relation.as_ref(),
                    &[],
                    updates.chain(filter).collect(),
                    insert.returning_clause.as_ref(),
                )
            }
            NodeEnum::UpdateStmt(update) => {
                self.with(update.with_clause.as_ref());
                self.modify(
                    update.relation.as_ref(),
                    &update.from_clause,
                    update
                        .target_list
                        .iter()
                        .chain(update.where_clause.as_deref())
                        .collect(),
                    update.returning_clause.as_ref(),
                )
            }
            NodeEnum::DeleteStmt(delete) => {
                self.with(delete.with_clause.as_ref());
                self.modify(
                    delete.relation.as_ref(),
                    &delete.using_clause,
                    delete.where_clause.as_deref().into_iter().collect(),
                    delete.returning_clause.as_ref(),
                )
            }
            NodeEnum::MergeStmt(merge) => {
                self.with(merge.with_clause.as_ref());
                let source: Vec<Node> = merge
                    .source_relation
                    .iter()
                    .map(|node| (**node).clone())
                    .collect();
                self.modify(
                    merge.relation.as_ref(),
                    &source,
                    merge
                        .join_condition
                        .as_deref()
                        .into_iter()
                        .chain(&merge.merge_when_clauses)
                        .collect(),
                    merge.returning_clause.as_ref(),
                )
            }
            _ => unknown,
        };
        self.ctes.truncate(ctes);
        self.depth -= 1;
        output
    }

    fn modify(
        &mut self,
        target: Option<&pg_query::protobuf::RangeVar>,
        from: &[Node],
        expressions: Vec<&Node>,
        returning: Option<&pg_query::protobuf::ReturningClause>,
    ) -> Output {
        if from.is_empty() && expressions.is_empty() && returning.is_none() {
            // Nobody asks for its columns.
            if let Some(target) = target {
                self.relation_named(target);
            }
            return Output {
                columns: Vec::new(),
                complete: true,
            };
        }
        self.levels.push(Level::default());
        if let Some(target) = target {
            self.add_relation(target);
        }
        for item in from {
            self.add_item(item);
        }
        self.expressions(expressions);
        let output = match returning {
            Some(returning) => self.targets(&returning.exprs),
            None => Output {
                columns: Vec::new(),
                complete: true,
            },
        };
        self.levels.pop();
        output
    }

    fn guarded(&mut self, read: impl FnOnce(&mut Self) -> Output) -> Output {
        if self.depth >= MAX_DEPTH {
            return Output::default();
        }
        self.depth += 1;
        let output = read(self);
        self.depth -= 1;
        output
    }

    fn relation_columns(&mut self, range_var: &pg_query::protobuf::RangeVar) -> ReaderScope {
        let (schema, name) = range_var_name(range_var);
        if schema.is_none()
            && let Some(cte) = self.find_cte(name)
        {
            return ReaderScope::of_output(name, &cte.output);
        }
        match self.relation_named(range_var) {
            Some(oid) => ReaderScope::of_relation(self.catalog, oid),
            None => ReaderScope::unknown(name),
        }
    }

    /// The relation of that name, which is read; noted as missing if there is none.
    fn relation_named(&mut self, range_var: &pg_query::protobuf::RangeVar) -> Option<Oid> {
        let (schema, name) = range_var_name(range_var);
        if schema.is_none() && self.find_cte(name).is_some() {
            return None;
        }
        match self
            .catalog
            .lookup(schema, name, &self.settings.search_path)
        {
            Some(oid) if self.catalog.relation(oid).is_some() => {
                self.read(oid, None);
                Some(oid)
            }
            _ => {
                let system = match schema {
                    Some(schema) => {
                        matches!(schema, "pg_catalog" | "information_schema" | "pg_toast")
                    }
                    None => name.starts_with("pg_"),
                };
                if !system {
                    self.missing
                        .push((schema.map(str::to_owned), name.to_owned()));
                }
                None
            }
        }
    }
}

/// Gives the first columns other names. Names for columns that are not known make them known.
fn rename(output: &mut Output, names: &[&str]) {
    for (at, name) in names.iter().enumerate() {
        match output.columns.get_mut(at) {
            Some(column) => (*name).clone_into(&mut column.name),
            None => output.columns.push(OutputColumn {
                name: (*name).to_owned(),
                ty: Type::unknown(""),
            }),
        }
    }
}

/// `SystemAttributeByName`: every table has these.
fn is_system_column(name: &str) -> bool {
    matches!(
        name,
        "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid" | "oid"
    )
}
