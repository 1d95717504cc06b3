//! Effects of VACUUM, ANALYZE, CLUSTER, LOCK TABLE and statistics objects.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterStatsStmt, ClusterStmt, CreateStatsStmt, LockStmt, RangeVar, VacuumStmt,
};

use super::named::Named;
use super::options::{self, StatementOption, Value};
use super::{Collector, LockMode, Reason, node};
use crate::catalog::{Index, Oid, Persistence, Relation, RelationKind};

/// What VACUUM or ANALYZE was asked to do.
#[derive(Default)]
struct Vacuum {
    vacuum: bool,
    analyze: bool,
    full: bool,
    parallel: bool,
    skips_page_skipping: bool,
    skips_main: bool,
    skips_toast: bool,
    only_database_statistics: bool,
}

pub fn vacuum(stmt: &VacuumStmt, c: &mut Collector<'_>) {
    let Some(vacuum) = Vacuum::read(stmt, c) else {
        return;
    };
    if let Some((sqlstate, message)) = vacuum.refusal(stmt, c) {
        c.error(sqlstate, message, c.input.span());
        return;
    }
    if vacuum.vacuum {
        c.forbidden_in_transaction("VACUUM");
        c.released_at_statement_end();
        if c.failed() {
            return;
        }
    } else if !c.input.session.in_block() {
        c.released_at_statement_end();
    }
    if vacuum.only_database_statistics {
        return;
    }
    for (oid, span) in vacuum.relations(stmt, c) {
        vacuum.one(oid, c, &span);
    }
}

impl Vacuum {
    /// The options in order (`ExecVacuum` in src/backend/commands/vacuum.c); the first that makes no sense is
    /// an error.
    fn read(stmt: &VacuumStmt, c: &mut Collector<'_>) -> Option<Self> {
        let mut vacuum = Vacuum {
            vacuum: stmt.is_vacuumcmd,
            analyze: !stmt.is_vacuumcmd,
            ..Vacuum::default()
        };
        for option in options::options(&stmt.options) {
            if let Err(message) = vacuum.option(&option, c) {
                let span = c.input.clause(option.location);
                c.error("42601", message, span);
                return None;
            }
        }
        Some(vacuum)
    }

    fn option(&mut self, option: &StatementOption<'_>, c: &Collector<'_>) -> Result<(), String> {
        let unrecognized = || {
            let command = if self.vacuum { "VACUUM" } else { "ANALYZE" };
            Err(format!("unrecognized {command} option \"{}\"", option.name))
        };
        let since = match option.name {
            "verbose" | "skip_locked" => 12,
            "buffer_usage_limit" => 16,
            _ if !self.vacuum => return unrecognized(),
            "analyze"
            | "freeze"
            | "full"
            | "disable_page_skipping"
            | "index_cleanup"
            | "truncate" => 12,
            "parallel" => 13,
            "process_toast" => 14,
            "process_main" | "skip_database_stats" | "only_database_stats" => 16,
            _ => return unrecognized(),
        };
        if !c.input.since(since) {
            return unrecognized();
        }
        match option.name {
            "buffer_usage_limit" => return Ok(()),
            "parallel" => {
                return match option.value {
                    Value::Integer(workers @ 0..=1024) => {
                        self.parallel = workers > 0;
                        Ok(())
                    }
                    _ => Err("parallel option requires a value between 0 and 1024".to_owned()),
                };
            }
            "index_cleanup" if c.input.since(14) && option.value == Value::Text("auto") => {
                return Ok(());
            }
            _ => {}
        }
        let Some(value) = option.boolean() else {
            return Err(format!("{} requires a Boolean value", option.name));
        };
        match option.name {
            "analyze" => self.analyze = value,
            "full" => self.full = value,
            "disable_page_skipping" => self.skips_page_skipping = value,
            "process_main" => self.skips_main = !value,
            "process_toast" => self.skips_toast = !value,
            "only_database_stats" => self.only_database_statistics = value,
            _ => {}
        }
        Ok(())
    }

