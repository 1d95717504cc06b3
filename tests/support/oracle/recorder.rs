//! Runs statements on a real server and records what it did to the relations that were there before.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use humdrum::effects::LockMode;
use pg_query::NodeEnum;
use pg_query::protobuf::TransactionStmtKind;
use postgres::Client;
use postgres::error::SqlState;

use super::cases::{Case, Circumstance, Mode, Observed};
use super::compare::keep_strongest_locks;
use super::servers::Server;
use super::session::{Oid, Relation, Session};
use super::stepper::{self, Locks, Stepper, locks_of};

/// A sequential read of this many rows counts as a scan.
const SCANNED_ROWS: i64 = 500;

/// Outside a transaction block a session gives its statistics away when it is idle, at most once in this time
/// (`PGSTAT_STAT_INTERVAL` of version 14; later versions wait longer). Before that they can be asked.
const STATISTICS_STAY: Duration = Duration::from_millis(450);

static RECORDERS: AtomicUsize = AtomicUsize::new(0);

/// How often a statement is tried that took longer.
const ATTEMPTS: usize = 8;

/// What to run, and how.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// Run and committed first. `{port}` and `{db}` are filled in, here and in `sql`.
    pub setup: &'a str,
    pub sql: &'a str,
    pub mode: Mode,
    pub circumstance: Circumstance,
}

