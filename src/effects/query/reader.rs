//! The relations that a query reads: their locks, those of their indexes, and which are read as a whole.

use std::ops::Range;

use pg_query::protobuf::{LockClauseStrength, RangeVar, SelectStmt, WithClause};
use pg_query::{Node, NodeEnum, NodeRef};

use super::condition::{ComparisonKind, Table, comparisons};
use super::{prune, write};
use crate::catalog::{Oid, Relation, RelationKind};
use crate::effects::{Collector, DmlCommand, LockMode, Reason, RowBound, nextval, node};
use crate::sql::walk;

/// How far a query gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Parse analysis only: relations are locked (CREATE VIEW, PREPARE, WITH NO DATA).
    Analysed,
    /// Planned too: every index of a table that is read is locked (`get_relation_info` in plancat.c).
    Planned,
    /// Run: tables are read.
    Executed,
}

/// Walks queries with the CTE names that are in scope.
#[derive(Clone)]
pub struct Reader {
    pub depth: Depth,
    pub reason: Reason,
    pub span: Range<usize>,
    ctes: Vec<String>,
}

impl Reader {
    pub fn new(depth: Depth, reason: Reason, span: Range<usize>) -> Self {
        Reader {
            depth,
            reason,
            span,
            ctes: Vec::new(),
        }
    }

    /// The same, for the work of a write.
    pub fn writing(&self, command: DmlCommand, bound: RowBound) -> Self {
        Reader {
            reason: Reason::Dml { command, bound },
            ..self.clone()
        }
    }

    /// The CTEs of a WITH clause: each is a query, perhaps one that writes.
    pub fn with(&mut self, with: Option<&WithClause>, c: &mut Collector<'_>) {
        for cte in with.into_iter().flat_map(|with| &with.ctes) {
            let Some(NodeEnum::CommonTableExpr(cte)) = &cte.node else {
                continue;
            };
            self.ctes.push(cte.ctename.clone());
            if let Some(query) = &cte.ctequery {
                self.statement(query, c);
            }
        }
    }

    /// A query of any kind.
    pub fn statement(&self, query: &Node, c: &mut Collector<'_>) {
        match &query.node {
            Some(NodeEnum::SelectStmt(select)) => self.select(select, c),
            Some(NodeEnum::InsertStmt(insert)) => write::insert(insert, self, c),
            Some(NodeEnum::UpdateStmt(update)) => write::update(update, self, c),
            Some(NodeEnum::DeleteStmt(delete)) => write::delete(delete, self, c),
            Some(NodeEnum::MergeStmt(merge)) => write::merge(merge, self, c),
            _ => {}
        }
    }

    pub fn select(&self, select: &SelectStmt, c: &mut Collector<'_>) {
        let mut reader = self.clone();
        reader.with(select.with_clause.as_ref(), c);
        if let (Some(left), Some(right)) = (&select.larg, &select.rarg) {
            reader.select(left, c);
            reader.select(right, c);
            return;
        }
        let stops_early = stops_early(select);
        for item in &select.from_clause {
            reader.from_item(item, select, stops_early, c);
        }
        let parts = [
            select.where_clause.as_deref(),
            select.having_clause.as_deref(),
            select.limit_count.as_deref(),
        ];
        let lists = [
            &select.target_list,
            &select.group_clause,
            &select.sort_clause,
            &select.values_lists,
        ];
        for part in parts
            .into_iter()
            .flatten()
            .chain(lists.into_iter().flatten())
        {
            reader.expression(part, c);
        }
    }

    /// Subqueries and sequences in an expression.
    pub fn expression(&self, expression: &Node, c: &mut Collector<'_>) {
        let Some(root) = &expression.node else {
            return;
        };
        if self.depth == Depth::Executed {
            nextval::lock_sequences_in(expression, c, &self.span);
        }
        // The walk goes into subqueries by itself: only the outermost are handed on.
        let mut waiting = vec![root.to_ref()];
        while let Some(found) = waiting.pop() {
            if let NodeRef::SelectStmt(select) = found {
                self.select(select, c);
                continue;
            }
            waiting.extend(walk::children(found));
        }
    }

