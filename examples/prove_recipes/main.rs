//! Runs every recipe on real servers: the original statement and the recipe's steps on two copies of the same filled
//! database end in the same schema and rows, and no step makes anybody wait for work.
//!
//! `cargo run --example prove_recipes -- --majors 18 --filter add_unique_constraint`

#[path = "../../tests/support/oracle/judge.rs"]
#[allow(dead_code, reason = "tests/oracle_model.rs uses the rest of it")]
mod judge;
#[path = "../../tests/support/oracle/mod.rs"]
#[allow(dead_code, reason = "examples/oracle_record uses the rest of it")]
mod oracle;
#[path = "../../tests/support/pages/mod.rs"]
#[allow(dead_code, reason = "tests/rules.rs uses the rest of it")]
mod pages;
#[path = "../../tests/support/recipes/mod.rs"]
mod recipes;

mod differ;
mod fill;
mod observe;
mod prove;
mod schema;
mod truth;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use clap::Parser;
use humdrum::version::PgVersion;

use oracle::cases;
use oracle::servers::{self, Server};
use prove::{Prover, Verdict};
use recipes::cases::Case;

#[derive(Parser)]
struct Options {
    /// One major, or a range such as 12..18; may be repeated
    #[arg(long, default_value = "18")]
    majors: Vec<String>,
    /// Only cases whose name contains this; may be repeated
    #[arg(long)]
    filter: Vec<String>,
    /// Ask the servers of the pages' examples instead: locks, work and errors must be what the effects say
    #[arg(long)]
    pages: bool,
    /// Print every step with its locks and work
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("prove_recipes: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether every recipe is proved.
fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    if options.pages {
        return pages(options);
    }
    let all: Vec<Case> = recipes::cases::load()
        .into_iter()
        .filter(|case| {
            options.filter.is_empty() || options.filter.iter().any(|part| case.id.contains(part))
        })
        .collect();
    if all.is_empty() {
        return Err("no case has such a name".into());
    }
    let servers = servers::start(&majors(&options.majors)?)?;
    let root = tempfile::tempdir()?;
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        let threads: Vec<_> = servers
            .iter()
            .map(|server| {
                let (results, all, root) = (&results, &all, root.path());
                scope.spawn(move || -> Result<(), String> {
                    let verdicts = on_server(*server, all, root, options.verbose)
                        .map_err(|error| format!("PostgreSQL {}: {error}", server.major))?;
                    results
                        .lock()
                        .map_err(|_| "another thread failed")?
                        .insert(server.major, verdicts);
                    Ok(())
                })
            })
            .collect();
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok(())
    })?;
    Ok(report(&results.into_inner()?))
}

/// Whether the servers do with every example of every page what the effects say.
fn pages(options: &Options) -> Result<bool, Box<dyn Error>> {
    let all: Vec<truth::Page> = truth::load()
        .into_iter()
        .filter(|page| {
            options.filter.is_empty() || options.filter.iter().any(|part| page.id.contains(part))
        })
        .collect();
    let servers = servers::start(&majors(&options.majors)?)?;
    let mut all_well = true;
    let tallies = std::thread::scope(|scope| {
        let threads: Vec<_> = servers
            .iter()
            .map(|server| {
                let all = &all;
                scope.spawn(move || {
                    truth::judge_pages(*server, all).map_err(|error| error.to_string())
                })
            })
            .collect();
        let results = threads.into_iter().map(|thread| thread.join());
        results.collect::<Vec<_>>()
    });
    for (server, tally) in servers.iter().zip(tallies) {
        let tally = tally.map_err(|_| "a thread panicked")??;
        for (id, found) in &tally.differ {
            println!("{id} on {}", server.major);
            found.iter().for_each(|line| println!("    {line}"));
        }
        println!(
            "PostgreSQL {}: {} examples agree, {} differ, {} not asked",
            server.major,
            tally.agree,
            tally.differ.len(),
            tally.not_asked
        );
        all_well &= tally.differ.is_empty() && tally.agree > 0;
    }
    Ok(all_well)
}

fn majors(words: &[String]) -> Result<Vec<u8>, String> {
    let mut majors = Vec::new();
    for word in words {
        let (first, last) = word.split_once("..").unwrap_or((word, word));
        let (first, last): (PgVersion, PgVersion) = (first.parse()?, last.parse()?);
        majors.extend(first.major()..=last.major());
    }
    Ok(majors)
}

fn on_server(
    server: Server,
    all: &[Case],
    root: &Path,
    verbose: bool,
) -> Result<BTreeMap<String, Verdict>, Box<dyn Error>> {
    let started = Instant::now();
    let mut prover = Prover::new(server, root.join(server.major.to_string()), verbose)?;
    let mut verdicts = BTreeMap::new();
    for case in all.iter().filter(|case| case.is_about(server.major)) {
        let verdict = match prover.prove(case) {
            Ok(verdict) => verdict,
            Err(error) => Verdict::failed(error.to_string()),
        };
        verdicts.insert(case.id.clone(), verdict);
    }
    eprintln!("PostgreSQL {}: {:.0?}", server.major, started.elapsed());
    Ok(verdicts)
}

/// Prints what is wrong, then a line for each version.
fn report(results: &BTreeMap<u8, BTreeMap<String, Verdict>>) -> bool {
    let mut all_well = true;
    for (major, verdicts) in results {
        let (mut proved, mut steps, mut failed) = (0, 0, 0);
        for (id, verdict) in verdicts {
            steps += verdict.steps;
            proved += usize::from(verdict.recipes > 0 && verdict.failures.is_empty());
            if verdict.failures.is_empty() {
                continue;
            }
            failed += 1;
            println!("{id} on {major}");
            verdict
                .failures
                .iter()
                .for_each(|line| println!("    {line}"));
        }
        println!("PostgreSQL {major}: {proved} cases proved with {steps} steps, {failed} failed");
        all_well &= failed == 0 && proved > 0;
    }
    all_well
}