    /// Combinations that ExecVacuum refuses before anything else happens.
    fn refusal(&self, stmt: &VacuumStmt, c: &Collector<'_>) -> Option<(&'static str, String)> {
        if self.vacuum && self.full && self.parallel {
            return Some((
                "0A000",
                "VACUUM FULL cannot be performed in parallel".to_owned(),
            ));
        }
        if !self.analyze && relations_of(stmt).any(|relation| !relation.va_cols.is_empty()) {
            let message = "ANALYZE option must be specified when a column list is provided";
            return Some(("0A000", message.to_owned()));
        }
        if self.full && self.skips_page_skipping {
            return Some((
                "0A000",
                "VACUUM option DISABLE_PAGE_SKIPPING cannot be used with FULL".to_owned(),
            ));
        }
        if self.full && self.skips_toast && c.input.since(14) {
            return Some((
                "0A000",
                "PROCESS_TOAST required with VACUUM FULL".to_owned(),
            ));
        }
        if self.only_database_statistics && !stmt.rels.is_empty() {
            return Some((
                "0A000",
                "ONLY_DATABASE_STATS cannot be specified with a list of tables".to_owned(),
            ));
        }
        None
    }

    /// The relations named, or all of the database (`expand_vacuum_rel`, `get_all_vacuum_rels`).
    fn relations(&self, stmt: &VacuumStmt, c: &mut Collector<'_>) -> Vec<(Oid, Range<usize>)> {
        if stmt.rels.is_empty() {
            let span = c.input.span();
            c.assume(
                "every table of the database is meant, also those that no known migration created",
            );
            return c
                .input
                .before
                .relations()
                .filter(|relation| self.concerns(relation.kind))
                .filter(|relation| relation.persistence != Persistence::Temporary)
                .map(|relation| (relation.oid, span.clone()))
                .collect();
        }
        let mut found = Vec::new();
        for relation in relations_of(stmt) {
            if let Some(name) = &relation.relation {
                self.named(name, c, &mut found);
            }
        }
        found
    }

    fn named(&self, name: &RangeVar, c: &mut Collector<'_>, found: &mut Vec<(Oid, Range<usize>)>) {
        let span = c.name_span(name.location);
        let root = match c.named(name, RelationKind::Table) {
            Named::Known(oid) => oid,
            Named::Unknown(target) => {
                c.lock_target(target.clone(), self.mode(), span.clone());
                if self.full {
                    let work = super::WorkKind::Rewrite;
                    c.work_on(target, work, None, Reason::VacuumFull, span);
                }
                return;
            }
            Named::Nothing => return,
        };
        let partitioned = c
            .relation(root)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        // ONLY, and the recursion to inheritance children, came with 18.
        let recurses = if c.input.since(18) {
            name.inh
        } else {
            partitioned
        };
        let family = if recurses { c.family(root) } else { vec![root] };
        found.extend(family.into_iter().map(|oid| (oid, span.clone())));
    }

    fn concerns(&self, kind: RelationKind) -> bool {
        match kind {
            RelationKind::Table | RelationKind::MaterializedView => true,
            RelationKind::PartitionedTable | RelationKind::ForeignTable => self.analyze,
            RelationKind::View | RelationKind::Sequence | RelationKind::CompositeType => false,
        }
    }

    fn mode(&self) -> LockMode {
        if self.full {
            LockMode::AccessExclusive
        } else {
            LockMode::ShareUpdateExclusive
        }
    }

    fn one(&self, oid: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
        let Some(relation) = c.relation(oid) else {
            return;
        };
        // Views and sequences are passed over with a warning, once they are locked.
        if self.vacuum && matches!(relation.kind, RelationKind::View | RelationKind::Sequence) {
            c.lock(oid, self.mode(), span.clone());
        }
        if !self.concerns(relation.kind) && relation.kind != RelationKind::PartitionedTable {
            return;
        }
        if self.vacuum && relation.kind != RelationKind::ForeignTable && !self.skips_main {
            self.vacuum_one(relation, c, span);
        }
        if self.analyze {
            analyze_one(relation, c, span);
        }
    }

