//! Exit codes: 0 nothing at or above fail-on, 1 findings, 2 the work could not be done.

use crate::project::{FINE, INDEX, ORDERS, Project, WARNING};

#[test]
fn nothing_to_say_is_zero() {
    let run = Project::with_orders(FINE).run(&["check", "db"]).expect(0);
    assert_eq!(
        run.stdout,
        "2 migrations, 3 statements checked for PostgreSQL 18: no findings\n"
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn an_error_is_one() {
    let run = Project::with_orders(INDEX).run(&["check", "db"]).expect(1);
    assert!(
        run.stdout.contains("error[create-index-blocking]"),
        "{}",
        run.stdout
    );
}

#[test]
fn warnings_are_zero_unless_fail_on_says_otherwise() {
    let project = Project::with_orders(WARNING);
    let run = project.run(&["check", "db"]).expect(0);
    assert!(
        run.stdout.contains("warning[missing-lock-timeout]"),
        "{}",
        run.stdout
    );
    project
        .run(&["check", "--fail-on", "warning", "db"])
        .expect(1);
    project.run(&["check", "--fail-on", "note", "db"]).expect(1);
    Project::with_orders(INDEX)
        .run(&["check", "--fail-on", "never", "db"])
        .expect(0);
}

#[test]
fn a_path_that_does_not_exist_is_two_and_the_others_are_still_checked() {
    let run = Project::with_orders(INDEX)
        .run(&["check", "nope.sql", "db"])
        .expect(2);
    assert!(
        run.stdout.contains("error[create-index-blocking]"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("error: nope.sql: no such file or directory"),
        "{}",
        run.stdout
    );
    assert!(
        run.last_line().ends_with("; 1 path could not be checked"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_file_that_is_not_utf8_is_two_and_named() {
    let project = Project::with_orders(FINE);
    project.file("db/migrations/003_latin1.sql", b"-- caf\xe9\nSELECT 1;\n");
    let run = project
        .run(&["check", "--format", "compact", "db"])
        .expect(2);
    assert!(
        run.stdout
            .contains("db/migrations/003_latin1.sql: error: not valid UTF-8"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_directory_without_migrations_is_two() {
    let project = Project::new(&[("db/README.md", "nothing")]);
    let run = project.run(&["check", "db"]).expect(2);
    assert!(
        run.stdout.contains("no .sql migration found under db"),
        "{}",
        run.stdout
    );
    let run = project.run(&["check"]).expect(2);
    assert!(
        run.stderr
            .starts_with("error: no migration directory found below [DIRECTORY]"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "");
    project.run(&["plan"]).expect(2);
}

#[test]
fn a_wrong_option_is_two() {
    let project = Project::with_orders(FINE);
    for (arguments, part) in [
        (&["check", "--pg-version", "11", "db"][..], "give 12 to 18"),
        (&["check", "--fail-on", "errors", "db"], "possible values"),
        (&["check", "--layout", "dbmat", "db"], "'dbmate'"),
        (
            &["check", "--select", "drop-colum", "db"],
            "--select: `drop-colum` is neither a rule nor a category; did you mean `drop-column`?",
        ),
        (
            &["check", "--ignore", "lockin", "db"],
            "did you mean `locking`?",
        ),
        (
            &["check", "--stdin-filename", "a.sql", "db"],
            "cannot be used with",
        ),
        (&["chekc"], "'check'"),
        (
            &["plan", "--schema", "nope.sql", "db"],
            "nope.sql: cannot be read",
        ),
        (
            &["check", "--config", "nope.toml", "db"],
            "nope.toml: cannot be read",
        ),
    ] {
        let run = project.run(arguments).expect(2);
        assert!(run.stderr.contains(part), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn a_syntax_error_is_a_finding_and_the_rest_of_the_file_is_checked() {
    let run = Project::with_orders(&format!("SELEC 1;\n{INDEX}"))
        .run(&["check", "db"])
        .expect(1);
    assert!(run.stdout.contains("error[syntax-error]"), "{}", run.stdout);
    assert!(
        run.stdout.contains("error[create-index-blocking]"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_plan_is_zero_whatever_it_shows() {
    Project::with_orders(INDEX).run(&["plan", "db"]).expect(0);
    let run = Project::with_orders(INDEX)
        .run(&["plan", "db", "nope"])
        .expect(2);
    assert!(
        run.stdout
            .contains("error: nope: no such file or directory"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_file_is_checked_with_its_directory_as_history() {
    let project = Project::with_orders(INDEX);
    let run = project
        .run(&["check", "db/migrations/002_next.sql"])
        .expect(1);
    assert!(
        run.last_line().starts_with(
            "1 migration, 1 statement checked for PostgreSQL 18 (of 2 files read): 1 error"
        ),
        "{}",
        run.stdout
    );
    project
        .run(&["check", "db/migrations/001_orders.sql"])
        .expect(0);
    let created = format!("{ORDERS}{INDEX}");
    Project::with_orders("SELECT 1;").file("db/migrations/001_orders.sql", created.as_bytes());
}
