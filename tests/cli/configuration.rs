//! `humdrum.toml`: which one is in force, what it changes, how its mistakes are told.

use crate::project::{INDEX, ORDERS, Project, Run, WARNING};

fn configured(text: &str, second: &str) -> Project {
    let project = Project::with_orders(second);
    project.file("humdrum.toml", text.as_bytes());
    project
}

#[test]
fn mistakes_are_told_with_place_and_suggestion_and_nothing_is_checked() {
    let project = configured(
        "pg_version = 16\n\n[rules]\n\"drop-colum\" = \"off\"\n",
        INDEX,
    );
    for command in ["check", "plan"] {
        let run = project.run(&[command, "db"]).expect(2);
        assert_eq!(
            run.stderr,
            "error: humdrum.toml:1:1: unknown key `pg_version`; did you mean `pg-version`?\n\
             error: humdrum.toml:4:1: unknown rule `drop-colum`; did you mean `drop-column`? (`humdrum rules` lists them)\n"
        );
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn the_version_is_taken_from_the_file_and_the_command_line_outweighs_it() {
    let project = configured("pg-version = 14", WARNING);
    let run = project.run(&["check", "db"]).expect(0);
    assert!(run.last_line().contains("PostgreSQL 14"), "{}", run.stdout);
    let run = project
        .run(&["check", "--pg-version", "16.2", "db"])
        .expect(0);
    assert!(run.last_line().contains("PostgreSQL 16"), "{}", run.stdout);
}

#[test]
fn fail_on_is_taken_from_the_file_and_the_command_line_outweighs_it() {
    let project = configured("fail-on = \"warning\"", WARNING);
    project.run(&["check", "db"]).expect(1);
    project
        .run(&["check", "--fail-on", "error", "db"])
        .expect(0);
}

#[test]
fn rules_are_switched_off_and_lowered() {
    let text = "[rules]\ncreate-index-blocking = \"note\"\nmissing-lock-timeout = \"off\"";
    let run = configured(text, INDEX).run(&["check", "db"]).expect(0);
    assert!(run.last_line().contains(": 1 note;"), "{}", run.stdout);
}

#[test]
fn select_and_ignore_work_by_rule_and_category() {
    let project = Project::with_orders(INDEX);
    let summary = |arguments: &[&str]| {
        let run = project.run(&[&["check", "db"], arguments].concat());
        run.last_line().to_owned()
    };
    assert!(summary(&["--ignore", "locking"]).ends_with(": no findings"));
    assert!(summary(&["--select", "data,rollback"]).ends_with(": no findings"));
    assert!(summary(&["--select", "create-index-blocking"]).contains(": 1 error;"));
    // The net under the rule does not speak in its place.
    assert!(summary(&["--ignore", "create-index-blocking"]).contains(": 1 warning;"));
}

#[test]
fn a_runner_that_sets_the_timeout_silences_the_rule() {
    let run = configured("[runner]\nlock-timeout = \"set\"", WARNING)
        .run(&["check", "db"])
        .expect(0);
    assert!(run.last_line().ends_with(": no findings"), "{}", run.stdout);
}

#[test]
fn a_runner_without_a_transaction_may_build_concurrently() {
    let concurrently = INDEX.replace("INDEX", "INDEX CONCURRENTLY");
    configured("[runner]\ntransaction = \"none\"", &concurrently)
        .run(&["check", "db"])
        .expect(0);
    let run = configured("[runner]\ntransaction = \"file\"", &concurrently)
        .run(&["check", "db"])
        .expect(1);
    assert!(
        run.stdout.contains("error[forbidden-in-transaction]"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_schema_is_the_state_before_the_first_migration() {
    let project = Project::new(&[
        ("schema.sql", ORDERS),
        (
            "migrations/001.sql",
            "ALTER TABLE orders DROP COLUMN nope;\n",
        ),
        ("sub/humdrum.toml", "schema = \"../schema.sql\""),
    ]);
    let with = project.run(&[
        "check",
        "--schema",
        "schema.sql",
        "--format",
        "json",
        "migrations",
    ]);
    let configured = project.run(&[
        "check",
        "--config",
        "sub/humdrum.toml",
        "--format",
        "json",
        "migrations",
    ]);
    assert_eq!(with.stdout, configured.stdout);
    assert_eq!(with.stderr, configured.stderr);
    let rules = |run: &Run| -> Vec<String> {
        let findings = run.json()["findings"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        findings.iter().map(|it| it["rule"].to_string()).collect()
    };
    assert!(
        rules(&with).contains(&"\"statement-fails\"".to_owned()),
        "{}",
        with.stdout
    );
    let without = project.run(&["check", "--format", "json", "migrations"]);
    assert!(
        !rules(&without).contains(&"\"statement-fails\"".to_owned()),
        "{}",
        without.stdout
    );
}

#[test]
fn excluded_files_are_neither_checked_nor_history() {
    let project = configured("exclude = [\"001_*.sql\"]", INDEX);
    let run = project.run(&["check", "db"]);
    assert!(
        run.last_line().starts_with("1 migration, 1 statement"),
        "{}",
        run.stdout
    );
    assert!(
        run.last_line().ends_with("; 1 file left out"),
        "{}",
        run.stdout
    );
    assert_eq!(run.stderr, "");
    // As a hook does: a file that is excluded and named is no mistake, but not passed over in silence.
    let run = project
        .run(&["check", "db/migrations/001_orders.sql"])
        .expect(0);
    assert_eq!(
        run.stderr,
        "note: db/migrations/001_orders.sql is left out: excluded by the configuration
"
    );
}

#[test]
fn the_nearest_file_wins_whatever_path_is_named() {
    let project = Project::new(&[
        ("humdrum.toml", "fail-on = \"warning\""),
        ("a/migrations/001.sql", ORDERS),
        ("a/migrations/002.sql", WARNING),
        ("b/humdrum.toml", "pg-version = 13\nfail-on = \"error\""),
        ("b/migrations/001.sql", ORDERS),
        ("b/migrations/002.sql", WARNING),
    ]);
    project.run(&["check", "a/migrations/002.sql"]).expect(1);
    project.run(&["check", "b/migrations/002.sql"]).expect(0);
    project.run(&["check", "b"]).expect(0);
    let all = project
        .run(&["check", "--format", "compact", "."])
        .expect(1);
    assert!(
        all.last_line()
            .starts_with("4 migrations, 4 statements checked for PostgreSQL 13 and 18: 2 warnings"),
        "{}",
        all.stdout
    );
    assert_eq!(all.stdout.lines().count(), 3, "{}", all.stdout);
    let here = project.run(&["check", "--format", "compact"]).expect(1);
    assert_eq!(here.stdout, all.stdout);
    let files = [
        "a/migrations/001.sql",
        "a/migrations/002.sql",
        "b/migrations/001.sql",
        "b/migrations/002.sql",
    ];
    let named = project
        .run(&[&["check", "--format", "compact"], &files[..]].concat())
        .expect(1);
    assert_eq!(named.stdout, all.stdout);
    let run = project.run(&["plan", "a", "b"]).expect(2);
    assert!(
        run.stderr.contains("configured for PostgreSQL 18 and 13"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_directory_whose_only_sql_is_configured_below_is_no_mistake() {
    let project = Project::new(&[
        ("services/b/humdrum.toml", "pg-version = 13"),
        ("services/b/migrations/001.sql", ORDERS),
    ]);
    let run = project.run(&["check", "services"]).expect(0);
    assert!(
        run.last_line()
            .contains("1 migration, 1 statement checked for PostgreSQL 13"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_given_file_is_the_only_one() {
    let project = configured("fail-on = \"warning\"", WARNING);
    project.file("ci/strict.toml", b"fail-on = \"never\"\npg-version = 12");
    let run = project
        .run(&["check", "--config", "ci/strict.toml", "db"])
        .expect(0);
    assert!(run.last_line().contains("PostgreSQL 12"), "{}", run.stdout);
}

#[test]
fn placeholders_have_the_values_of_the_configuration() {
    let project = Project::new(&[
        (
            "m/V1__orders.sql",
            "CREATE SCHEMA shop;\nCREATE TABLE ${schema}.orders (id bigint PRIMARY KEY, name text);\n",
        ),
        (
            "m/V2__index.sql",
            "SET lock_timeout = '5s';\nALTER TABLE ${schema}.orders ADD COLUMN ${column} int, DROP COLUMN name;\n",
        ),
    ]);
    let compact = ["check", "m/V2__index.sql", "--format", "compact"];
    let unknown = project.run(&compact);
    // Under the name that the file gives it.
    assert!(
        unknown.stdout.contains("of ${schema}.orders"),
        "{}",
        unknown.stdout
    );
    project.file("humdrum.toml", b"[placeholders]\nschema = \"shop\"\n");
    let known = project.run(&compact);
    assert!(!known.stdout.contains("`${schema}`"), "{}", known.stdout);
    assert!(
        known.stdout.contains("what `${column}` stands for"),
        "{}",
        known.stdout
    );
    let dropped = "m/V2__index.sql:2:56: ";
    assert!(
        known.stdout.lines().any(|it| it.starts_with(dropped)
            && it.contains("drop-column")
            && it.contains("shop.orders")),
        "{}",
        known.stdout
    );
}

#[test]
fn rules_differ_by_path_and_the_later_override_wins() {
    let text = "[rules]\ncreate-index-blocking = \"warning\"\n\
                [[overrides]]\npaths = [\"db/**\"]\nrules = { create-index-blocking = \"off\", prefer-text = \"error\" }\n\
                [[overrides]]\npaths = [\"003_*.sql\"]\nrules = { create-index-blocking = \"note\" }\n\
                [[overrides]]\npaths = [\"elsewhere\"]\nrules = { create-index-blocking = \"error\" }\n";
    let project = configured(text, INDEX);
    project.file(
        "db/migrations/003_more.sql",
        b"CREATE INDEX more_idx ON orders (id, customer_id);\nCREATE TABLE words (word varchar(10) PRIMARY KEY);\n",
    );
    let run = project.run(&["check", "--format", "compact", "db"]);
    let lines: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| line.contains("create-index-blocking") || line.contains("prefer-text"))
        .collect();
    assert_eq!(lines.len(), 2, "{}", run.stdout);
    assert!(lines[0].starts_with("db/migrations/003_more.sql:1:1: note[create-index-blocking]"));
    assert!(
        lines[1].contains("003_more.sql:2:21: error[prefer-text]"),
        "{}",
        lines[1]
    );
    // The command line has the last word.
    let run = project.run(&[
        "check",
        "--format",
        "compact",
        "--ignore",
        "prefer-text",
        "db",
    ]);
    assert!(!run.stdout.contains("prefer-text"), "{}", run.stdout);
}

#[test]
fn an_override_without_paths_or_with_a_wrong_rule_is_refused() {
    let text = "[[overrides]]\nrules = { drop-colum = \"off\" }\n";
    let run = configured(text, INDEX).run(&["check", "db"]).expect(2);
    assert_eq!(
        run.stderr,
        "error: humdrum.toml:1:1: `paths` is missing in [[overrides]]\n\
         error: humdrum.toml:2:11: unknown rule `drop-colum`; did you mean `drop-column`? (`humdrum rules` lists them)\n"
    );
}

#[test]
fn work_on_a_small_table_is_a_note_and_waiting_for_it_is_not() {
    let sql = "ALTER TABLE orders ADD COLUMN note text DEFAULT clock_timestamp()::text;\n";
    let found = |text: &str| {
        let run = configured(text, sql).run(&["check", "--format", "compact", "db"]);
        let lines = run.stdout.lines();
        let mut found: Vec<String> = lines
            .filter_map(|line| line.split_once(": ")?.1.split_once(']'))
            .map(|(rule, _)| format!("{rule}]"))
            .collect();
        found.sort();
        found
    };
    let large = found("");
    assert_eq!(
        large,
        [
            "error[add-column-volatile-default]",
            "warning[missing-lock-timeout]"
        ]
    );
    for small in ["orders", "public.orders"] {
        assert_eq!(
            found(&format!("small-tables = [\"{small}\"]")),
            [
                "note[add-column-volatile-default]",
                "warning[missing-lock-timeout]"
            ],
            "{small}"
        );
    }
    assert_eq!(found("small-tables = [\"app.orders\", \"lines\"]"), large);
}

#[test]
fn blocking_that_statement_timeout_ends_within_the_budget_is_a_note() {
    let sql = "CREATE INDEX orders_i ON orders ((1));\n";
    let severity = |config: &str, sql: &str| {
        let run = configured(config, sql).run(&["check", "--format", "compact", "db"]);
        let line = run
            .stdout
            .lines()
            .find(|line| line.contains("create-index-blocking"));
        let line = line.unwrap_or_default();
        line.split(['[', ' ']).nth(1).unwrap_or_default().to_owned()
    };
    let within = "[runner]\nstatement-timeout = \"900ms\"";
    assert_eq!(severity(within, sql), "note");
    assert_eq!(
        severity(&format!("blocking-budget = \"500ms\"\n{within}"), sql),
        "error"
    );
    assert_eq!(
        severity("[runner]\nstatement-timeout = \"5s\"", sql),
        "error"
    );
    let beyond = format!("SET statement_timeout = 0;\n{sql}");
    assert_eq!(severity(within, &beyond), "error");
    // The lock stays until the transaction ends.
    let transaction = format!("BEGIN;\n{sql}COMMIT;\n");
    assert_eq!(severity(within, &transaction), "error");
}

#[test]
fn reasons_are_required_where_the_configuration_says_so() {
    let sql = "-- humdrum: ignore create-index-blocking\nCREATE INDEX orders_i ON orders ((1));\n\
               -- humdrum: ignore create-index-blocking: nobody writes at night\nCREATE INDEX orders_j ON orders ((2));\n";
    let count = |text: &str| {
        let run = configured(text, sql).run(&["check", "--format", "compact", "db"]);
        run.stdout.matches("[ignore-without-reason]").count()
    };
    assert_eq!(count(""), 0);
    assert_eq!(count("require-reason = true"), 1);
    assert_eq!(count("require-reason = true\nselect = [\"locking\"]"), 1);
    assert_eq!(count("require-reason = true\nignore = [\"check\"]"), 0);
    assert_eq!(count("[rules]\nignore-without-reason = \"error\""), 1);
}
