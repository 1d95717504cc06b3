//! What a watcher sees of a replay: which transaction each statement runs in, which locks are held.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Place, Replayed, Watcher, replay, with_large_stacks};
use crate::lint::{Context, LintConfig, MigrationContext, short_name};
use crate::project::{
    Chain, Direction, Includes, Migration, Role, Rollback, Script, Standing,
    TransactionMode as Mode,
};
use crate::source::Source;
use crate::sql::{Parsed, SyntaxError};

/// Writes down one line for each event.
#[derive(Default)]
struct Recorder {
    log: Vec<String>,
}

impl Watcher for Recorder {
    fn start(&mut self, _migration: &Migration, _scripts: &[Parsed]) {}

    fn statement(&mut self, context: &mut Context<'_>, place: &Place) {
        assert_ne!(context.text, "SELECT 'panic'", "on purpose");
        let source = &context.migration.migration.source;
        let mut line = source.text()[place.span.clone()].to_owned();
        if let Some(block) = context.session.block() {
            let _ = write!(line, " [{:?}]", block.opened_by);
        }
        for held in context.held {
            let name = short_name(&held.lock.target.name);
            let _ = write!(line, " {name}:{}", held.lock.mode);
        }
        if let Some(around) = &context.surroundings.in_loop {
            let _ = write!(
                line,
                " loop(commits {}, ends {})",
                around.commits, around.ends
            );
        }
        if context.surroundings.conditional {
            line.push_str(" conditional");
        }
        if let Some(error) = &context.effects.error {
            let _ = write!(line, " !{}", error.sqlstate);
        }
        self.log.push(line);
    }

    fn syntax_error(&mut self, error: &SyntaxError, source: &Source, _place: &Place) {
        let rest = &source.text()[error.offset..];
        let at: String = rest.chars().take(5).collect();
        self.log.push(format!("{} ({at})", error.message));
    }

    fn unanalysed(&mut self, span: Range<usize>, what: &str, _place: &Place) {
        self.log
            .push(format!("? {}..{}: {what}", span.start, span.end));
    }

    fn migration(&mut self, context: &MigrationContext<'_>, statements: Vec<Replayed>) {
        assert_eq!(context.statements.len(), statements.len());
        if let Some(left) = &context.left_open {
            let text = context.migration.migration.source.text();
            self.log.push(format!("left open: {}", &text[left.clone()]));
        }
    }

    fn broken(&mut self, _migration: &Migration) {
        self.log.push("broken".to_owned());
    }
}

fn migration(sql: &str, mode: Mode) -> Migration {
    Migration {
        version: "1".to_owned(),
        direction: Direction::Up,
        source: Arc::new(Source::new("1.sql", sql)),
        scripts: vec![Script::new(0..sql.len(), mode)],
        role: Role::Checked,
        rollback: Rollback::NotUsed,
        standing: Standing::default(),
        includes: Includes::new(),
        settings: None,
    }
}

fn recorded(migrations: Vec<Migration>) -> Vec<String> {
    let chain = Chain {
        tool: Default::default(),
        directory: PathBuf::from("migrations"),
        layout: "dbmate",
        migrations,
    };
    let mut recorder = Recorder::default();
    let problems = with_large_stacks(|| replay(&chain, &LintConfig::default(), &mut recorder));
    assert_eq!(problems, []);
    recorder.log
}

fn run(mode: Mode, sql: &str) -> Vec<String> {
    recorded(vec![migration(sql, mode)])
}

#[test]
fn the_tool_opens_a_transaction_around_the_script() {
    assert_eq!(
        run(Mode::File, "SELECT 1; SELECT 2"),
        ["SELECT 1 [Tool]", "SELECT 2 [Tool]"]
    );
    assert_eq!(
        run(Mode::None, "SELECT 1; SELECT 2"),
        ["SELECT 1", "SELECT 2"]
    );
}

#[test]
fn several_statements_of_a_message_are_one_transaction_and_a_single_one_is_none() {
    assert_eq!(
        run(Mode::Message, "SELECT 1; SELECT 2"),
        ["SELECT 1 [Message]", "SELECT 2 [Message]"]
    );
    assert_eq!(run(Mode::Message, "SELECT 1;"), ["SELECT 1"]);
}