    fn vacuum_one(&self, relation: &Relation, c: &mut Collector<'_>, span: &Range<usize>) {
        // A partitioned table has nothing to vacuum; its lock is given back at once.
        c.lock(relation.oid, self.mode(), span.clone());
        if relation.kind == RelationKind::PartitionedTable {
            return;
        }
        if self.full {
            c.rewrite(relation.oid, &Reason::VacuumFull, span);
        } else {
            c.lock_indexes(relation.oid, LockMode::RowExclusive, span);
        }
    }
}

/// ShareUpdateExclusive, the indexes in AccessShare; statistics of the whole inheritance tree read the children
/// (`do_analyze_rel`, `acquire_inherited_sample_rows` in src/backend/commands/analyze.c). A sample is no full scan.
fn analyze_one(relation: &Relation, c: &mut Collector<'_>, span: &Range<usize>) {
    c.lock(relation.oid, LockMode::ShareUpdateExclusive, span.clone());
    if relation.kind != RelationKind::PartitionedTable {
        c.lock_indexes(relation.oid, LockMode::AccessShare, span);
    }
    for child in c.family(relation.oid) {
        if child != relation.oid {
            c.because("its rows count in the statistics of the whole tree", |c| {
                c.lock(child, LockMode::AccessShare, span.clone())
            });
        }
    }
}

fn relations_of(stmt: &VacuumStmt) -> impl Iterator<Item = &pg_query::protobuf::VacuumRelation> {
    stmt.rels
        .iter()
        .filter_map(|node| match node.node.as_ref()? {
            NodeEnum::VacuumRelation(relation) => Some(relation),
            _ => None,
        })
}

/// CLUSTER of one table, of a partitioned table, or of every table that was clustered before
/// (src/backend/commands/cluster.c).
pub fn cluster(stmt: &ClusterStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    let Some(name) = &stmt.relation else {
        c.forbidden_in_transaction("CLUSTER");
        c.released_at_statement_end();
        if !c.failed() {
            cluster_all(c, &span);
        }
        return;
    };
    let mode = LockMode::AccessExclusive;
    let table = match c.named(name, RelationKind::Table) {
        Named::Known(oid) => oid,
        Named::Unknown(target) => {
            c.lock_target(target.clone(), mode, span.clone());
            let work = super::WorkKind::Rewrite;
            c.work_on(target, work, None, Reason::Cluster, span);
            return;
        }
        Named::Nothing => return,
    };
    c.lock(table, mode, span.clone());
    let Some(relation) = c.relation(table) else {
        return;
    };
    if !relation.complete {
        c.rewrite(table, &Reason::Cluster, &span);
        return;
    }
    let index = match cluster_index(stmt, relation, c) {
        Ok(index) => index,
        Err((sqlstate, message)) => {
            c.error(sqlstate, message, span);
            return;
        }
    };
    if relation.kind != RelationKind::PartitionedTable {
        c.rewrite(table, &Reason::Cluster, &span);
        return;
    }
    c.forbidden_in_transaction("CLUSTER");
    c.released_at_statement_end();
    if c.failed() {
        return;
    }
    // Only looked at; its partitions are what the rows are ordered by.
    c.lock(index.oid, LockMode::AccessShare, span.clone());
    let leaves: Vec<Oid> = c.family(table);
    for leaf in leaves {
        let stored = c
            .relation(leaf)
            .is_some_and(|relation| relation.kind == RelationKind::Table);
        if stored {
            let because = format!("it is a partition that index {} reaches", index.name.name);
            c.because(because, |c| {
                c.lock(leaf, mode, span.clone());
                c.rewrite(leaf, &Reason::Cluster, &span);
            });
        }
    }
}

fn cluster_all(c: &mut Collector<'_>, span: &Range<usize>) {
    let before = c.input.before;
    let clustered: Vec<Oid> = before
        .indexes()
        .filter(|index| index.clustered)
        .map(|index| index.table)
        .collect();
    for table in clustered {
        c.lock(table, LockMode::AccessExclusive, span.clone());
        c.rewrite(table, &Reason::Cluster, span);
    }
    c.assume(
        "tables that were clustered before are meant, also those that no known migration created",
    );
}

