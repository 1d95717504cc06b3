//! Asks real servers again what the oracle has recorded, and records new cases.
//!
//! `cargo run --example oracle_record` compares every case on every version with what is recorded, holds the model to
//! what was seen now, and prints what differs;
//! `-- --own --write` fills in what was observed for the cases of `fixtures/oracle/own.jsonl`;
//! `-- --file PATH` does the same with a file of new cases, and holds only the model to the answers.

#[path = "../../tests/support/oracle/judge.rs"]
#[allow(dead_code, reason = "tests/oracle_model.rs uses the rest of it")]
mod judge;
#[path = "../../tests/support/oracle/known.rs"]
mod known;
#[path = "../../tests/support/oracle/mod.rs"]
mod oracle;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser;
use humdrum::version::PgVersion;

use oracle::cases::{self, Case, Mode, Observed};
use oracle::compare::differences;
use oracle::recorder::{self, Outcome, Recorder, Trial};
use oracle::servers::{self, Server};

/// How many cases one server is asked at the same time.
const SESSIONS: usize = 3;

#[derive(Parser)]
struct Options {
    /// Majors and ranges of them, such as "15 18" or 12..18
    #[arg(long, default_value = "12..18")]
    majors: String,
    /// Only cases whose id contains this; may be repeated
    #[arg(long)]
    filter: Vec<String>,
    /// Only the cases of truth.jsonl
    #[arg(long, conflicts_with = "own")]
    truth: bool,
    /// Only the cases of own.jsonl
    #[arg(long)]
    own: bool,
    /// Only the cases of this file, which need not have been measured
    #[arg(long, conflicts_with_all = ["own", "truth"])]
    file: Option<PathBuf>,
    /// Write what was observed into the file, own.jsonl or the one named
    #[arg(long)]
    write: bool,
    /// How many servers work at the same time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// What one server did, by the position of the case in its file; or why that could not be told.
type Outcomes = BTreeMap<usize, Result<Outcome, String>>;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("oracle_record: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything agrees with what is recorded.
fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let file = match (&options.file, options.truth, options.own) {
        (Some(path), _, _) => Some(path.clone()),
        (_, true, _) => Some(PathBuf::from(cases::TRUTH)),
        (_, _, true) => Some(PathBuf::from(cases::OWN)),
        _ => None,
    };
    if options.write && (options.truth || file.is_none()) {
        return Err("--write needs --own or --file: truth.jsonl does not change".into());
    }
    let mut all = file.as_deref().map_or_else(cases::load, cases::load_file);
    let chosen: Vec<usize> = (0..all.len())
        .filter(|&index| is_chosen(&all[index], &options.filter))
        .collect();
    if chosen.is_empty() {
        return Err("no case has such an id".into());
    }
    let servers = servers::start(&majors(&options.majors)?)?;
    let results = observe_all(&servers, &all, &chosen, options.jobs)?;
    let agree = report(&all, &chosen, &results, options.file.is_none());
    if let (true, Some(file)) = (options.write, &file) {
        take_over(&mut all, &chosen, &results);
        cases::write_file(file, &all)?;
    }
    Ok(agree)
}

fn is_chosen(case: &Case, filter: &[String]) -> bool {
    filter.is_empty() || filter.iter().any(|part| case.id.contains(part))
}

fn majors(text: &str) -> Result<Vec<u8>, String> {
    let mut majors = Vec::new();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        let (first, last) = word.split_once("..").unwrap_or((word, word));
        let (first, last): (PgVersion, PgVersion) = (first.parse()?, last.parse()?);
        majors.extend(first.major()..=last.major());
    }
    Ok(majors)
}

/// Works through the servers with so many threads.
fn observe_all(
    servers: &[Server],
    all: &[Case],
    chosen: &[usize],
    jobs: usize,
) -> Result<BTreeMap<u8, Outcomes>, Box<dyn Error>> {
    let waiting = Mutex::new(servers.to_vec());
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        let work = || -> Result<(), String> {
            loop {
                let Some(server) = waiting.lock().map_err(|_| "another thread failed")?.pop()
                else {
                    return Ok(());
                };
                let outcomes = observe_on(server, all, chosen)
                    .map_err(|error| format!("PostgreSQL {}: {error}", server.major))?;
                results
                    .lock()
                    .map_err(|_| "another thread failed")?
                    .insert(server.major, outcomes);
            }
        };
        let threads: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok(())
    })?;
    Ok(results.into_inner()?)
}

/// A server's answers take long because of what waits in it, not because of what it works.
fn observe_on(server: Server, all: &[Case], chosen: &[usize]) -> Result<Outcomes, Box<dyn Error>> {
    let started = std::time::Instant::now();
    recorder::make_globals(&mut server.connect("postgres")?)?;
    let mut in_order = chosen.to_vec();
    in_order.sort_by_key(|&index| &all[index].setup);
    let part = in_order.len().div_ceil(SESSIONS);
    let outcomes = std::thread::scope(|scope| -> Result<Outcomes, Box<dyn Error>> {
        let threads: Vec<_> = in_order
            .chunks(part)
            .map(|part| {
                scope.spawn(|| observe_part(server, all, part).map_err(|it| it.to_string()))
            })
            .collect();
        let mut outcomes = Outcomes::new();
        for thread in threads {
            outcomes.extend(thread.join().map_err(|_| "a thread panicked")??);
        }
        Ok(outcomes)
    })?;
    eprintln!(
        "PostgreSQL {}: {} cases in {:.0?}",
        server.major,
        outcomes.len(),
        started.elapsed()
    );
    Ok(outcomes)
}

