//! Runs random statements on one server and holds the model against it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use humdrum::version::PgVersion;

use crate::Options;
use crate::choose;
use crate::judge::{self, Verdict};
use crate::oracle::cases::{Case, Observed};
use crate::oracle::recorder::{Outcome, Recorder, Trial};
use crate::oracle::servers::Server;
use crate::schema::{self, Piece, Schema};
use crate::shrink;
use crate::statements::{self, Statement};
use crate::summary::Summary;
use crate::worlds;

/// How many statements share a schema.
const STATEMENTS: usize = 30;

/// A statement of which the model says something else than the server.
pub struct Disagreement {
    pub case: Case,
    pub major: u8,
    pub sentences: Vec<String>,
    /// The model misses a lock or work.
    pub is_unsafe: bool,
    pub shrunk: bool,
}

impl Disagreement {
    pub fn print(&self) {
        let severity = match self.is_unsafe {
            true => "UNSAFE: ",
            false => "",
        };
        println!(
            "{severity}{} on PostgreSQL {}: {}",
            self.case.id, self.major, self.case.sql
        );
        self.sentences
            .iter()
            .for_each(|sentence| println!("    {sentence}"));
        if self.shrunk {
            match serde_json::to_string(&self.case) {
                Ok(line) => println!("{line}"),
                Err(error) => println!("    (the case cannot be written: {error})"),
            }
        }
    }
}

/// What came of one statement.
pub enum Judged {
    Agrees,
    /// The rows of the table decide what happens, or the planner how tables that are joined are read.
    ByRows,
    /// The set-up does not run: what the server says, with the statement.
    NoSetup(String),
    Differs(Vec<String>, bool),
}

pub struct Runner {
    server: Server,
    version: PgVersion,
    recorder: Recorder,
}

/// Runs the statements that the options ask for.
pub fn on(server: Server, options: &Options) -> Result<(Summary, Vec<Disagreement>), String> {
    let &Options {
        seed,
        count,
        examples,
        world,
        ..
    } = options;
    let mut runner = Runner::new(server)?;
    let mut random = choose::runner(seed);
    let schemas = choose::strategy(|c| worlds::schema(c, world));
    let mut summary = Summary::default();
    let mut found = Vec::new();
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    let mut number = 0;
    while number < count {
        let mut schema = choose::next(&schemas, &mut random)?;
        let made = statements_for(&schema, &mut random)?;
        runner.make_valid(&mut schema)?;
        for statement in made.into_iter().take(count - number) {
            number += 1;
            let case = case(&schema.pieces, &statement, &format!("fuzz_{seed}_{number}"));
            let judged = runner.judge(&case)?;
            summary.count(statement.family, &judged);
            let Judged::Differs(sentences, _) = judged else {
                continue;
            };
            eprintln!(
                "\r{} on {}: {}\n    {}",
                case.id,
                server.major,
                case.sql,
                sentences.join("\n    ")
            );
            let seen = alike.entry(likeness(&statement, &sentences)).or_default();
            *seen += 1;
            let (pieces, statement) = match *seen <= examples {
                true => shrink::shrink(&mut runner, &schema.pieces, &statement, &sentences)?,
                false => (schema.pieces.clone(), statement),
            };
            found.push(runner.disagreement(&pieces, &statement, &case.id, *seen <= examples)?);
        }
        eprint!(
            "\rPostgreSQL {}: {number} of {count}, {} disagree ",
            server.major,
            found.len()
        );
    }
    eprintln!();
    Ok((summary, found))
}

fn statements_for(
    schema: &Schema,
    random: &mut proptest::test_runner::TestRunner,
) -> Result<Vec<Statement>, String> {
    let strategy = choose::strategy(|c| statements::statement(c, schema));
    let mut made: Vec<Statement> = Vec::new();
    for _ in 0..STATEMENTS {
        let statement = choose::next(&strategy, random)?;
        if !made.contains(&statement) {
            made.push(statement);
        }
    }
    Ok(made)
}

pub fn case(pieces: &[Piece], statement: &Statement, id: &str) -> Case {
    Case {
        id: id.to_owned(),
        group: statement.family.to_owned(),
        setup: schema::render(pieces),
        mode: statement.mode,
        sql: statement.sql(),
        observed: BTreeMap::new(),
    }
}

