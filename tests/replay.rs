//! The replay of whole chains: history, down migrations, what is known of the schema and when.

mod support;

use std::sync::Arc;
use std::time::Duration;

use humdrum::lint::{LintConfig, Plan, RunnerTimeouts, lint, plan};
use humdrum::project::{Direction, Migration, Project, Script, TransactionMode};
use humdrum::session::TimeoutOrigin;
use humdrum::source::Source;
use support::{chain, check, history, migration, project, run_in, shown};

const ORDERS: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, total int);";
const INDEX: &str = "CREATE INDEX i ON orders (total);";
const TIMEOUT: &str = "SET lock_timeout = '1s';";

fn checked(migrations: Vec<Migration>) -> Vec<String> {
    shown(&lint(&chain("dbmate", migrations), &LintConfig::default()))
}

fn planned(project: &Project) -> Plan {
    plan(project, &LintConfig::default())
}

fn errors(plan: &Plan) -> Vec<Option<&str>> {
    plan.migrations
        .iter()
        .flat_map(|migration| &migration.statements)
        .map(|statement| statement.effects.error.as_ref().map(|error| error.sqlstate))
        .collect()
}

#[test]
fn a_table_of_the_history_exists_and_one_of_the_same_migration_is_new() {
    let index = format!("{TIMEOUT} {INDEX}");
    assert_eq!(
        checked(vec![history("1.sql", ORDERS), migration("2.sql", &index)]),
        ["create-index-blocking@1:26"]
    );
    assert_eq!(check(&format!("{ORDERS} {INDEX}")), Vec::<String>::new());
}

#[test]
fn history_is_not_reported_on() {
    let broken = format!("SELEC 1; {ORDERS} {INDEX}");
    assert_eq!(
        checked(vec![
            history("1.sql", &broken),
            migration("2.sql", "SELECT 1;")
        ]),
        Vec::<String>::new()
    );
}

#[test]
fn the_role_of_earlier_migrations_changes_nothing() {
    let second = format!("{TIMEOUT} {INDEX} ALTER TABLE missing ADD COLUMN x int;");
    let alone = checked(vec![history("1.sql", ORDERS), migration("2.sql", &second)]);
    let together = checked(vec![
        migration("1.sql", ORDERS),
        migration("2.sql", &second),
    ]);
    assert_eq!(alone, together);
    assert_eq!(
        alone,
        ["create-index-blocking@1:26", "statement-fails@1:60"]
    );
}

#[test]
fn chains_do_not_see_each_other() {
    let mut both = chain("plain", vec![migration("a/1.sql", ORDERS)]);
    let other = chain("plain", vec![migration("b/1.sql", ORDERS)]);
    both.chains.extend(other.chains);
    assert_eq!(errors(&planned(&both)), [None, None]);
}

#[test]
fn an_unknown_name_is_an_error_only_where_nothing_can_be_missing() {
    let alter = "ALTER TABLE missing ADD COLUMN x int;";
    let cases = [
        (ORDERS.to_owned(), Some("42P01")),
        (format!("{ORDERS} SELEC 1;"), None),
        (format!("{ORDERS}\n\\i more.sql\n"), None),
        (format!("{ORDERS} DO $$ BEGIN EXECUTE x; END $$;"), None),
        (
            format!("{ORDERS} ALTER TABLE earlier ADD COLUMN y int;"),
            None,
        ),
        (
            format!("{ORDERS} ALTER TABLE ${{schema}}.orders ADD COLUMN y int;"),
            None,
        ),
        (
            format!("{ORDERS} INSERT INTO orders VALUES (:id);"),
            Some("42P01"),
        ),
        (
            format!("CREATE TABLE IF NOT EXISTS a (b int); {ORDERS}"),
            Some("42P01"),
        ),
    ];
    for (first, expected) in cases {
        let project = chain(
            "dbmate",
            vec![history("1.sql", &first), migration("2.sql", alter)],
        );
        assert_eq!(errors(&planned(&project)), [expected], "{first}");
    }
    assert_eq!(errors(&planned(&project(&[("1.sql", alter)]))), [None]);
}

