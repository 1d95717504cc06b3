//! From a parse tree to levels: which subqueries are pulled up, and which are planned by themselves.

use std::ops::Range;

use pg_query::protobuf::{
    BoolExprType, CommonTableExpr, CteMaterialize, JoinExpr, JoinType, RangeSubselect, RangeVar,
    SelectStmt, SubLink, SubLinkType, WithClause, a_const,
};
use pg_query::{Node, NodeEnum, NodeRef};

use super::access;
use super::functions;
use super::level::{Condition, Count, Entry, Level, Meaning, Place, Rows, Scope, Source, Test};
use super::mention::Stage;
use crate::catalog::{Catalog, Relation, RelationKind};
use crate::effects::named;
use crate::effects::{Collector, DmlCommand, LockMode, Reason, RowBound, node};
use crate::sql::walk;

/// Plans a statement's queries and collects what each costs.
pub(super) struct Planner<'q, 'c, 'a: 'q> {
    pub c: &'c mut Collector<'a>,
    pub catalog: &'q Catalog,
    pub stage: Stage,
    pub reason: Reason,
    /// The command whose target is being planned.
    pub writing: Option<DmlCommand>,
    /// Of the statement; used where a name has no place of its own in it.
    pub span: Range<usize>,
    ctes: Vec<Cte<'q>>,
    /// The view whose query is being planned, and what it reads: names in it are looked up there.
    views: Vec<&'q Relation>,
}

/// CTEs that are out of sight for a while.
pub(super) struct Hidden<'q>(Vec<Cte<'q>>);

struct Cte<'q> {
    name: &'q str,
    query: &'q NodeEnum,
    columns: Vec<String>,
    /// Planned in the place of its only reference.
    inlined: bool,
    count: Count,
}

/// What a SELECT is planned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    AllRows,
    /// EXISTS: the first row will do.
    OneRow,
}

impl<'q, 'c, 'a: 'q> Planner<'q, 'c, 'a> {
    pub fn new(stage: Stage, reason: Reason, span: Range<usize>, c: &'c mut Collector<'a>) -> Self {
        let catalog = c.input.before;
        Planner {
            c,
            catalog,
            stage,
            reason,
            writing: None,
            span,
            ctes: Vec::new(),
            views: Vec::new(),
        }
    }

    /// Plans the CTEs that are planned by themselves and runs `body` with all of them in sight.
    pub fn with<R>(
        &mut self,
        clause: Option<&'q WithClause>,
        statement: NodeRef<'q>,
        body: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let outside = self.ctes.len();
        let recursive = clause.is_some_and(|clause| clause.recursive);
        for cte in clause.map_or(&[][..], |clause| &clause.ctes) {
            let Some(NodeEnum::CommonTableExpr(cte)) = &cte.node else {
                continue;
            };
            self.cte(cte, recursive, statement);
        }
        let result = body(self);
        self.ctes.truncate(outside);
        result
    }

    fn cte(&mut self, cte: &'q CommonTableExpr, recursive: bool, statement: NodeRef<'q>) {
        let Some(query) = cte.ctequery.as_ref().and_then(|node| node.node.as_ref()) else {
            return;
        };
        let references = walk::below(statement)
            .filter(|node| match node {
                NodeRef::RangeVar(name) => {
                    name.schemaname.is_empty() && name.relname == cte.ctename
                }
                _ => false,
            })
            .count();
        let select = matches!(query, NodeEnum::SelectStmt(_));
        let refers_to_itself = recursive
            && walk::descendants(query)
                .any(|node| matches!(node, NodeRef::RangeVar(name) if name.relname == cte.ctename));
        let inlined = select
            && !refers_to_itself
            && cte.ctematerialized() != CteMaterialize::Always
            && (references == 1 || cte.ctematerialized() == CteMaterialize::Never)
            && !functions::is_volatile(query.to_ref(), self.c);
        let mut entry = Cte {
            name: &cte.ctename,
            query,
            columns: node::strings(&cte.aliascolnames),
            inlined,
            count: Count::Many,
        };
        // A SELECT that nobody refers to is thrown away unplanned.
        if inlined || select && references == 0 {
            self.ctes.push(entry);
            return;
        }
        if refers_to_itself {
            // The recursive part finds itself as rows of unknown number.
            self.ctes.push(Cte {
                inlined: false,
                columns: Vec::new(),
                ..entry
            });
            self.statement(query);
            return;
        }
        entry.count = self.statement(query);
        self.ctes.push(entry);
    }

    /// Why a table is read: the target of UPDATE and DELETE for its own sake.
    pub fn reason_for(&self, mode: LockMode, bound: RowBound) -> Reason {
        match self.writing {
            Some(command) if mode == LockMode::RowExclusive => Reason::Dml { command, bound },
            _ => self.reason.clone(),
        }
    }

    /// Any query, also a data-modifying one.
    pub fn statement(&mut self, query: &'q NodeEnum) -> Count {
        match query {
            NodeEnum::SelectStmt(stmt) => self.select(stmt, Wanted::AllRows),
            NodeEnum::InsertStmt(stmt) => {
                super::dml::insert(stmt, self);
                Count::Many
            }
            NodeEnum::UpdateStmt(stmt) => {
                super::dml::update(stmt, self);
                Count::Many
            }
            NodeEnum::DeleteStmt(stmt) => {
                super::dml::delete(stmt, self);
                Count::Many
            }
            NodeEnum::MergeStmt(stmt) => {
                super::dml::merge(stmt, self);
                Count::Many
            }
            _ => Count::Many,
        }
    }

    /// Plans a SELECT by itself; the answer is how many rows it gives.
    pub fn select(&mut self, stmt: &'q SelectStmt, wanted: Wanted) -> Count {
        let whole = NodeRef::SelectStmt(stmt);
        self.with(stmt.with_clause.as_ref(), whole, |this| {
            this.select_body(stmt, wanted)
        })
    }

    fn select_body(&mut self, stmt: &'q SelectStmt, wanted: Wanted) -> Count {
        let limit = limit_of(stmt);
        let limited = |count| limit.map_or(count, Count::of);
        if stmt.larg.is_some() {
            for arm in [&stmt.larg, &stmt.rarg].into_iter().flatten() {
                self.select(arm, Wanted::AllRows);
            }
            self.sublinks_of(&stmt.sort_clause);
            return limited(Count::Many);
        }
        if !stmt.values_lists.is_empty() {
            self.sublinks_of(&stmt.values_lists);
            return limited(Count::of_len(stmt.values_lists.len()));
        }
        let mut level = Level::default();
        let scope = level.add_scope(None);
        self.add_list(&stmt.from_clause, &mut level, scope, &|alias| {
            lock_mode(stmt, alias)
        });
        self.conditions(stmt.where_clause.as_deref(), &mut level, scope, None);
        self.sublinks_of(&stmt.target_list);
        self.sublinks_of(&stmt.group_clause);
        self.sublinks_of(&stmt.sort_clause);
        let single = [&stmt.having_clause, &stmt.limit_count, &stmt.limit_offset];
        for node in single.into_iter().flatten() {
            self.sublinks(node);
        }
        let shape = access::Shape::of(stmt, wanted, limit, self.c);
        let found = access::emit(&level, &shape, self);
        if shape.one_row
            || found.few && !level.sources.is_empty()
            || level.sources.is_empty() && !functions::returns_set(&stmt.target_list, self.c)
        {
            return Count::Few;
        }
        if let Some(limit) = limit {
            return Count::of(limit);
        }
        let counts: Vec<Count> = level
            .sources
            .iter()
            .map(|source| match source.rows {
                Rows::Planned(count) => count,
                Rows::Table { .. } | Rows::Unknown(_) => Count::Many,
            })
            .collect();
        match counts.as_slice() {
            [only] => *only,
            _ => Count::Many,
        }
    }

    /// Puts the CTEs out of sight, for a name that none of them can be meant by.
    pub fn hide_ctes(&mut self) -> Hidden<'q> {
        Hidden(std::mem::take(&mut self.ctes))
    }

    pub fn show_ctes(&mut self, hidden: Hidden<'q>) {
        self.ctes = hidden.0;
    }

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