/// What servers of 15 and 18 do with each of these as one simple-protocol message, in a transaction that was opened
/// before (`psql -c BEGIN -c '...'`): a COMMIT leads to an implicit transaction until the message ends, in which
/// CREATE INDEX CONCURRENTLY answers 25001.
#[test]
fn a_message_in_the_tools_transaction_is_an_implicit_one_behind_its_commit() {
    let message = |sql: &str| {
        let mut migration = migration(sql, Mode::File);
        migration.scripts[0].message = true;
        recorded(vec![migration])
    };
    assert_eq!(
        message("SELECT 1; COMMIT; SELECT 2; COMMIT; SELECT 3"),
        [
            "SELECT 1 [Tool]",
            "COMMIT [Tool]",
            "SELECT 2 [Message]",
            "COMMIT [Message]",
            "SELECT 3 [Message]",
        ]
    );
    assert_eq!(
        message("ROLLBACK; BEGIN; SELECT 1; COMMIT; SELECT 2"),
        [
            "ROLLBACK [Tool]",
            "BEGIN [Message]",
            "SELECT 1 [Script]",
            "COMMIT [Script]",
            "SELECT 2 [Message]",
        ]
    );
    assert_eq!(
        run(Mode::File, "SELECT 1; COMMIT; SELECT 2"),
        ["SELECT 1 [Tool]", "COMMIT [Tool]", "SELECT 2"]
    );
}

#[test]
fn a_message_ends_its_implicit_transaction_before_the_next_one() {
    let sql = "SELECT 1; COMMIT; SELECT 2;SELECT 3;";
    let second = sql.len() - "SELECT 3;".len();
    let mut pieces = migration(sql, Mode::File);
    pieces.scripts = vec![
        Script::new(0..second, Mode::File).as_message(),
        Script {
            joined: true,
            ..Script::new(second..sql.len(), Mode::File).as_message()
        },
    ];
    assert_eq!(
        recorded(vec![pieces]),
        [
            "SELECT 1 [Tool]",
            "COMMIT [Tool]",
            "SELECT 2 [Message]",
            "SELECT 3",
        ]
    );
}

#[test]
fn transaction_commands_inside_a_message() {
    assert_eq!(
        run(Mode::Message, "SELECT 1; BEGIN; SELECT 2; COMMIT; SELECT 3"),
        [
            "SELECT 1 [Message]",
            "BEGIN [Message]",
            "SELECT 2 [Script]",
            "COMMIT [Script]",
            "SELECT 3 [Message]",
        ]
    );
}

#[test]
fn a_commit_ends_the_transaction_of_the_tool() {
    assert_eq!(
        run(Mode::File, "SELECT 1; COMMIT; SELECT 2"),
        ["SELECT 1 [Tool]", "COMMIT [Tool]", "SELECT 2"]
    );
}

#[test]
fn locks_are_held_to_the_end_of_the_transaction() {
    let a = "ALTER TABLE a ADD COLUMN x int";
    let b = "ALTER TABLE b ADD COLUMN x int";
    assert_eq!(
        run(Mode::None, &format!("BEGIN; {a}; {b}; COMMIT; SELECT 1")),
        [
            "BEGIN".to_owned(),
            format!("{a} [Script]"),
            format!("{b} [Script] a:ACCESS EXCLUSIVE"),
            "COMMIT [Script] a:ACCESS EXCLUSIVE b:ACCESS EXCLUSIVE".to_owned(),
            "SELECT 1".to_owned(),
        ]
    );
    assert_eq!(run(Mode::None, &format!("{a}; {b}")), [a, b]);
}

#[test]
fn rollback_to_releases_the_locks_taken_since() {
    let a = "ALTER TABLE a ADD COLUMN x int";
    let b = "ALTER TABLE b ADD COLUMN x int";
    let log = run(
        Mode::File,
        &format!("{a}; SAVEPOINT s; {b}; ROLLBACK TO s; SELECT 1"),
    );
    assert_eq!(log.last().unwrap(), "SELECT 1 [Tool] a:ACCESS EXCLUSIVE");
    let log = run(
        Mode::File,
        &format!("{a}; SAVEPOINT s; {b}; RELEASE s; SELECT 1"),
    );
    assert_eq!(
        log.last().unwrap(),
        "SELECT 1 [Tool] a:ACCESS EXCLUSIVE b:ACCESS EXCLUSIVE"
    );
}

