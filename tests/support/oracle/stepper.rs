//! Looks at the locks that a statement holds for a moment only, as it does outside a transaction block.
//!
//! The statement is stopped again and again: another session holds a lock on a system catalog, so the statement
//! waits when it opens that catalog next, and its locks can be read at leisure. Then it may go on to the next time.
//! What it holds between two such stops is not seen: the result is a lower bound.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

use humdrum::effects::LockMode;
use postgres::Client;

use super::session::Oid;

/// The strongest mode on each relation.
pub type Locks = BTreeMap<Oid, LockMode>;

/// Catalogs to stop at, one run each. Between them they are opened in every phase of CREATE INDEX and REINDEX
/// CONCURRENTLY, VACUUM, ANALYZE and CLUSTER, partitioned or not.
pub const CATALOGS: [&str; 4] = ["pg_class", "pg_index", "pg_inherits", "pg_statistic"];

/// A session in the database of the statement that can hold the catalog.
struct Blocker {
    client: Client,
    backend: i32,
    catalog: &'static str,
}

impl Blocker {
    fn new(mut client: Client, catalog: &'static str) -> Result<Self, postgres::Error> {
        client.batch_execute("SET lock_timeout = '10s'")?;
        let row = client.query_one("SELECT pg_backend_pid()", &[])?;
        let mut blocker = Blocker {
            backend: row.get(0),
            client,
            catalog,
        };
        // Once for the session's caches: later it must stand in line for this lock at once, not for
        // the weaker one that it takes to look the catalog up.
        blocker.block()?;
        blocker.release()?;
        Ok(blocker)
    }

    fn block(&mut self) -> Result<(), postgres::Error> {
        self.client.batch_execute(&format!(
            "BEGIN; LOCK TABLE pg_catalog.{} IN ACCESS EXCLUSIVE MODE",
            self.catalog
        ))
    }

    fn release(&mut self) -> Result<(), postgres::Error> {
        self.client.batch_execute("ROLLBACK")
    }
}

pub struct Stepper<'c> {
    holder: Blocker,
    next: Blocker,
    /// In another database, where no catalog is locked.
    observer: &'c mut Client,
    backend: i32,
}

impl<'c> Stepper<'c> {
    /// From here on the backend stops where it opens the catalog. The blockers are connections to its database.
    pub fn start(
        blockers: [Client; 2],
        observer: &'c mut Client,
        backend: i32,
        catalog: &'static str,
    ) -> Result<Self, postgres::Error> {
        let [holder, next] = blockers;
        let mut stepper = Stepper {
            holder: Blocker::new(holder, catalog)?,
            next: Blocker::new(next, catalog)?,
            observer,
            backend,
        };
        stepper.holder.block()?;
        Ok(stepper)
    }

    /// Goes from stop to stop until the statement is done.
    pub fn run(mut self, done: &AtomicBool) -> Result<Locks, Box<dyn Error + Send + Sync>> {
        let mut locks = Locks::new();
        loop {
            while !add_locks(self.observer, self.backend, &mut locks)? {
                if done.load(Ordering::Acquire) {
                    return Ok(locks);
                }
            }
            self.step()?;
        }
    }

    /// Lets the statement go on to the next time it opens the catalog. The next blocker stands in line before
    /// the holder leaves, so the statement cannot slip past.
    fn step(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Stepper {
            holder,
            next,
            observer,
            ..
        } = self;
        let next_backend = next.backend;
        std::thread::scope(|scope| {
            let queued = scope.spawn(|| next.block());
            while !queued.is_finished() && !add_locks(observer, next_backend, &mut Locks::new())? {}
            holder.release()?;
            queued.join().map_err(|_| "a blocker panicked")??;
            Ok::<(), Box<dyn Error + Send + Sync>>(())
        })?;
        std::mem::swap(&mut self.holder, &mut self.next);
        Ok(())
    }
}

/// The strongest mode that a backend holds on each relation.
pub fn locks_of(client: &mut Client, backend: i32) -> Result<Locks, postgres::Error> {
    let mut locks = Locks::new();
    add_locks(client, backend, &mut locks)?;
    Ok(locks)
}

/// Adds the relation locks that a backend holds now; true when it waits for a lock, of whatever kind:
/// CREATE INDEX CONCURRENTLY also waits for the transactions of the blockers to end.
fn add_locks(
    client: &mut Client,
    backend: i32,
    locks: &mut Locks,
) -> Result<bool, postgres::Error> {
    let rows = client.query(
        "SELECT CASE locktype WHEN 'relation' THEN relation END, mode, granted
         FROM pg_locks WHERE pid = $1 AND (locktype = 'relation' OR NOT granted)",
        &[&backend],
    )?;
    let mut waits = false;
    for row in &rows {
        let (relation, name, granted): (Option<Oid>, &str, bool) =
            (row.get(0), row.get(1), row.get(2));
        waits |= !granted;
        let mode = LockMode::ALL.into_iter().find(|mode| mode.name() == name);
        if let (true, Some(relation), Some(mode)) = (granted, relation, mode) {
            let strongest = locks.entry(relation).or_insert(mode);
            *strongest = (*strongest).max(mode);
        }
    }
    Ok(waits)
}