#[test]
fn what_the_platform_or_the_rest_of_the_history_may_have_is_no_error() {
    let alter = "ALTER TABLE missing ADD COLUMN x int;";
    let migrations = || vec![history("1.sql", ORDERS), migration("2.sql", alter)];
    assert_eq!(errors(&planned(&chain("supabase", migrations()))), [None]);
    let config = LintConfig {
        partial_history: true,
        ..LintConfig::default()
    };
    assert_eq!(
        errors(&plan(&chain("dbmate", migrations()), &config)),
        [None]
    );
}

#[test]
fn if_not_exists_in_the_first_migration_proves_nothing_there_and_something_later() {
    let create = "CREATE TABLE IF NOT EXISTS orders (id bigint, total int);";
    let first = format!("{TIMEOUT} {create} {INDEX}");
    assert!(
        check(&first).contains(&"create-index-blocking@1:84".to_owned()),
        "{:?}",
        check(&first)
    );
    let second = "ALTER TABLE orders DROP COLUMN missing;";
    let project = chain(
        "dbmate",
        vec![history("1.sql", create), migration("2.sql", second)],
    );
    assert_eq!(
        errors(&planned(&project)),
        [Some("42703")],
        "the columns are known"
    );
}

#[test]
fn a_down_migration_sees_the_schema_after_its_up_migration_and_changes_nothing_for_the_next() {
    let project = chain(
        "dbmate",
        vec![
            migration("1.sql", ORDERS),
            migration("1.down.sql", "DROP TABLE orders;"),
            migration("2.sql", "ALTER TABLE orders ADD COLUMN x int;"),
            migration("2.down.sql", "ALTER TABLE orders DROP COLUMN x;"),
        ],
    );
    assert_eq!(errors(&planned(&project)), [None, None, None, None]);
    let found = shown(&lint(&project, &LintConfig::default()));
    assert!(!found.iter().any(|it| it.starts_with("drop-")), "{found:?}");
}

#[test]
fn findings_in_down_migrations_are_one_step_less_severe() {
    let outcome = lint(
        &chain("dbmate", vec![migration("1.down.sql", "SELEC 1;")]),
        &LintConfig::default(),
    );
    let severities: Vec<_> = outcome
        .findings
        .iter()
        .map(|it| it.severity.name())
        .collect();
    assert_eq!(severities, ["warning"]);
}

#[test]
fn up_and_down_sections_of_a_file_share_its_ignore_comments() {
    let sql = "-- humdrum: ignore-file syntax-error: two dialects\n-- migrate:up\nSELEC 1;\n-- migrate:down\nSELEC 2;\n";
    let source = Arc::new(Source::new("1.sql", sql));
    let section = |direction, statement: &str| {
        let start = sql.find(statement).unwrap();
        Migration {
            direction,
            source: Arc::clone(&source),
            scripts: vec![Script::new(
                start..start + statement.len(),
                TransactionMode::File,
            )],
            ..migration("1.sql", sql)
        }
    };
    let sections = vec![
        section(Direction::Up, "SELEC 1;"),
        section(Direction::Down, "SELEC 2;"),
    ];
    assert_eq!(checked(sections), Vec::<String>::new());
}

#[test]
fn what_is_rolled_back_never_was() {
    let sql = format!("BEGIN; {ORDERS} ROLLBACK;");
    let project = chain(
        "dbmate",
        vec![
            history("1.sql", "CREATE TABLE a (b int);"),
            history("2.sql", &sql),
            migration("3.sql", "ALTER TABLE orders ADD COLUMN x int;"),
        ],
    );
    assert_eq!(errors(&planned(&project)), [Some("42P01")]);
}

#[test]
fn a_do_block_changes_the_schema() {
    let project = chain(
        "dbmate",
        vec![
            history("1.sql", ORDERS),
            history(
                "2.sql",
                "DO $$ BEGIN IF true THEN ALTER TABLE orders ADD COLUMN x int; END IF; END $$;",
            ),
            migration("3.sql", "ALTER TABLE orders DROP COLUMN x;"),
        ],
    );
    assert_eq!(errors(&planned(&project)), [None]);
}

