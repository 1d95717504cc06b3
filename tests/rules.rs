//! Every example of every rule's page is a test: `create_index_blocking::bad::line_12`.

#[path = "support/pages/mod.rs"]
mod pages;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use humdrum::lint::{Outcome, Page};
use humdrum::report::{Run, Screen};
use humdrum::version::PgVersion;
use libtest_mimic::{Arguments, Failed, Trial};
use pages::page::{Example, Kind, examples};
use pages::run::{example_failures, fix_failures, lint, page_failures};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Arc::new(tempfile::tempdir().expect("a temporary directory"));
    let mut trials = Vec::new();
    for rule in humdrum::rules::all() {
        trials.extend(trials_of_page(&rule.page, &root));
    }
    trials.push(Trial::test(
        "every_pair_of_files_is_listed",
        every_pair_is_listed,
    ));
    trials.push(Trial::test(
        "every_page_has_two_bad_and_two_good_examples",
        enough_examples,
    ));
    trials.extend(harness_trials(&root));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trials_of_page(page: &Page, root: &Arc<tempfile::TempDir>) -> Vec<Trial> {
    let file = page.id.replace('-', "_");
    let whole = page.clone();
    let mut trials = vec![Trial::test(format!("{file}::page"), move || {
        all_well(page_failures(&whole))
    })];
    for example in examples(page.body).unwrap_or_default() {
        let name = format!("{file}::{}::line_{}", example.kind.name(), example.line);
        let (page, root) = (page.clone(), Arc::clone(root));
        trials.push(Trial::test(name.clone(), move || {
            run_example(&name, &page, &example, root.path())
        }));
    }
    trials
}

fn enough_examples() -> Result<(), Failed> {
    let mut few = Vec::new();
    for rule in humdrum::rules::all() {
        let found = examples(rule.page.body)?;
        let count = |wanted: Kind| found.iter().filter(|it| it.kind == wanted).count();
        if count(Kind::Bad) < 2 || count(Kind::Good) < 2 {
            few.push(rule.id().to_owned());
        }
    }
    match few.is_empty() {
        true => Ok(()),
        false => Err(format!("too few examples: {}", few.join(", ")).into()),
    }
}

fn run_example(name: &str, page: &Page, example: &Example, root: &Path) -> Result<(), Failed> {
    let rule = page.id.as_str();
    for &major in &example.versions {
        let version = PgVersion::new(major).ok_or("a version that humdrum does not know")?;
        let outcome = lint(root, rule, example, version);
        all_well(example_failures(rule, example, &outcome))?;
        if example.kind == Kind::Bad && Some(&major) == example.versions.last() {
            all_well(fix_failures(root, page, example, version))?;
            snapshot(name, rule, outcome, root)?;
        }
    }
    Ok(())
}

/// What a person sees of the rule's own finding.
fn snapshot(name: &str, rule: &str, mut outcome: Outcome, root: &Path) -> Result<(), Failed> {
    outcome.findings.retain(|found| found.rule == rule);
    let mut text = Vec::new();
    let run = Run {
        outcome: &outcome,
        files_checked: 1,
        files_read: 2,
        files_left_out: 0,
        versions: BTreeSet::from([outcome.postgres]),
        fixed: 0,
    };
    humdrum::report::text(&run, Screen::PIPE, &mut text).map_err(|error| error.to_string())?;
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    let text = text.replace(&format!("{}/", root.display()), "");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots/rules");
    let name = name.replace("::", "__");
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        settings.bind(|| insta::assert_snapshot!(name, text));
    }))
    .map_err(|_| Failed::from("the diagnostic differs from its snapshot; see above"))
}

fn every_pair_is_listed() -> Result<(), Failed> {
    let listed: BTreeSet<String> = humdrum::rules::all()
        .iter()
        .map(|rule| rule.id().replace('-', "_"))
        .collect();
    let mut failures = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if stem != "mod" && !listed.contains(&stem) {
            failures.push(format!("{} is not listed in rules/mod.rs", path.display()));
        }
    }
    all_well(failures)
}

/// Pages that must fail, each with the sentence that the harness has to say.
fn harness_trials(root: &Arc<tempfile::TempDir>) -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/harness");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("fixtures/harness can be read")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let stem = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let root = Arc::clone(root);
            Trial::test(format!("harness::{stem}"), move || {
                must_fail(&path, root.path())
            })
        })
        .collect()
}

fn must_fail(path: &Path, root: &Path) -> Result<(), Failed> {
    let text: &'static str = std::fs::read_to_string(path)?.leak();
    let (expected, page) = text
        .split_once('\n')
        .and_then(|(first, rest)| {
            let expected = first
                .strip_prefix("<!-- must fail: ")?
                .strip_suffix(" -->")?;
            Some((expected, rest))
        })
        .ok_or("the first line must be `<!-- must fail: sentence -->`")?;
    // `create_index_blocking.silent_bad.md` is a page of create-index-blocking.
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let rule = name.split('.').next().unwrap_or(&name);
    let failures = match Page::parse(rule, page) {
        Err(error) => vec![error],
        Ok(page) => {
            let mut failures = page_failures(&page);
            for example in examples(page.body).unwrap_or_default() {
                let outcome = lint(
                    &root
                        .join("harness")
                        .join(path.file_stem().unwrap_or_default()),
                    &page.id,
                    &example,
                    PgVersion::NEWEST,
                );
                failures.extend(example_failures(&page.id, &example, &outcome));
                let root = root
                    .join("harness-fixes")
                    .join(path.file_stem().unwrap_or_default());
                failures.extend(fix_failures(&root, &page, &example, PgVersion::NEWEST));
            }
            failures
        }
    };
    if failures.iter().any(|failure| failure.contains(expected)) {
        return Ok(());
    }
    Err(
        format!("the harness lets this page pass: expected `{expected}`, it said {failures:?}")
            .into(),
    )
}

fn all_well(failures: Vec<String>) -> Result<(), Failed> {
    if failures.is_empty() {
        return Ok(());
    }
    Err(failures.join("\n").into())
}
