//! One case on one server.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;

use humdrum::version::PgVersion;
use postgres::Client;

use crate::oracle::servers::Server;
use crate::oracle::session::{Oid, Session};
use crate::recipes::cases::Case;
use crate::recipes::script::{Part, original, with_recipes};
use crate::{differ, fill, observe, schema};

/// How many rows a table must have for its scan to be seen.
const ENOUGH: u64 = 500;

/// What rows have to satisfy after a migration, and its schema.
type Afterwards = (fill::Demands, BTreeSet<String>);

#[derive(Debug, Default)]
pub struct Verdict {
    pub recipes: usize,
    pub steps: usize,
    /// Each a sentence; empty when the recipe is proved.
    pub failures: Vec<String>,
}

impl Verdict {
    pub fn failed(reason: String) -> Self {
        Verdict {
            failures: vec![reason],
            ..Verdict::default()
        }
    }
}

pub struct Prover {
    server: Server,
    admin: Client,
    root: PathBuf,
    verbose: bool,
}

/// The role that the pages' examples name.
fn make_role_of_pages(admin: &mut Client) -> Result<(), Box<dyn Error>> {
    let found = "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'app')";
    if !admin.query_one(found, &[])?.get::<_, bool>(0) {
        admin.batch_execute("CREATE ROLE app")?;
    }
    Ok(())
}

impl Prover {
    pub fn new(server: Server, root: PathBuf, verbose: bool) -> Result<Self, Box<dyn Error>> {
        let mut admin = server.connect("postgres")?;
        admin.batch_execute("SET client_min_messages = error")?;
        crate::oracle::recorder::make_globals(&mut admin)?;
        make_role_of_pages(&mut admin)?;
        Ok(Prover {
            server,
            admin,
            root,
            verbose,
        })
    }

    pub fn prove(&mut self, case: &Case) -> Result<Verdict, Box<dyn Error>> {
        let version = PgVersion::new(self.server.major).ok_or("an unknown version")?;
        let found = case.proposals(&self.root, version);
        let mut verdict = Verdict {
            recipes: found.proposals.len(),
            ..Verdict::default()
        };
        if found.proposals.is_empty() {
            return Ok(verdict);
        }
        let statements = original(&found);
        let given = self.database("given", None)?;
        let mut session = Session::open(self.server, &given)?;
        if let Err(reason) = observe::run_all(&mut session, &case.example.given) {
            // It is for other versions, or the recipe could not be shown to work.
            if case.must_have_one()
                || case.example.versions.contains(&self.server.major)
                    && case.example.versions != [18]
            {
                verdict
                    .failures
                    .push(format!("the given schema fails: {reason}"));
            } else {
                verdict.recipes = 0;
            }
            return Ok(verdict);
        }
        drop(session);
        let Some((later, schema_of_empty)) =
            self.on_empty_tables(&given, &statements, &mut verdict)?
        else {
            return Ok(verdict);
        };
        let mut client = self.server.connect(&given)?;
        let demands = fill::demands(&mut client)?.and(later);
        let filled = fill::fill(
            &mut client,
            &demands,
            &fill::words(&[&case.example.given, &case.example.sql]),
        )?;
        if !filled.is_empty() && !filled.values().any(|rows| *rows >= ENOUGH) {
            verdict
                .failures
                .push(format!("no table could be filled: {filled:?}"));
        }
        drop(client);

        let with_steps = self.database("steps", Some(&given))?;
        let mut session = Session::open(self.server, &given)?;
        let mut refused = None;
        for statement in &statements {
            if let Err(reason) = observe::run_all(&mut session, statement) {
                refused = Some(reason);
                break;
            }
        }
        drop(session);

        let parts = with_recipes(&found);
        let failed = self.run_steps(&with_steps, &parts, &mut verdict)?;
        if let (Some(refused), Some(failed)) = (&refused, &failed) {
            // Rows that the original refuses are refused by a step, too.
            if refused[..5] == failed[..5] {
                verdict.failures.clear();
                return Ok(verdict);
            }
        }
        if !verdict.failures.is_empty() {
            return Ok(verdict);
        }
        let rules: BTreeSet<String> = found
            .proposals
            .iter()
            .map(|proposal| proposal.rule.clone())
            .collect();
        let whole: Vec<Part> = statements.iter().cloned().map(Part::Statement).collect();
        let several_parts = parts.iter().any(|part| {
            matches!(part, Part::Statement(sql) if !whole.iter().any(|known| known.sql() == sql))
        });
        let mut after_steps = self.server.connect(&with_steps)?;
        let recipe = schema::lines(&mut after_steps)?;
        if refused.is_some() {
            // What rows refuse is compared without rows.
            verdict.failures.extend(differ::schemas(
                &rules,
                several_parts,
                &schema_of_empty,
                &recipe,
            ));
            return Ok(verdict);
        }
        let mut after_original = self.server.connect(&given)?;
        let expected = schema::lines(&mut after_original)?;
        verdict
            .failures
            .extend(differ::schemas(&rules, several_parts, &expected, &recipe));
        verdict.failures.extend(differ::rows(
            &rules,
            &schema::rows(&mut after_original)?,
            &schema::rows(&mut after_steps)?,
        ));
        Ok(verdict)
    }

