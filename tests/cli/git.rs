//! Repositories in the states that people and CI jobs leave them in.

use std::process::Command;

use super::history::{SINCE, commit, found, git, new_file, released};
use crate::project::{Project, Run};

fn without_timeouts(run: &Run) -> Vec<String> {
    let found = found(run).into_iter();
    found
        .filter(|it| !it.starts_with("missing-lock-timeout"))
        .collect()
}

fn index(project: &Project, name: &str, index: &str) {
    let up = format!("CREATE INDEX {index} ON orders (id, note);");
    new_file(project, name, &up, &format!("DROP INDEX {index};"));
}

/// humdrum somewhere else than in the project, with more in its environment.
fn run_in(project: &Project, directory: &str, environment: &[(&str, &str)], since: &str) -> Run {
    let directory = project.path().join(directory);
    let mut command: Command =
        project.command(&["check", "--format", "json", "--since", since, "."]);
    command.current_dir(directory);
    command.envs(environment.iter().copied());
    project.finish(command)
}

#[test]
fn what_a_merge_brought_along_is_not_ours() {
    let project = released();
    git(&project, &["checkout", "-q", "main"]);
    index(&project, "006_theirs", "orders_theirs");
    commit(&project, "theirs");
    git(&project, &["checkout", "-q", "work"]);
    index(&project, "007_ours", "orders_ours");
    commit(&project, "ours");
    let ours = [
        "create-index-blocking 007_ours.sql:2",
        "drop-index-blocking 007_ours.sql:4",
    ];
    let before = without_timeouts(&project.run(&SINCE).expect(1));
    assert_eq!(before, ours);
    git(&project, &["merge", "-q", "-m", "merge", "main"]);
    let after = without_timeouts(&project.run(&SINCE).expect(1));
    // The merged index serves what the new one does; nothing else is said of the other file.
    let of_ours = |it: &String| it.contains("007_ours");
    assert!(after.iter().all(of_ours), "{after:?}");
    assert!(
        ours.iter().all(|it| after.contains(&(*it).to_owned())),
        "{after:?}"
    );
}

/// git runs the hooks of a linked work tree with its own variables set, which would mislead `git -C`.
#[test]
fn a_hook_in_a_linked_work_tree_sees_the_work_tree() {
    let project = released();
    git(
        &project,
        &["worktree", "add", "-q", "-b", "other", "linked"],
    );
    index(&project, "006_ignored", "orders_ignored");
    let up = "CREATE INDEX orders_linked ON orders (id, note);";
    let text = format!("-- migrate:up\n{up}\n-- migrate:down\nDROP INDEX orders_linked;\n");
    project.file("linked/db/migrations/006_linked.sql", text.as_bytes());
    let directory = project.path().join(".git/worktrees/linked");
    let directory = directory.to_str().unwrap();
    let index_file = format!("{directory}/index");
    for environment in [
        vec![],
        vec![("GIT_DIR", directory)],
        vec![
            ("GIT_DIR", directory),
            ("GIT_INDEX_FILE", index_file.as_str()),
            ("GIT_PREFIX", ""),
        ],
    ] {
        for place in ["linked", "linked/db", "linked/db/migrations"] {
            let run = run_in(&project, place, &environment, "main").expect(1);
            let found: Vec<String> = without_timeouts(&run);
            assert_eq!(found.len(), 2, "{place} {environment:?} {found:?}");
            assert!(
                found.iter().all(|it| it.contains("006_linked.sql")),
                "{found:?}"
            );
        }
    }
}

#[test]
fn a_shallow_clone_works_once_it_has_the_revision() {
    let project = released();
    index(&project, "006_ours", "orders_ours");
    commit(&project, "ours");
    index(&project, "007_ours", "orders_ours_too");
    commit(&project, "more");
    let origin = format!("file://{}", project.path().display());
    git(
        &project,
        &[
            "clone", "-q", "--depth", "1", "-b", "work", &origin, "clone",
        ],
    );
    let run = run_in(&project, "clone/db", &[], "origin/main").expect(2);
    assert!(
        run.stderr.contains("this clone is shallow"),
        "{}",
        run.stderr
    );
    let fetch = [
        "-C",
        "clone",
        "fetch",
        "-q",
        "--depth",
        "1",
        "origin",
        "main:refs/remotes/origin/main",
    ];
    git(&project, &fetch);
    let run = run_in(&project, "clone/db", &[], "origin/main").expect(1);
    let found = without_timeouts(&run);
    let of_ours = |it: &String| it.contains("006_ours") || it.contains("007_ours");
    assert!(found.len() >= 4 && found.iter().all(of_ours), "{found:?}");
}

#[test]
fn names_with_blanks_and_letters_of_all_kinds_are_found_in_the_revision() {
    let project = Project::new(&[]);
    let directory = "daten bank/Übersicht \"neu\"";
    project.file(
        &format!("{directory}/001_größe.sql"),
        b"CREATE TABLE orders (id bigint PRIMARY KEY, note text);",
    );
    git(&project, &["init", "-q", "-b", "main"]);
    commit(&project, "released");
    project.file(
        &format!("{directory}/002_next.sql"),
        b"CREATE INDEX n ON orders (note);",
    );
    let run = run_in(&project, "daten bank", &[], "main").expect(1);
    let json = run.json();
    let paths: Vec<&str> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["path"].as_str().unwrap())
        .collect();
    assert!(
        !paths.is_empty() && paths.iter().all(|it| it.ends_with("002_next.sql")),
        "{paths:?}"
    );
}

/// The tool tells migrations apart by their versions: under another one the same text runs again.
#[test]
fn a_released_migration_under_another_version_is_a_new_one() {
    let project = released();
    git(
        &project,
        &[
            "mv",
            "db/migrations/002_index.sql",
            "db/migrations/006_index.sql",
        ],
    );
    commit(&project, "renamed");
    let found = without_timeouts(&project.run(&SINCE).expect(1));
    assert!(
        found.iter().any(|it| it.contains("006_index.sql")),
        "{found:?}"
    );
}

#[test]
fn any_name_of_a_commit_is_a_revision() {
    let project = released();
    git(&project, &["tag", "v1"]);
    index(&project, "006_ours", "orders_ours");
    commit(&project, "ours");
    for revision in ["v1", "HEAD~1", "main", "work^"] {
        let arguments = [
            "check",
            "--format",
            "json",
            "--since",
            revision,
            "db/migrations",
        ];
        let found = without_timeouts(&project.run(&arguments).expect(1));
        assert_eq!(
            found,
            [
                "create-index-blocking 006_ours.sql:2",
                "drop-index-blocking 006_ours.sql:4"
            ],
            "{revision}"
        );
    }
}
