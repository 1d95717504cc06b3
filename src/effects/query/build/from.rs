//! The FROM list: relations, views, subqueries, functions and joins.

use std::ops::Range;

use pg_query::protobuf::{JoinExpr, JoinType, RangeSubselect, RangeVar, SelectStmt};
use pg_query::{Node, NodeEnum};

use crate::catalog::{Relation, RelationKind};
use crate::effects::named;
use crate::effects::query::functions;
use crate::effects::query::level::{
    Condition, Count, Entry, Level, Meaning, Place, Resolved, Rows, Scope, Source, Test,
};
use crate::effects::{Collector, LockMode, node};

use super::{Planner, Wanted, lock_mode};

impl<'q, 'a: 'q> Planner<'q, '_, 'a> {
    /// The FROM list, or the target and FROM of an UPDATE.
    pub fn add_list(
        &mut self,
        items: &'q [Node],
        level: &mut Level<'q>,
        scope: usize,
        mode: &dyn Fn(&str) -> LockMode,
    ) {
        for item in items {
            self.add_item(item, level, scope, mode);
        }
    }

    pub fn add_item(
        &mut self,
        item: &'q Node,
        level: &mut Level<'q>,
        scope: usize,
        mode: &dyn Fn(&str) -> LockMode,
    ) {
        match &item.node {
            Some(NodeEnum::RangeVar(name)) => {
                let alias = alias_of(name);
                self.relation(name, mode(alias), false, level, scope);
            }
            Some(NodeEnum::RangeTableSample(sample)) => {
                if let Some(NodeEnum::RangeVar(name)) =
                    sample.relation.as_ref().and_then(|node| node.node.as_ref())
                {
                    let method = sample.method.last().and_then(node::string);
                    let some_blocks = method == Some("system");
                    self.relation(name, mode(alias_of(name)), some_blocks, level, scope);
                }
            }
            Some(NodeEnum::RangeSubselect(sub)) => self.subselect(sub, level, scope, mode),
            Some(NodeEnum::JoinExpr(join)) => self.join(join, level, scope, mode),
            Some(other) => self.rows_of(other, level, scope),
            None => {}
        }
    }

    /// Functions, XMLTABLE, JSON_TABLE.
    fn rows_of(&mut self, item: &'q NodeEnum, level: &mut Level<'q>, scope: usize) {
        self.sublinks_below(item.to_ref());
        let (alias, count) = match item {
            NodeEnum::RangeFunction(function) => (
                function.alias.as_ref(),
                functions::rows(&function.functions),
            ),
            NodeEnum::RangeTableFunc(function) => (function.alias.as_ref(), Count::Many),
            NodeEnum::JsonTable(table) => (table.alias.as_ref(), Count::Many),
            _ => (None, Count::Many),
        };
        let source = level.add_source(Source {
            rows: Rows::Planned(count),
            mode: LockMode::AccessShare,
            span: self.span.clone(),
            because: None,
        });
        let entry = Entry {
            alias: alias.map_or_else(String::new, |alias| alias.aliasname.clone()),
            columns: alias.map_or_else(Vec::new, |alias| node::strings(&alias.colnames)),
            meaning: Meaning::Source(source),
        };
        level.scopes[scope].entries.push(entry);
    }

    fn subselect(
        &mut self,
        sub: &'q RangeSubselect,
        level: &mut Level<'q>,
        scope: usize,
        mode: &dyn Fn(&str) -> LockMode,
    ) {
        let Some(NodeEnum::SelectStmt(select)) =
            sub.subquery.as_ref().and_then(|node| node.node.as_ref())
        else {
            return;
        };
        let alias = sub.alias.as_ref();
        let name = alias.map_or("", |alias| &alias.aliasname);
        let columns = alias.map_or_else(Vec::new, |alias| node::strings(&alias.colnames));
        let outer_mode = mode(name);
        let lateral = sub.lateral.then_some(scope);
        self.query_source(
            select,
            name,
            columns,
            Vec::new(),
            outer_mode,
            lateral,
            level,
            scope,
        );
    }