fn observe_part(server: Server, all: &[Case], part: &[usize]) -> Result<Outcomes, Box<dyn Error>> {
    let mut recorder = Recorder::new(server)?;
    let mut outcomes = Outcomes::new();
    for &index in part {
        let case = &all[index];
        let mut outcome = observe(&mut recorder, server, case)?;
        // What is sampled while it runs depends on the machine too.
        let differs = || !ask_model(case, server.major, &outcome).is_empty();
        if outcome.is_err() || case.mode == Mode::NoTx && differs() {
            outcome = observe(&mut recorder, server, case)?;
        }
        outcomes.insert(index, outcome);
    }
    Ok(outcomes)
}

fn observe(
    recorder: &mut Recorder,
    server: Server,
    case: &Case,
) -> Result<Result<Outcome, String>, Box<dyn Error>> {
    match recorder.observe(&Trial::from(case)) {
        Ok(outcome) => Ok(Ok(outcome)),
        Err(error) => {
            // Its connections may be in any state now.
            *recorder = Recorder::new(server)?;
            Ok(Err(error.to_string()))
        }
    }
}

/// Prints the differences case by case, then a line for each version. What is not yet recorded is a difference
/// only where it is `expected`.
fn report(
    all: &[Case],
    chosen: &[usize],
    results: &BTreeMap<u8, Outcomes>,
    expected: bool,
) -> bool {
    let mut disagreeing: BTreeMap<u8, usize> = BTreeMap::new();
    let known = known::disagreements();
    for &index in chosen {
        let mut lines: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
        for (&major, outcomes) in results {
            let (case, outcome) = (&all[index], &outcomes[&index]);
            let is_recorded = PgVersion::new(major).is_some_and(|it| case.observed(it).is_some());
            let mut found = match expected || is_recorded {
                true => compare(case, major, outcome),
                false => Vec::new(),
            };
            let is_known = known
                .get(case.id.as_str())
                .is_some_and(|majors| majors.contains(major));
            if !is_known {
                found.extend(ask_model(case, major, outcome));
            }
            if !found.is_empty() {
                *disagreeing.entry(major).or_default() += 1;
                lines.entry(found).or_default().push(major.to_string());
            }
        }
        for (found, majors) in lines {
            println!("{} on {}", all[index].id, majors.join(", "));
            found.iter().for_each(|line| println!("    {line}"));
        }
    }
    for (major, outcomes) in results {
        let differ = disagreeing.get(major).copied().unwrap_or(0);
        println!(
            "PostgreSQL {major}: {} cases agree, {differ} differ",
            outcomes.len() - differ
        );
    }
    disagreeing.is_empty()
}

fn compare(case: &Case, major: u8, outcome: &Result<Outcome, String>) -> Vec<String> {
    let recorded = PgVersion::new(major).and_then(|version| case.observed(version));
    match (recorded, outcome) {
        (_, Err(reason)) => vec![format!("not observed: {reason}")],
        (Some(recorded), Ok(Outcome::Observed(seen))) => differences(recorded, seen, case.mode),
        (Some(_), Ok(Outcome::NoSetup(reason))) => vec![format!("the set-up fails: {reason}")],
        (None, Ok(Outcome::Observed(_))) => vec!["nothing was recorded".to_owned()],
        // A case that no version can run says nothing.
        (None, Ok(Outcome::NoSetup(reason))) if case.observed.is_empty() => {
            vec![format!(
                "nothing was recorded, and the set-up fails: {reason}"
            )]
        }
        (None, Ok(Outcome::NoSetup(_))) => Vec::new(),
    }
}

/// What the model says differently from what was seen now. Sampled locks are a lower bound for it.
fn ask_model(case: &Case, major: u8, outcome: &Result<Outcome, String>) -> Vec<String> {
    let (Some(version), Ok(Outcome::Observed(seen))) = (PgVersion::new(major), outcome) else {
        return Vec::new();
    };
    judge::judge(case, seen, version).disagreements
}

/// Keeps what is recorded where it still holds, so that sampled locks do not change from run to run.
fn take_over(all: &mut [Case], chosen: &[usize], results: &BTreeMap<u8, Outcomes>) {
    for &index in chosen {
        let case = &mut all[index];
        let mut observations: BTreeMap<u8, Observed> = PgVersion::all()
            .filter_map(|version| Some((version.major(), case.observed(version)?.clone())))
            .collect();
        for (&major, outcomes) in results {
            let outcome = &outcomes[&index];
            if compare(case, major, outcome).is_empty() {
                continue;
            }
            match outcome {
                Ok(Outcome::Observed(seen)) => observations.insert(major, seen.clone()),
                Ok(Outcome::NoSetup(_)) => observations.remove(&major),
                Err(_) => None,
            };
        }
        case.set_observed(observations);
    }
}