impl<'a> From<&'a Case> for Trial<'a> {
    fn from(case: &'a Case) -> Self {
        Trial {
            setup: &case.setup,
            sql: &case.sql,
            mode: case.mode,
            circumstance: case.circumstance(),
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The set-up does not run on this version, and why.
    NoSetup(String),
    Observed(Observed),
}

/// A server with what the cases' set-ups take for granted: the role `r1` and the tablespace `ts1`.
pub struct Recorder {
    server: Server,
    admin: Client,
    /// Of this process: several may ask one server.
    number: usize,
    databases_made: usize,
    /// What the last case in a transaction left as it was: the next one may have the same set-up.
    unchanged: Option<Database>,
}

/// A database after a set-up.
struct Database {
    name: String,
    setup: String,
    /// Of what a transaction can change although it is rolled back.
    fingerprint: String,
}

/// A session that is ready to run the statements.
struct Stage {
    database: Database,
    /// With the placeholders filled in.
    sql: String,
    session: Session,
    before: BTreeMap<Oid, Relation>,
}

impl Recorder {
    pub fn new(server: Server) -> Result<Self, Box<dyn Error>> {
        let mut admin = server.connect("postgres")?;
        make_globals(&mut admin)?;
        Ok(Recorder {
            server,
            admin,
            number: RECORDERS.fetch_add(1, Ordering::Relaxed),
            databases_made: 0,
            unchanged: None,
        })
    }

    /// Runs the statements after the set-up, in a database where nothing else has happened. Trials in a transaction
    /// that share a set-up are faster one after the other.
    ///
    /// # Errors
    /// Of the connection, or of the recorder itself. What the server says to the statements is part of the outcome.
    pub fn observe(&mut self, trial: &Trial) -> Result<Outcome, Box<dyn Error>> {
        match trial.mode {
            Mode::Tx => self.observe_transaction(trial),
            Mode::NoTx => self.observe_alone(trial),
        }
    }

    fn observe_transaction(&mut self, trial: &Trial) -> Result<Outcome, Box<dyn Error>> {
        let mut stage = match self.prepare(trial)? {
            Ok(stage) => stage,
            Err(reason) => return Ok(Outcome::NoSetup(reason)),
        };
        stage.session.run("BEGIN")?;
        let transaction = transaction_start(&mut self.admin, stage.session.backend)?;
        let observed = match stage.session.run_all(&statements(&stage.sql))? {
            Err(code) => failed(code),
            Ok(()) => {
                let locks = locks_of(&mut self.admin, stage.session.backend)?;
                describe(&mut stage, &locks)?
            }
        };
        let still_open = transaction_start(&mut self.admin, stage.session.backend)? == transaction;
        stage.session.run("ROLLBACK")?;
        if still_open
            && trial.circumstance != Circumstance::PendingDetach
            && stage.session.fingerprint()? == stage.database.fingerprint
        {
            self.unchanged = Some(stage.database);
        }
        Ok(Outcome::Observed(observed))
    }

    /// Once at full speed for what it does, then in steps for the locks that are held for a moment only.
    fn observe_alone(&mut self, trial: &Trial) -> Result<Outcome, Box<dyn Error>> {
        let mut outcome = self.observe_at_full_speed(trial)?;
        if let Outcome::Observed(observed) = &mut outcome
            && observed.error.is_none()
        {
            for catalog in stepper::CATALOGS {
                keep_strongest_locks(observed, &self.observe_in_steps(trial, catalog)?);
            }
        }
        Ok(outcome)
    }

    fn observe_at_full_speed(&mut self, trial: &Trial) -> Result<Outcome, Box<dyn Error>> {
        for _ in 0..ATTEMPTS {
            let mut stage = match self.prepare(trial)? {
                Ok(stage) => stage,
                Err(reason) => return Ok(Outcome::NoSetup(reason)),
            };
            let no_transaction = self.is_refused_in_transaction(&stage)?;
            let started = Instant::now();
            if let Err(code) = stage.session.run_all(&statements(&stage.sql))? {
                return Ok(Outcome::Observed(failed(code)));
            }
            let mut observed = describe(&mut stage, &Locks::new())?;
            if started.elapsed() < STATISTICS_STAY {
                observed.no_transaction = no_transaction;
                return Ok(Outcome::Observed(observed));
            }
        }
        Err("the machine is too busy: the rows read could not be asked in time".into())
    }

    /// The locks only.
    fn observe_in_steps(
        &mut self,
        trial: &Trial,
        catalog: &'static str,
    ) -> Result<Observed, Box<dyn Error>> {
        let mut stage = self
            .prepare(trial)?
            .map_err(|reason| format!("the set-up works only sometimes: {reason}"))?;
        let blockers = [
            self.server.connect(&stage.database.name)?,
            self.server.connect(&stage.database.name)?,
        ];
        let backend = stage.session.backend;
        let stepper = Stepper::start(blockers, &mut self.admin, backend, catalog)?;
        let (result, locks) = run_in_steps(&mut stage, stepper)?;
        match result {
            Ok(()) => Ok(describe(&mut stage, &locks)?),
            Err(code) => Err(format!("the statement fails only sometimes: {}", code.code()).into()),
        }
    }

    /// Opens a session in a database after the set-up; the inner error says why that failed.
    fn prepare(&mut self, trial: &Trial) -> Result<Result<Stage, String>, Box<dyn Error>> {
        let database = match self.unchanged.take() {
            Some(database) if database.setup == trial.setup => database,
            _ => match self.make_database(trial.setup)? {
                Ok(database) => database,
                Err(reason) => return Ok(Err(reason)),
            },
        };
        if trial.circumstance == Circumstance::PendingDetach
            && let Err(error) = self.interrupt_detach(&database.name)
        {
            return Ok(Err(error.to_string()));
        }
        let mut session = Session::open(self.server, &database.name)?;
        session.watch()?;
        if let Circumstance::TimeZone(zone) = trial.circumstance {
            session.run(&format!("SET TimeZone = '{zone}'"))?;
        }
        let before = session.relations()?;
        Ok(Ok(Stage {
            sql: self.fill_in(trial.sql, &database.name),
            database,
            session,
            before,
        }))
    }

    fn make_database(&mut self, setup: &str) -> Result<Result<Database, String>, Box<dyn Error>> {
        // The sessions of the last case may still be about to end: its database is dropped one case later.
        let name = self.database_name(self.databases_made);
        self.databases_made += 1;
        self.admin
            .batch_execute(&format!("DROP DATABASE IF EXISTS {name}"))?;
        self.admin
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))?;
        let mut session = Session::open(self.server, &name)?;
        for statement in statements(&self.fill_in(setup, &name)) {
            if let Err(error) = session.run(statement) {
                let reason = error.as_db_error().ok_or("the connection was lost")?;
                return Ok(Err(format!("{}: {statement}", reason.message())));
            }
        }
        Ok(Ok(Database {
            fingerprint: session.fingerprint()?,
            setup: setup.to_owned(),
            name,
        }))
    }

    /// Two names for each recorder: several may ask the same server.
    fn database_name(&self, number: usize) -> String {
        let process = std::process::id();
        format!("humdrum_oracle_{process}_{}_{}", self.number, number % 2)
    }

    fn fill_in(&self, sql: &str, database: &str) -> String {
        sql.replace("{port}", &self.server.port.to_string())
            .replace("{db}", database)
    }

    /// DETACH CONCURRENTLY commits once and then waits for those who use the table; there it gives up.
    fn interrupt_detach(&self, database: &str) -> Result<(), Box<dyn Error>> {
        let mut user = self.server.connect(database)?;
        user.batch_execute("BEGIN; SELECT FROM pt LIMIT 1")?;
        let mut detacher = self.server.connect(database)?;
        detacher.batch_execute("SET lock_timeout = '100ms'")?;
        let detach = detacher.batch_execute("ALTER TABLE pt DETACH PARTITION pt1 CONCURRENTLY");
        match detach {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(()) => Err("DETACH CONCURRENTLY was not interrupted".into()),
        }
    }

    /// Asks up to the first statement that would end the transaction, and leave its traces behind.
    fn is_refused_in_transaction(&self, stage: &Stage) -> Result<bool, Box<dyn Error>> {
        let mut session = Session::open(self.server, &stage.database.name)?;
        let mut inside = statements(&stage.sql);
        inside.truncate(inside.iter().take_while(|it| !ends_transaction(it)).count());
        session.run("BEGIN")?;
        let result = session.run_all(&inside)?;
        session.run("ROLLBACK")?;
        Ok(result == Err(SqlState::ACTIVE_SQL_TRANSACTION))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        for number in 0..self.databases_made.min(2) {
            let name = self.database_name(number);
            // A session that is about to end may still hold it. Then it stays, which does no harm.
            let _ = self
                .admin
                .batch_execute(&format!("DROP DATABASE IF EXISTS {name}"));
        }
    }
}

