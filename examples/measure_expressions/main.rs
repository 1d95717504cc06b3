//! Writes `fixtures/oracle/type-matrix.tsv`, `column-defaults.tsv` and `type-using.tsv`: what real servers do with
//! type changes and column defaults.
//!
//! `cargo run --example measure_expressions` starts the servers (`tools/postgres-servers`) and asks them again.
//! In the last two files the questions are the first columns: a line that is added without an answer gets one.

#[path = "../../tests/support/measured/mod.rs"]
mod measured;
#[path = "../../tests/support/servers.rs"]
mod servers;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;

use measured::{Outcome, SETUP, TYPES, ZONED};
use postgres::Client;

const DATABASE: &str = "humdrum_expressions";

type Outcomes = BTreeMap<u8, Outcome>;

fn main() -> Result<(), Box<dyn Error>> {
    let majors: Vec<u8> = (12..=18).collect();
    let mut defaults = Questions::read("column-defaults.tsv", 2)?;
    let mut using = Questions::read("type-using.tsv", 4)?;
    let mut matrix = Matrix::default();
    for server in servers::start(&majors)? {
        eprintln!("asking PostgreSQL {}", server.major);
        let mut admin = server.connect("postgres")?;
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {DATABASE}"))?;
        admin.batch_execute(&format!("CREATE DATABASE {DATABASE}"))?;
        let mut client = server.connect(DATABASE)?;
        client.batch_execute(SETUP)?;
        for (question, outcomes) in &mut defaults.lines {
            let outcome = default_outcome(&mut client, &question[0], &question[1])?;
            outcomes.insert(server.major, outcome);
        }
        for (question, outcomes) in &mut using.lines {
            let [column, index, change, zone] = question.as_slice() else {
                continue;
            };
            let outcome = change_outcome(&mut client, column, index, change, zone)?;
            outcomes.insert(server.major, outcome);
        }
        if MATRIX_MAJORS.contains(&server.major) {
            matrix.ask(&mut client, server.major)?;
        }
        client.close()?;
        admin.batch_execute(&format!("DROP DATABASE {DATABASE}"))?;
    }
    defaults.write()?;
    using.write()?;
    matrix.write()?;
    Ok(())
}

/// A file whose lines are a question in several columns and its answer.
struct Questions {
    file: &'static str,
    head: String,
    lines: Vec<(Vec<String>, Outcomes)>,
}

impl Questions {
    fn read(file: &'static str, columns: usize) -> Result<Self, Box<dyn Error>> {
        let text = std::fs::read_to_string(measured::folder().join(file))?;
        let (head, body): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.starts_with('#'));
        let mut lines = Vec::new();
        for line in body {
            let question = line.split('\t').take(columns).map(str::to_owned).collect();
            lines.push((question, Outcomes::new()));
        }
        Ok(Questions {
            file,
            head: head.join("\n"),
            lines,
        })
    }

    fn write(&self) -> Result<(), Box<dyn Error>> {
        let mut text = format!("{}\n", self.head);
        for (question, outcomes) in &self.lines {
            writeln!(
                text,
                "{}\t{}",
                question.join("\t"),
                measured::write_outcomes(outcomes)
            )?;
        }
        std::fs::write(measured::folder().join(self.file), text)?;
        Ok(())
    }
}

/// `ALTER TABLE ... ADD COLUMN x type DEFAULT expression` on a table with a row.
fn default_outcome(
    client: &mut Client,
    ty: &str,
    default: &str,
) -> Result<Outcome, Box<dyn Error>> {
    let mut transaction = client.transaction()?;
    transaction.batch_execute("CREATE TABLE t (id integer, a integer)")?;
    let before = storage(&mut transaction, "t")?;
    let sql = format!("ALTER TABLE t ADD COLUMN x {ty} DEFAULT {default}");
    if let Err(error) = transaction.batch_execute(&sql) {
        return sqlstate(error);
    }
    let after = storage(&mut transaction, "t")?;
    Ok(if before == after { "-" } else { "rewrite" }.to_owned())
}

/// One ALTER COLUMN x of a table with a column `x` and perhaps an index `t_x`.
fn change_outcome(
    client: &mut Client,
    column: &str,
    index: &str,
    change: &str,
    zone: &str,
) -> Result<Outcome, Box<dyn Error>> {
    let mut transaction = client.transaction()?;
    let setup =
        format!("SET LOCAL TimeZone = '{zone}'; CREATE TABLE t (id integer, x {column}); {index}");
    if let Err(error) = transaction.batch_execute(&setup) {
        eprintln!("{setup}: {error:?}");
        return Ok(String::new());
    }
    let before = (
        storage(&mut transaction, "t")?,
        storage(&mut transaction, "t_x")?,
    );
    let sql = format!("ALTER TABLE t ALTER COLUMN x {change}");
    if let Err(error) = transaction.batch_execute(&sql) {
        return sqlstate(error);
    }
    let after = (
        storage(&mut transaction, "t")?,
        storage(&mut transaction, "t_x")?,
    );
    Ok(difference(before, after))
}