#[test]
fn locks_do_not_outlive_a_chained_transaction_or_a_migration() {
    let a = "ALTER TABLE a ADD COLUMN x int";
    let log = run(
        Mode::None,
        &format!("BEGIN; {a}; COMMIT AND CHAIN; SELECT 1; COMMIT"),
    );
    assert_eq!(log[3], "SELECT 1 [Script]");
    let log = recorded(vec![
        migration(a, Mode::File),
        migration("SELECT 1", Mode::File),
    ]);
    assert_eq!(log, [format!("{a} [Tool]"), "SELECT 1 [Tool]".to_owned()]);
}

#[test]
fn a_statement_that_fails_leaves_the_transaction_as_it_was() {
    let a = "CREATE INDEX CONCURRENTLY i ON a (x)";
    assert_eq!(
        run(Mode::File, &format!("{a}; SELECT 1")),
        [format!("{a} [Tool] !25001"), "SELECT 1 [Tool]".to_owned()]
    );
}

#[test]
fn a_transaction_that_nobody_ends_is_left_open() {
    let log = run(Mode::None, "SELECT 1; BEGIN; SELECT 2");
    assert_eq!(log.last().unwrap(), "left open: BEGIN");
    let log = run(Mode::None, "BEGIN; COMMIT AND CHAIN; SELECT 2");
    assert_eq!(log.last().unwrap(), "left open: COMMIT AND CHAIN");
    let log = run(Mode::File, "BEGIN; SELECT 2");
    assert_eq!(log.last().unwrap(), "SELECT 2 [Tool]", "the tool commits");
}

#[test]
fn a_tool_that_splits_commits_around_what_must_stand_alone() {
    let index = "CREATE INDEX CONCURRENTLY i ON a (x)";
    assert_eq!(
        run(Mode::Split, &format!("SELECT 1; {index}; SELECT 2")),
        ["SELECT 1 [Tool]", index, "SELECT 2 [Tool]"]
    );
    assert_eq!(
        run(Mode::Split, "BEGIN; SELECT 1; COMMIT"),
        ["BEGIN", "SELECT 1 [Script]", "COMMIT [Script]"]
    );
}

#[test]
fn a_do_block_is_a_transaction_of_its_own() {
    let log = run(
        Mode::None,
        "DO $$ BEGIN ALTER TABLE a ADD COLUMN x int; PERFORM 1; END $$; SELECT 2",
    );
    assert_eq!(
        log,
        [
            "ALTER TABLE a ADD COLUMN x int [Statement]",
            "PERFORM 1 [Statement] a:ACCESS EXCLUSIVE",
            "SELECT 2",
        ]
    );
}

#[test]
fn a_do_block_in_a_transaction_keeps_it() {
    let log = run(
        Mode::File,
        "DO $$ BEGIN ALTER TABLE a ADD COLUMN x int; END $$; SELECT 2",
    );
    assert_eq!(
        log,
        [
            "ALTER TABLE a ADD COLUMN x int [Tool]",
            "SELECT 2 [Tool] a:ACCESS EXCLUSIVE",
        ]
    );
}

#[test]
fn commit_in_a_do_block_releases_locks_where_it_is_possible() {
    let sql = "DO $$ BEGIN ALTER TABLE a ADD COLUMN x int; COMMIT; PERFORM 1; END $$";
    assert_eq!(
        run(Mode::None, sql),
        [
            "ALTER TABLE a ADD COLUMN x int [Statement]",
            "COMMIT [Statement] a:ACCESS EXCLUSIVE",
            "PERFORM 1 [Statement]",
        ]
    );
    let log = run(Mode::File, sql);
    assert_eq!(log[1], "COMMIT [Tool] a:ACCESS EXCLUSIVE !2D000");
    assert_eq!(log[2], "PERFORM 1 [Tool] a:ACCESS EXCLUSIVE");
}

#[test]
fn commit_in_a_block_with_an_exception_handler_is_an_error() {
    let log = run(
        Mode::None,
        "DO $$ BEGIN BEGIN COMMIT; EXCEPTION WHEN others THEN NULL; END; COMMIT; END $$",
    );
    assert_eq!(
        log,
        [
            "COMMIT [Statement] conditional !2D000",
            "COMMIT [Statement]"
        ]
    );
}

