//! Without a path: the migration directories below the current one.

use crate::project::{INDEX, ORDERS, Project};

const FINE: &str = "SELECT 1;\n";

fn summary(project: &Project) -> String {
    let run = project.run(&["check"]);
    assert_eq!(run.stderr, "");
    run.last_line().to_owned()
}

#[test]
fn directories_with_the_usual_names_are_found_and_others_are_not() {
    let project = Project::new(&[
        ("services/a/db/migrations/001.sql", FINE),
        ("supabase/migrations/20240102030405_x.sql", FINE),
        ("db/migrate/1.sql", FINE),
        ("queries/users.sql", "SELECT broken FROM;"),
        ("node_modules/x/migrations/001.sql", "broken"),
        (".git/migrations/001.sql", "broken"),
    ]);
    assert!(
        summary(&project).starts_with("3 migrations, 3 statements"),
        "{}",
        summary(&project)
    );
}

#[test]
fn numbered_files_and_a_tools_markers_are_found_under_other_names() {
    let project = Project::new(&[
        ("schema/changes/001_a.sql", FINE),
        ("schema/changes/002_b.sql", FINE),
        ("seeds/users.sql", "broken"),
    ]);
    assert!(
        summary(&project).starts_with("2 migrations, 2 statements"),
        "{}",
        summary(&project)
    );
    let marked = "-- migrate:up\nSELECT 1;\n-- migrate:down\n";
    let project = Project::new(&[
        ("ops/20240101000000_a.sql", marked),
        ("seeds/users.sql", "broken"),
    ]);
    assert!(
        summary(&project).contains("1 statement checked"),
        "{}",
        summary(&project)
    );
}

#[test]
fn standing_in_the_directory_is_enough() {
    let project = Project::new(&[
        ("migrations/001.sql", ORDERS),
        ("migrations/002.sql", INDEX),
    ]);
    let output = project
        .command(&["check"])
        .current_dir(project.path().join("migrations"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("[002.sql:1:1]")
    );
}

#[test]
fn an_excluded_directory_is_not_missed() {
    let project = Project::new(&[
        ("humdrum.toml", "exclude = [\"vendor\"]"),
        ("db/migrations/001.sql", FINE),
        ("vendor/lib/migrations/001.sql", "broken"),
    ]);
    assert!(
        summary(&project).starts_with("1 migration, 1 statement"),
        "{}",
        summary(&project)
    );
}
