//! `--stdin-filename`: what an editor has not saved yet.

use crate::project::{FINE, INDEX, Project, WARNING};

const FILE: &str = "db/migrations/002_next.sql";

#[test]
fn the_text_replaces_the_file_and_the_directory_is_its_history() {
    let project = Project::with_orders(FINE);
    let run = project
        .run_with_stdin(&["check", "--stdin-filename", FILE], INDEX.as_bytes())
        .expect(1);
    assert!(
        run.stdout.contains("error[create-index-blocking]"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("[db/migrations/002_next.sql:1:1]"),
        "{}",
        run.stdout
    );
    // The same as CI will see once it is saved.
    project.file(FILE, INDEX.as_bytes());
    let saved = project.run(&["check", FILE]).expect(1);
    assert_eq!(run.stdout, saved.stdout);
}

#[test]
fn a_file_that_does_not_exist_yet_is_checked_in_its_place() {
    let project = Project::with_orders(FINE);
    let arguments = [
        "check",
        "--format",
        "compact",
        "--stdin-filename",
        "db/migrations/003_new.sql",
    ];
    let run = project
        .run_with_stdin(&arguments, INDEX.as_bytes())
        .expect(1);
    assert!(
        run.stdout
            .starts_with("db/migrations/003_new.sql:1:1: error[create-index-blocking]"),
        "{}",
        run.stdout
    );
}

#[test]
fn the_configuration_is_the_one_above_the_file() {
    let project = Project::with_orders(FINE);
    project.file("db/humdrum.toml", b"fail-on = \"warning\"");
    project
        .run_with_stdin(&["check", "--stdin-filename", FILE], WARNING.as_bytes())
        .expect(1);
    project.file("db/humdrum.toml", b"fail-on = \"error\"");
    project
        .run_with_stdin(&["check", "--stdin-filename", FILE], WARNING.as_bytes())
        .expect(0);
}

#[test]
fn text_that_is_not_utf8_is_a_problem_of_the_file() {
    let project = Project::with_orders(FINE);
    let run = project
        .run_with_stdin(&["check", "--stdin-filename", FILE], b"\xff\x00")
        .expect(2);
    assert!(
        run.stdout
            .contains("error: db/migrations/002_next.sql: not valid UTF-8"),
        "{}",
        run.stdout
    );
}