    fn from_item(
        &self,
        item: &Node,
        select: &SelectStmt,
        stops_early: bool,
        c: &mut Collector<'_>,
    ) {
        match &item.node {
            Some(NodeEnum::RangeVar(name)) => {
                let mode = lock_mode(name, select);
                let alone = select.from_clause.len() == 1;
                let condition = select.where_clause.as_deref().filter(|_| alone);
                let whole = !stops_early;
                self.table(name, mode, condition, whole, c);
            }
            Some(NodeEnum::RangeTableSample(sample)) => {
                if let Some(relation) = &sample.relation {
                    self.from_item(relation, select, stops_early, c);
                }
            }
            Some(NodeEnum::JoinExpr(join)) => {
                for side in [&join.larg, &join.rarg].into_iter().flatten() {
                    self.joined(side, select, c);
                }
                if let Some(quals) = &join.quals {
                    self.expression(quals, c);
                }
            }
            Some(NodeEnum::RangeSubselect(query)) => {
                if let Some(query) = &query.subquery {
                    self.statement(query, c);
                }
            }
            Some(NodeEnum::RangeFunction(_)) => self.expression(item, c),
            _ => {}
        }
    }

    /// One side of a join: which side is read through an index is the planner's choice.
    fn joined(&self, side: &Node, select: &SelectStmt, c: &mut Collector<'_>) {
        match &side.node {
            Some(NodeEnum::RangeVar(name)) => {
                self.table(
                    name,
                    lock_mode(name, select),
                    select.where_clause.as_deref(),
                    true,
                    c,
                );
            }
            _ => self.from_item(side, select, false, c),
        }
    }

    /// Tables that a FROM or USING of a write names.
    pub fn from_clause(&self, items: &[Node], c: &mut Collector<'_>) {
        let select = SelectStmt::default();
        for item in items {
            self.joined(item, &select, c);
        }
    }

    /// A relation that is read. `whole`: unless an index leads to the rows, all of it is.
    pub fn table(
        &self,
        name: &RangeVar,
        mode: LockMode,
        condition: Option<&Node>,
        whole: bool,
        c: &mut Collector<'_>,
    ) {
        if name.schemaname.is_empty() && self.ctes.contains(&name.relname) {
            return;
        }
        if is_system(name) {
            return;
        }
        let Some(oid) = c.resolve(name) else {
            self.unknown(name, mode, whole, c);
            return;
        };
        let alias = name
            .alias
            .as_ref()
            .map_or(name.relname.as_str(), |alias| alias.aliasname.as_str());
        self.relation(oid, mode, condition, alias, whole, name.inh, c);
    }

    fn unknown(&self, name: &RangeVar, mode: LockMode, whole: bool, c: &mut Collector<'_>) {
        let target = c.unknown_target(c.input.qualified(name), RelationKind::Table);
        c.lock_target(target.clone(), mode, self.span.clone());
        if whole && self.depth == Depth::Executed {
            c.work_on(
                target,
                crate::effects::WorkKind::Scan,
                None,
                self.reason.clone(),
                self.span.clone(),
            );
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one relation of a FROM clause, with all that is said of it"
    )]
    pub fn relation(
        &self,
        oid: Oid,
        mode: LockMode,
        condition: Option<&Node>,
        alias: &str,
        whole: bool,
        inherits: bool,
        c: &mut Collector<'_>,
    ) {
        c.lock(oid, mode, self.span.clone());
        let Some(relation) = c.relation(oid) else {
            return;
        };
        match relation.kind {
            RelationKind::View => {
                self.view(relation, mode, c);
                return;
            }
            RelationKind::Sequence | RelationKind::CompositeType => return,
            RelationKind::Table
            | RelationKind::PartitionedTable
            | RelationKind::MaterializedView
            | RelationKind::ForeignTable => {}
        }
        if self.depth == Depth::Analysed {
            return;
        }
        self.plan_one(relation, mode, condition, alias, whole, c);
        if !inherits {
            return;
        }
        let members = if relation.kind == RelationKind::PartitionedTable {
            prune::partitions(c.input.before, relation, condition, alias)
        } else {
            c.family(oid).split_off(1)
        };
        for member in members {
            c.because("it is a part of the table that is read", |c| {
                c.lock(member, mode, self.span.clone())
            });
            if let Some(relation) = c.relation(member) {
                self.plan_one(relation, mode, condition, alias, whole, c);
            }
        }
    }

