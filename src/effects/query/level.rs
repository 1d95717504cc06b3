//! One level of a query as the planner sees it once subqueries, views and CTEs that can be are pulled up into it
//! (`pull_up_subqueries`, `pull_up_sublinks` in src/backend/optimizer/prep): sources of rows, the names they go
//! by, and the conditions.

use std::ops::Range;

use pg_query::protobuf::ColumnRef;
use pg_query::{Node, NodeEnum};

use crate::catalog::Relation;
use crate::effects::{LockMode, Target};

#[derive(Default)]
pub(super) struct Level<'q> {
    pub sources: Vec<Source<'q>>,
    /// The first is the query's own; pulled-up subqueries bring theirs.
    pub scopes: Vec<Scope<'q>>,
    pub conditions: Vec<Condition<'q>>,
    /// A condition is constant false: nothing is read.
    pub never: bool,
}

pub(super) struct Source<'q> {
    pub rows: Rows<'q>,
    pub mode: LockMode,
    pub span: Range<usize>,
    /// Why it is read, when the statement does not name it.
    pub because: Option<String>,
}

/// What rows come from.
pub(super) enum Rows<'q> {
    Table {
        relation: &'q Relation,
        /// ONLY: without what inherits from it.
        only: bool,
        /// TABLESAMPLE SYSTEM reads some blocks only.
        sampled: bool,
    },
    /// A relation that no known migration created.
    Unknown(Target),
    /// A subquery, CTE, function or VALUES list that is planned by itself.
    Planned(Count),
}

/// How many rows, as far as the text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// So few that looking each up in an index beats reading a table.
    Few,
    /// A LIMIT, or a list of values.
    Limited(i64),
    Many,
}

impl Count {
    /// For this many the planner prefers an index on tables of a few pages (measured: 4 lookups, not 10).
    const FEW: i64 = 4;

    pub fn of(rows: i64) -> Self {
        if rows <= Self::FEW {
            Count::Few
        } else {
            Count::Limited(rows)
        }
    }

    pub fn of_len(rows: usize) -> Self {
        Count::of(rows.try_into().unwrap_or(i64::MAX))
    }

    pub fn is_bounded(self) -> bool {
        self != Count::Many
    }
}

#[derive(Default)]
pub(super) struct Scope<'q> {
    pub entries: Vec<Entry<'q>>,
    /// The scope around it, for LATERAL and for pulled-up sublinks.
    pub outer: Option<usize>,
}

pub(super) struct Entry<'q> {
    pub alias: String,
    /// Column aliases: `AS v(a, b)`.
    pub columns: Vec<String>,
    pub meaning: Meaning<'q>,
}

pub(super) enum Meaning<'q> {
    Source(usize),
    /// A pulled-up subquery: its scope and its select list.
    Derived {
        scope: usize,
        outputs: &'q [Node],
        /// A view's columns have names of their own.
        names: Vec<String>,
    },
}

/// A conjunct of WHERE or ON.
pub(super) struct Condition<'q> {
    pub test: Test<'q>,
    pub scope: usize,
    /// ON of an outer join decides only about the rows of the nullable side: these sources.
    pub about: Option<Range<usize>>,
}

pub(super) enum Test<'q> {
    Expression(&'q Node),
    /// USING, NATURAL, and `x IN (SELECT y ...)` once it is a join.
    Equal(Place<'q>, Place<'q>),
}

/// One side of an equality.
pub(super) enum Place<'q> {
    Expression(&'q Node, usize),
    Column(usize, String),
    /// A row of a source that is planned by itself.
    Row(usize),
}

/// What a column reference means at a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolved {
    Column(usize, String),
    /// A column of a source that is planned by itself.
    Row(usize),
    /// Computed from columns of this level.
    Computed,
    /// Of an outer query: a parameter here.
    Outer,
}

impl<'q> Level<'q> {
    pub fn add_source(&mut self, source: Source<'q>) -> usize {
        self.sources.push(source);
        self.sources.len() - 1
    }

    pub fn add_scope(&mut self, outer: Option<usize>) -> usize {
        self.scopes.push(Scope {
            entries: Vec::new(),
            outer,
        });
        self.scopes.len() - 1
    }

