//! How each table of a level is read: the locks that the planner adds, and whether a sequential scan remains.
//!
//! The planner weighs costs; this goes by the forms that decide them. An equality, a null test or a range
//! with both ends on the leading column of a valid index is an index scan, everything else reads the table.

use std::collections::BTreeSet;

use pg_query::protobuf::SelectStmt;
use pg_query::{Node, NodeEnum};

use super::build::{Planner, Wanted};
use super::facts::{ColumnTest, Fact, facts};
use super::level::{Count, Level, Rows, Source, Test};
use super::mention::Stage;
use super::{bound, functions, partition, same};
use crate::catalog::{Index, IndexTarget, Oid, Relation, RelationKind};
use crate::effects::{Collector, LockMode, RowBound, WorkKind, node};

/// What a SELECT does with the rows, as far as it decides how they are read.
#[derive(Default)]
pub(super) struct Shape<'q> {
    /// Aggregates without GROUP BY.
    pub one_row: bool,
    /// It stops after this many rows of its only table.
    stops_after: Option<i64>,
    /// The column whose order or extreme value an index would give.
    ordered_by: Option<&'q Node>,
}

impl<'q> Shape<'q> {
    pub fn of(stmt: &'q SelectStmt, wanted: Wanted, limit: Option<i64>, c: &Collector<'_>) -> Self {
        let aggregates = functions::has_aggregate(&stmt.target_list, c);
        let grouped = !stmt.group_clause.is_empty() || stmt.having_clause.is_some();
        let plain = !aggregates && !grouped && stmt.distinct_clause.is_empty();
        let limit = match wanted {
            Wanted::AllRows => limit,
            Wanted::OneRow => Some(1),
        };
        let sorted = !stmt.sort_clause.is_empty() && wanted == Wanted::AllRows;
        let ordered_by = if plain && sorted {
            stmt.sort_clause.first().and_then(|sort| match &sort.node {
                Some(NodeEnum::SortBy(sort)) => sort.node.as_deref(),
                _ => None,
            })
        } else if aggregates && !grouped {
            extreme(&stmt.target_list, c)
        } else {
            None
        };
        Shape {
            one_row: aggregates && stmt.group_clause.is_empty(),
            stops_after: limit.filter(|_| plain && !sorted),
            ordered_by,
        }
    }
}

/// The argument of the only aggregate, when that is min() or max(): an index can give it
/// (`preprocess_minmax_aggregates` in src/backend/optimizer/plan/planagg.c).
fn extreme<'q>(targets: &'q [Node], c: &Collector<'_>) -> Option<&'q Node> {
    let mut calls = functions::calls(targets).filter(|call| functions::is_aggregate(call, c));
    let call = calls.next()?;
    if calls.next().is_some() {
        return None;
    }
    let name = call.funcname.last().and_then(node::string)?;
    let [argument] = call.args.as_slice() else {
        return None;
    };
    (matches!(name, "min" | "max") && call.agg_filter.is_none()).then_some(argument)
}

/// What planning a level has shown.
pub(super) struct Found {
    /// Every table is looked up by a unique key.
    pub few: bool,
    /// How far the text bounds the rows of the first source, the target of UPDATE, DELETE or MERGE.
    pub target: RowBound,
}

/// Locks the tables of a level as the planner does, and reports those that are read from end to end.
pub(super) fn emit<'q>(
    level: &Level<'q>,
    shape: &Shape<'q>,
    planner: &mut Planner<'q, '_, '_>,
) -> Found {
    let facts = facts(level, planner.c);
    let known = Known::of(level, &facts, planner);
    let bound = bound::of_target(&known);
    for (number, source) in level.sources.iter().enumerate() {
        match &source.rows {
            Rows::Planned(_) => {}
            Rows::Unknown(target) => {
                let mode = source.mode;
                let span = source.span.clone();
                planner.c.lock_target(target.clone(), mode, span.clone());
                if planner.stage == Stage::Executed && !level.never {
                    let reason = planner.reason_for(mode, bound);
                    let work = WorkKind::Scan;
                    planner.c.work_on(target.clone(), work, None, reason, span);
                }
            }
            Rows::Table {
                relation,
                only,
                sampled,
            } => {
                let reads = !level.never && !sampled && !stops_early(level, shape);
                let tables = lock_tree(number, source, relation, *only, &known, planner);
                for table in tables {
                    let read = reads
                        && planner.stage == Stage::Executed
                        && holds_rows(table)
                        && !known.by_index(number, table, shape);
                    if read {
                        let reason = planner.reason_for(source.mode, bound);
                        planner.c.scan(table.oid, reason, source.span.clone());
                    }
                }
            }
        }
    }
    Found {
        few: (0..level.sources.len()).all(|source| known.is_one_row(source)),
        target: bound,
    }
}