/// Whether a query reads several tables: a table with an index on what they are joined by may be read by that, which
/// only the planner knows. The model says the worse, a scan.
fn joins(sql: &str) -> bool {
    let query = ["SELECT", "UPDATE", "DELETE", "MERGE", "WITH"];
    let several = [" USING ", " JOIN ", "(SELECT "];
    query.iter().any(|word| sql.starts_with(word)) && several.iter().any(|word| sql.contains(word))
}

/// What two disagreements of one cause have in common, more or less.
fn likeness(statement: &Statement, sentences: &[String]) -> String {
    let sql = statement.sql();
    let words: BTreeSet<&str> = sql
        .split(|c: char| !c.is_ascii_uppercase())
        .filter(|word| word.len() > 2)
        .collect();
    let kinds: BTreeSet<String> = sentences
        .iter()
        .map(|sentence| {
            let telling = |word: &&str| {
                word.ends_with("Lock")
                    || matches!(
                        *word,
                        "scan" | "build" | "storage" | "lock" | "index" | "error" | "no" | "none"
                    )
            };
            sentence
                .split([' ', ','])
                .filter(telling)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    format!("{words:?} {kinds:?}")
}

impl Runner {
    fn new(server: Server) -> Result<Self, String> {
        let version = PgVersion::new(server.major).ok_or("an unknown version")?;
        let recorder = Recorder::new(server).map_err(|error| error.to_string())?;
        Ok(Runner {
            server,
            version,
            recorder,
        })
    }

    /// Takes out what this version does not run.
    fn make_valid(&mut self, schema: &mut Schema) -> Result<(), String> {
        loop {
            let probe = Statement::whole("dml_create", "SELECT 1");
            let Judged::NoSetup(reason) = self.judge(&case(&schema.pieces, &probe, "probe"))?
            else {
                return Ok(());
            };
            let bad = schema.pieces.iter().rposition(|piece| {
                reason.ends_with(schema::render(std::slice::from_ref(piece)).trim_end_matches(';'))
            });
            match bad {
                Some(at) => schema.pieces.remove(at),
                None => return Err(format!("no piece of the set-up fits: {reason}")),
            };
        }
    }

    pub fn judge(&mut self, case: &Case) -> Result<Judged, String> {
        match self.recorder.observe(&Trial::from(case)) {
            Ok(Outcome::NoSetup(reason)) => Ok(Judged::NoSetup(reason)),
            Ok(Outcome::Observed(seen)) => Ok(self.compare(case, &seen)),
            Err(error) => {
                // Its connections may be in any state now.
                self.recorder = Recorder::new(self.server).map_err(|error| error.to_string())?;
                eprintln!("\n{}: {}: {error}", case.id, case.sql);
                Ok(Judged::ByRows)
            }
        }
    }

    fn compare(&self, case: &Case, seen: &Observed) -> Judged {
        let Ok(verdict) = catch_unwind(AssertUnwindSafe(|| judge::judge(case, seen, self.version)))
        else {
            return Judged::Differs(vec!["the model panics".to_owned()], true);
        };
        let Verdict {
            disagreements,
            unsafe_called_safe,
            ..
        } = verdict;
        match disagreements.is_empty() {
            // Class 22: a value of some row does not fit.
            _ if seen
                .error
                .as_deref()
                .is_some_and(|code| code.starts_with("22") || code.starts_with("23")) =>
            {
                Judged::ByRows
            }
            true => Judged::Agrees,
            false
                if joins(&case.sql)
                    && disagreements.iter().all(|it| it.starts_with("no scan of ")) =>
            {
                Judged::ByRows
            }
            false => Judged::Differs(disagreements, unsafe_called_safe),
        }
    }

    fn disagreement(
        &mut self,
        pieces: &[Piece],
        statement: &Statement,
        id: &str,
        shrunk: bool,
    ) -> Result<Disagreement, String> {
        let case = case(pieces, statement, id);
        let (sentences, is_unsafe) = match self.judge(&case)? {
            Judged::Differs(sentences, is_unsafe) => (sentences, is_unsafe),
            _ => (vec!["only sometimes".to_owned()], false),
        };
        Ok(Disagreement {
            case,
            major: self.server.major,
            sentences,
            is_unsafe,
            shrunk,
        })
    }
}