    pub fn table(&self, source: usize) -> Option<&'q Relation> {
        match self.sources.get(source)?.rows {
            Rows::Table { relation, .. } => Some(relation),
            Rows::Unknown(_) | Rows::Planned(_) => None,
        }
    }

    /// What a column reference means; the scopes around it are asked in turn.
    pub fn resolve(&self, column: &ColumnRef, scope: usize) -> Resolved {
        let parts: Vec<&str> = column
            .fields
            .iter()
            .filter_map(crate::effects::node::string)
            .collect();
        let (alias, name) = match parts.as_slice() {
            [name] => (None, *name),
            [.., alias, name] => (Some(*alias), *name),
            [] => return Resolved::Computed,
        };
        let mut scope = Some(scope);
        while let Some(at) = scope {
            if let Some(found) = self.in_scope(alias, name, at) {
                return found;
            }
            scope = self.scopes.get(at).and_then(|found| found.outer);
        }
        Resolved::Outer
    }

    fn in_scope(&self, alias: Option<&str>, name: &str, scope: usize) -> Option<Resolved> {
        let entries = &self.scopes.get(scope)?.entries;
        let wanted = || {
            entries
                .iter()
                .filter(move |entry| alias.is_none_or(|alias| entry.alias == alias))
        };
        let certain = wanted().find_map(|entry| self.in_entry(entry, name));
        // A relation that is not known well, or rows of unnamed columns, may have any column.
        certain.or_else(|| {
            wanted().find_map(|entry| match entry.meaning {
                Meaning::Source(source) if self.may_have_any_column(source) => {
                    Some(self.column_of(source, name))
                }
                _ => None,
            })
        })
    }

    fn may_have_any_column(&self, source: usize) -> bool {
        match &self.sources[source].rows {
            Rows::Table { relation, .. } => !relation.complete,
            Rows::Unknown(_) | Rows::Planned(_) => true,
        }
    }

    fn column_of(&self, source: usize, name: &str) -> Resolved {
        match self.sources[source].rows {
            Rows::Planned(_) => Resolved::Row(source),
            Rows::Table { .. } | Rows::Unknown(_) => Resolved::Column(source, name.to_owned()),
        }
    }

    fn in_entry(&self, entry: &Entry<'q>, name: &str) -> Option<Resolved> {
        if let Some(number) = entry.columns.iter().position(|column| column == name) {
            return match &entry.meaning {
                Meaning::Source(source) => match &self.sources[*source].rows {
                    Rows::Table { relation, .. } => relation
                        .columns
                        .get(number)
                        .map(|column| Resolved::Column(*source, column.name.clone())),
                    Rows::Unknown(_) => Some(Resolved::Computed),
                    Rows::Planned(_) => Some(Resolved::Row(*source)),
                },
                Meaning::Derived { scope, outputs, .. } => {
                    self.output(outputs.get(number)?, None, *scope)
                }
            };
        }
        match &entry.meaning {
            Meaning::Source(source) => {
                let relation = self.table(*source)?;
                let known = relation.column(name).is_some()
                    || matches!(
                        name,
                        "ctid" | "tableoid" | "xmin" | "xmax" | "cmin" | "cmax"
                    );
                known.then(|| self.column_of(*source, name))
            }
            Meaning::Derived {
                scope,
                outputs,
                names,
            } => {
                if let Some(number) = names.iter().position(|column| column == name)
                    && outputs.len() == names.len()
                {
                    return self.output(&outputs[number], None, *scope);
                }
                outputs
                    .iter()
                    .find_map(|output| self.output(output, Some(name), *scope))
            }
        }
    }

    /// What a select list entry stands for; with a name, only when it is the one of that name.
    fn output(&self, output: &Node, name: Option<&str>, scope: usize) -> Option<Resolved> {
        let Some(NodeEnum::ResTarget(target)) = &output.node else {
            return None;
        };
        let value = target.val.as_ref()?.node.as_ref()?;
        let NodeEnum::ColumnRef(column) = value else {
            let named = name.is_none_or(|name| target.name == name);
            return named.then_some(Resolved::Computed);
        };
        let star = matches!(
            column.fields.last().and_then(|field| field.node.as_ref()),
            Some(NodeEnum::AStar(_))
        );
        if star {
            let alias = match column.fields.as_slice() {
                [.., alias, _] => crate::effects::node::string(alias),
                _ => None,
            };
            return self.in_scope(alias, name?, scope);
        }
        let own_name = if target.name.is_empty() {
            column
                .fields
                .last()
                .and_then(crate::effects::node::string)?
        } else {
            target.name.as_str()
        };
        name.is_none_or(|name| name == own_name)
            .then(|| self.resolve(column, scope))
    }
}