fn holds_rows(relation: &Relation) -> bool {
    match relation.kind {
        RelationKind::Table | RelationKind::MaterializedView => true,
        // A view whose query is not known, read through it.
        RelationKind::View
        | RelationKind::PartitionedTable
        | RelationKind::Sequence
        | RelationKind::ForeignTable
        | RelationKind::CompositeType => false,
    }
}

/// A LIMIT below what counts as reading a table, with nothing to search for.
fn stops_early(level: &Level<'_>, shape: &Shape<'_>) -> bool {
    const A_FEW_BLOCKS: i64 = 500;
    level.sources.len() == 1
        && level.conditions.is_empty()
        && shape.stops_after.is_some_and(|rows| rows < A_FEW_BLOCKS)
}

/// A partition that is partitioned itself is planned with its own partition constraint, which is put together from
/// those of its ancestors (`set_baserel_partition_constraint` in src/backend/optimizer/util/plancat.c).
fn lock_ancestors(table: &Relation, source: &Source<'_>, planner: &mut Planner<'_, '_, '_>) {
    let mut partition = table;
    while partition.is_partition() && table.kind == RelationKind::PartitionedTable {
        let Some(&parent) = partition.parents.first() else {
            return;
        };
        planner.c.because("its partition constraint is read", |c| {
            c.lock(parent, LockMode::AccessShare, source.span.clone())
        });
        let Some(above) = planner.catalog.relation(parent) else {
            return;
        };
        partition = above;
    }
}

/// Locks a table, what inherits from it as far as its partitions can hold wanted rows, and the indexes of all of
/// them (`expand_inherited_rtentry`, `get_relation_info`).
fn lock_tree<'q>(
    number: usize,
    source: &Source<'q>,
    relation: &'q Relation,
    only: bool,
    known: &Known<'_, 'q>,
    planner: &mut Planner<'q, '_, '_>,
) -> Vec<&'q Relation> {
    let catalog = planner.catalog;
    let mut tables = vec![relation];
    if relation.kind == RelationKind::PartitionedTable && !only {
        let tests: Vec<(&str, &ColumnTest<'q>)> = known.tests(number).collect();
        // WHERE false leaves no partition (`gen_partprune_steps`).
        if !known.level.never {
            tables.extend(partition::wanted(relation, &tests, catalog));
        }
    } else if !only {
        tables.extend(
            catalog
                .family(relation.oid)
                .into_iter()
                .filter(|&oid| oid != relation.oid)
                .filter_map(|oid| catalog.relation(oid)),
        );
    }
    for table in &tables {
        lock_table(table, source, table.oid == relation.oid, planner);
    }
    if !only && !super::dml::has_no_partitions(relation, planner.c) {
        lock_ancestors(relation, source, planner);
    }
    if only && relation.kind == RelationKind::PartitionedTable {
        tables.clear();
    }
    tables
}

fn lock_table(
    table: &Relation,
    source: &Source<'_>,
    named: bool,
    planner: &mut Planner<'_, '_, '_>,
) {
    let span = &source.span;
    let mode = source.mode;
    let because = if named {
        source.because.clone()
    } else {
        Some("it is read as a part of its parent".to_owned())
    };
    // Indexes of partitioned tables are looked at from 16 on; before that where there is no partition to plan for.
    let indexes = table.kind != RelationKind::PartitionedTable
        || planner.c.input.since(16)
        || super::dml::has_no_partitions(table, planner.c);
    let lock = |c: &mut Collector<'_>| {
        c.lock(table.oid, mode, span.clone());
        if indexes {
            c.lock_indexes(table.oid, mode, span);
        }
    };
    match because {
        Some(because) => planner.c.because(because, lock),
        None => lock(planner.c),
    }
}

