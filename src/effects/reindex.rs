//! Effects of REINDEX.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{RangeVar, ReindexObjectType, ReindexStmt};

use super::named::Named;
use super::{Collector, LockMode, Reason, Target, TargetKind, WorkKind};
use crate::catalog::{ConstraintKind, Oid, Persistence, RelationKind};

struct Reindex {
    concurrently: bool,
    span: Range<usize>,
}

pub fn reindex(stmt: &ReindexStmt, c: &mut Collector<'_>) {
    let reindex = Reindex {
        concurrently: is_concurrent(stmt),
        span: c.input.span(),
    };
    if reindex.concurrently {
        c.released_at_statement_end();
        c.forbidden_in_transaction("REINDEX CONCURRENTLY");
        if c.failed() {
            return;
        }
    }
    match stmt.kind() {
        ReindexObjectType::ReindexObjectIndex => reindex.index(stmt, c),
        ReindexObjectType::ReindexObjectTable => reindex.table(stmt, c),
        ReindexObjectType::ReindexObjectSchema => {
            c.forbidden_in_transaction("REINDEX SCHEMA");
            reindex.every_table(c, |schema| schema == stmt.name);
        }
        ReindexObjectType::ReindexObjectDatabase => {
            c.forbidden_in_transaction("REINDEX DATABASE");
            reindex.every_table(c, |_| true);
        }
        // The system catalogs only: no relation of the user's is touched.
        ReindexObjectType::ReindexObjectSystem => c.forbidden_in_transaction("REINDEX SYSTEM"),
        ReindexObjectType::Undefined => {}
    }
}

fn is_concurrent(stmt: &ReindexStmt) -> bool {
    stmt.params.iter().any(|option| match &option.node {
        Some(NodeEnum::DefElem(option)) => {
            option.defname == "concurrently"
                && !matches!(
                    option.arg.as_ref().and_then(|arg| arg.node.as_ref()),
                    Some(NodeEnum::String(value)) if value.sval == "false" || value.sval == "off"
                )
        }
        _ => false,
    })
}

impl Reindex {
    fn reason(&self) -> Reason {
        Reason::Reindex {
            concurrently: self.concurrently,
        }
    }

    fn index(&self, stmt: &ReindexStmt, c: &mut Collector<'_>) {
        let Some(name) = &stmt.relation else {
            return;
        };
        let Some(oid) = c.input.oid(name) else {
            if c.input.before.complete {
                let message = format!("relation \"{}\" does not exist", name.relname);
                c.error("42P01", message, self.span.clone());
                return;
            }
            c.assume(format!(
                "index {} is not known: assumed to be built again while its table is locked",
                name.relname
            ));
            self.unknown_index(name, c);
            return;
        };
        let Some(index) = c.input.before.index(oid) else {
            let message = format!("\"{}\" is not an index", name.relname);
            c.error("42809", message, self.span.clone());
            return;
        };
        let partitioned = c
            .relation(index.table)
            .is_some_and(|table| table.kind == RelationKind::PartitionedTable);
        if self.concurrently && is_of_exclusion(oid, c) {
            let message = "concurrent index creation for exclusion constraints is not supported";
            c.error("0A000", message, self.span.clone());
            return;
        }
        if !partitioned {
            self.build(oid, c);
            return;
        }
        if !c.input.since(14) {
            c.error(
                "0A000",
                "REINDEX is not yet implemented for partitioned indexes",
                self.span.clone(),
            );
            return;
        }
        self.partitioned("REINDEX INDEX", c);
        if c.failed() {
            return;
        }
        c.lock(index.table, self.table_mode(), self.span.clone());
        c.lock(oid, LockMode::AccessExclusive, self.span.clone());
        let children: Vec<Oid> = c
            .input
            .before
            .indexes()
            .filter(|child| self.descends(child.oid, oid, c))
            .map(|child| child.oid)
            .collect();
        for child in children {
            self.build_partition_index(child, c);
        }
    }

    fn unknown_index(&self, name: &RangeVar, c: &mut Collector<'_>) {
        let target = Target {
            name: c.input.qualified(name),
            oid: None,
            kind: TargetKind::Index,
            new: false,
        };
        let mode = if self.concurrently {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::AccessExclusive
        };
        c.lock_target(target.clone(), mode, self.span.clone());
        let index = Some(name.relname.clone());
        c.work_on(
            target,
            WorkKind::IndexBuild,
            index,
            self.reason(),
            self.span.clone(),
        );
    }

    fn descends(&self, index: Oid, root: Oid, c: &Collector<'_>) -> bool {
        let mut at = c.input.before.index(index).and_then(|index| index.parent);
        while let Some(parent) = at {
            if parent == root {
                return true;
            }
            at = c.input.before.index(parent).and_then(|index| index.parent);
        }
        false
    }