fn storage(
    client: &mut postgres::Transaction,
    relation: &str,
) -> Result<Option<u32>, Box<dyn Error>> {
    let row = client.query_one(
        "SELECT pg_relation_filenode(to_regclass($1::text))",
        &[&relation],
    )?;
    Ok(row.get(0))
}

fn sqlstate(error: postgres::Error) -> Result<Outcome, Box<dyn Error>> {
    match error.code() {
        Some(code) => Ok(code.code().to_owned()),
        None => Err(error.into()),
    }
}

/// The majors whose matrix is measured; it takes a while.
const MATRIX_MAJORS: &[u8] = &[12, 15, 18];

/// Whether there was an index, and the letters of each version.
type Measured = (bool, BTreeMap<u8, String>);

/// Every type to every type.
#[derive(Default)]
struct Matrix {
    /// Zone and old type to whether there was an index, and the letters of each version.
    rows: BTreeMap<(&'static str, usize), Measured>,
}

impl Matrix {
    fn ask(&mut self, client: &mut Client, major: u8) -> Result<(), Box<dyn Error>> {
        for (from, old) in TYPES.iter().enumerate() {
            for zone in ["UTC", "Europe/Berlin"] {
                if zone != "UTC" && !ZONED.contains(old) {
                    continue;
                }
                let (indexed, letters) = row(client, old, zone)?;
                let row = self.rows.entry((zone, from)).or_default();
                row.0 |= indexed;
                row.1.insert(major, letters);
            }
        }
        Ok(())
    }

    fn write(&self) -> Result<(), Box<dyn Error>> {
        let mut text = String::from(
            "# What ALTER COLUMN x TYPE does to an empty table with a btree index on x, where the old type has a default\n\
             # operator class. Asked from real servers by `cargo run --example measure_expressions`; do not edit.\n\
             # A letter for each new type in the order of the list: . nothing, i the index is built again, R rewrite,\n\
             # x 42804 (no assignment cast), o 42704 (no default operator class), blank: not in this version.\n",
        );
        writeln!(text, "# {}", TYPES.join(" | "))?;
        text.push_str("# time zone\told type\tindex\tversions\tletters\n");
        for ((zone, from), (indexed, versions)) in &self.rows {
            let index = if *indexed { "btree" } else { "" };
            for (majors, letters) in grouped(versions) {
                writeln!(
                    text,
                    "{zone}\t{}\t{index}\t{majors}\t{letters}",
                    TYPES[*from]
                )?;
            }
        }
        std::fs::write(measured::folder().join("type-matrix.tsv"), text)?;
        Ok(())
    }
}

/// Consecutive versions with the same letters.
fn grouped(versions: &BTreeMap<u8, String>) -> Vec<(String, &str)> {
    let mut runs: Vec<(u8, u8, &str)> = Vec::new();
    for (&major, letters) in versions {
        match runs.last_mut() {
            Some((_, last, same)) if *same == letters => *last = major,
            _ => runs.push((major, major, letters)),
        }
    }
    runs.into_iter()
        .map(|(first, last, letters)| (format!("{first}-{last}"), letters))
        .collect()
}

/// What each new type does to a column of the old one.
fn row(client: &mut Client, old: &str, zone: &str) -> Result<(bool, String), Box<dyn Error>> {
    let mut transaction = client.transaction()?;
    let setup = format!("SET LOCAL TimeZone = '{zone}'; CREATE TABLE t (id integer, x {old})");
    if let Err(error) = transaction.batch_execute(&setup) {
        sqlstate(error)?;
        return Ok((false, " ".repeat(TYPES.len())));
    }
    transaction.batch_execute("SAVEPOINT s")?;
    // Without a default operator class there is no index.
    if let Err(error) = transaction.batch_execute("CREATE INDEX t_x ON t (x)") {
        sqlstate(error)?;
        transaction.batch_execute("ROLLBACK TO s")?;
    }
    let before = (
        storage(&mut transaction, "t")?,
        storage(&mut transaction, "t_x")?,
    );
    let mut letters = String::new();
    for new in TYPES {
        let sql = format!("SAVEPOINT s; ALTER TABLE t ALTER COLUMN x TYPE {new}");
        let outcome = match transaction.batch_execute(&sql) {
            Err(error) => sqlstate(error)?,
            Ok(()) => {
                let after = (
                    storage(&mut transaction, "t")?,
                    storage(&mut transaction, "t_x")?,
                );
                difference(before, after)
            }
        };
        transaction.batch_execute("ROLLBACK TO s")?;
        letters.push(measured::letter(&outcome));
    }
    Ok((before.1.is_some(), letters))
}

type Storage = (Option<u32>, Option<u32>);

/// Of the table and of its index.
fn difference(before: Storage, after: Storage) -> Outcome {
    let outcome = if before.0 != after.0 {
        "rewrite"
    } else if before.1 != after.1 {
        "index"
    } else {
        "-"
    };
    outcome.to_owned()
}
