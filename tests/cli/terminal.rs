//! Pipes, colours, readers that go away.

use std::io::{BufRead, BufReader};

use crate::project::{FINE, INDEX, Project};

#[test]
fn a_pipe_gets_no_escape_codes_unless_they_are_asked_for() {
    let project = Project::with_orders(INDEX);
    for (arguments, colored) in [
        (&["check", "db"][..], false),
        (&["check", "--format", "compact", "db"], false),
        (&["check", "--color", "never", "db"], false),
        (&["check", "--color", "always", "db"], true),
        (&["--color", "always", "plan", "db"], true),
        (&["plan", "db"], false),
        (
            &["check", "--color", "always", "--format", "json", "db"],
            false,
        ),
    ] {
        let run = project.run(arguments);
        assert_eq!(
            run.stdout.contains('\u{1b}'),
            colored,
            "{arguments:?}: {:?}",
            run.stdout
        );
        assert!(!run.stderr.contains('\u{1b}'), "{arguments:?}");
    }
}

#[test]
fn no_color_and_a_terminal_type_change_nothing_in_a_pipe() {
    let project = Project::with_orders(INDEX);
    let plain = project.run(&["check", "db"]).stdout;
    for (variable, value) in [
        ("NO_COLOR", "1"),
        ("TERM", "xterm-256color"),
        ("COLUMNS", "40"),
        ("LANG", "C"),
    ] {
        let output = project
            .command(&["check", "db"])
            .env(variable, value)
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            plain,
            "{variable}"
        );
    }
}

/// A reader that closes the pipe early, as `head` does, is no reason to complain.
#[test]
fn a_closed_pipe_ends_the_run_quietly() {
    let project = Project::with_orders(&INDEX.repeat(3_000));
    for arguments in [
        &["check", "db"][..],
        &["plan", "db"],
        &["check", "--format", "json", "db"],
    ] {
        let mut child = project.command(arguments).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        assert!(!first.is_empty());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let mut complaints = stderr.lines().filter(|line| !line.starts_with("note: "));
        assert_eq!(complaints.next(), None, "{arguments:?}");
        let expected = if arguments[0] == "plan" { 0 } else { 1 };
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        return;
    };
    let project = Project::with_orders(FINE);
    let output = project
        .command(&["check", "db"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("error: standard output: "), "{stderr}");
}
