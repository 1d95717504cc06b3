//! Random schemas and statements, on real servers and through the model: do they agree?
//!
//! `cargo run --example oracle_fuzz -- --seed 1 --count 2000 --majors 15,18` prints what disagrees, made small, each as a
//! case for `fixtures/oracle/own.jsonl` (`--write` measures it on all versions and adds it there), then how many agreed.

mod choose;
#[path = "../../tests/support/oracle/judge.rs"]
mod judge;
#[path = "../../tests/support/oracle/mod.rs"]
#[allow(dead_code, reason = "oracle_record uses the rest of it")]
mod oracle;
mod run;
mod schema;
mod shrink;
mod statements;
mod summary;
mod types;
mod worlds;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use humdrum::version::PgVersion;

use oracle::cases::{self, Case};
use oracle::recorder::{Outcome, Recorder, Trial};
use oracle::servers::{self, Server};
use run::Disagreement;
use summary::Summary;
use worlds::World;

#[derive(Parser)]
struct Options {
    /// The same seed makes the same schemas and statements
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many statements to run on each version
    #[arg(long, default_value_t = 2000)]
    count: usize,
    /// Majors, separated by commas
    #[arg(long, default_value = "15,18", value_delimiter = ',')]
    majors: Vec<PgVersion>,
    /// Only schemas about this
    #[arg(long)]
    world: Option<World>,
    /// Measure what disagrees on all versions and add it to own.jsonl
    #[arg(long)]
    write: bool,
    /// How many disagreements that look the same are made small
    #[arg(long, default_value_t = 2)]
    examples: usize,
}

fn main() -> ExitCode {
    match fuzz(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("oracle_fuzz: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether model and servers agree on everything.
fn fuzz(options: &Options) -> Result<bool, Box<dyn Error>> {
    let majors: Vec<u8> = options
        .majors
        .iter()
        .map(|version| version.major())
        .collect();
    let servers = servers::start(&majors)?;
    // Panics of the model are reported as disagreements.
    std::panic::set_hook(Box::new(|_| {}));
    let results: Vec<Result<(Summary, Vec<Disagreement>), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = servers
            .iter()
            .map(|&server| scope.spawn(move || run::on(server, options)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err("a thread panicked".to_owned()))
            })
            .collect()
    });
    let _ = std::panic::take_hook();
    let mut disagreements = Vec::new();
    let mut summaries = Vec::new();
    for (server, result) in servers.iter().zip(results) {
        let (summary, found) =
            result.map_err(|error| format!("PostgreSQL {}: {error}", server.major))?;
        summaries.push((server.major, summary));
        disagreements.extend(found);
    }
    // What the model calls safe and is not comes first.
    disagreements.sort_by_key(|found| !found.is_unsafe);
    for found in &disagreements {
        found.print();
    }
    for (major, summary) in &summaries {
        summary.print(*major);
    }
    if options.write {
        write(&disagreements)?;
    }
    Ok(disagreements.is_empty())
}

/// Adds the cases to own.jsonl, as all versions see them.
fn write(disagreements: &[Disagreement]) -> Result<(), Box<dyn Error>> {
    let majors: Vec<u8> = PgVersion::all().map(|version| version.major()).collect();
    let servers = servers::start(&majors)?;
    let mut own = cases::load_file(Path::new(cases::OWN));
    for found in disagreements.iter().filter(|found| found.shrunk) {
        let same = |case: &Case| case.setup == found.case.setup && case.sql == found.case.sql;
        if own.iter().any(same) {
            continue;
        }
        let mut case = found.case.clone();
        case.set_observed(measure(&servers, &case)?);
        own.push(case);
    }
    cases::write_file(Path::new(cases::OWN), &own)
}

fn measure(
    servers: &[Server],
    case: &Case,
) -> Result<std::collections::BTreeMap<u8, cases::Observed>, Box<dyn Error>> {
    let mut observations = std::collections::BTreeMap::new();
    for &server in servers {
        if let Outcome::Observed(seen) = Recorder::new(server)?.observe(&Trial::from(case))? {
            observations.insert(server.major, seen);
        }
    }
    Ok(observations)
}