#[test]
fn the_effects_of_a_do_block_are_those_of_its_statements() {
    let sql = "DO $$ BEGIN CREATE INDEX i ON orders (total); ALTER TABLE orders ADD COLUMN x int; END $$;";
    let project = chain(
        "dbmate",
        vec![history("1.sql", ORDERS), migration("2.sql", sql)],
    );
    let plan = planned(&project);
    let statement = &plan.migrations[0].statements[0];
    assert_eq!(statement.kind, "do");
    let locks: Vec<_> = statement
        .effects
        .locks
        .iter()
        .map(|lock| (lock.target.name.to_string(), lock.mode.name()))
        .collect();
    assert!(
        locks.contains(&("public.orders".to_owned(), "AccessExclusiveLock")),
        "{locks:?}"
    );
    assert!(!statement.effects.work.is_empty());
}

#[test]
fn procedures_and_functions_are_looked_into() {
    let procedure = "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN CREATE INDEX i ON orders (total); END $$;";
    let sql_function =
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'CREATE INDEX i ON orders (total)';";
    for (create, call) in [(procedure, "CALL p();"), (sql_function, "SELECT f();")] {
        let migrations = vec![
            history("1.sql", ORDERS),
            history("2.sql", create),
            migration("3.sql", &format!("{TIMEOUT}\n{call}")),
        ];
        assert_eq!(checked(migrations), ["create-index-blocking@2:1"], "{call}");
    }
    assert!(check("CALL unknown();").contains(&"unanalysed-statement@1:1".to_owned()));
}

#[test]
fn branches_of_a_template_that_exclude_each_other_do_not_see_each_other() {
    let found = |sql: &str| {
        let all = checked(vec![history("1.sql", ORDERS), migration("2.sql", sql)]);
        let certain = all.into_iter();
        certain
            .filter(|it| !it.starts_with("unanalysed-statement"))
            .collect::<Vec<_>>()
    };
    let same = "{{ if .Partitioned }}\nCREATE TABLE t (id bigint PRIMARY KEY);\n{{ else if .Small }}\nCREATE TABLE t (id bigint PRIMARY KEY, n bigint);\n{{ else }}\nCREATE TABLE t (id bigint PRIMARY KEY, m bigint);\n{{ end }}\nCREATE INDEX t_id ON t (id DESC);";
    assert_eq!(found(same), Vec::<String>::new());
    // Each is judged.
    let both = format!(
        "{TIMEOUT}\n{{{{ if .A }}}}\nCREATE INDEX i ON orders (total);\n{{{{ else }}}}\nCREATE INDEX i ON orders (id DESC);\n{{{{ end }}}}\n"
    );
    assert_eq!(
        found(&both),
        ["create-index-blocking@2:1", "create-index-blocking@4:1"]
    );
    // What is locked in one branch is not locked in the other.
    let locks = "BEGIN;\n{{ if .A }}\nALTER TABLE orders ADD COLUMN a int;\n{{ else }}\nUPDATE orders SET total = 1 WHERE id = 1;\n{{ end }}\nCOMMIT;";
    assert_eq!(found(locks), ["missing-lock-timeout@3:20"]);
    // The end of a block is no statement of which nothing is known.
    let notes = |sql: &str| check(sql).len();
    for (open, end) in [
        ("{{ if .A }}", "{{ end }}"),
        ("{%- if a -%}", "{%- endif -%}"),
        ("{{#a}}", "{{/a}}"),
        ("<% if a %>", "<% end %>"),
    ] {
        let sql = format!("{open}\nCREATE TABLE t (id bigint PRIMARY KEY);\n{end}\n");
        assert_eq!(notes(&sql), 1, "{sql}");
    }
    // One way inside a statement is read, and the statement is no error.
    let inside = format!(
        "{TIMEOUT}\nALTER TABLE orders ADD COLUMN a {{{{ if .J }}}}jsonb{{{{ else }}}}text{{{{ end }}}};"
    );
    assert_eq!(found(&inside), Vec::<String>::new());
}