/// The index to cluster by, or what PostgreSQL refuses (`cluster`, `check_index_is_clusterable`).
fn cluster_index<'a>(
    stmt: &ClusterStmt,
    relation: &Relation,
    c: &Collector<'a>,
) -> Result<&'a Index, (&'static str, String)> {
    let table = &relation.name.name;
    match relation.kind {
        RelationKind::Table | RelationKind::MaterializedView => {}
        RelationKind::PartitionedTable if c.input.since(15) => {}
        RelationKind::PartitionedTable => {
            return Err(("0A000", "cannot cluster a partitioned table".to_owned()));
        }
        RelationKind::View
        | RelationKind::Sequence
        | RelationKind::ForeignTable
        | RelationKind::CompositeType => {
            let message = format!("\"{table}\" is not a table or materialized view");
            return Err(("42809", message));
        }
    }
    let index = if stmt.indexname.is_empty() {
        let found = c
            .input
            .before
            .indexes_of(relation.oid)
            .find(|index| index.clustered);
        found.ok_or_else(|| {
            (
                "42704",
                format!("there is no previously clustered index for table \"{table}\""),
            )
        })?
    } else {
        let name = crate::catalog::QualifiedName::new(
            relation.name.schema.clone(),
            stmt.indexname.clone(),
        );
        c.input.before.index_named(&name).ok_or_else(|| {
            (
                "42704",
                format!(
                    "index \"{}\" for table \"{table}\" does not exist",
                    stmt.indexname
                ),
            )
        })?
    };
    let name = &index.name.name;
    if index.table != relation.oid {
        let message = format!("\"{name}\" is not an index for table \"{table}\"");
        return Err(("42809", message));
    }
    match not_clusterable(index) {
        Some(message) => Err(("0A000", message)),
        None => Ok(index),
    }
}

/// `check_index_is_clusterable`
pub fn not_clusterable(index: &Index) -> Option<String> {
    let what = if !matches!(index.method.as_str(), "btree" | "gist") {
        "its access method does not support clustering"
    } else if index.predicate.is_some() {
        "it is partial"
    } else if !index.valid {
        "it is not valid"
    } else {
        return None;
    };
    Some(format!(
        "cannot cluster on index \"{}\": {what}",
        index.name.name
    ))
}

/// `LockTableCommand` in src/backend/commands/lockcmds.c.
pub fn lock(stmt: &LockStmt, c: &mut Collector<'_>) {
    if !c.input.session.in_block() {
        let message = "LOCK TABLE can only be used in transaction blocks";
        c.error("25P01", message, c.input.span());
        return;
    }
    let number = usize::try_from(stmt.mode).unwrap_or(8).clamp(1, 8);
    let mode = LockMode::ALL[number - 1];
    for relation in &stmt.relations {
        if let Some(NodeEnum::RangeVar(name)) = &relation.node {
            lock_one(name, mode, c);
        }
    }
}

fn lock_one(name: &RangeVar, mode: LockMode, c: &mut Collector<'_>) {
    let span = c.name_span(name.location);
    let named = c.named(name, RelationKind::Table);
    if let Named::Known(oid) = named
        && !is_lockable(oid, c)
    {
        let message = if c.input.since(15) {
            format!("cannot lock relation \"{}\"", name.relname)
        } else {
            format!("\"{}\" is not a table or view", name.relname)
        };
        c.error("42809", message, span);
        return;
    }
    let Some(oid) = c.lock_it(named, mode, &span) else {
        return;
    };
    let Some(relation) = c.relation(oid) else {
        return;
    };
    if relation.kind == RelationKind::View {
        lock_read_by_view(relation, mode, c, &span);
    } else if name.inh {
        lock_children(oid, mode, c, &span);
    }
}

