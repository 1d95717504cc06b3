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

#[test]
fn what_is_assumed_of_an_unknown_project_is_said() {
    let project = Project::new(&[("db/migrations/001_a.sql", FINE)]);
    let run = project.run(&["check"]).expect(0);
    assert!(
        run.assumption()
            .contains("in db/migrations: read as plain SQL files"),
        "{}",
        run.assumption()
    );
    let told = project.run(&["check", "--layout", "plain"]).expect(0);
    assert_eq!(told.assumption(), "");
    project.file("humdrum.toml", b"[runner]\ntransaction = \"none\"\n");
    assert_eq!(project.run(&["check"]).expect(0).assumption(), "");
    project.file("humdrum.toml", b"layout = { db = \"plain\" }\n");
    assert_eq!(project.run(&["check"]).expect(0).assumption(), "");
}

#[test]
fn several_sets_of_migrations_have_layouts_of_their_own() {
    let goose = "-- +goose NO TRANSACTION\n-- +goose Up\nVACUUM;\n-- +goose Down\n";
    let project = Project::new(&[
        ("services/a/migrations/00001_a.sql", goose),
        (
            "services/b/conf/evolutions/default/1.sql",
            "# --- !Ups\nVACUUM;\n# --- !Downs\n",
        ),
        ("services/c/migrations/001_a.sql", "VACUUM;\n"),
        ("humdrum.toml", "layout = { \"services/c\" = \"sqlx\" }\n"),
    ]);
    let run = project.run(&["check", "--format", "compact"]).expect(1);
    let found: Vec<&str> = run
        .stdout
        .lines()
        .filter(|it| it.contains(": error["))
        .collect();
    assert_eq!(found.len(), 1, "{}", run.stdout);
    assert!(
        found[0]
            .starts_with("services/c/migrations/001_a.sql:1:1: error[forbidden-in-transaction]")
    );
    let one = project
        .run(&["check", "services/b/conf/evolutions/default/1.sql"])
        .expect(0);
    assert_eq!(one.assumption(), "");
}