#[test]
fn functions_are_looked_into_wherever_a_statement_calls_them() {
    let function = "CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN CREATE INDEX i ON orders (total); RETURN 1; END $$;\n\
         CREATE TABLE counts (n bigint);";
    for call in [
        "WITH made AS (SELECT f()) SELECT * FROM made;",
        "INSERT INTO counts SELECT f();",
        "INSERT INTO counts VALUES (f());",
        "INSERT INTO counts SELECT f() FROM orders;",
        "SELECT coalesce(f(), 1);",
        "CREATE TEMPORARY TABLE made AS SELECT f();",
        "UPDATE counts SET n = f() WHERE n = 0;",
        "DO $$ BEGIN PERFORM f(); END $$;",
        "CREATE PROCEDURE inner_p() LANGUAGE plpgsql AS $$ BEGIN PERFORM f(); END $$;\nCREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN CALL inner_p(); END $$;\nDO $$ BEGIN CALL p(); END $$;",
        "DO $$ DECLARE n bigint := f(); BEGIN NULL; END $$;",
        "DO $$ DECLARE n bigint; BEGIN n := 1 + f(); END $$;",
        "DO $$ BEGIN IF f() > 1 THEN NULL; END IF; END $$;",
    ] {
        let migrations = vec![
            history("1.sql", ORDERS),
            history("2.sql", function),
            migration("3.sql", &format!("{TIMEOUT}\n{call}")),
        ];
        let found = checked(migrations);
        let spoken_of = found
            .iter()
            .any(|it| it.starts_with("create-index-blocking@"));
        assert!(spoken_of, "{call}: {found:?}");
    }
    for definition in [
        "CREATE VIEW v AS SELECT f();",
        "CREATE TABLE t (n bigint DEFAULT f());",
        "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS 'SELECT f()';",
    ] {
        let migrations = vec![
            history("1.sql", ORDERS),
            history("2.sql", function),
            migration("3.sql", &format!("{TIMEOUT}\n{definition}")),
        ];
        let found = checked(migrations);
        let wrong = found.iter().any(|it| it.contains("create-index"));
        assert!(!wrong, "{definition}: {found:?}");
    }
}

#[test]
fn what_postgis_runs_is_known() {
    let found = |sql: &str| checked(vec![history("1.sql", ORDERS), migration("2.sql", sql)]);
    let add = "CREATE EXTENSION IF NOT EXISTS postgis;\nSELECT AddGeometryColumn('orders', 'place', 4326, 'POINT', 2);\nCREATE INDEX i ON orders USING gist (place);";
    let said = found(add);
    assert!(
        said.contains(&"missing-lock-timeout@2:1".to_owned())
            && said.contains(&"create-index-blocking@3:1".to_owned()),
        "{said:?}"
    );
    let unknown = |it: &String| it.starts_with("unanalysed") || it.starts_with("statement-fails");
    assert!(!said.iter().any(unknown), "{said:?}");
    let said = found("SELECT DropGeometryTable('orders');");
    assert!(said.contains(&"drop-table@1:1".to_owned()), "{said:?}");
}

#[test]
fn what_depends_on_rows_fails_for_nobody() {
    let function =
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'DELETE FROM nobody; SELECT 1';";
    for (call, fails) in [
        ("SELECT f();", true),
        ("SELECT f() FROM orders WHERE coalesce(f(), 1) = 1;", true),
        ("SELECT 1 FROM orders WHERE coalesce(f(), 1) = 1;", false),
    ] {
        let migrations = vec![
            history("1.sql", ORDERS),
            history("2.sql", function),
            migration("3.sql", call),
        ];
        let found = checked(migrations);
        let said = found.iter().any(|it| it.starts_with("statement-fails"));
        assert_eq!(said, fails, "{call}: {found:?}");
    }
}

#[test]
fn a_routine_that_calls_itself_ends() {
    let sql = "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN CALL p(); END $$; CALL p();";
    assert_eq!(check(sql), Vec::<String>::new());
}

