//! Runs the examples of a page and says what is wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use humdrum::lint::{LintConfig, Outcome, Page, RuleSetting, Severity};
use humdrum::project;
use humdrum::version::PgVersion;

use super::page::{Example, Kind, examples};

/// What is wrong with a page as a whole, without running its examples.
pub fn page_failures(page: &Page) -> Vec<String> {
    let found = match examples(page.body) {
        Ok(found) => found,
        Err(error) => return vec![error],
    };
    let mut failures = Vec::new();
    for kind in [Kind::Bad, Kind::Good] {
        if !found.iter().any(|example| example.kind == kind) {
            failures.push(format!("the page has no `sql {}` example", kind.name()));
        }
    }
    failures
}

/// What is wrong with one example on one version.
pub fn example_failures(rule: &str, example: &Example, outcome: &Outcome) -> Vec<String> {
    let mut failures = Vec::new();
    for problem in &outcome.problems {
        failures.push(format!("problem: {}", problem.message));
    }
    for reported in &outcome.findings {
        let text = reported.source.text();
        let spans = std::iter::once(&reported.finding.span)
            .chain(reported.finding.labels.iter().map(|(span, _)| span));
        for span in spans {
            if text.get(span.clone()).is_none_or(str::is_empty) {
                failures.push(format!("{}: the span {span:?} is no text", reported.rule));
            }
        }
    }
    match example.kind {
        Kind::Bad if !outcome.findings.iter().any(|found| found.rule == rule) => {
            let others: Vec<&str> = outcome
                .findings
                .iter()
                .map(|found| found.rule.as_str())
                .collect();
            failures.push(format!(
                "the bad example does not raise {rule}; it raises {others:?}"
            ));
        }
        Kind::Bad => {}
        Kind::Good => {
            for found in &outcome.findings {
                if found.severity > Severity::Note || found.rule == rule {
                    failures.push(format!(
                        "the good example raises {}: {}",
                        found.rule, found.finding.message
                    ));
                }
            }
        }
    }
    failures
}

/// Lints an example as the second migration of a directory below `root`.
pub fn lint(root: &Path, rule: &str, example: &Example, version: PgVersion) -> Outcome {
    let directory = PathBuf::from(format!(
        "{rule}/{}_line_{}",
        example.kind.name(),
        example.line
    ));
    let on_disk = root.join(&directory);
    std::fs::create_dir_all(&on_disk).expect("a temporary directory can be written");
    let (given, sql) = texts(example);
    std::fs::write(on_disk.join("001_given.sql"), given).expect("a temporary file can be written");
    let name = format!("{}_example.sql", example.version);
    let path = on_disk.join(&name);
    std::fs::write(&path, sql).expect("a temporary file can be written");
    let since = example.since.then(|| {
        let real = on_disk.canonicalize().expect("the directory is there");
        let (given, _) = texts(example);
        let mut files = BTreeMap::from([(real.join("001_given.sql"), given)]);
        files.extend(example.released.clone().map(|text| (real.join(name), text)));
        project::Released::of(files)
    });
    let one_release = since.is_some();
    let options = project::Options {
        since,
        layout: (example.layout != "plain").then_some(example.layout.as_str()),
        ..project::Options::default()
    };
    let project = project::load(&[path], &options);
    // A rule that is off by default is asked for by its own examples.
    let rules = BTreeMap::from([(rule.to_owned(), RuleSetting::On)]);
    humdrum::lint::lint(
        &project,
        &LintConfig {
            version,
            rules,
            one_release,
            ..LintConfig::default()
        },
    )
}

fn texts(example: &Example) -> (String, String) {
    if example.layout == "plain" {
        return (example.given.clone(), example.sql.clone());
    }
    let down = if example.neighbours {
        "\n-- migrate:down\nSELECT 1;\n"
    } else {
        ""
    };
    (
        format!("-- migrate:up\n{}{down}", example.given),
        example.sql.clone(),
    )
}
