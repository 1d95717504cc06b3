//! A file has the same findings through its directory, alone, on standard input and as what a revision does not
//! have: for every file of every layout's project.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use humdrum::lint::{LintConfig, lint};
use humdrum::project::{Direction, Options, Released, load};

/// Rule, severity, place, message and advice of each finding of a file.
type Findings = BTreeMap<PathBuf, Vec<String>>;

fn findings(paths: &[PathBuf], options: &Options, config: &LintConfig) -> Findings {
    let project = load(paths, options);
    let mut found: Findings = BTreeMap::new();
    for one in lint(&project, config).findings {
        let path = one.source.path().to_path_buf();
        let shown = format!("{} {:?} {:?}", one.rule, one.severity, one.finding);
        found.entry(path).or_default().push(shown);
    }
    found
}

/// The files that hold migrations, and those of them that hold several.
fn migrations(directory: &Path) -> (BTreeSet<PathBuf>, BTreeSet<PathBuf>) {
    let project = load(&[directory.to_path_buf()], &Options::default());
    let (mut files, mut several) = (BTreeSet::new(), BTreeSet::new());
    let mut seen = BTreeSet::new();
    for migration in project.chains.iter().flat_map(|chain| &chain.migrations) {
        let path = migration.source.path().to_path_buf();
        if migration.direction == Direction::Up && !seen.insert(path.clone()) {
            several.insert(path.clone());
        }
        files.insert(path);
    }
    (files, several)
}

fn sql_files(directory: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sql_files(&path, found);
        } else if path.extension().is_some_and(|it| it == "sql") {
            found.insert(
                path.canonicalize().unwrap(),
                fs::read_to_string(&path).unwrap(),
            );
        }
    }
}

/// What only a revision can tell.
const OF_A_REVISION: [&str; 3] = [
    "out-of-order-migration",
    "edited-migration",
    "duplicate-version",
];

fn same_four_ways(directory: &Path) -> usize {
    let config = LintConfig::default();
    let whole = findings(&[directory.to_path_buf()], &Options::default(), &config);
    let (files, several) = migrations(directory);
    let mut all = BTreeMap::new();
    sql_files(directory, &mut all);
    for file in &files {
        let expected = whole.get(file).cloned().unwrap_or_default();
        let of_file = |options: &Options, config: &LintConfig| {
            let mut found = findings(std::slice::from_ref(file), options, config);
            found.remove(file).unwrap_or_default()
        };
        let shown = file.display();
        let alone = of_file(&Options::default(), &config);
        assert_eq!(expected, alone, "{shown} alone");

        let stdin = Options {
            unsaved: [(file.clone(), fs::read_to_string(file).unwrap())].into(),
            ..Options::default()
        };
        assert_eq!(
            expected,
            of_file(&stdin, &config),
            "{shown} on standard input"
        );

        // Migrations of one file are one release, in which what the first creates is new to the second.
        if several.contains(file) {
            continue;
        }
        let mut released = all.clone();
        released.remove(&file.canonicalize().unwrap());
        let since = Options {
            since: Some(Released::of(released)),
            ..Options::default()
        };
        let one_release = LintConfig {
            one_release: true,
            ..LintConfig::default()
        };
        let told = |found: &Vec<String>| -> Vec<String> {
            let by_revision = |it: &&String| OF_A_REVISION.iter().any(|rule| it.starts_with(rule));
            found
                .iter()
                .filter(|it| !by_revision(it))
                .cloned()
                .collect()
        };
        for path in [file.clone(), directory.to_path_buf()] {
            let mut found = findings(&[path], &since, &one_release);
            let found = found.remove(file).unwrap_or_default();
            assert_eq!(told(&expected), told(&found), "{shown} since a revision");
        }
    }
    files.len()
}

#[test]
fn every_file_of_every_layout_has_the_same_findings_four_ways() {
    let mut checked = 0;
    let mut projects: Vec<PathBuf> = fs::read_dir("fixtures/layouts")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    projects.sort();
    for project in projects {
        let of_project = same_four_ways(&project);
        assert!(of_project > 0, "{}", project.display());
        checked += of_project;
    }
    assert!(checked > 150, "{checked}");
}
