//! Every recipe without a server: its SQL parses, keeps to names that fit and are free, and humdrum itself has
//! nothing against any step. `make recipes` runs them on real servers.

#[path = "support/pages/mod.rs"]
#[allow(dead_code, reason = "tests/rules.rs uses the rest of it")]
mod pages;
#[path = "support/recipes/mod.rs"]
mod recipes;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use humdrum::lint::{Severity, StepTransaction};
use humdrum::project::{Migration, TransactionMode};
use humdrum::version::PgVersion;
use libtest_mimic::{Arguments, Failed, Trial};
use recipes::cases::{self, Case};
use recipes::script::{Part, with_recipes};

/// The oldest version, the last without NOT VALID for NOT NULL, and the newest.
const MAJORS: [u8; 3] = [12, 17, 18];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Arc::new(tempfile::tempdir().expect("a temporary directory"));
    let mut trials = Vec::new();
    // A page a test: loading all pages costs more than linting one.
    let mut pages: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in cases::load() {
        let page = case.id.split("::").next().unwrap_or_default().to_owned();
        pages.entry(page).or_default().push(case);
    }
    for (page, cases) in pages {
        let root = Arc::clone(&root);
        trials.push(Trial::test(page, move || check_page(&cases, root.path())));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn check_page(cases: &[Case], root: &Path) -> Result<(), Failed> {
    let mut failures = Vec::new();
    for case in cases {
        for major in MAJORS.into_iter().filter(|major| case.is_about(*major)) {
            if let Err(failure) = check(case, root, major) {
                let message = failure.message().unwrap_or_default();
                failures.push(format!("{} on {major}: {message}", case.id));
            }
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(failures.join("\n").into()),
    }
}

fn check(case: &Case, root: &Path, major: u8) -> Result<(), Failed> {
    let version = PgVersion::new(major).ok_or("a version that humdrum does not know")?;
    let found = case.proposals(&root.join(major.to_string()), version);
    if found.proposals.is_empty() && case.must_have_one() {
        return Err("no finding carries a recipe".into());
    }
    let parts = with_recipes(&found);
    let mut failures = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        if let Part::Step {
            rule, number, step, ..
        } = part
        {
            let mut wrong = syntax(&step.sql);
            wrong.extend(findings(case, version, &parts[..at], part, &found.others));
            failures.extend(
                wrong
                    .into_iter()
                    .map(|wrong| format!("{rule}, step {number}: {wrong}\n    {}", step.sql)),
            );
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(failures.join("\n").into()),
    }
}

fn syntax(sql: &str) -> Vec<String> {
    match pg_query::parse(sql, 0) {
        Ok(parsed) if parsed.protobuf.stmts.is_empty() => vec!["no statement".to_owned()],
        Ok(_) => Vec::new(),
        Err(error) => vec![error.to_string()],
    }
}

/// What humdrum says of a step as a migration of its own, when what comes before it is history. What other rules have
/// to say of the original, without a recipe, is not the recipe's business.
fn findings(
    case: &Case,
    version: PgVersion,
    before: &[Part],
    step: &Part,
    others: &BTreeSet<String>,
) -> Vec<String> {
    let beside = matches!(step, Part::Step { beside: true, .. });
    let mut text = String::new();
    let mut migrations = vec![support::history("001.sql", &case.example.given)];
    for (at, part) in before.iter().enumerate() {
        if beside {
            text += &format!("{}\n", terminated(part));
            continue;
        }
        let earlier = support::history(&format!("{:03}.sql", at + 2), &terminated(part));
        migrations.push(in_mode(part, earlier));
    }
    let own = text.len();
    text += &terminated(step);
    let path = format!("{:03}.sql", before.len() + 2);
    migrations.push(in_mode(step, support::migration(&path, &text)));
    let mut config = case.config(version);
    config.runner.lock_timeout = Some(std::time::Duration::from_secs(2));
    let outcome = humdrum::lint::lint(&support::chain("plain", migrations), &config);
    let problems = outcome
        .problems
        .iter()
        .map(|problem| problem.message.clone());
    let found = outcome
        .findings
        .iter()
        .filter(|found| found.severity > Severity::Note && found.finding.span.start >= own)
        .filter(|found| !others.contains(&found.rule))
        .map(|found| format!("raises {}: {}", found.rule, found.finding.message));
    problems.chain(found).collect()
}

fn terminated(part: &Part) -> String {
    format!("{};", part.sql().trim_end().trim_end_matches(';'))
}

fn in_mode(part: &Part, migration: Migration) -> Migration {
    let mode = match part {
        Part::Step { step, .. } if step.transaction == StepTransaction::Own => {
            TransactionMode::File
        }
        Part::Step { .. } | Part::Statement(_) => TransactionMode::None,
    };
    support::run_in(mode, migration)
}