/// What is known of the columns of each source once equalities are followed.
pub(super) struct Known<'l, 'q> {
    pub level: &'l Level<'q>,
    pub facts: &'l [Fact<'q>],
    /// Columns with one value, or a few that are looked up one by one.
    pub fixed: BTreeSet<(usize, String)>,
    pub catalog: &'q crate::catalog::Catalog,
}

impl<'l, 'q> Known<'l, 'q> {
    pub fn of(level: &'l Level<'q>, facts: &'l [Fact<'q>], planner: &Planner<'q, '_, '_>) -> Self {
        let mut known = Known {
            level,
            facts,
            fixed: BTreeSet::new(),
            catalog: planner.catalog,
        };
        known.follow_equalities();
        known
    }

    fn follow_equalities(&mut self) {
        for fact in self.facts {
            match fact {
                Fact::Column {
                    source,
                    column,
                    test: ColumnTest::Equal(_) | ColumnTest::InArray(_),
                } => {
                    self.fixed.insert((*source, column.clone()));
                }
                Fact::Rows {
                    source,
                    column,
                    rows,
                } if self.gives_few(*rows) => {
                    self.fixed.insert((*source, column.clone()));
                }
                _ => {}
            }
        }
        // Each round fixes a column more, or is the last.
        loop {
            let before = self.fixed.len();
            for fact in self.facts {
                if let Fact::Link { left, right, about } = fact {
                    self.follow(left, right, about.as_ref());
                    self.follow(right, left, about.as_ref());
                }
            }
            if self.fixed.len() == before {
                return;
            }
        }
    }

    fn follow(
        &mut self,
        from: &(usize, String),
        to: &(usize, String),
        about: Option<&std::ops::Range<usize>>,
    ) {
        let allowed = about.is_none_or(|only| only.contains(&to.0));
        if allowed && (self.fixed.contains(from) || self.is_one_row(from.0)) {
            self.fixed.insert(to.clone());
        }
    }

    /// A source that is looked up by a unique key.
    pub fn is_one_row(&self, source: usize) -> bool {
        let Some(table) = self.level.table(source) else {
            return matches!(self.level.sources[source].rows, Rows::Planned(Count::Few));
        };
        self.catalog.indexes_of(table.oid).any(|index| {
            index.unique
                && index.predicate.is_none()
                && index.keys.iter().all(|key| match &key.target {
                    IndexTarget::Column(column) => self.fixed.contains(&(source, column.clone())),
                    IndexTarget::Expression(_) => false,
                })
        })
    }

    fn gives_few(&self, rows: usize) -> bool {
        matches!(self.level.sources[rows].rows, Rows::Planned(Count::Few))
    }

    /// The tests on plain columns of a source that hold for all of its rows.
    pub fn tests(&self, source: usize) -> impl Iterator<Item = (&'l str, &'l ColumnTest<'q>)> {
        self.facts.iter().filter_map(move |fact| match fact {
            Fact::Column {
                source: of,
                column,
                test,
            } if *of == source => Some((column.as_str(), test)),
            _ => None,
        })
    }

    /// Whether an index (or a row's own address) leads to the wanted rows of this table of the source.
    pub fn by_index(&self, source: usize, table: &Relation, shape: &Shape<'_>) -> bool {
        let here: Vec<&Fact<'q>> = self.facts.iter().collect();
        self.usable(source, table.oid, &here, true) || self.in_index_order(source, table.oid, shape)
    }

    fn usable(&self, source: usize, table: Oid, facts: &[&Fact<'q>], top: bool) -> bool {
        let tests = |column: &str| -> Vec<&ColumnTest<'q>> {
            facts
                .iter()
                .filter_map(|fact| match fact {
                    Fact::Column {
                        source: of,
                        column: name,
                        test,
                    } if *of == source && name == column => Some(test),
                    _ => None,
                })
                .collect()
        };
        let is_fixed = |column: &str| top && self.fixed.contains(&(source, column.to_owned()));
        let by_address = is_fixed("ctid")
            || tests("ctid")
                .iter()
                .any(|test| matches!(test, ColumnTest::Equal(_) | ColumnTest::InArray(_)));
        if by_address {
            return true;
        }
        let by_index = self.catalog.indexes_of(table).any(|index| {
            if !index.valid || !self.covers(index) {
                return false;
            }
            match index.keys.first().map(|key| &key.target) {
                Some(IndexTarget::Column(column)) => {
                    is_fixed(column) && index.method != "brin" || answers(index, &tests(column))
                }
                Some(IndexTarget::Expression(expression)) => self
                    .expression_tests(source, expression, facts)
                    .is_some_and(|tests| answers(index, &tests)),
                None => false,
            }
        });
        by_index
            || facts.iter().any(|fact| match fact {
                Fact::Any(arms) => {
                    !arms.is_empty()
                        && arms.iter().all(|arm| {
                            let arm: Vec<&Fact<'q>> = arm.iter().collect();
                            self.usable(source, table, &arm, false)
                        })
                }
                _ => false,
            })
    }

    fn expression_tests<'f>(
        &self,
        source: usize,
        expression: &Node,
        facts: &[&'f Fact<'q>],
    ) -> Option<Vec<&'f ColumnTest<'q>>> {
        let wanted = same::text(expression)?;
        Some(
            facts
                .iter()
                .filter_map(|fact| match fact {
                    Fact::Expression {
                        source: of,
                        expression,
                        test,
                    } if *of == source && same::text(expression).as_deref() == Some(&wanted) => {
                        Some(test)
                    }
                    _ => None,
                })
                .collect(),
        )
    }

    /// A partial index serves where its predicate is one of the conditions, word for word.
    fn covers(&self, index: &Index) -> bool {
        let Some(predicate) = &index.predicate else {
            return true;
        };
        let Some(wanted) = same::conjuncts(predicate) else {
            return false;
        };
        let given: Vec<String> = self
            .level
            .conditions
            .iter()
            .filter_map(|condition| match &condition.test {
                Test::Expression(node) => same::text(node),
                Test::Equal(..) => None,
            })
            .collect();
        wanted.iter().all(|part| given.contains(part))
    }

    /// ORDER BY, min() and max() of an indexed column of the only table, with nothing to search for.
    fn in_index_order(&self, source: usize, table: Oid, shape: &Shape<'_>) -> bool {
        let Some(NodeEnum::ColumnRef(column)) =
            shape.ordered_by.and_then(|node| node.node.as_ref())
        else {
            return false;
        };
        if self.level.sources.len() != 1 || !self.level.conditions.is_empty() {
            return false;
        }
        let super::level::Resolved::Column(of, name) = self.level.resolve(column, 0) else {
            return false;
        };
        of == source
            && self.catalog.indexes_of(table).any(|index| {
                index.valid
                    && index.method == "btree"
                    && index.predicate.is_none()
                    && matches!(
                        index.keys.first().map(|key| &key.target),
                        Some(IndexTarget::Column(leading)) if *leading == name
                    )
            })
    }
}