#[test]
fn all_branches_are_taken_and_are_conditional() {
    let log = run(
        Mode::None,
        "DO $$ BEGIN
           IF EXISTS (SELECT FROM t) THEN PERFORM 1; ELSIF true THEN PERFORM 2; ELSE PERFORM 3; END IF;
           CASE 1 WHEN 1 THEN PERFORM 4; ELSE PERFORM 5; END CASE;
           BEGIN PERFORM 6; EXCEPTION WHEN others THEN PERFORM 7; END;
           PERFORM 8;
         END $$",
    );
    let mut expected = vec!["EXISTS (SELECT FROM t) [Statement]".to_owned()];
    expected.extend((1..=7).map(|n| format!("PERFORM {n} [Statement] conditional")));
    expected.push("PERFORM 8 [Statement]".to_owned());
    let got: Vec<String> = log
        .iter()
        .map(|line| line.replace(" t:ACCESS SHARE", ""))
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn loops_are_known() {
    let log = run(
        Mode::None,
        "DO $$ BEGIN
           LOOP PERFORM 1; END LOOP;
           LOOP PERFORM 2; EXIT WHEN true; COMMIT; END LOOP;
           FOR i IN 1..3 LOOP PERFORM 3; END LOOP;
           WHILE true LOOP PERFORM 4; END LOOP;
           PERFORM 5;
         END $$",
    );
    assert_eq!(
        log,
        [
            "PERFORM 1 [Statement] loop(commits false, ends false)",
            "PERFORM 2 [Statement] loop(commits true, ends true)",
            "COMMIT [Statement] loop(commits true, ends true)",
            "PERFORM 3 [Statement] loop(commits false, ends true)",
            "PERFORM 4 [Statement] loop(commits false, ends true)",
            "PERFORM 5 [Statement]",
        ]
    );
}

#[test]
fn set_local_in_a_do_block_ends_with_the_block() {
    let log = run(
        Mode::None,
        "DO $$ BEGIN SET LOCAL lock_timeout = '1s'; END $$; SELECT 1",
    );
    assert_eq!(
        log,
        ["SET LOCAL lock_timeout = '1s' [Statement]", "SELECT 1"]
    );
}

#[test]
fn a_concurrent_build_in_a_do_block_is_refused() {
    let log = run(
        Mode::None,
        "DO $$ BEGIN CREATE INDEX CONCURRENTLY i ON a (x); END $$",
    );
    assert_eq!(
        log,
        ["CREATE INDEX CONCURRENTLY i ON a (x) [Statement] !25001"]
    );
}

#[test]
fn dynamic_sql_is_understood_when_it_is_constant() {
    let log = run(
        Mode::None,
        "DO $$ BEGIN EXECUTE 'CREATE INDEX CONCURRENTLY i ON a (x)'; END $$",
    );
    assert_eq!(
        log,
        ["CREATE INDEX CONCURRENTLY i ON a (x) [Statement] !25001"]
    );
    let sql = "DO $$ BEGIN EXECUTE 'DROP TABLE ' || t; END $$";
    let log = run(Mode::None, sql);
    assert_eq!(
        log,
        ["? 12..38: EXECUTE runs SQL that is only known when it runs"]
    );
}

/// Places in strings that had to be unquoted are the file's all the same.
#[test]
fn places_in_quoted_bodies_are_the_files() {
    let log = run(
        Mode::None,
        "DO 'BEGIN PERFORM ''x''; CREATE INDEX CONCURRENTLY i ON a (x); END'",
    );
    assert_eq!(
        log,
        [
            "PERFORM ''x'' [Statement]",
            "CREATE INDEX CONCURRENTLY i ON a (x) [Statement] !25001",
        ]
    );
}

#[test]
fn syntax_errors_inside_a_do_block_have_their_place() {
    let log = run(Mode::None, "DO $$ BEGIN ALTER TABEL a; PERFORM 1; END $$");
    assert_eq!(
        log,
        [
            "syntax error at or near \"TABEL\" (TABEL)",
            "PERFORM 1 [Statement]",
        ]
    );
}

#[test]
fn a_do_block_in_another_language_is_not_analysed() {
    let log = run(Mode::None, "DO LANGUAGE plv8 $$ plv8.execute('x') $$");
    assert!(
        log[0].starts_with("? 0..40: the DO block could not be read"),
        "{log:?}"
    );
}

#[test]
fn psql_commands_are_not_analysed() {
    let log = run(Mode::None, "\\i other.sql\nSELECT 1;");
    assert!(log[0].contains("`\\i` is a command of psql"), "{log:?}");
    assert_eq!(log[1], "SELECT 1");
}

#[test]
fn a_statement_too_deep_to_be_read_is_judged_by_its_first_words() {
    let sql = format!("UPDATE t SET x = {}1", "(".repeat(20_000));
    let sql = format!("{sql}{}", ")".repeat(20_000));
    let log = run(Mode::None, &sql);
    assert!(
        log[0].contains("judged by its first words"),
        "{:?}",
        log[0].get(..99)
    );
    assert!(log[1].starts_with("UPDATE t"), "{:?}", log[1].get(..99));
}

#[test]
fn a_panic_names_the_file_and_the_other_migrations_go_on() {
    let chain = Chain {
        tool: Default::default(),
        directory: PathBuf::from("migrations"),
        layout: "dbmate",
        migrations: vec![
            migration("SELECT 1; SELECT 'panic'; SELECT 2", Mode::None),
            migration("SELECT 3", Mode::None),
        ],
    };
    let mut recorder = Recorder::default();
    let problems = with_large_stacks(|| replay(&chain, &LintConfig::default(), &mut recorder));
    assert_eq!(recorder.log, ["SELECT 1", "broken", "SELECT 3"]);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].path, PathBuf::from("1.sql"));
    assert!(
        problems[0].message.starts_with("internal error"),
        "{}",
        problems[0].message
    );
}

