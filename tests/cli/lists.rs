//! `rules`, `explain`, `--help`, `--version`.

use crate::project::Project;

#[test]
fn the_rules_are_listed_in_columns_and_as_json() {
    let project = Project::new(&[]);
    let text = project.run(&["rules"]).expect(0).stdout;
    let line = text
        .lines()
        .find(|line| line.starts_with("create-index-blocking "))
        .unwrap();
    let columns: Vec<&str> = line
        .split("  ")
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect();
    assert_eq!(
        columns,
        [
            "create-index-blocking",
            "error",
            "locking",
            "fix",
            "Creating an index blocks writes until it is built"
        ]
    );
    let rules = project.run(&["rules", "--format", "json"]).expect(0).json();
    let rules = rules.as_array().unwrap();
    assert_eq!(rules.len(), text.lines().count());
    let rule = rules
        .iter()
        .find(|it| it["id"] == "create-index-blocking")
        .unwrap();
    assert_eq!(rule["severity"], "error");
    assert_eq!(rule["category"], "locking");
    let fix = |id: &str| rules.iter().find(|it| it["id"] == id).unwrap()["fix"].clone();
    assert_eq!(fix("create-index-blocking"), "safe");
    assert_eq!(fix("prefer-text"), "unsafe");
    assert_eq!(fix("drop-table"), serde_json::Value::Null);
}

#[test]
fn a_page_is_shown_without_its_front_matter() {
    let page = Project::new(&[])
        .run(&["explain", "create_index_blocking"])
        .expect(0)
        .stdout;
    let lines: Vec<&str> = page.lines().take(3).collect();
    assert_eq!(
        lines[0],
        "# Creating an index blocks writes until it is built"
    );
    assert!(
        lines[2].starts_with("`create-index-blocking` · error · locking · PostgreSQL"),
        "{}",
        lines[2]
    );
    assert!(lines[2].ends_with(" · fixable with --fix"), "{}", lines[2]);
    assert!(!page.contains("severity: error"), "{page}");
}

#[test]
fn an_unknown_rule_is_two_with_the_nearest_known_one() {
    let run = Project::new(&[]).run(&["explain", "drop-colum"]).expect(2);
    assert_eq!(
        run.stderr,
        "error: unknown rule `drop-colum`; did you mean `drop-column`? (`humdrum rules` lists them)\n"
    );
    assert_eq!(run.stdout, "");
}

#[test]
fn help_is_short_and_the_version_is_the_packages() {
    let project = Project::new(&[]);
    let help = project.run(&["--help"]).expect(0).stdout;
    assert!(help.lines().count() < 25, "{help}");
    assert!(
        help.contains("check") && help.contains("plan") && help.contains("Exit codes"),
        "{help}"
    );
    let version = project.run(&["--version"]).expect(0).stdout;
    assert_eq!(version, format!("humdrum {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_help_names_the_default_version() {
    let help = Project::new(&[]).run(&["check", "--help"]).expect(0).stdout;
    let newest = humdrum::version::PgVersion::NEWEST;
    assert!(
        help.contains(&format!("12 to {newest} [default: {newest}]")),
        "{help}"
    );
}