    /// What the original demands of rows, and the schema that it leads to: on empty tables, and taken back, where it can
    /// run in a transaction.
    fn on_empty_tables(
        &mut self,
        given: &str,
        statements: &[String],
        verdict: &mut Verdict,
    ) -> Result<Option<Afterwards>, Box<dyn Error>> {
        let mut client = self.server.connect(given)?;
        client.batch_execute("SET statement_timeout = '60s'; BEGIN")?;
        let plain = !statements
            .iter()
            .any(|statement| is_transaction_control(statement));
        if plain
            && statements
                .iter()
                .all(|statement| client.batch_execute(statement).is_ok())
        {
            let found = (fill::demands(&mut client)?, schema::lines(&mut client)?);
            client.batch_execute("ROLLBACK")?;
            return Ok(Some(found));
        }
        drop(client);
        let empty = self.database("empty", Some(given))?;
        let mut session = Session::open(self.server, &empty)?;
        session.watch()?;
        for statement in statements {
            if let Err(reason) = observe::run_all(&mut session, statement) {
                verdict
                    .failures
                    .push(format!("the original fails on empty tables: {reason}"));
                return Ok(None);
            }
        }
        drop(session);
        let mut client = self.server.connect(&empty)?;
        Ok(Some((
            fill::demands(&mut client)?,
            schema::lines(&mut client)?,
        )))
    }

    /// What a step was refused with, if one was.
    fn run_steps(
        &mut self,
        database: &str,
        parts: &[Part],
        verdict: &mut Verdict,
    ) -> Result<Option<String>, Box<dyn Error>> {
        let mut session = Session::open(self.server, database)?;
        session.watch()?;
        let watched: BTreeSet<Oid> = session.relations()?.into_keys().collect();
        for part in parts {
            let Part::Step {
                rule, number, step, ..
            } = part
            else {
                if let Err(reason) = observe::run_all(&mut session, part.sql()) {
                    verdict.failures.push(reason.clone());
                    return Ok(Some(reason));
                }
                continue;
            };
            verdict.steps += 1;
            let seen = match part.is_outside() {
                true => observe::outside(&mut session, self.server, database, &step.sql, &watched)?,
                false => {
                    observe::in_transaction(&mut session, &mut self.admin, &step.sql, &watched)?
                }
            };
            match seen {
                Err(reason) => {
                    verdict
                        .failures
                        .push(format!("{rule}, step {number} fails: {reason}"));
                    return Ok(Some(reason));
                }
                Ok(seen) => {
                    if self.verbose {
                        println!("{rule}, step {number}: {}\n    {seen:?}", step.sql);
                    }
                    if let Some(reason) = seen.blocks_for_work() {
                        verdict
                            .failures
                            .push(format!("{rule}, step {number}: {reason}: {}", step.sql));
                    }
                }
            }
            // Values that nobody but the user knows.
            if step.sql.contains(" AS without_value ") {
                fill::give_values(&mut self.server.connect(database)?, &step.sql)?;
            }
        }
        Ok(None)
    }

    /// A new database of that name, a copy of another or empty.
    fn database(&mut self, name: &str, of: Option<&str>) -> Result<String, Box<dyn Error>> {
        let name = format!("humdrum_recipes_{}_{name}", std::process::id());
        let of = of.unwrap_or("template0");
        self.admin
            .batch_execute(&format!("DROP DATABASE IF EXISTS {name}"))?;
        // The sessions of the copied one may still be about to end.
        for _ in 0..200 {
            match self
                .admin
                .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {of}"))
            {
                Err(error) if error.code() == Some(&postgres::error::SqlState::OBJECT_IN_USE) => {
                    std::thread::sleep(std::time::Duration::from_millis(10));
                }
                result => return Ok(result.map(|()| name)?),
            }
        }
        Err(format!("{of} is still in use").into())
    }
}

impl Drop for Prover {
    fn drop(&mut self) {
        for name in ["given", "empty", "steps"] {
            let name = format!("humdrum_recipes_{}_{name}", std::process::id());
            // A session that is about to end may still hold it. Then it stays, which does no harm.
            let _ = self
                .admin
                .batch_execute(&format!("DROP DATABASE IF EXISTS {name}"));
        }
    }
}

fn is_transaction_control(statement: &str) -> bool {
    let first = statement.split_whitespace().next().unwrap_or_default();
    ["BEGIN", "START", "COMMIT", "END", "ROLLBACK"]
        .iter()
        .any(|word| first.trim_end_matches(';').eq_ignore_ascii_case(word))
}