#[test]
fn a_function_that_is_not_known_may_do_anything() {
    let of = |sql: &str| -> Vec<String> {
        let log = run(Mode::None, sql).into_iter();
        log.filter(|line| line.starts_with('?')).collect()
    };
    assert_eq!(
        of("SELECT create_hypertable('t', 'at')"),
        ["? 0..35: the function create_hypertable may do anything: its body is not known here"]
    );
    assert_eq!(of("SELECT * FROM partman.create_parent('t')").len(), 1);
    assert_eq!(
        of("DO $$ BEGIN PERFORM create_hypertable('t', 'at'); END $$").len(),
        1
    );
    for known in [
        "SELECT setval('s', 1)",
        "DO $$ BEGIN PERFORM addgeometrycolumn('t', 'g', 1, 'POINT', 2); END $$",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "SELECT uuid_generate_v4()",
        "SELECT st_x(g) FROM t",
        "SELECT count(*) FROM t",
        "INSERT INTO t SELECT f(a) FROM u",
        "CREATE FUNCTION f() RETURNS int IMMUTABLE LANGUAGE c AS 'x', 'f'; SELECT f()",
    ] {
        assert_eq!(of(known), Vec::<String>::new(), "{known}");
    }
    let ambiguous = "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'DROP TABLE t; SELECT 1'; SELECT f('x')";
    assert_eq!(of(ambiguous).len(), 1);
}

#[test]
fn what_psql_knows_of_its_variables_and_conditions_is_known() {
    let log = run(
        Mode::None,
        "\\set owner bob\n\\set name 'it''s'\nGRANT SELECT ON t TO :owner;\nCOMMENT ON TABLE :\"owner\" IS :'name';\n\\if off\nDROP TABLE t;\n\\else\nDROP TABLE u;\n\\endif\nDROP TABLE v;\n",
    );
    let statements: Vec<&str> = log.iter().map(String::as_str).collect();
    assert_eq!(
        statements,
        [
            "GRANT SELECT ON t TO :owner;",
            "COMMENT ON TABLE :\"owner\" IS :'name';",
            "DROP TABLE u",
            "DROP TABLE v"
        ]
    );
    let log = run(
        Mode::None,
        "\\if :x\n\\set owner bob\nDROP TABLE t;\n\\elif :y\nDROP TABLE u;\n\\else\nSELECT 1;\n\\endif\nDROP TABLE :owner;\n",
    );
    let said: Vec<&String> = log.iter().filter(|line| line.starts_with('?')).collect();
    assert_eq!(said.len(), 2, "{log:#?}");
    assert!(said[0].contains("`\\if` decides what is run"), "{log:#?}");
    assert!(said[1].contains("what `:owner` stands for"), "{log:#?}");
    assert_eq!(log.len(), 6, "{log:#?}");
}
