//! Hazards that linters and guides of the field know, and some that none catches: each raises the rule that
//! answers it, or stays silent. The tables are `fixtures/hazards/*.tsv`; every row starts from `given.sql`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use humdrum::lint::{LintConfig, Outcome, RuleSetting, Severity};
use humdrum::project;
use humdrum::version::PgVersion;
use libtest_mimic::{Arguments, Failed, Trial};

/// Columns: hazard, rule (or `silent`), major version, SQL to run after the common schema (or `-`), SQL under check.
struct Row {
    hazard: String,
    rule: String,
    postgres: u8,
    given: String,
    sql: String,
}

/// The word for a row that nothing above a note may speak of.
const SILENT: &str = "silent";

/// Findings that mean that a row says something else than it wants to, unless it asks for them.
const ACCIDENTS: [&str; 4] = [
    "statement-fails",
    "syntax-error",
    "unsupported-version",
    "blocking-work",
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Arc::new(tempfile::tempdir().expect("a temporary directory"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hazards");
    let common = std::fs::read_to_string(folder.join("given.sql")).expect("the common schema");
    let common: Arc<str> = Arc::from(common);
    let mut trials = Vec::new();
    for table in tables(&folder) {
        for (at, row) in rows(&table).into_iter().enumerate() {
            let (root, common) = (Arc::clone(&root), Arc::clone(&common));
            let stem = table.file_stem().unwrap_or_default().to_string_lossy();
            let directory = format!("{stem}_{at}");
            trials.push(Trial::test(format!("{stem}::{}", row.hazard), move || {
                check(&row, &lint(&root.path().join(directory), &common, &row))
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn tables(folder: &Path) -> Vec<PathBuf> {
    let mut tables: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("fixtures/hazards can be read")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "tsv"))
        .collect();
    tables.sort();
    assert!(!tables.is_empty(), "no table in {}", folder.display());
    tables
}

/// The rows of a table; the first line names the columns, lines that begin with `#` name sections.
fn rows(table: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(table).expect("a table can be read");
    text.lines()
        .skip(1)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| row(line).unwrap_or_else(|| panic!("{}: not a row: {line}", table.display())))
        .collect()
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [hazard, rule, postgres, given, sql] = cells.as_slice() else {
        return None;
    };
    Some(Row {
        hazard: (*hazard).to_owned(),
        rule: (*rule).to_owned(),
        postgres: postgres.parse().ok()?,
        given: if *given == "-" { "" } else { given }.to_owned(),
        sql: (*sql).to_owned(),
    })
}

fn lint(directory: &Path, common: &str, row: &Row) -> Outcome {
    std::fs::create_dir_all(directory).expect("a temporary directory can be written");
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).expect("a temporary file can be written");
        path
    };
    write("001_given.sql", common);
    write("002_more.sql", &format!("{}\n", row.given));
    let path = write("003_hazard.sql", &format!("{}\n", row.sql));
    let project = project::load(&[path], &project::Options::default());
    let mut rules = BTreeMap::new();
    // Some are off unless they are asked for.
    if row.rule != SILENT {
        rules.insert(row.rule.clone(), RuleSetting::On);
    }
    humdrum::lint::lint(
        &project,
        &LintConfig {
            version: PgVersion::new(row.postgres).expect("a version that humdrum knows"),
            rules,
            ..LintConfig::default()
        },
    )
}

fn check(row: &Row, outcome: &Outcome) -> Result<(), Failed> {
    let said: Vec<String> = outcome
        .findings
        .iter()
        .map(|found| {
            let severity = found.severity.name();
            format!("{severity}: {}: {}", found.rule, found.finding.message)
        })
        .chain(
            outcome
                .problems
                .iter()
                .map(|problem| problem.message.clone()),
        )
        .collect();
    let fail = |what: &str| {
        let said = said.join("\n  ");
        Err(Failed::from(format!("{what}\n  {}\n  {said}", row.sql)))
    };
    if !outcome.problems.is_empty() {
        return fail("there are problems");
    }
    if row.rule == SILENT {
        let loud = outcome
            .findings
            .iter()
            .any(|found| found.severity > Severity::Note);
        return if loud {
            fail("should be silent")
        } else {
            Ok(())
        };
    }
    if !outcome.findings.iter().any(|found| found.rule == row.rule) {
        return fail(&format!("{} is not raised", row.rule));
    }
    let accident = outcome
        .findings
        .iter()
        .find(|found| found.rule != row.rule && ACCIDENTS.contains(&found.rule.as_str()));
    match accident {
        Some(found) => fail(&format!("{} speaks, too", found.rule)),
        None => Ok(()),
    }
}