#[test]
fn comments_in_a_do_block_bind_to_its_statements() {
    let block = |first: &str, second: &str| {
        let sql = format!(
            "{TIMEOUT}\nDO $$\nBEGIN\n{first}\n  CREATE INDEX i ON orders (total);\n{second}\n  CREATE INDEX j ON orders (id DESC);\nEND $$;"
        );
        checked(vec![history("1.sql", ORDERS), migration("2.sql", &sql)])
    };
    let ignore = "  -- humdrum: ignore create-index-blocking: small";
    let (first, second) = ("create-index-blocking@5:3", "create-index-blocking@7:3");
    assert_eq!(block("", ""), [first, second]);
    assert_eq!(block(ignore, ""), [second]);
    assert_eq!(block("", ignore), [first]);
    assert_eq!(block(ignore, ignore), Vec::<String>::new());
}

#[test]
fn a_comment_before_a_do_block_covers_all_of_it() {
    let sql = format!(
        "{TIMEOUT}\n-- humdrum: ignore create-index-blocking: small\nDO $$ BEGIN {INDEX} CREATE INDEX j ON orders (id DESC); END $$;"
    );
    assert_eq!(
        checked(vec![history("1.sql", ORDERS), migration("2.sql", &sql)]),
        Vec::<String>::new()
    );
}

#[test]
fn the_timeouts_of_the_runner_are_in_force() {
    let config = LintConfig {
        runner: RunnerTimeouts {
            lock_timeout: Some(Duration::from_secs(3)),
            ..RunnerTimeouts::default()
        },
        ..LintConfig::default()
    };
    let project = project(&[("1.sql", "SELECT 1;")]);
    let plan = plan(&project, &config);
    let timeout = plan.migrations[0].statements[0].settings.lock_timeout;
    assert_eq!(timeout.value, Some(Duration::from_secs(3)));
    assert_eq!(timeout.origin, TimeoutOrigin::Runner);
}

/// A timeout that may kill a later build is remembered; one that would only protect is not relied on.
#[test]
fn settings_that_leak_to_the_next_migration() {
    let set = "SET statement_timeout = '5s'; SET lock_timeout = '5s'; SET search_path = app;";
    let second = |layout| {
        let project = chain(
            layout,
            vec![history("1.sql", set), migration("2.sql", "SELECT 1;")],
        );
        planned(&project).migrations[0].statements[0]
            .settings
            .clone()
    };
    let leaked = second("dbmate");
    assert_eq!(leaked.statement_timeout.value, Some(Duration::from_secs(5)));
    assert_eq!(leaked.lock_timeout.value, None);
    assert_eq!(leaked.search_path, ["public"]);
    assert_eq!(second("plain").statement_timeout.value, None);
}

#[test]
fn a_schema_dump_stands_for_the_history() {
    let dump = "SELECT pg_catalog.set_config('search_path', '', false);\nSET lock_timeout = 0;\nCREATE TABLE public.orders (id bigint, total int);";
    let config = LintConfig {
        schema: Some(Arc::new(Source::new("schema.sql", dump))),
        ..LintConfig::default()
    };
    let project = chain(
        "supabase",
        vec![
            history("1.sql", ORDERS),
            migration(
                "2.sql",
                "ALTER TABLE orders ADD COLUMN x int; ALTER TABLE missing ADD COLUMN x int;",
            ),
        ],
    );
    assert_eq!(errors(&plan(&project, &config)), [None, Some("42P01")]);
}

#[test]
fn migrations_of_one_release_are_new_to_each_other() {
    let project = chain(
        "dbmate",
        vec![
            history("0.sql", "CREATE TABLE old (a int);"),
            migration("1.sql", ORDERS),
            migration("2.sql", INDEX),
        ],
    );
    let config = LintConfig {
        one_release: true,
        ..LintConfig::default()
    };
    assert_eq!(shown(&lint(&project, &config)), Vec::<String>::new());
    assert!(!shown(&lint(&project, &LintConfig::default())).is_empty());
}