fn is_lockable(oid: Oid, c: &Collector<'_>) -> bool {
    c.relation(oid).is_some_and(|relation| {
        !relation.complete
            || matches!(
                relation.kind,
                RelationKind::Table | RelationKind::PartitionedTable | RelationKind::View
            )
    })
}

fn lock_children(oid: Oid, mode: LockMode, c: &mut Collector<'_>, span: &Range<usize>) {
    for child in c.family(oid) {
        c.because("it inherits from a table that is named", |c| {
            c.lock(child, mode, span.clone())
        });
    }
}

/// What the view reads is locked alike, views in it through and through (`LockViewRecurse`); materialized views
/// and what else cannot be locked is left out.
fn lock_read_by_view(view: &Relation, mode: LockMode, c: &mut Collector<'_>, span: &Range<usize>) {
    let mut waiting: Vec<Oid> = view.reads.iter().map(|read| read.relation).collect();
    while let Some(oid) = waiting.pop() {
        if c.is_locked(oid) || !is_lockable(oid, c) {
            continue;
        }
        let Some(relation) = c.relation(oid) else {
            continue;
        };
        let because = format!("view {} reads it", view.name.name);
        c.because(because, |c| c.lock(oid, mode, span.clone()));
        if relation.kind == RelationKind::View {
            waiting.extend(relation.reads.iter().map(|read| read.relation));
        } else {
            lock_children(oid, mode, c, span);
        }
    }
}

/// ShareUpdateExclusive on the table (src/backend/commands/statscmds.c), also when IF NOT EXISTS finds it there.
pub fn create_statistics(stmt: &CreateStatsStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    let [only] = stmt.relations.as_slice() else {
        let message = "only a single relation is allowed in CREATE STATISTICS";
        c.error("0A000", message, span);
        return;
    };
    let Some(NodeEnum::RangeVar(name)) = &only.node else {
        let message = "only a single relation is allowed in CREATE STATISTICS";
        c.error("0A000", message, span);
        return;
    };
    let mode = LockMode::ShareUpdateExclusive;
    let Some(oid) = c.lock_named(name, RelationKind::Table, mode, &span) else {
        return;
    };
    if let Some(relation) = c.complete_relation(oid)
        && let Some((sqlstate, message)) = statistics_refusal(stmt, relation, c)
    {
        c.error(sqlstate, message, span);
    }
}

fn statistics_refusal(
    stmt: &CreateStatsStmt,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    match relation.kind {
        RelationKind::Table
        | RelationKind::PartitionedTable
        | RelationKind::MaterializedView
        | RelationKind::ForeignTable => {}
        RelationKind::View | RelationKind::Sequence | RelationKind::CompositeType => {
            let name = &relation.name.name;
            return Some((
                "42809",
                format!("cannot define statistics for relation \"{name}\""),
            ));
        }
    }
    let mut columns: Vec<&str> = Vec::new();
    for element in &stmt.exprs {
        let Some(NodeEnum::StatsElem(element)) = &element.node else {
            continue;
        };
        if element.name.is_empty() {
            if !c.input.since(14) {
                let message =
                    "only simple column references are allowed in CREATE STATISTICS".to_owned();
                return Some(("0A000", message));
            }
            continue;
        }
        let name = element.name.as_str();
        if relation.column(name).is_none() {
            return Some(("42703", format!("column \"{name}\" does not exist")));
        }
        if columns.contains(&name) {
            let message = "duplicate column name in statistics definition";
            return Some(("42701", message.to_owned()));
        }
        columns.push(name);
    }
    if stmt.exprs.len() == 1 && columns.len() == 1 {
        return Some((
            "42P17",
            "extended statistics require at least 2 columns".to_owned(),
        ));
    }
    let kinds = ["ndistinct", "dependencies", "mcv"];
    stmt.stat_types
        .iter()
        .filter_map(node::string)
        .find(|kind| !kinds.contains(kind))
        .map(|kind| ("42601", format!("unrecognized statistics kind \"{kind}\"")))
}

/// A statistics target is a matter of the catalog alone.
pub fn alter_statistics(_stmt: &AlterStatsStmt, _c: &mut Collector<'_>) {}