/// Whether an index of that method finds rows by these tests of its leading key.
fn answers(index: &Index, tests: &[&ColumnTest<'_>]) -> bool {
    let any = |wanted: fn(&ColumnTest<'_>) -> bool| tests.iter().any(|test| wanted(test));
    let equal = any(|test| matches!(test, ColumnTest::Equal(_) | ColumnTest::InArray(_)));
    let null = any(|test| matches!(test, ColumnTest::Null));
    let between = any(|test| matches!(test, ColumnTest::Above(_)))
        && any(|test| matches!(test, ColumnTest::Below(_)));
    let contains = any(|test| matches!(test, ColumnTest::Contains));
    let prefix = any(|test| matches!(test, ColumnTest::Prefix));
    match index.method.as_str() {
        "btree" => equal || null || between || prefix && by_pattern(index),
        "hash" => equal,
        "gin" => contains || equal,
        // GiST and SP-GiST answer ranges and containment; with btree_gist also equality.
        "gist" | "spgist" => contains || equal || between,
        // BRIN leaves whole block ranges to read.
        _ => false,
    }
}

/// An index that compares byte by byte finds prefixes.
fn by_pattern(index: &Index) -> bool {
    index.keys.first().is_some_and(|key| {
        key.opclass
            .as_deref()
            .is_some_and(|opclass| opclass.ends_with("pattern_ops"))
            || matches!(key.collation.as_deref(), Some("C" | "POSIX"))
    })
}
