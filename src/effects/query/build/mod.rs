//! From a parse tree to levels: which subqueries are pulled up, and which are planned by themselves.

mod from;
mod sublinks;

use std::ops::Range;

use pg_query::protobuf::{CommonTableExpr, CteMaterialize, SelectStmt, WithClause};
use pg_query::{NodeEnum, NodeRef};

use crate::catalog::{Catalog, Relation};
use crate::effects::query::access;
use crate::effects::query::functions;
use crate::effects::query::level::{Count, Level, Rows};
use crate::effects::query::mention::Stage;
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

/// LIMIT or FETCH FIRST with a constant.
pub(super) fn limit_of(stmt: &SelectStmt) -> Option<i64> {
    functions::integer(stmt.limit_count.as_deref()?)
}
