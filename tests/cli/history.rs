//! What a git revision has is history; what a baseline lists is known.

use std::process::{Command, Stdio};

use crate::project::{INDEX, Project, Run};

/// Runs git in the project, with nothing of the tester's configuration.
pub fn git(project: &Project, arguments: &[&str]) {
    let done = Command::new("git")
        .args([
            "-c",
            "user.name=Tester",
            "-c",
            "user.email=tester@example.com",
        ])
        .args(arguments)
        .current_dir(project.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(done.success(), "git {arguments:?}");
}

pub fn commit(project: &Project, message: &str) {
    git(project, &["add", "-A"]);
    git(project, &["commit", "-q", "-m", message]);
}

/// `main` with three released migrations, and the branch `work` checked out.
pub fn released() -> Project {
    let up_and_down =
        |up: &str, down: &str| format!("-- migrate:up\n{up}\n-- migrate:down\n{down}\n");
    let project = Project::new(&[]);
    let files = [
        (
            "001_orders",
            "CREATE TABLE orders (id bigint PRIMARY KEY, note text);",
            "DROP TABLE orders;",
        ),
        (
            "002_index",
            "CREATE INDEX orders_note ON orders (note);",
            "DROP INDEX orders_note;",
        ),
        (
            "005_audit",
            "CREATE TABLE audit (id bigint PRIMARY KEY);",
            "DROP TABLE audit;",
        ),
    ];
    for (name, up, down) in files {
        let path = format!("db/migrations/{name}.sql");
        project.file(&path, up_and_down(up, down).as_bytes());
    }
    git(&project, &["init", "-q", "-b", "main"]);
    commit(&project, "released");
    git(&project, &["checkout", "-q", "-b", "work"]);
    project
}

pub fn new_file(project: &Project, name: &str, up: &str, down: &str) {
    let text = format!("-- migrate:up\n{up}\n-- migrate:down\n{down}\n");
    project.file(&format!("db/migrations/{name}.sql"), text.as_bytes());
}

/// `rule path:line` of every finding.
pub fn found(run: &Run) -> Vec<String> {
    let json = run.json();
    let findings = json["findings"].as_array().unwrap().iter();
    findings
        .map(|it| {
            let path = it["path"].as_str().unwrap().replace("db/migrations/", "");
            let line = &it["range"]["start"]["line"];
            format!("{} {path}:{line}", it["rule"].as_str().unwrap())
        })
        .collect()
}

pub const SINCE: [&str; 6] = [
    "check",
    "--format",
    "json",
    "--since",
    "main",
    "db/migrations",
];

#[test]
fn a_branch_that_adds_edits_and_sorts_before_is_told_so() {
    let project = released();
    new_file(
        &project,
        "006_shop",
        "CREATE TABLE shop (id bigint PRIMARY KEY, name text);",
        "DROP TABLE shop;",
    );
    new_file(
        &project,
        "007_shop_index",
        "CREATE INDEX shop_name ON shop (name);\nCREATE INDEX audit_id ON audit (id DESC);",
        "DROP INDEX audit_id;\nDROP INDEX shop_name;",
    );
    new_file(
        &project,
        "003_late",
        "CREATE TABLE late (id bigint PRIMARY KEY);",
        "DROP TABLE late;",
    );
    new_file(
        &project,
        "002_index",
        "CREATE INDEX orders_note ON orders (note, id);",
        "DROP INDEX orders_note;",
    );
    for committed in [false, true] {
        if committed {
            commit(&project, "work");
        }
        let run = project.run(&SINCE).expect(1);
        let found: Vec<String> = found(&run)
            .into_iter()
            .filter(|it| !it.starts_with("missing-lock-timeout"))
            .collect();
        // The index on a table of the same release blocks nobody, that on a released table does; a rollback comes
        // after the release.
        assert_eq!(
            found,
            [
                "edited-migration 002_index.sql:2",
                "out-of-order-migration 003_late.sql:2",
                "create-index-blocking 007_shop_index.sql:3",
                "drop-index-blocking 007_shop_index.sql:5",
                "drop-index-blocking 007_shop_index.sql:6",
            ],
            "{}",
            run.stdout
        );
    }
}

#[test]
fn an_edit_of_comments_and_blanks_is_none() {
    let project = released();
    new_file(
        &project,
        "002_index",
        "-- finds notes\nCREATE  INDEX orders_note\n    ON orders (note);",
        "DROP INDEX orders_note;",
    );
    let run = project.run(&SINCE).expect(0);
    assert_eq!(found(&run), Vec::<String>::new());
}

#[test]
fn nothing_new_is_nothing_to_report() {
    let run = released().run(&["check", "--since", "main"]).expect(0);
    assert!(
        run.last_line().starts_with("0 migrations"),
        "{}",
        run.last_line()
    );
}

#[test]
fn a_version_that_the_other_branch_has_taken_is_taken() {
    let project = released();
    git(&project, &["checkout", "-q", "main"]);
    new_file(
        &project,
        "006_theirs",
        "CREATE TABLE theirs (id bigint PRIMARY KEY);",
        "DROP TABLE theirs;",
    );
    commit(&project, "theirs");
    git(&project, &["checkout", "-q", "work"]);
    new_file(
        &project,
        "006_ours",
        "CREATE TABLE ours (id bigint PRIMARY KEY);",
        "DROP TABLE ours;",
    );
    commit(&project, "ours");
    let run = project.run(&SINCE).expect(1);
    let found: Vec<String> = found(&run)
        .into_iter()
        .filter(|it| !it.starts_with("missing-lock-timeout"))
        .collect();
    assert_eq!(
        found,
        ["duplicate-version 006_ours.sql:2"],
        "{}",
        run.stdout
    );
}

#[test]
fn a_renamed_migration_is_not_new_and_what_they_edited_we_did_not() {
    let project = released();
    git(&project, &["checkout", "-q", "main"]);
    new_file(
        &project,
        "005_audit",
        "CREATE TABLE audit (id int PRIMARY KEY);",
        "DROP TABLE audit;",
    );
    commit(&project, "theirs");
    git(&project, &["checkout", "-q", "work"]);
    git(
        &project,
        &[
            "mv",
            "db/migrations/002_index.sql",
            "db/migrations/002_find_notes.sql",
        ],
    );
    commit(&project, "ours");
    let run = project.run(&SINCE).expect(0);
    assert_eq!(found(&run), Vec::<String>::new());
}

/// The four ways to the same file.
#[test]
fn a_file_has_the_same_findings_however_it_is_reached() {
    let project = released();
    new_file(
        &project,
        "006_next",
        "CREATE INDEX audit_id ON audit (id);\nALTER TABLE orders ADD COLUMN total int NOT NULL;\nDROP TABLE nobody_knows_it;",
        "DROP INDEX audit_id;\nALTER TABLE orders DROP COLUMN total;",
    );
    let path = "db/migrations/006_next.sql";
    let text = std::fs::read(project.path().join(path)).unwrap();
    let of_file = |run: Run| -> Vec<serde_json::Value> {
        let json = run.expect(1).json();
        let findings = json["findings"].as_array().unwrap().iter();
        findings.filter(|it| it["path"] == path).cloned().collect()
    };
    let directory = of_file(project.run(&["check", "--format", "json", "db/migrations"]));
    assert!(directory.len() > 4, "{directory:?}");
    let alone = of_file(project.run(&["check", "--format", "json", path]));
    assert_eq!(directory, alone);
    let stdin = ["check", "--format", "json", "--stdin-filename", path];
    assert_eq!(directory, of_file(project.run_with_stdin(&stdin, &text)));
    assert_eq!(directory, of_file(project.run(&SINCE)));
    commit(&project, "next");
    assert_eq!(directory, of_file(project.run(&SINCE)));
    let named = ["check", "--format", "json", "--since", "main", path];
    assert_eq!(directory, of_file(project.run(&named)));
}

#[test]
fn what_git_cannot_tell_is_said() {
    let project = released();
    let run = project
        .run(&["check", "--since", "nowhere", "db"])
        .expect(2);
    assert!(
        run.stderr.contains("git knows no revision `nowhere`"),
        "{}",
        run.stderr
    );
    let run = project
        .run(&["check", "--since", "--output=x", "db"])
        .expect(2);
    assert!(!run.stderr.is_empty());
    let outside = Project::with_orders(INDEX);
    let run = outside.run(&["check", "--since", "main", "db"]).expect(2);
    assert!(
        run.stderr.contains("is in no git repository"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_baseline_hides_what_it_lists_and_says_what_it_lists_in_vain() {
    // The index, and a lock without a timeout.
    let two = format!("{INDEX}ALTER TABLE orders ADD COLUMN later int;\n");
    let project = Project::with_orders(&two);
    let run = project.run(&["check", "db", "--write-baseline"]).expect(0);
    assert!(
        run.stderr
            .contains("2 findings written to humdrum-baseline.json"),
        "{}",
        run.stderr
    );
    let baseline = ["check", "db", "--baseline", "humdrum-baseline.json"];
    let run = project.run(&baseline).expect(0);
    assert_eq!(run.stderr, "");
    assert!(
        run.last_line().contains("no findings; 2 in the baseline"),
        "{}",
        run.last_line()
    );

    // Lines may move above the statement, and new findings are still found.
    let moved = format!("-- a comment\n\n{two}DROP TABLE orders;\n");
    project.file("db/migrations/002_next.sql", moved.as_bytes());
    let run = project.run(&[
        "check",
        "db",
        "--baseline",
        "humdrum-baseline.json",
        "--format",
        "compact",
    ]);
    assert!(
        !run.stdout.contains("create-index-blocking") && run.stdout.contains("drop-table"),
        "{}",
        run.stdout
    );
    assert_eq!(run.stderr, "");

    project.file("db/migrations/002_next.sql", b"SELECT 1;\n");
    let run = project.run(&baseline).expect(0);
    assert!(
        run.stderr.contains("lists what is no longer found: create-index-blocking in db/migrations/002_next.sql and 1 more"),
        "{}",
        run.stderr
    );
    project.file("humdrum.toml", b"baseline = \"humdrum-baseline.json\"\n");
    project.file("db/migrations/002_next.sql", two.as_bytes());
    assert!(
        project
            .run(&["check", "db"])
            .expect(0)
            .last_line()
            .contains("2 in the baseline")
    );
    project.file("humdrum-baseline.json", b"[]");
    let run = project.run(&["check", "db"]).expect(2);
    assert!(
        run.stderr.contains("humdrum-baseline.json: is no baseline"),
        "{}",
        run.stderr
    );
}