/// When the backend's transaction began, as text; none outside a transaction.
fn transaction_start(client: &mut Client, backend: i32) -> Result<Option<String>, postgres::Error> {
    let query = "SELECT xact_start::text FROM pg_stat_activity WHERE pid = $1";
    Ok(client.query_one(query, &[&backend])?.get(0))
}

/// What the statements answered, and the locks that the stepper saw.
fn run_in_steps(
    stage: &mut Stage,
    stepper: Stepper,
) -> Result<(Result<(), SqlState>, Locks), Box<dyn Error>> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let steps = scope.spawn(|| stepper.run(&done));
        let result = stage.session.run_all(&statements(&stage.sql));
        done.store(true, Ordering::Release);
        let locks = steps.join().map_err(|_| "the stepper panicked")?;
        Ok((result?, locks.map_err(|error| error.to_string())?))
    })
}

pub fn make_globals(admin: &mut Client) -> Result<(), Box<dyn Error>> {
    let found = "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'r1'),
                        EXISTS (SELECT 1 FROM pg_tablespace WHERE spcname = 'ts1'),
                        current_setting('data_directory')";
    let row = admin.query_one(found, &[])?;
    if !row.get::<_, bool>(0) {
        admin.batch_execute("CREATE ROLE r1")?;
    }
    if !row.get::<_, bool>(1) {
        // `tools/postgres-servers` makes this folder beside the data.
        let data: String = row.get(2);
        let folder = data
            .strip_suffix("/data")
            .unwrap_or(&data)
            .replace('\'', "''");
        admin.batch_execute(&format!("CREATE TABLESPACE ts1 LOCATION '{folder}/ts1'"))?;
    }
    Ok(())
}

/// The statements of a text, or the text itself where version 18's parser refuses it.
fn statements(sql: &str) -> Vec<&str> {
    pg_query::split_with_parser(sql).unwrap_or_else(|_| vec![sql])
}

fn ends_transaction(statement: &str) -> bool {
    let Ok(parsed) = pg_query::parse(statement, 0) else {
        return false;
    };
    parsed.protobuf.stmts.iter().any(|it| {
        let node = it.stmt.as_ref().and_then(|node| node.node.as_ref());
        let Some(NodeEnum::TransactionStmt(it)) = node else {
            return false;
        };
        matches!(
            it.kind(),
            TransactionStmtKind::TransStmtCommit
                | TransactionStmtKind::TransStmtRollback
                | TransactionStmtKind::TransStmtPrepare
        )
    })
}

fn failed(code: SqlState) -> Observed {
    Observed {
        error: Some(code.code().to_owned()),
        ..Observed::default()
    }
}

/// What the session did to the relations that were there before.
fn describe(stage: &mut Stage, locks: &Locks) -> Result<Observed, postgres::Error> {
    let mut observed = Observed {
        index_builds: stage.session.take_built().into_iter().collect(),
        ..Observed::default()
    };
    let after = stage.session.relations()?;
    let mut table_locks = BTreeMap::new();
    for (oid, relation) in &stage.before {
        if let Some(mode) = locks.get(oid) {
            let (locks, mode) = match relation.is_index() {
                // At its end a concurrent DROP or REINDEX locks the dead index, which nobody can use any more.
                true if stage.sql.contains("CONCURRENTLY") && !after.contains_key(oid) => (
                    &mut observed.index_locks,
                    (*mode).min(LockMode::ShareUpdateExclusive),
                ),
                true => (&mut observed.index_locks, *mode),
                false => (&mut table_locks, *mode),
            };
            locks.insert(relation.name.clone(), mode.name().to_owned());
        }
        if relation.is_index() {
            continue;
        }
        let Some(now) = after.get(oid) else {
            observed.dropped.push(relation.name.clone());
            continue;
        };
        if now.filenode != relation.filenode {
            observed.new_storage.push(match relation.is_sequence() {
                true => format!("{} (sequence)", relation.name),
                false => relation.name.clone(),
            });
        }
        if now.rows_read - relation.rows_read >= SCANNED_ROWS {
            observed.scans.push(relation.name.clone());
        }
    }
    observed.locks = Some(table_locks);
    observed.new_storage.sort();
    observed.scans.sort();
    observed.dropped.sort();
    Ok(observed)
}
