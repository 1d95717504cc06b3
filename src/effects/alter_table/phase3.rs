//! The pass over the tables after all subcommands (`ATRewriteTables`): each table is rewritten or scanned
//! once, whatever the number of subcommands that ask for it; foreign keys are validated last.

use std::ops::Range;

use super::Alteration;
use crate::catalog::{Oid, RelationKind};
use crate::effects::{Collector, LockMode, Reason, WorkKind, type_change};

/// Why and because of which clause.
#[derive(Debug, Clone)]
pub struct Cause {
    pub reason: Reason,
    pub span: Range<usize>,
}

/// What was asked for so far, in the order of asking.
#[derive(Debug, Default)]
pub struct Phase3 {
    tables: Vec<Table>,
    foreign_keys: Vec<ForeignKeyCheck>,
    /// Tables with a new column that has a default, whether it is written into the rows or not (`tab->newvals`).
    pub new_values: Vec<Oid>,
    /// Constraints that an index is built for: recognised among the new indexes by their columns.
    pub index_causes: Vec<IndexCause>,
}

#[derive(Debug)]
struct Table {
    oid: Oid,
    rewrites: Vec<Cause>,
    scans: Vec<Cause>,
}

#[derive(Debug)]
struct ForeignKeyCheck {
    table: Oid,
    references: Oid,
    cause: Cause,
}

#[derive(Debug)]
pub struct IndexCause {
    /// The constraint's name, when it is written.
    pub name: Option<String>,
    pub columns: Vec<String>,
    pub cause: Cause,
}

impl Phase3 {
    fn table(&mut self, oid: Oid) -> &mut Table {
        if let Some(at) = self.tables.iter().position(|table| table.oid == oid) {
            return &mut self.tables[at];
        }
        self.tables.push(Table {
            oid,
            rewrites: Vec::new(),
            scans: Vec::new(),
        });
        self.tables.last_mut().expect("pushed above")
    }

    pub fn rewrite(&mut self, oid: Oid, reason: Reason, span: &Range<usize>) {
        self.table(oid).rewrites.push(Cause {
            reason,
            span: span.clone(),
        });
    }

    pub fn scan(&mut self, oid: Oid, reason: Reason, span: &Range<usize>) {
        self.table(oid).scans.push(Cause {
            reason,
            span: span.clone(),
        });
    }

    pub fn validate_foreign_key(
        &mut self,
        table: Oid,
        references: Oid,
        reason: Reason,
        span: &Range<usize>,
    ) {
        self.foreign_keys.push(ForeignKeyCheck {
            table,
            references,
            cause: Cause {
                reason,
                span: span.clone(),
            },
        });
    }
}

impl Alteration<'_, '_> {
    /// Does what the subcommands asked for.
    pub fn finish(self) {
        let Alteration { c, phase3, .. } = self;
        refuse_row_types_in_use(c, &phase3);
        if c.failed() {
            return;
        }
        build_new_indexes(c, &phase3.index_causes);
        for table in &phase3.tables {
            if !has_rows_of_its_own(c, table.oid) {
                continue;
            }
            for cause in &table.rewrites {
                c.rewrite(table.oid, &cause.reason, &cause.span);
            }
            // A rewrite checks everything in its one pass; the causes of a scan are still worth naming
            // where nothing else reads the table.
            if table.rewrites.is_empty() {
                for cause in &table.scans {
                    c.scan(table.oid, cause.reason.clone(), cause.span.clone());
                }
            }
        }
        for check in &phase3.foreign_keys {
            validate_foreign_key(c, check);
        }
    }
}

/// A table whose row type is stored in another table is neither rewritten nor given new values
/// (`ATRewriteTables`, `find_composite_type_dependencies`).
fn refuse_row_types_in_use(c: &mut Collector<'_>, phase3: &Phase3) {
    let rewritten = phase3
        .tables
        .iter()
        .filter(|table| !table.rewrites.is_empty());
    let touched = rewritten
        .map(|table| table.oid)
        .chain(phase3.new_values.iter().copied());
    let before = c.input.before;
    for oid in touched {
        if let Some((table, column)) = type_change::row_type_column(before, oid)
            && let Some(relation) = before.relation(oid)
        {
            let message = format!(
                "cannot alter table \"{}\" because column \"{table}.{column}\" uses its row type",
                relation.name.name
            );
            c.error("0A000", message, c.input.span());
            return;
        }
    }
}

fn has_rows_of_its_own(c: &Collector<'_>, oid: Oid) -> bool {
    c.relation(oid).is_none_or(|relation| {
        matches!(
            relation.kind,
            RelationKind::Table | RelationKind::MaterializedView
        )
    })
}

/// Every index that exists after the statement and did not before is built by it, also those of
/// partitions.
fn build_new_indexes(c: &mut Collector<'_>, causes: &[IndexCause]) {
    if causes.is_empty() {
        return;
    }
    let (before, after) = (c.input.before, c.input.after);
    for index in before.difference(after).added_indexes {
        let Some(table) = after.relation(index.table) else {
            continue;
        };
        if table.kind == RelationKind::PartitionedTable {
            continue;
        }
        let columns = super::super::index::key_columns(index);
        let cause = causes
            .iter()
            .find(|cause| cause.name.as_deref() == Some(index.name.name.as_str()))
            .or_else(|| causes.iter().find(|cause| cause.columns == columns))
            .or(causes.first());
        let Some(cause) = cause else {
            continue;
        };
        let (oid, table) = (index.oid, index.table);
        c.scan(table, cause.cause.reason.clone(), cause.cause.span.clone());
        c.index_build(oid, cause.cause.reason.clone(), cause.cause.span.clone());
    }
}

/// `RI_Initial_Check` joins both tables: their indexes are opened for planning, and the referencing table
/// is read. How the referenced table is read is the planner's choice.
fn validate_foreign_key(c: &mut Collector<'_>, check: &ForeignKeyCheck) {
    let Cause { reason, span } = &check.cause;
    // Nothing is looked up for a table that was just made and holds no rows.
    let empty = c.target(check.table).is_some_and(|table| table.new)
        && c.relation(check.table).is_some_and(|table| !table.filled);
    // Each leaf is checked by itself, and there may be none.
    let leaves = c
        .family(check.table)
        .into_iter()
        .any(|oid| has_rows_of_its_own(c, oid));
    if !leaves {
        return;
    }
    for side in [check.table, check.references] {
        for relation in c.family(side) {
            let partitioned = c
                .relation(relation)
                .is_some_and(|relation| relation.kind == RelationKind::PartitionedTable);
            // Each referencing partition is checked by itself. 12 to 15 plan without opening the indexes of
            // partitioned tables.
            let planned = side == check.references && c.input.since(16);
            if !partitioned || planned {
                c.lock_indexes(relation, LockMode::AccessShare, span);
            }
            if !partitioned && !empty {
                c.scan(relation, reason.clone(), span.clone());
            }
        }
    }
    c.work(
        check.table,
        WorkKind::ForeignKeyValidation,
        reason.clone(),
        span.clone(),
    );
}
