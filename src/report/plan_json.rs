//! `plan --format json`: design.md section 8, `schema/plan.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::json::{FORMAT_VERSION, JsonProblem, problems};
use super::range::{Places, slashed};
use crate::catalog::QualifiedName;
use crate::effects::{Lock, LockMode, TargetKind, Until, Work};
use crate::lint::{Plan, PlannedMigration, PlannedStatement};
use crate::project::{Direction, TransactionMode};
use crate::source::Source;
use crate::version::PgVersion;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    postgres: PgVersion,
    migrations: Vec<JsonMigration<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<JsonProblem<'a>>,
}

#[derive(Serialize)]
struct JsonMigration<'a> {
    path: String,
    direction: &'static str,
    transaction: &'static str,
    statements: Vec<JsonStatement<'a>>,
}

#[derive(Serialize)]
struct JsonStatement<'a> {
    index: usize,
    range: Places,
    sql: &'a str,
    kind: &'static str,
    transaction_block: bool,
    error: Option<JsonError<'a>>,
    locks: Vec<JsonLock<'a>>,
    work: Vec<JsonWork<'a>>,
    storage: Vec<&'a QualifiedName>,
    forbidden_in_transaction: bool,
    certainty: &'static str,
    assumptions: Vec<&'a str>,
}

#[derive(Serialize)]
struct JsonError<'a> {
    sqlstate: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct JsonLock<'a> {
    relation: &'a QualifiedName,
    mode: LockMode,
    until: Until,
    new: bool,
    /// Only on indexes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    index: bool,
    blocks: Blocks,
}

#[derive(Serialize)]
struct Blocks {
    select: bool,
    insert: bool,
    update: bool,
}

#[derive(Serialize)]
struct JsonWork<'a> {
    relation: &'a QualifiedName,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<&'a str>,
    reason: String,
}

/// One JSON object and a line end.
///
/// # Errors
/// What writing to `out` answers.
pub fn plan_json(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let document = Document {
        version: FORMAT_VERSION,
        postgres: plan.postgres,
        migrations: plan.migrations.iter().map(migration).collect(),
        problems: problems(&plan.problems),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn migration(planned: &PlannedMigration) -> JsonMigration<'_> {
    JsonMigration {
        path: slashed(planned.source.path()),
        direction: match planned.direction {
            Direction::Up => "up",
            Direction::Down => "down",
        },
        transaction: transaction(planned.transaction),
        statements: planned
            .statements
            .iter()
            .map(|it| statement(&planned.source, it))
            .collect(),
    }
}

/// The tool that commits around what PostgreSQL refuses in a transaction still wraps the rest of the
/// file; which statement runs where, `transaction_block` says.
fn transaction(mode: TransactionMode) -> &'static str {
    match mode {
        TransactionMode::File
        | TransactionMode::Split
        | TransactionMode::Detect
        | TransactionMode::DetectAny => "file",
        TransactionMode::Message => "statement",
        TransactionMode::None => "none",
    }
}

fn statement<'a>(source: &Source, planned: &'a PlannedStatement) -> JsonStatement<'a> {
    let effects = &planned.effects;
    let assumptions: Vec<&str> = effects
        .assumptions
        .iter()
        .chain(&planned.unanalysed)
        .map(String::as_str)
        .collect();
    JsonStatement {
        index: planned.index,
        range: Places::of(source, &planned.span),
        sql: &planned.sql,
        kind: planned.kind,
        transaction_block: planned.transaction_block,
        error: effects.error.as_ref().map(|error| JsonError {
            sqlstate: error.sqlstate,
            message: &error.message,
        }),
        locks: effects.locks.iter().map(lock).collect(),
        work: effects.work.iter().map(work).collect(),
        storage: effects.storage.iter().map(|it| &it.name).collect(),
        forbidden_in_transaction: effects.forbidden_in_transaction.is_some(),
        certainty: if assumptions.is_empty() {
            "exact"
        } else {
            "assumed"
        },
        assumptions,
    }
}

fn lock(lock: &Lock) -> JsonLock<'_> {
    JsonLock {
        relation: &lock.target.name,
        mode: lock.mode,
        until: lock.until,
        new: lock.target.new,
        index: lock.target.kind == TargetKind::Index,
        blocks: Blocks {
            select: lock.mode.blocks_reads(),
            insert: lock.mode.blocks_writes(),
            update: lock.mode.blocks_writes(),
        },
    }
}

fn work(work: &Work) -> JsonWork<'_> {
    JsonWork {
        relation: &work.target.name,
        kind: work.kind.name(),
        index: work.index.as_deref(),
        reason: work.reason.to_string(),
    }
}