    /// A SELECT in FROM: pulled up when it is simple (`is_simple_subquery`), else planned by itself.
    #[expect(
        clippy::too_many_arguments,
        reason = "all of it describes one FROM item"
    )]
    fn query_source(
        &mut self,
        select: &'q SelectStmt,
        alias: &str,
        columns: Vec<String>,
        names: Vec<String>,
        mode: LockMode,
        lateral: Option<usize>,
        level: &mut Level<'q>,
        scope: usize,
    ) {
        let meaning = if is_simple(select, self.c) {
            let inner = level.add_scope(lateral);
            self.add_list(&select.from_clause, level, inner, &|alias| {
                mode.max(lock_mode(select, alias))
            });
            self.conditions(select.where_clause.as_deref(), level, inner, None);
            self.sublinks_of(&select.target_list);
            Meaning::Derived {
                scope: inner,
                outputs: &select.target_list,
                names,
            }
        } else {
            let count = self.select(select, Wanted::AllRows);
            Meaning::Source(level.add_source(Source {
                rows: Rows::Planned(count),
                mode,
                span: self.span.clone(),
                because: None,
            }))
        };
        level.scopes[scope].entries.push(Entry {
            alias: alias.to_owned(),
            columns,
            meaning,
        });
    }

    fn join(
        &mut self,
        join: &'q JoinExpr,
        level: &mut Level<'q>,
        scope: usize,
        mode: &dyn Fn(&str) -> LockMode,
    ) {
        let start = level.sources.len();
        let left_entries = level.scopes[scope].entries.len();
        if let Some(left) = &join.larg {
            self.add_item(left, level, scope, mode);
        }
        let middle = level.sources.len();
        let right_entries = level.scopes[scope].entries.len();
        if let Some(right) = &join.rarg {
            self.add_item(right, level, scope, mode);
        }
        let end = level.sources.len();
        let about = match join.jointype() {
            JoinType::JoinLeft => Some(middle..end),
            JoinType::JoinRight => Some(start..middle),
            // Both sides are kept whole.
            JoinType::JoinFull => Some(0..0),
            _ => None,
        };
        self.conditions(join.quals.as_deref(), level, scope, about.clone());
        let mut common = node::strings(&join.using_clause);
        if join.is_natural {
            common = common_columns(level, scope, left_entries, right_entries);
        }
        for column in common {
            let side = |entries: Range<usize>| {
                level.scopes[scope].entries[entries]
                    .iter()
                    .find_map(|entry| column_place(level, entry, &column))
            };
            let all = level.scopes[scope].entries.len();
            let places = (side(left_entries..right_entries), side(right_entries..all));
            if let (Some(left), Some(right)) = places {
                level.conditions.push(Condition {
                    test: Test::Equal(left, right),
                    scope,
                    about: about.clone(),
                });
            }
        }
    }

    /// A table, view or CTE by its name.
    pub fn relation(
        &mut self,
        name: &'q RangeVar,
        mode: LockMode,
        sampled: bool,
        level: &mut Level<'q>,
        scope: usize,
    ) {
        let alias = alias_of(name);
        let columns = name
            .alias
            .as_ref()
            .map_or_else(Vec::new, |alias| node::strings(&alias.colnames));
        if name.schemaname.is_empty()
            && let Some(at) = self.ctes.iter().rposition(|cte| cte.name == name.relname)
        {
            self.cte_source(at, alias, columns, level, scope);
            return;
        }
        let span = self.place(name);
        let because = self.views.last().map(|view| {
            let view = &view.name.name;
            format!("view {view} reads it")
        });
        let rows = match self.look_up(name) {
            LookedUp::Relation(relation) => {
                if let Some(query) = self.view_query(relation) {
                    self.view(relation, query, alias, columns, mode, level, scope);
                    return;
                }
                Rows::Table {
                    relation,
                    only: !name.inh,
                    sampled,
                }
            }
            LookedUp::Unknown(target) => Rows::Unknown(target),
            LookedUp::Nothing => Rows::Planned(Count::Many),
        };
        let source = level.add_source(Source {
            rows,
            mode,
            span,
            because,
        });
        level.scopes[scope].entries.push(Entry {
            alias: alias.to_owned(),
            columns,
            meaning: Meaning::Source(source),
        });
    }

    /// The place of a name in the statement, or the statement for a name in a view's query.
    fn place(&self, name: &RangeVar) -> Range<usize> {
        if self.views.is_empty() {
            self.c.name_span(name.location)
        } else {
            self.span.clone()
        }
    }

    fn look_up(&mut self, name: &RangeVar) -> LookedUp<'q> {
        if let Some(view) = self.views.last() {
            let catalog = self.catalog;
            let read = view.reads.iter().find_map(|read| {
                let relation = catalog.relation(read.relation)?;
                let same = relation.name.name == name.relname
                    && (name.schemaname.is_empty() || relation.name.schema == name.schemaname);
                same.then_some(relation)
            });
            if let Some(relation) = read {
                return LookedUp::Relation(relation);
            }
            if view.complete {
                // Renamed since, or of the system: the locks are known from what the view depends on.
                return LookedUp::Nothing;
            }
        }
        match self.c.named(name, RelationKind::Table) {
            named::Named::Known(oid) => match self.c.relation(oid) {
                Some(relation) => LookedUp::Relation(relation),
                None => LookedUp::Nothing,
            },
            named::Named::Unknown(target) => LookedUp::Unknown(target),
            named::Named::Nothing => LookedUp::Nothing,
        }
    }

    /// The query of a plain view whose definition is known; not of one that is already being planned.
    fn view_query(&self, relation: &'q Relation) -> Option<&'q SelectStmt> {
        if relation.kind != RelationKind::View
            || self.views.iter().any(|view| view.oid == relation.oid)
        {
            return None;
        }
        select_of(relation)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "all of it describes one FROM item"
    )]
    fn view(
        &mut self,
        view: &'q Relation,
        query: &'q SelectStmt,
        alias: &str,
        columns: Vec<String>,
        mode: LockMode,
        level: &mut Level<'q>,
        scope: usize,
    ) {
        let names = view
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        // The CTEs of the query around are not in sight in the view.
        let ctes = std::mem::take(&mut self.ctes);
        self.views.push(view);
        self.query_source(query, alias, columns, names, mode, None, level, scope);
        self.views.pop();
        self.ctes = ctes;
    }

    /// Plans the query of a materialized view, or of a view by itself.
    pub fn stored_query(&mut self, view: &'q Relation) {
        let Some(query) = select_of(view) else {
            return;
        };
        self.views.push(view);
        self.select(query, Wanted::AllRows);
        self.views.pop();
    }

    fn cte_source(
        &mut self,
        at: usize,
        alias: &str,
        columns: Vec<String>,
        level: &mut Level<'q>,
        scope: usize,
    ) {
        let cte = &self.ctes[at];
        let columns = if columns.is_empty() {
            cte.columns.clone()
        } else {
            columns
        };
        if cte.inlined
            && let NodeEnum::SelectStmt(select) = cte.query
        {
            // Only the CTEs before it are in sight in it.
            let later = self.ctes.split_off(at);
            let mode = LockMode::AccessShare;
            self.query_source(select, alias, columns, Vec::new(), mode, None, level, scope);
            self.ctes.extend(later);
            return;
        }
        let source = level.add_source(Source {
            rows: Rows::Planned(cte.count),
            mode: LockMode::AccessShare,
            span: self.span.clone(),
            because: None,
        });
        level.scopes[scope].entries.push(Entry {
            alias: alias.to_owned(),
            columns,
            meaning: Meaning::Source(source),
        });
    }
}

