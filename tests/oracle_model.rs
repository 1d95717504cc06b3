//! The model against PostgreSQL: every case of the oracle on every version, in this process.
//!
//! `cargo test --test oracle_model -- --nocapture` prints the agreement of each family;
//! `ORACLE=substring` narrows it to the cases whose id or family contains it; `ORACLE_FILE=path` takes the cases
//! of another file.

#[path = "support/oracle/cases.rs"]
mod cases;
#[path = "support/oracle/judge.rs"]
mod judge;
#[path = "support/oracle/known.rs"]
mod known;

use std::collections::BTreeMap;
use std::path::PathBuf;

use humdrum::version::PgVersion;
use judge::{Aspect, Verdict};

#[derive(Default)]
struct Tally {
    judged: usize,
    wrong: BTreeMap<Aspect, usize>,
    wrong_in_any: usize,
    unsafe_called_safe: usize,
}

#[test]
fn the_model_agrees_with_the_servers() {
    let filter = std::env::var("ORACLE").unwrap_or_default();
    let known = known::disagreements();
    let mut families: BTreeMap<String, Tally> = BTreeMap::new();
    let mut unexpected = Vec::new();
    let mut settled: Vec<&str> = known.keys().copied().collect();
    let file = std::env::var_os("ORACLE_FILE").map(PathBuf::from);
    let cases = file.as_deref().map_or_else(cases::load, cases::load_file);
    if file.is_some() {
        settled.clear();
    }
    for case in cases {
        if !case.id.contains(&filter) && !case.group.contains(&filter) {
            settled.retain(|id| *id != case.id);
            continue;
        }
        for version in PgVersion::all() {
            let Some(observed) = case.observed(version) else {
                continue;
            };
            let verdict = judge::judge(&case, observed, version);
            count(families.entry(case.group.clone()).or_default(), &verdict);
            count(families.entry("TOTAL".to_owned()).or_default(), &verdict);
            if verdict.disagreements.is_empty() {
                continue;
            }
            if known
                .get(case.id.as_str())
                .is_some_and(|majors| majors.contains(version.major()))
            {
                settled.retain(|id| *id != case.id);
                continue;
            }
            unexpected.push(format!(
                "{} on {version}: {}\n    {}",
                case.id,
                case.sql.replace('\n', " "),
                verdict.disagreements.join("\n    ")
            ));
        }
    }
    print_table(&families);
    assert!(
        unexpected.is_empty(),
        "{} disagreements that are not on fixtures/oracle/known-disagreements.txt:\n{}",
        unexpected.len(),
        unexpected.join("\n")
    );
    assert!(
        settled.is_empty(),
        "these agree now; take them off fixtures/oracle/known-disagreements.txt: {settled:?}"
    );
}

fn count(tally: &mut Tally, verdict: &Verdict) {
    tally.judged += 1;
    for aspect in &verdict.wrong {
        *tally.wrong.entry(*aspect).or_default() += 1;
    }
    tally.wrong_in_any += usize::from(!verdict.disagreements.is_empty());
    tally.unsafe_called_safe += usize::from(verdict.unsafe_called_safe);
}

fn print_table(families: &BTreeMap<String, Tally>) {
    println!(
        "{:<24} {:>6} {:>8} {:>8} {:>8} {:>8} {:>7}",
        "family", "judged", "locks", "work", "errors", "all", "unsafe"
    );
    let total = |name: &String| name == "TOTAL";
    let (last, rest): (Vec<_>, Vec<_>) = families.iter().partition(|(name, _)| total(name));
    for (name, tally) in rest.into_iter().chain(last) {
        let share = |wrong: usize| {
            format!(
                "{:.1} %",
                100.0 * (tally.judged - wrong) as f64 / tally.judged as f64
            )
        };
        let of = |aspect: Aspect| share(tally.wrong.get(&aspect).copied().unwrap_or(0));
        println!(
            "{name:<24} {:>6} {:>8} {:>8} {:>8} {:>8} {:>7}",
            tally.judged,
            of(Aspect::Locks),
            of(Aspect::Work),
            of(Aspect::Errors),
            share(tally.wrong_in_any),
            tally.unsafe_called_safe
        );
    }
}