enum LookedUp<'q> {
    Relation(&'q Relation),
    Unknown(crate::effects::Target),
    Nothing,
}

fn alias_of(name: &RangeVar) -> &str {
    name.alias
        .as_ref()
        .map_or(&name.relname, |alias| &alias.aliasname)
}

/// The SELECT of a view or materialized view.
fn select_of(relation: &Relation) -> Option<&SelectStmt> {
    match relation.query.as_deref()? {
        NodeEnum::SelectStmt(select) => Some(select),
        _ => None,
    }
}

/// The value of a select list entry.
fn output_value(output: &Node) -> Option<&Node> {
    match &output.node {
        Some(NodeEnum::ResTarget(target)) => target.val.as_deref(),
        _ => None,
    }
}

/// FOR UPDATE and its like lock in RowShare.
pub(super) fn lock_mode(stmt: &SelectStmt, alias: &str) -> LockMode {
    let locked = stmt.locking_clause.iter().any(|clause| match &clause.node {
        Some(NodeEnum::LockingClause(clause)) => {
            clause.locked_rels.is_empty()
                || clause.locked_rels.iter().any(|node| match &node.node {
                    Some(NodeEnum::RangeVar(name)) => name.relname == alias,
                    _ => false,
                })
        }
        _ => false,
    });
    if locked {
        LockMode::RowShare
    } else {
        LockMode::AccessShare
    }
}

/// `is_simple_subquery`: nothing that the outer query would have to wait for.
fn is_simple(select: &SelectStmt, c: &Collector<'_>) -> bool {
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

/// LIMIT or FETCH FIRST with a constant.
pub(super) fn limit_of(stmt: &SelectStmt) -> Option<i64> {
    functions::integer(stmt.limit_count.as_deref()?)
}

fn column_place<'q>(level: &Level<'q>, entry: &Entry<'q>, column: &str) -> Option<Place<'q>> {
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
                super::level::Resolved::Column(source, column) => {
                    Some(Place::Column(source, column))
                }
                super::level::Resolved::Row(source) => Some(Place::Row(source)),
                super::level::Resolved::Computed | super::level::Resolved::Outer => None,
            }
        }
    }
}

fn string_node(text: &str) -> Node {
    Node {
        node: Some(NodeEnum::String(pg_query::protobuf::String {
            sval: text.to_owned(),
        })),
    }
}

/// NATURAL JOIN: the columns that both sides have.
fn common_columns(
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

/// Whether a condition names a column of a query around it.
fn reaches_out(condition: &Node, level: &Level<'_>, scope: usize, own: Range<usize>) -> bool {
    let Some(node) = &condition.node else {
        return false;
    };
    walk::descendants(node).any(|node| match node {
        NodeRef::ColumnRef(column) => match level.resolve(column, scope) {
            super::level::Resolved::Column(source, _) | super::level::Resolved::Row(source) => {
                !own.contains(&source)
            }
            super::level::Resolved::Outer => true,
            super::level::Resolved::Computed => false,
        },
        _ => false,
    })
}