#[test]
fn a_plan_lists_what_cannot_be_understood() {
    let plan = planned(&project(&[("1.sql", "SELEC 1;\nSELECT 2;")]));
    let statements = &plan.migrations[0].statements;
    assert_eq!(statements[0].kind, "unknown");
    assert!(statements[0].unanalysed[0].contains("syntax error"));
    assert_eq!((statements[1].index, statements[1].kind), (1, "select"));
    assert!(statements[1].unanalysed.is_empty());
}

#[test]
fn two_runs_say_the_same() {
    let sql = format!("SELEC 1; {ORDERS} DROP TABLE orders; DROP TABLE a, b, c; {INDEX}");
    let migrations: Vec<Migration> = (0..40)
        .map(|number| {
            run_in(
                TransactionMode::File,
                migration(&format!("{number}.sql"), &sql),
            )
        })
        .collect();
    let project = chain("dbmate", migrations);
    let run = || format!("{:?}", lint(&project, &LintConfig::default()));
    assert_eq!(run(), run());
}

/// Held locks, comments and catalogs are looked through for each statement. Where one of them is quadratic, this
/// runs into the time that `.config/nextest.toml` gives a test.
#[test]
fn thousands_of_statements_in_one_transaction_come_to_an_end() {
    const STATEMENTS: usize = 6_000;
    let mut sql = String::from("BEGIN;\n");
    for number in 0..STATEMENTS {
        sql.push_str(&format!(
            "-- humdrum: ignore drop-column\nALTER TABLE t{number} DROP COLUMN a;\n"
        ));
    }
    sql.push_str("COMMIT;");
    let outcome = lint(&project(&[("1.sql", &sql)]), &LintConfig::default());
    assert!(outcome.problems.is_empty());
    assert_eq!(
        (outcome.counts.statements, outcome.counts.ignored),
        (STATEMENTS + 2, STATEMENTS)
    );
}

