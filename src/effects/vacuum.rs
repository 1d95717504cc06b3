//! Effects of VACUUM and ANALYZE.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{RangeVar, VacuumStmt};

use super::named::Named;
use super::options::{self, StatementOption, Value};
use super::{Collector, LockMode, Reason, node};
use crate::catalog::{Oid, Persistence, Relation, RelationKind};

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
                self.refuse_columns(name, &relation.va_cols, c);
            }
        }
        found
    }

    /// `do_analyze_rel`: each column is looked up, and none may be named twice.
    fn refuse_columns(&self, name: &RangeVar, columns: &[pg_query::Node], c: &mut Collector<'_>) {
        let Some(relation) = (c.input.relation(name)).filter(|it| it.complete && self.analyze)
        else {
            return;
        };
        let columns = node::strings(columns);
        for (at, column) in columns.iter().enumerate() {
            let of = &relation.name.name;
            let refusal = if relation.column(column).is_none() {
                let message = format!("column \"{column}\" of relation \"{of}\" does not exist");
                ("42703", message)
            } else if columns[..at].contains(column) {
                let message =
                    format!("column \"{column}\" of relation \"{of}\" appears more than once");
                ("42701", message)
            } else {
                continue;
            };
            c.error(refusal.0, refusal.1, c.name_span(name.location));
            return;
        }
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
