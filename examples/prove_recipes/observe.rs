//! Runs the steps of a recipe and says whether anybody had to wait for work.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

use humdrum::effects::LockMode;
use postgres::Client;

use crate::oracle::servers::Server;
use crate::oracle::session::{Oid, Relation, Session};
use crate::oracle::stepper::{Locks, locks_of};

/// A sequential read of this many rows is one of a whole table: every table of a case that matters has more.
const SCANNED_ROWS: i64 = 500;

/// What a step did to the relations that were there when the recipe began.
#[derive(Debug, Default)]
pub struct Seen {
    /// Locks under which reads or writes wait; a materialized view has no writes.
    pub blocking: BTreeMap<String, LockMode>,
    /// Scans, rewrites and index builds, as sentences.
    pub work: BTreeSet<String>,
}

impl Seen {
    /// A lock under which reads or writes wait, together with work that grows with a table.
    pub fn blocks_for_work(&self) -> Option<String> {
        let blocking = self.blocking.first_key_value()?;
        let work = self.work.first()?;
        Some(format!(
            "{work} under {} on {}",
            blocking.1.name(),
            blocking.0
        ))
    }
}

/// Runs statements one by one; the message of the first that fails.
pub fn run_all(session: &mut Session, sql: &str) -> Result<(), String> {
    for statement in statements(sql) {
        session
            .run(statement)
            .map_err(|error| message(&error, statement))?;
    }
    Ok(())
}

fn message(error: &postgres::Error, statement: &str) -> String {
    let reason = error.as_db_error().map_or_else(
        || error.to_string(),
        |error| format!("{} {}", error.code().code(), error.message()),
    );
    format!("{reason}: {statement}")
}

/// The statements of a text, or the text itself where version 18's parser refuses it.
pub fn statements(sql: &str) -> Vec<&str> {
    pg_query::split_with_parser(sql).unwrap_or_else(|_| vec![sql])
}

/// A step in a transaction: its locks are read before COMMIT.
pub fn in_transaction(
    session: &mut Session,
    admin: &mut Client,
    sql: &str,
    watched: &BTreeSet<Oid>,
) -> Result<Result<Seen, String>, Box<dyn Error>> {
    session.take_built();
    session.run("BEGIN")?;
    let before = session.relations()?;
    if let Err(reason) = run_all(session, sql) {
        session.run("ROLLBACK")?;
        return Ok(Err(reason));
    }
    let locks = locks_of(admin, session.backend)?;
    let after = session.relations()?;
    let seen = describe(session, &before, &after, &locks, watched, |oid| {
        after.get(&oid).map_or(0, |now| now.rows_read)
            - before.get(&oid).map_or(0, |then| then.rows_read)
    });
    // Deferred constraints speak at COMMIT.
    if let Err(error) = session.run("COMMIT") {
        return Ok(Err(message(&error, "COMMIT")));
    }
    Ok(Ok(seen?))
}

/// A step outside transactions: its locks are sampled as fast as the server answers.
pub fn outside(
    session: &mut Session,
    server: Server,
    database: &str,
    sql: &str,
    watched: &BTreeSet<Oid>,
) -> Result<Result<Seen, String>, Box<dyn Error>> {
    session.take_built();
    let mut observer = server.connect(database)?;
    let before = session.relations()?;
    let read_before = rows_read(session, &mut observer)?;
    let done = AtomicBool::new(false);
    let backend = session.backend;
    let (result, locks) = std::thread::scope(|scope| {
        let sampler = scope.spawn(|| sample(&mut observer, backend, &done));
        let result = run_all(session, sql);
        done.store(true, Ordering::Release);
        (result, sampler.join())
    });
    let locks = locks
        .map_err(|_| "the sampler panicked")?
        .map_err(|error| error.to_string())?;
    if let Err(reason) = result {
        return Ok(Err(reason));
    }
    let read_after = rows_read(session, &mut observer)?;
    let after = session.relations()?;
    let seen = describe(session, &before, &after, &locks, watched, |oid| {
        read_after.get(&oid).unwrap_or(&0) - read_before.get(&oid).unwrap_or(&0)
    })?;
    Ok(Ok(seen))
}

fn sample(
    observer: &mut Client,
    backend: i32,
    done: &AtomicBool,
) -> Result<Locks, postgres::Error> {
    let mut strongest = Locks::new();
    loop {
        let last = done.load(Ordering::Acquire);
        for (oid, mode) in locks_of(observer, backend)? {
            let known = strongest.entry(oid).or_insert(mode);
            *known = (*known).max(mode);
        }
        if last {
            return Ok(strongest);
        }
    }
}

/// Rows read sequentially so far, by every session. Version 15 and later can be asked to count at once.
fn rows_read(
    session: &mut Session,
    observer: &mut Client,
) -> Result<BTreeMap<Oid, i64>, postgres::Error> {
    // Of earlier versions only the locks are known.
    if session.run("SELECT pg_stat_force_next_flush()").is_err() {
        return Ok(BTreeMap::new());
    }
    session.run("SELECT 1")?;
    let rows = observer.query(
        "SELECT oid, pg_stat_get_tuples_returned(oid) FROM pg_class WHERE relkind IN ('r', 'm')",
        &[],
    )?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn describe(
    session: &mut Session,
    before: &BTreeMap<Oid, Relation>,
    after: &BTreeMap<Oid, Relation>,
    locks: &Locks,
    watched: &BTreeSet<Oid>,
    rows_read: impl Fn(Oid) -> i64,
) -> Result<Seen, postgres::Error> {
    let mut seen = Seen::default();
    for oid in watched {
        let Some(relation) = before.get(oid).filter(|relation| !relation.is_index()) else {
            continue;
        };
        let blocks = |mode: &&LockMode| match relation.kind {
            'r' | 'p' => mode.blocks_writes(),
            'm' => mode.blocks_reads(),
            _ => false,
        };
        if let Some(mode) = locks.get(oid).filter(blocks) {
            seen.blocking.insert(relation.name.clone(), *mode);
        }
        if rows_read(*oid) >= SCANNED_ROWS {
            seen.work.insert(format!("{} is read", relation.name));
        }
        let moved = after
            .get(oid)
            .is_some_and(|now| now.filenode != relation.filenode);
        if moved && !relation.is_sequence() {
            seen.work.insert(format!("{} is rewritten", relation.name));
        }
    }
    for index in session.take_built() {
        if let Some(table) = session.table_of(&index)?
            && watched.contains(&table)
        {
            seen.work.insert(format!("index {index} is built"));
        }
    }
    Ok(seen)
}