enum LookedUp<'q> {
    Relation(&'q Relation),
    Unknown(crate::effects::Target),
    Nothing,
}

pub(super) fn alias_of(name: &RangeVar) -> &str {
    name.alias
        .as_ref()
        .map_or(&name.relname, |alias| &alias.aliasname)
}

/// The SELECT of a view or materialized view.
pub(super) fn select_of(relation: &Relation) -> Option<&SelectStmt> {
    match relation.query.as_deref()? {
        NodeEnum::SelectStmt(select) => Some(select),
        _ => None,
    }
}

/// The value of a select list entry.
pub(super) fn output_value(output: &Node) -> Option<&Node> {
    match &output.node {
        Some(NodeEnum::ResTarget(target)) => target.val.as_deref(),
        _ => None,
    }
}

/// `is_simple_subquery`: nothing that the outer query would have to wait for.
pub(super) fn is_simple(select: &SelectStmt, c: &Collector<'_>) -> bool {
    select.with_clause.is_none()
        && select.larg.is_none()
        && select.values_lists.is_empty()
        && select.distinct_clause.is_empty()
        && select.group_clause.is_empty()
        && select.having_clause.is_none()
        && select.window_clause.is_empty()
        && select.sort_clause.is_empty()
        && select.limit_count.is_none()
        && select.limit_offset.is_none()
        && select.locking_clause.is_empty()
        && !select.from_clause.is_empty()
        && !functions::has_aggregate(&select.target_list, c)
        && !functions::returns_set(&select.target_list, c)
        && !select
            .target_list
            .iter()
            .filter_map(|node| node.node.as_ref())
            .any(|node| functions::is_volatile(node.to_ref(), c))
}