/// A function that runs dynamic SQL may have made or dropped anything.
#[test]
fn nothing_about_names_is_certain_after_sql_that_could_not_be_understood() {
    let statements = "CREATE TABLE orders (a int); ALTER TABLE orders ADD COLUMN total int; ALTER TABLE orders DROP COLUMN b; DROP TRIGGER t ON orders; CREATE INDEX CONCURRENTLY i ON orders (total);";
    let run = |between: &str| {
        let migrations = vec![
            history("1.sql", ORDERS),
            history("2.sql", between),
            run_in(TransactionMode::File, migration("3.sql", statements)),
        ];
        let plan = planned(&chain("dbmate", migrations));
        errors(&plan)
            .into_iter()
            .map(|it| it.map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let all = ["42P07", "42701", "42703", "42704", "25001"].map(|it| Some(it.to_owned()));
    assert_eq!(run("SELECT 1;"), all);
    let none = [None, None, None, None, Some("25001".to_owned())];
    assert_eq!(run("DO $$ BEGIN EXECUTE x; END $$;"), none);
    assert_eq!(run("SELEC 1;"), none);
}

#[test]
fn temporary_tables_end_with_their_migration_or_transaction() {
    let create = "CREATE TEMPORARY TABLE rows (a int);";
    let migrations = vec![
        history("1.sql", ORDERS),
        history("2.sql", create),
        migration("3.sql", create),
    ];
    assert_eq!(errors(&planned(&chain("dbmate", migrations))), [None]);
    let on_commit = "CREATE TEMPORARY TABLE rows (a int) ON COMMIT DROP;";
    let twice = format!("BEGIN; {on_commit} COMMIT; BEGIN; {on_commit} {create} COMMIT;");
    let migrations = vec![history("1.sql", ORDERS), migration("2.sql", &twice)];
    assert_eq!(
        errors(&planned(&chain("dbmate", migrations))),
        [None, None, None, None, None, Some("42P07"), None]
    );
}

#[test]
fn execute_of_what_a_name_does_not_change_is_known() {
    let notes = |command: &str| {
        let sql = format!(
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT rolname FROM pg_roles LOOP EXECUTE format('{command}', r.rolname); END LOOP; END $$;"
        );
        let found = check(&sql);
        found
            .iter()
            .filter(|it| it.starts_with("unanalysed"))
            .count()
    };
    assert_eq!(notes("GRANT USAGE ON SCHEMA public TO %I"), 0);
    assert_eq!(notes("CREATE ROLE %I"), 0);
    assert_eq!(notes("COMMENT ON TABLE %I IS NULL"), 0);
    assert_eq!(notes("DROP TABLE %I"), 1);
    assert_eq!(notes("ALTER TABLE %I ADD COLUMN a int"), 1);
    assert_eq!(notes("SET search_path TO %I"), 1);
}

#[test]
fn a_placeholder_for_a_schema_hides_nothing() {
    let notes = |sql: &str| -> Vec<String> {
        let found = check(sql).into_iter();
        found.filter(|it| it.starts_with("unanalysed")).collect()
    };
    for sql in [
        "ALTER TABLE ${schema}.t ADD COLUMN a int;",
        "ALTER TABLE IF EXISTS {{ index .Options \"Namespace\" }}.t ADD COLUMN a int;",
        "CREATE INDEX i ON \"{{.Schema}}\".t (a);",
        "CREATE TABLE :schema.t (a int REFERENCES :schema.u (id));",
        "CREATE TABLE t (a ${schema}.kind NOT NULL);",
        "ALTER TABLE ${schema}.t ADD COLUMN a ${schema}.kind;",
        "COMMENT ON COLUMN ${schema}.t.a IS 'x';",
    ] {
        assert_eq!(notes(sql), Vec::<String>::new(), "{sql}");
    }
    for sql in [
        "ALTER TABLE ${prefix}t ADD COLUMN a int;",
        "ALTER TABLE t ADD COLUMN ${column} int;",
        "UPDATE t SET a = ${alias}.b FROM u;",
        "GRANT SELECT ON t TO ${owner};",
        "CREATE SCHEMA ${schema};",
    ] {
        assert_eq!(notes(sql).len(), 1, "{sql}");
    }
    // The table is known by the name that it was created with.
    let twice = checked(vec![
        history(
            "1.sql",
            "CREATE TABLE ${schema}.t (id bigint PRIMARY KEY, a int);",
        ),
        migration(
            "2.sql",
            &format!("{TIMEOUT}\nCREATE INDEX i ON ${{schema}}.t (a);"),
        ),
    ]);
    assert_eq!(twice, ["create-index-blocking@2:1"]);
}

#[test]
fn a_placeholder_is_spoken_of_once_in_a_migration() {
    let found = check(
        "UPDATE a SET b = 1 WHERE c = ${limit};\nUPDATE a SET b = 2 WHERE c = ${limit};\nUPDATE a SET b = ${other} WHERE c = 1;",
    );
    let notes: Vec<_> = found
        .iter()
        .filter(|it| it.starts_with("unanalysed"))
        .collect();
    assert_eq!(
        notes,
        ["unanalysed-statement@1:30", "unanalysed-statement@3:18"]
    );
}

#[test]
fn nobody_queues_at_a_composite_type_or_at_a_sequence_that_goes_with_its_table() {
    let outcome = |sql: &str| {
        let given =
            "CREATE TYPE money_pair AS (amount int, currency text); CREATE TABLE t (id serial);";
        let migrations = vec![history("1.sql", given), migration("2.sql", sql)];
        lint(&chain("dbmate", migrations), &LintConfig::default())
    };
    let speaks = |sql: &str| {
        let findings = outcome(sql).findings;
        let mut of_rule = findings
            .iter()
            .filter(|reported| reported.rule == "missing-lock-timeout");
        of_rule
            .next()
            .map(|reported| reported.finding.message.clone())
    };
    assert_eq!(speaks("DROP TYPE money_pair;"), None);
    let message = speaks("DROP TABLE t;").unwrap();
    assert!(message.contains("long query on t,"), "{message}");
    assert!(speaks("ALTER SEQUENCE t_id_seq AS bigint;").is_some());
}

/// What a function puts together of its arguments is known where they are literals; a branch that makes no
/// sense with them is not taken.
#[test]
fn literals_that_a_function_is_called_with_are_known_in_its_body() {
    let helper = "CREATE FUNCTION change(add boolean, ty text, name text DEFAULT 'note') RETURNS void LANGUAGE plpgsql AS $$\n\
         BEGIN\n\
             IF add THEN EXECUTE 'ALTER TABLE orders ADD COLUMN ' || name || ' ' || ty;\n\
             ELSE EXECUTE 'ALTER TABLE orders DROP COLUMN ' || name; END IF;\n\
         END $$;";
    let run = |call: &str| {
        let project = chain(
            "dbmate",
            vec![
                history("1.sql", ORDERS),
                history("2.sql", helper),
                migration("3.sql", call),
            ],
        );
        shown(&lint(&project, &LintConfig::default()))
    };
    let dropped = run("SELECT change(false, 'text', 'total');");
    assert!(
        dropped.iter().any(|it| it.starts_with("drop-column")),
        "{dropped:?}"
    );
    assert!(
        !dropped.iter().any(|it| it.starts_with("unanalysed")),
        "{dropped:?}"
    );
    let without = run("SELECT change(false, 'no type at all (', 'total');");
    assert!(
        !without.iter().any(|it| it.starts_with("syntax-error")),
        "{without:?}"
    );
    assert_eq!(without, dropped);
    // The other branch is taken, whose EXECUTE makes sense with these.
    let added = run("SELECT change(true, 'text', 'total2');");
    let drops = |it: &String| it.starts_with("drop-column") || it.starts_with("unanalysed");
    assert!(!added.iter().any(drops), "{added:?}");
    let unknown = run("SELECT change(total > 1, 'text', 'total') FROM orders;");
    assert!(
        unknown.iter().any(|it| it.starts_with("drop-column")),
        "{unknown:?}"
    );
}

#[test]
fn a_table_whose_name_is_filled_in_later_may_exist() {
    let found = |sql: &str| {
        let sql = format!("{TIMEOUT} {sql}");
        checked(vec![history("1.sql", ORDERS), migration("2.sql", &sql)])
    };
    assert_eq!(
        found("DELETE FROM ${prefix}orders WHERE id = 1;"),
        ["unanalysed-statement@1:38"]
    );
    assert_eq!(
        found("DELETE FROM missing WHERE id = 1;"),
        ["statement-fails@1:26"]
    );
}

/// Dynamic SQL may put rows into a table that it mentions: whoever builds an index later makes writers wait.
#[test]
fn a_new_table_that_dynamic_sql_mentions_may_have_rows() {
    let index_blocks = |dynamic: &str| {
        let sql = format!(
            "CREATE TABLE orders (id bigint PRIMARY KEY, total int); {dynamic} CREATE INDEX i ON orders (total);"
        );
        let migrations = vec![run_in(TransactionMode::None, migration("1.sql", &sql))];
        checked(migrations)
            .iter()
            .any(|finding| finding.contains("create-index-blocking"))
    };
    let dynamic =
        |text: &str| format!("DO $$ BEGIN EXECUTE format(current_setting('x'), '{text}'); END $$;");
    assert!(!index_blocks(""));
    assert!(!index_blocks(&dynamic("customers")));
    assert!(index_blocks(&dynamic("orders")));
}

#[test]
fn partitions_that_dynamic_sql_may_have_made_are_an_assumption() {
    let assumed = |dynamic: &str| {
        let table = "CREATE TABLE events (id bigint, at date) PARTITION BY RANGE (at);";
        let altered = "ALTER TABLE events ADD COLUMN note text;";
        let migrations = vec![
            history("1.sql", &format!("{table} {dynamic}")),
            migration("2.sql", altered),
        ];
        let plan = planned(&chain("dbmate", migrations));
        plan.migrations[0].statements[0].effects.assumptions.clone()
    };
    assert_eq!(assumed(""), Vec::<String>::new());
    assert_eq!(
        assumed("DO $$ BEGIN EXECUTE current_setting('x'); END $$;"),
        [
            "public.events may have partitions that are not known here: SQL before this could not be understood"
        ]
    );
}