    /// Index locks and the scan of one relation.
    fn plan_one(
        &self,
        relation: &Relation,
        mode: LockMode,
        condition: Option<&Node>,
        alias: &str,
        whole: bool,
        c: &mut Collector<'_>,
    ) {
        let partitioned = relation.kind == RelationKind::PartitionedTable;
        // 12 to 15 do not open the indexes of partitioned tables.
        if !partitioned || c.input.since(16) {
            c.lock_indexes(relation.oid, mode, &self.span);
        }
        if partitioned || !whole || self.depth < Depth::Executed {
            return;
        }
        let table = Table { relation, alias };
        if !index_leads(table, condition, c) {
            c.scan(relation.oid, self.reason.clone(), self.span.clone());
        }
    }

    /// A view is expanded: what it reads is locked too, its query's tables only for reading.
    fn view(&self, view: &Relation, mode: LockMode, c: &mut Collector<'_>) {
        let Some(query) = &view.query else {
            c.assume(format!("what view {} reads is not known", view.name));
            return;
        };
        let mut inner = self.clone();
        inner.ctes.clear();
        let because = format!("view {} reads it", view.name.name);
        let query = Node {
            node: Some(query.as_ref().clone()),
        };
        c.because(because, |c| {
            if mode <= LockMode::RowShare {
                inner.statement(&query, c);
            } else {
                inner.updatable_view(&query, mode, c);
            }
        });
    }

    /// A write to a simple view goes to its one table.
    fn updatable_view(&self, query: &Node, mode: LockMode, c: &mut Collector<'_>) {
        if let Some(NodeEnum::SelectStmt(select)) = &query.node
            && let [only] = select.from_clause.as_slice()
            && let Some(NodeEnum::RangeVar(name)) = &only.node
        {
            self.table(name, mode, None, false, c);
        }
    }
}

/// Whether a valid index leads to the rows: its first column is compared with a value.
pub fn index_leads(table: Table<'_>, condition: Option<&Node>, c: &Collector<'_>) -> bool {
    let comparisons = comparisons(condition, table);
    if comparisons
        .iter()
        .any(|comparison| comparison.column == "ctid")
    {
        return true;
    }
    let before = c.input.before;
    before.indexes_of(table.relation.oid).any(|index| {
        index.valid
            && index.predicate.is_none()
            && matches!(index.method.as_str(), "btree" | "hash")
            && index.keys.first().is_some_and(|key| {
                matches!(&key.target, crate::catalog::IndexTarget::Column(column)
                if comparisons.iter().any(|comparison| {
                    comparison.column == *column
                        && comparison.kind != ComparisonKind::InQuery { limited: false }
                }))
            })
    })
}

/// A LIMIT without an order, a condition or a grouping stops after the first rows.
fn stops_early(select: &SelectStmt) -> bool {
    select.limit_count.is_some()
        && select.sort_clause.is_empty()
        && select.where_clause.is_none()
        && select.group_clause.is_empty()
        && select.distinct_clause.is_empty()
        && !select.target_list.iter().any(aggregates)
}

fn aggregates(target: &Node) -> bool {
    let Some(root) = &target.node else {
        return false;
    };
    walk::descendants(root).any(|found| {
        matches!(found, NodeRef::FuncCall(call)
            if call.agg_star
                || matches!(
                    call.funcname.last().and_then(node::string),
                    Some("count" | "sum" | "min" | "max" | "avg" | "bool_and" | "bool_or" | "array_agg" | "string_agg" | "jsonb_agg" | "json_agg")
                ))
    })
}

/// FOR UPDATE and its kin lock the tables they are about in RowShare.
fn lock_mode(name: &RangeVar, select: &SelectStmt) -> LockMode {
    let alias = name
        .alias
        .as_ref()
        .map_or(name.relname.as_str(), |alias| alias.aliasname.as_str());
    let locked = select.locking_clause.iter().any(|clause| {
        let Some(NodeEnum::LockingClause(clause)) = &clause.node else {
            return false;
        };
        clause.strength() != LockClauseStrength::LcsNone
            && (clause.locked_rels.is_empty()
                || clause.locked_rels.iter().any(|locked| {
                    matches!(&locked.node, Some(NodeEnum::RangeVar(locked)) if locked.relname == alias)
                }))
    });
    if locked {
        LockMode::RowShare
    } else {
        LockMode::AccessShare
    }
}

/// The system catalogs are nobody's to worry about.
fn is_system(name: &RangeVar) -> bool {
    matches!(
        name.schemaname.as_str(),
        "pg_catalog" | "information_schema"
    ) || name.schemaname.is_empty() && name.relname.starts_with("pg_")
}