    fn table(&self, stmt: &ReindexStmt, c: &mut Collector<'_>) {
        let Some(name) = &stmt.relation else {
            return;
        };
        let Some(table) = c.resolve(name) else {
            let Named::Unknown(target) = c.named(name, RelationKind::Table) else {
                return;
            };
            c.lock_target(target.clone(), self.table_mode(), self.span.clone());
            c.work_on(
                target,
                WorkKind::Scan,
                None,
                self.reason(),
                self.span.clone(),
            );
            return;
        };
        let readable = |kind| {
            matches!(
                kind,
                RelationKind::Table
                    | RelationKind::PartitionedTable
                    | RelationKind::MaterializedView
            )
        };
        let wrong = c
            .relation(table)
            .is_some_and(|relation| relation.complete && !readable(relation.kind));
        if c.index(table).is_some() || wrong {
            let message = format!("\"{}\" is not a table or materialized view", name.relname);
            c.error("42809", message, self.span.clone());
            return;
        }
        c.lock(table, self.table_mode(), self.span.clone());
        let partitioned = c
            .relation(table)
            .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
        if !partitioned {
            self.build_all(table, c);
            return;
        }
        // 12 and 13 warn and do nothing.
        if !c.input.since(14) {
            return;
        }
        self.partitioned("REINDEX TABLE", c);
        if c.failed() {
            return;
        }
        for partition in c.family(table) {
            let indexes: Vec<Oid> = c
                .input
                .before
                .indexes_of(partition)
                .map(|index| index.oid)
                .collect();
            let leaf = c
                .relation(partition)
                .is_some_and(|relation| relation.kind != RelationKind::PartitionedTable);
            if !leaf {
                c.because("each partition is locked first", |c| {
                    c.lock(partition, LockMode::Share, self.span.clone())
                });
            } else {
                // It is locked even where it has no index.
                c.because("each partition is reindexed", |c| {
                    c.lock(partition, LockMode::Share, self.span.clone())
                });
                for index in indexes {
                    self.build_partition_index(index, c);
                }
            }
        }
    }

    /// Each partition in a transaction of its own, so never inside a block.
    fn partitioned(&self, command: &'static str, c: &mut Collector<'_>) {
        if !self.concurrently {
            c.forbidden_in_transaction(command);
            c.released_at_statement_end();
        }
    }

    fn every_table(&self, c: &mut Collector<'_>, in_schema: impl Fn(&str) -> bool) {
        if c.failed() {
            return;
        }
        c.released_at_statement_end();
        let tables: Vec<Oid> = c
            .input
            .before
            .relations()
            .filter(|relation| {
                in_schema(&relation.name.schema)
                    && relation.persistence != Persistence::Temporary
                    && matches!(
                        relation.kind,
                        RelationKind::Table | RelationKind::MaterializedView
                    )
            })
            .map(|relation| relation.oid)
            .collect();
        for table in tables {
            self.build_all(table, c);
        }
    }

    fn table_mode(&self) -> LockMode {
        if self.concurrently {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::Share
        }
    }

    fn build_all(&self, table: Oid, c: &mut Collector<'_>) {
        c.lock(table, self.table_mode(), self.span.clone());
        let indexes: Vec<Oid> = c
            .input
            .before
            .indexes_of(table)
            .map(|index| index.oid)
            .collect();
        if indexes.is_empty() && c.relation(table).is_some_and(|table| !table.complete) {
            c.scan(table, self.reason(), self.span.clone());
        }
        for index in indexes {
            self.build_unless_skipped(index, c);
        }
    }

    /// REINDEX TABLE CONCURRENTLY warns of invalid indexes and of those of exclusion constraints, and leaves them
    /// as they are (`ReindexRelationConcurrently`).
    fn build_unless_skipped(&self, oid: Oid, c: &mut Collector<'_>) {
        let invalid = c.input.before.index(oid).is_some_and(|index| !index.valid);
        if self.concurrently && (invalid || is_of_exclusion(oid, c)) {
            c.lock(oid, LockMode::ShareUpdateExclusive, self.span.clone());
            return;
        }
        self.build(oid, c);
    }

    fn build(&self, oid: Oid, c: &mut Collector<'_>) {
        let Some(index) = c.input.before.index(oid) else {
            return;
        };
        c.lock(index.table, self.table_mode(), self.span.clone());
        let mode = if self.concurrently {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::AccessExclusive
        };
        c.lock(oid, mode, self.span.clone());
        c.scan(index.table, self.reason(), self.span.clone());
        // A concurrent build goes on under another name and then takes over.
        let name = if self.concurrently {
            format!("{}_ccnew", index.name.name)
        } else {
            index.name.name.clone()
        };
        c.index_build_named(index.table, name, self.reason(), self.span.clone());
    }

    /// The partitions of a REINDEX are locked in ShareLock first, even with CONCURRENTLY (measured 14 to 18).
    fn build_partition_index(&self, oid: Oid, c: &mut Collector<'_>) {
        if let Some(index) = c.input.before.index(oid) {
            c.because("each partition is reindexed", |c| {
                c.lock(index.table, LockMode::Share, self.span.clone())
            });
        }
        self.build(oid, c);
    }
}

fn is_of_exclusion(oid: Oid, c: &Collector<'_>) -> bool {
    let table = c.input.before.index(oid).map(|index| index.table);
    table.and_then(|table| c.relation(table)).is_some_and(|table| {
        table.constraints.iter().any(
            |constraint| matches!(constraint.kind, ConstraintKind::Exclusion { index } if index == oid),
        )
    })
}
