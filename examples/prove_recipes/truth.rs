//! The pages' examples as cases of the oracle: what a server does with them must be what the effects say.

use std::collections::BTreeMap;
use std::error::Error;

use humdrum::version::PgVersion;
use postgres::Client;

use crate::cases::{Case, Mode};
use crate::oracle::recorder::{Outcome, Recorder, Trial};
use crate::oracle::servers::Server;
use crate::oracle::session::Session;
use crate::pages::page::{Example, examples};
use crate::{fill, judge, observe};

/// Pages about what the servers here do not have, and so cannot show.
const PAGES_NOT_ASKED: [&str; 4] = [
    "batch_loop_never_ends", // there would be no answer
    "create_extension",      // the extension's files
    "drop_database",         // the database
    "unanalysed_statement",  // what its text does not say
];

/// Statements likewise: a file on the server, what a role may own, a database.
const STATEMENTS_NOT_ASKED: [&str; 3] = ["FROM '/", "DROP OWNED", "DATABASE shop"];

/// What the examples take for granted, and what the servers have in its place.
const STAND_INS: [(&str, &str); 3] = [
    ("TABLESPACE fast", "TABLESPACE ts1"),
    ("TO reporting", "TO r1"),
    ("ROLE reporting", "ROLE r1"),
];

/// An example that is judged, good or bad.
#[derive(Debug, Clone)]
pub struct Page {
    pub id: String,
    pub example: Example,
}

/// Every example of every page.
pub fn load() -> Vec<Page> {
    let mut pages = Vec::new();
    for rule in humdrum::rules::all() {
        let file = rule.page.id.replace('-', "_");
        if PAGES_NOT_ASKED.contains(&file.as_str()) {
            continue;
        }
        for mut example in examples(rule.page.body).unwrap_or_default() {
            // Other layouts bring lines that are no SQL.
            if example.layout == "plain" {
                let id = format!("{file}::{}::line_{}", example.kind.name(), example.line);
                for (named, stand_in) in STAND_INS {
                    example.sql = example.sql.replace(named, stand_in);
                }
                pages.push(Page { id, example });
            }
        }
    }
    pages
}

#[derive(Debug, Default)]
pub struct Tally {
    pub agree: usize,
    /// The example is about something else on this version: its set-up does not run, or psql's own lines are in it.
    pub not_asked: usize,
    pub differ: BTreeMap<String, Vec<String>>,
}

/// Examples with the same schema and rows share a database for as long as nothing changes it.
pub fn judge_pages(server: Server, pages: &[Page]) -> Result<Tally, Box<dyn Error>> {
    let version = PgVersion::new(server.major).ok_or("an unknown version")?;
    let mut recorder = Recorder::new(server)?;
    let mut admin = server.connect("postgres")?;
    admin.batch_execute("SET client_min_messages = error")?;
    let mut tally = Tally::default();
    let mut groups: BTreeMap<&str, Vec<&Page>> = BTreeMap::new();
    for page in pages {
        let example = &page.example;
        let about = example.versions == [18] || example.versions.contains(&server.major);
        if about && is_sql(example) {
            groups.entry(&example.given).or_default().push(page);
        } else {
            tally.not_asked += 1;
        }
    }
    for (given, mut group) in groups {
        let rows = rows(&mut admin, server, given, &group)?;
        let setup = format!("{};\n{rows}", given.trim_end().trim_end_matches(';'));
        group.sort_by_key(|page| mode(&page.example.sql) == Mode::NoTx);
        for page in group {
            let case = Case {
                id: page.id.clone(),
                group: "page".to_owned(),
                setup: setup.clone(),
                mode: mode(&page.example.sql),
                sql: page.example.sql.clone(),
                observed: BTreeMap::new(),
            };
            match recorder.observe(&Trial::from(&case)) {
                Ok(Outcome::NoSetup(_)) => tally.not_asked += 1,
                Ok(Outcome::Observed(observed)) => {
                    let found = judge::judge(&case, &observed, version).disagreements;
                    match found.is_empty() {
                        true => tally.agree += 1,
                        false => {
                            tally.differ.insert(page.id.clone(), found);
                        }
                    }
                }
                Err(error) => {
                    recorder = Recorder::new(server)?;
                    tally
                        .differ
                        .insert(page.id.clone(), vec![format!("not observed: {error}")]);
                }
            }
        }
    }
    Ok(tally)
}

fn is_sql(example: &Example) -> bool {
    let parses = |text: &str| pg_query::parse(text, 0).is_ok();
    // Syntax errors, and loops that never end, are no work that a server could show.
    let ends = ["EXIT", "FOR ", "WHILE "];
    let endless =
        example.sql.contains("LOOP") && !ends.iter().any(|word| example.sql.contains(word));
    let shown = !STATEMENTS_NOT_ASKED
        .iter()
        .any(|part| example.sql.contains(part));
    !endless && shown && parses(&example.given) && parses(&example.sql)
}

/// In one transaction, unless the example has transactions of its own or what PostgreSQL refuses in one.
fn mode(sql: &str) -> Mode {
    let upper = sql.to_uppercase();
    let alone = [
        "CONCURRENTLY",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "VACUUM",
        "START TRANSACTION",
        "CALL ",
        "DATABASE",
        "TABLESPACE",
        "ALTER SYSTEM",
        "REINDEX",
        "CLUSTER",
        "ADD VALUE",
    ];
    match alone.iter().any(|word| upper.contains(word)) {
        true => Mode::NoTx,
        false => Mode::Tx,
    }
}

/// INSERTs that fill the given tables with rows that all examples of the group can live with.
fn rows(
    admin: &mut Client,
    server: Server,
    given: &str,
    group: &[&Page],
) -> Result<String, Box<dyn Error>> {
    let database = format!("humdrum_pages_{}", std::process::id());
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"))?;
    admin.batch_execute(&format!("CREATE DATABASE {database} TEMPLATE template0"))?;
    let mut session = Session::open(server, &database)?;
    if observe::run_all(&mut session, given).is_err() {
        return Ok(String::new());
    }
    let mut client = server.connect(&database)?;
    client.batch_execute("SET statement_timeout = '5s'")?;
    let mut demands = fill::demands(&mut client)?;
    for page in group {
        // What commits, or fails here, tells nothing.
        if mode(&page.example.sql) == Mode::NoTx {
            continue;
        }
        client.batch_execute("BEGIN")?;
        if client.batch_execute(&page.example.sql).is_ok()
            && let Ok(later) = fill::demands(&mut client)
        {
            demands = demands.and(later);
        }
        client.batch_execute("ROLLBACK")?;
    }
    client.batch_execute("RESET statement_timeout")?;
    let mut texts = vec![given];
    texts.extend(group.iter().map(|page| page.example.sql.as_str()));
    // What cannot be filled stays empty: its scans are not judged then.
    Ok(fill::inserts(&mut client, &demands, &fill::words(&texts)).unwrap_or_default())
}
