//! Runs the examples of a page and says what is wrong with it.
#![allow(dead_code, reason = "each integration test uses a part of this")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use humdrum::fix::{Texts, settle};
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

/// What is wrong with the fix of a `bad` example.
pub fn fix_failures(
    root: &Path,
    page: &Page,
    example: &Example,
    version: PgVersion,
) -> Vec<String> {
    let mut failures = Vec::new();
    let own = |texts: &Texts| {
        let mut outcome = lint_with(root, &page.id, example, version, texts);
        outcome.findings.retain(|found| found.rule == page.id);
        Ok::<_, Infallible>(outcome)
    };
    let Ok(before) = own(&Texts::new());
    let offered = before
        .findings
        .iter()
        .filter_map(|found| found.finding.fix.as_ref());
    let offered = offered.map(|fix| fix.applicability).max();
    let (fixed, offered) = match (&example.fixed, offered) {
        (None, None) => return failures,
        (None, Some(_)) => {
            if page.fix.is_none() {
                failures.push(format!(
                    "the example of line {} has a fix, but the page has no `sql fixed` block",
                    example.line
                ));
            }
            return failures;
        }
        (Some(fixed), None) => {
            failures.push(format!(
                "the `sql fixed` of line {} shows what no fix does",
                fixed.line
            ));
            return failures;
        }
        (Some(fixed), Some(offered)) => (fixed, offered),
    };
    if fixed.applicability != offered {
        failures.push(format!(
            "the fix of line {} is {}, not {}",
            fixed.line,
            offered.name(),
            fixed.applicability.name()
        ));
    }
    let Ok(settled) = settle(offered, own);
    let path = example_path(root, &page.id, example);
    let text = settled.texts.get(&path).cloned().unwrap_or_default();
    if text != fixed.sql {
        failures.push(format!(
            "the fix does not lead to the `sql fixed` of line {}, but to:\n{text}",
            fixed.line
        ));
    }
    failures
}

fn example_path(root: &Path, rule: &str, example: &Example) -> PathBuf {
    root.join(format!(
        "{rule}/{}_line_{}/{}",
        example.kind.name(),
        example.line,
        named(example, &example.version, "example")
    ))
}

/// A file name that the example's tool takes for a migration.
fn named(example: &Example, version: &str, name: &str) -> String {
    match example.layout.as_str() {
        "flyway" => format!("V{version}__{name}.sql"),
        "golang-migrate" => format!("{version}_{name}.up.sql"),
        _ => format!("{version}_{name}.sql"),
    }
}

/// Lints an example as the second migration of a directory below `root`.
pub fn lint(root: &Path, rule: &str, example: &Example, version: PgVersion) -> Outcome {
    lint_with(root, rule, example, version, &Texts::new())
}

/// [`lint`] with other texts in the place of the files.
fn lint_with(
    root: &Path,
    rule: &str,
    example: &Example,
    version: PgVersion,
    unsaved: &Texts,
) -> Outcome {
    let project = load(root, rule, example, unsaved);
    humdrum::lint::lint(
        &project,
        &LintConfig {
            version,
            rules: rules_of(rule),
            one_release: example.since,
            ..LintConfig::default()
        },
    )
}

/// A rule that is off by default is asked for by its own examples.
pub fn rules_of(rule: &str) -> BTreeMap<String, RuleSetting> {
    BTreeMap::from([(rule.to_owned(), RuleSetting::On)])
}

/// The project of an example, with other texts in the place of its files.
pub fn load(root: &Path, rule: &str, example: &Example, unsaved: &Texts) -> project::Project {
    let path = example_path(root, rule, example);
    let on_disk = path.parent().expect("a directory").to_path_buf();
    std::fs::create_dir_all(&on_disk).expect("a temporary directory can be written");
    let (given, sql) = texts(example);
    let given_name = named(example, "001", "given");
    std::fs::write(on_disk.join(&given_name), &given).expect("a temporary file can be written");
    std::fs::write(&path, sql).expect("a temporary file can be written");
    let since = example.since.then(|| {
        let real = on_disk.canonicalize().expect("the directory is there");
        let name = path.file_name().expect("a file");
        let mut files = BTreeMap::from([(real.join(&given_name), given)]);
        files.extend(example.released.clone().map(|text| (real.join(name), text)));
        project::Released::of(files)
    });
    let options = project::Options {
        since,
        unsaved: unsaved.clone(),
        layout: (example.layout != "plain").then_some(example.layout.as_str()),
        ..project::Options::default()
    };
    project::load(&[path], &options)
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