pub(super) fn column_place<'q>(
    level: &Level<'q>,
    entry: &Entry<'q>,
    column: &str,
) -> Option<Place<'q>> {
    match &entry.meaning {
        Meaning::Source(source) => match &level.sources[*source].rows {
            Rows::Table { relation, .. } => (!relation.complete
                || relation.column(column).is_some())
            .then(|| Place::Column(*source, column.to_owned())),
            Rows::Unknown(_) => Some(Place::Column(*source, column.to_owned())),
            Rows::Planned(_) => Some(Place::Row(*source)),
        },
        Meaning::Derived { .. } => {
            let reference = pg_query::protobuf::ColumnRef {
                fields: vec![string_node(column)],
                location: -1,
            };
            let scope = level.scopes.iter().position(|scope: &Scope<'_>| {
                scope.entries.iter().any(|other| std::ptr::eq(other, entry))
            })?;
            match level.resolve(&reference, scope) {
                Resolved::Column(source, column) => Some(Place::Column(source, column)),
                Resolved::Row(source) => Some(Place::Row(source)),
                Resolved::Computed | Resolved::Outer => None,
            }
        }
    }
}

pub(super) fn string_node(text: &str) -> Node {
    Node {
        node: Some(NodeEnum::String(pg_query::protobuf::String {
            sval: text.to_owned(),
        })),
    }
}

/// NATURAL JOIN: the columns that both sides have.
pub(super) fn common_columns(
    level: &Level<'_>,
    scope: usize,
    left_entries: usize,
    right_entries: usize,
) -> Vec<String> {
    let entries = &level.scopes[scope].entries;
    let tables = |entries: &[Entry<'_>]| -> Vec<String> {
        entries
            .iter()
            .filter_map(|entry| match entry.meaning {
                Meaning::Source(source) => level.table(source),
                Meaning::Derived { .. } => None,
            })
            .flat_map(|relation| relation.columns.iter().map(|column| column.name.clone()))
            .collect()
    };
    let left = tables(&entries[left_entries..right_entries]);
    let right = tables(&entries[right_entries..]);
    left.into_iter()
        .filter(|column| right.contains(column))
        .collect()
}
