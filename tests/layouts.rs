//! Whole projects on disk: which migrations are found, in which order, with which parts and roles.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use humdrum::lint::{LintConfig, lint};
use humdrum::project::{
    Direction, Exclude, Migration, Options, Project, Role, Rollback, TransactionMode, load,
};
use tempfile::TempDir;

/// One line for each migration, with the text of its parts.
fn listing(project: &Project) -> String {
    let mut out = String::new();
    for chain in &project.chains {
        writeln!(out, "{} ({})", chain.directory.display(), chain.layout).unwrap();
        for migration in &chain.migrations {
            line(&mut out, migration);
        }
    }
    for problem in &project.problems {
        writeln!(
            out,
            "problem: {}: {}",
            problem.path.display(),
            problem.message
        )
        .unwrap();
    }
    for skipped in &project.skipped {
        writeln!(
            out,
            "skipped: {}: {}",
            skipped.path.display(),
            skipped.message
        )
        .unwrap();
    }
    out
}

/// The listing, and what the rules say of it.
fn judged(project: &Project) -> String {
    let mut out = listing(project);
    let outcome = lint(project, &LintConfig::default());
    for found in &outcome.findings {
        let at = found.source.position(found.finding.span.start);
        let path = found.source.path().display();
        writeln!(
            out,
            "{path}:{}:{}: {:?} {}: {}",
            at.line, at.column, found.severity, found.rule, found.finding.message
        )
        .unwrap();
    }
    for problem in &outcome.problems {
        let known = project.problems.contains(problem);
        assert!(known, "{}: {}", problem.path.display(), problem.message);
    }
    out
}

fn line(out: &mut String, migration: &Migration) {
    let direction = match migration.direction {
        Direction::Up => "up",
        Direction::Down => "down",
    };
    let role = match migration.role {
        Role::Checked => "checked",
        Role::History => "history",
    };
    let rollback = match (migration.direction, migration.rollback) {
        (Direction::Down, _) => "",
        (Direction::Up, Rollback::Present) => ", rollback present",
        (Direction::Up, Rollback::Missing) => ", rollback missing",
        (Direction::Up, Rollback::NotUsed) => ", rollbacks not used",
    };
    let path = migration.source.path().display();
    writeln!(
        out,
        "  {} {direction} {path} ({role}{rollback})",
        migration.version
    )
    .unwrap();
    for script in &migration.scripts {
        if let Some(text) = &script.text {
            assert_eq!(text.len(), script.range.len(), "{path}");
        }
        let mode = match script.transaction {
            TransactionMode::File => "file",
            TransactionMode::None => "none",
            TransactionMode::Message => "message",
            TransactionMode::Split => "split",
            TransactionMode::Detect => "detect",
            TransactionMode::DetectAny => "detect any",
        };
        let text = &migration.source.text()[script.range.clone()];
        let (start, end) = (script.range.start, script.range.end);
        let joined = if script.joined { " joined" } else { "" };
        writeln!(out, "    {mode}{joined} {start}..{end} {text:?}").unwrap();
        if let Some(rewritten) = &script.text {
            writeln!(out, "      read as {rewritten:?}").unwrap();
        }
    }
}

/// The paths and roles alone.
fn names(project: &Project) -> Vec<String> {
    let migrations = project.chains.iter().flat_map(|chain| &chain.migrations);
    migrations
        .map(|migration| {
            let mark = match migration.role {
                Role::Checked => "",
                Role::History => " (history)",
            };
            format!("{}{mark}", migration.source.path().display())
        })
        .collect()
}

fn problems(project: &Project) -> Vec<String> {
    let problems = project.problems.iter();
    problems.map(|it| it.message.clone()).collect()
}

fn load_all(paths: &[&str], options: &Options) -> Project {
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    load(&paths, options)
}

fn fixture(name: &str) -> Project {
    load_all(&[&format!("fixtures/layouts/{name}")], &Options::default())
}

/// A directory with files, removed when the test ends.
fn directory(files: &[(&str, &[u8])]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn load_below(directory: &TempDir, paths: &[&str], options: &Options) -> Project {
    let root = directory.path();
    let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    load(&paths, options)
}

/// As [`names`], from the directory on.
fn names_below(directory: &TempDir, project: &Project) -> Vec<String> {
    let prefix = format!("{}/", directory.path().display());
    let names = names(project).into_iter();
    names.map(|name| name.replace(&prefix, "")).collect()
}

macro_rules! tools {
    ($($test:ident: $name:literal)*) => {
        $(#[test]
        fn $test() {
            insta::assert_snapshot!(judged(&fixture($name)));
        })*
    };
}

tools! {
    atlas: "atlas"
    diesel: "diesel"
    drizzle: "drizzle"
    flyway: "flyway"
    flyway_without_a_prefix: "flyway-no-prefix"
    flyway_with_a_spring_configuration: "flyway-config"
    flyway_with_a_lock_that_hangs: "flyway-lock"
    golang_migrate: "golang-migrate"
    goose: "goose"
    graphile_migrate: "graphile-migrate"
    graphile_migrate_with_settings: "graphile-migrate-settings"
    hasura: "hasura"
    liquibase: "liquibase"
    play: "play"
    pop: "pop"
    prairielearn: "prairielearn"
    morph: "morph"
    river: "river"
    graphile_worker: "graphile-worker"
    formance: "formance"
    concourse: "concourse"
    rambler: "rambler"
    temporal: "temporal"
    postgres_migrations: "postgres-migrations"
    prisma: "prisma"
    refinery: "refinery"
    sql_migrate: "sql-migrate"
    sqitch: "sqitch"
    sqlx: "sqlx"
    sqlx_told_by_a_directory_beside: "sqlx-deferred"
    tern: "tern"
    several_tools_in_one_repository: "monorepo"
}

macro_rules! fixture_listings {
    ($($test:ident: $name:literal)*) => {
        $(#[test]
        fn $test() {
            insta::assert_snapshot!(listing(&fixture($name)));
        })*
    };
}

fixture_listings! {
    plain_pairs_by_suffix: "plain-suffixes"
    plain_directory_for_each_migration: "plain-directories"
    plain_down_directory: "plain-down-directory"
    plain_deploy_and_revert: "plain-deploy-revert"
    plain_with_other_tools_sections: "plain-sections"
    dbmate: "dbmate"
    supabase: "supabase"
}

#[test]
fn a_file_is_checked_with_what_comes_before_it() {
    let path = "fixtures/layouts/plain-suffixes/db/migrations/9_frog_colour_up.sql";
    insta::assert_snapshot!(listing(&load_all(&[path], &Options::default())));
}

#[test]
fn several_files_are_checked_together_and_the_last_one_ends_the_history() {
    let base = "fixtures/layouts/plain-down-directory/migrations";
    let paths = [
        format!("{base}/002_create_bell.sql"),
        format!("./{base}/rollbacks/001_create_tower.sql"),
        format!("{base}/002_create_bell.sql"),
    ];
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let found = names(&load_all(&paths, &Options::default()));
    let expected = [
        "001_create_tower.sql (history)",
        "rollbacks/001_create_tower.sql",
        "002_create_bell.sql",
        "rollbacks/002.sql (history)",
    ];
    assert_eq!(found, expected.map(|name| format!("{base}/{name}")));
}

#[test]
fn without_history_only_what_was_named_is_there_with_the_same_rollbacks() {
    let path = "fixtures/layouts/dbmate/db/migrations/20240105000000_indented.sql";
    let options = Options {
        no_history: true,
        ..Options::default()
    };
    let project = load_all(&[path], &options);
    assert_eq!(names(&project), [path]);
    assert_eq!(project.chains[0].layout, "dbmate");
    assert_eq!(project.chains[0].migrations[0].rollback, Rollback::Missing);
}

#[test]
fn a_named_subdirectory_is_a_part_of_its_chain() {
    let base = "fixtures/layouts/plain-directories/migrations";
    let path = format!("{base}/009_create_wheel");
    let found = names(&load_all(&[&path], &Options::default()));
    let expected = [
        "001_create_mill/up.sql (history)",
        "001_create_mill/down.sql (history)",
        "009_create_wheel/up.sql",
        "009_create_wheel/down.sql",
    ];
    assert_eq!(found, expected.map(|name| format!("{base}/{name}")));
}

#[test]
fn the_layout_and_the_transaction_of_plain_sql_can_be_set() {
    let options = Options {
        layout: Some("plain"),
        plain_transaction: TransactionMode::File,
        ..Options::default()
    };
    let path = "fixtures/layouts/dbmate/db/migrations/20240102000000_index.sql";
    let project = load_all(&[path], &options);
    let chain = &project.chains[0];
    assert_eq!(chain.layout, "plain");
    let scripts: Vec<_> = chain.migrations.iter().flat_map(|it| &it.scripts).collect();
    assert!(!scripts.is_empty());
    assert!(
        scripts
            .iter()
            .all(|it| it.transaction == TransactionMode::File)
    );
}

#[test]
fn an_unknown_layout_is_a_problem_that_names_the_known_ones() {
    let options = Options {
        layout: Some("dbmat"),
        ..Options::default()
    };
    let project = load_all(&["fixtures/layouts/dbmate"], &options);
    let found = problems(&project);
    let expected = "unknown layout `dbmat`; known are dbmate, goose, sql-migrate, play, sqitch, \
                    supabase, graphile-migrate, tern, rambler, temporal, formance, prairielearn, \
                    postgres-migrations, atlas, drizzle, refinery, flyway, liquibase, prisma, hasura, diesel, \
                    river, morph, graphile-worker, concourse, pop, sqlx, golang-migrate, plain";
    assert!(found.iter().any(|it| it == expected), "{found:?}");
}

#[test]
fn text_that_is_not_saved_yet_replaces_the_file_or_joins_its_directory() {
    let directory = directory(&[("m/1.sql", b"old;"), ("m/3.sql", b"three;")]);
    let with = |path: &str, text: &str| Options {
        unsaved: [(directory.path().join(path), text.to_string())].into(),
        ..Options::default()
    };
    let text = |project: &Project, at: usize| {
        let migration = &project.chains[0].migrations[at];
        migration.source.text().to_string()
    };

    let project = load_below(&directory, &["m/1.sql"], &with("m/1.sql", "new;"));
    assert_eq!(names_below(&directory, &project), ["m/1.sql"]);
    assert_eq!(text(&project, 0), "new;");

    let project = load_below(&directory, &["m/2.sql"], &with("m/2.sql", "two;"));
    assert_eq!(
        names_below(&directory, &project),
        ["m/1.sql (history)", "m/2.sql"]
    );
    assert_eq!(text(&project, 1), "two;");
    assert_eq!(project.problems, []);

    let project = load_below(&directory, &["m"], &with("m/2.sql", "two;"));
    assert_eq!(
        names_below(&directory, &project),
        ["m/1.sql", "m/2.sql", "m/3.sql"]
    );
}

#[test]
fn excluded_files_are_neither_checked_nor_history() {
    let directory = directory(&[
        ("m/1.sql", b""),
        ("m/2.sql", b""),
        ("m/3.sql", b""),
        ("legacy/1.sql", b""),
    ]);
    let options = Options {
        exclude: Exclude::new(directory.path(), &["legacy", "m/2.sql"]).unwrap(),
        ..Options::default()
    };
    let project = load_below(&directory, &["m/3.sql"], &options);
    assert_eq!(
        names_below(&directory, &project),
        ["m/1.sql (history)", "m/3.sql"]
    );

    let project = load_below(&directory, &["m/2.sql"], &options);
    assert!(names(&project).is_empty());
    assert_eq!(project.skipped.len(), 1);
    assert_eq!(project.problems, []);

    let project = load_below(&directory, &["legacy"], &options);
    assert!(problems(&project)[0].ends_with("(the one .sql file there is left out)"));
}

#[test]
fn hidden_and_built_directories_are_not_searched() {
    let directory = directory(&[
        ("m/1.sql", b""),
        ("m/._1.sql", b""),
        (".git/1.sql", b""),
        ("node_modules/x/1.sql", b""),
        ("target/classes/1.sql", b""),
    ]);
    let project = load_below(&directory, &[""], &Options::default());
    assert_eq!(names_below(&directory, &project), ["m/1.sql"]);
    let project = load_below(&directory, &["target"], &Options::default());
    assert_eq!(names_below(&directory, &project), ["target/classes/1.sql"]);
}

#[test]
fn files_that_cannot_be_read_do_not_stop_the_others() {
    let utf16: Vec<u8> = "select 1;"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let directory = directory(&[
        ("m/1.sql", b"select 1;"),
        ("m/2.sql", b"select 1;\n-- caf\xE9"),
        ("m/3.sql", &utf16),
        ("m/5.sql", b"select '\0';"),
        ("m/6.sql/1.sql", b""),
        ("m/7.sql", b""),
    ]);
    let project = load_below(&directory, &["m"], &Options::default());
    assert_eq!(
        names_below(&directory, &project),
        ["m/1.sql", "m/5.sql", "m/7.sql", "m/6.sql/1.sql"]
    );
    assert_eq!(
        problems(&project),
        [
            "not valid UTF-8: byte 0xE9 on line 2 (byte offset 16); save as UTF-8",
            "UTF-16; save as UTF-8",
        ]
    );
}

#[cfg(unix)]
#[test]
fn links_that_dangle_or_loop_are_survived() {
    let directory = directory(&[("m/1.sql", b"select 1;")]);
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, directory.path().join(name)).unwrap();
    };
    link("nowhere", "m/2.sql");
    link("..", "m/loop");
    link("nowhere", "m/lost");
    let project = load_below(&directory, &["m"], &Options::default());
    assert_eq!(names_below(&directory, &project), ["m/1.sql"]);
    let dangling = "cannot be read: a symbolic link whose target does not exist";
    assert_eq!(problems(&project), [dangling]);
    let project = load_below(&directory, &["m/2.sql"], &Options::default());
    assert_eq!(problems(&project), [dangling]);
}

#[cfg(unix)]
#[test]
fn a_directory_reached_by_two_names_is_one_chain() {
    let directory = directory(&[("real/1.sql", b""), ("real/2.sql", b"")]);
    std::os::unix::fs::symlink("real", directory.path().join("link")).unwrap();
    let project = load_below(
        &directory,
        &["link/2.sql", "real/1.sql"],
        &Options::default(),
    );
    assert_eq!(project.chains.len(), 1);
    assert_eq!(names(&project).len(), 2);
    assert_eq!(project.problems, []);
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let directory = directory(&[("m/1.sql", b"")]);
    let _socket = std::os::unix::net::UnixListener::bind(directory.path().join("m/2.sql")).unwrap();
    let project = load_below(&directory, &["m"], &Options::default());
    assert_eq!(problems(&project), ["not a regular file"]);
}

#[test]
fn a_path_that_is_not_there_and_a_directory_without_migrations_are_problems() {
    let directory = directory(&[("empty/readme.txt", b"")]);
    let project = load_below(
        &directory,
        &["empty", "gone", "gone.sql"],
        &Options::default(),
    );
    let shown = directory.path().join("empty");
    assert_eq!(
        problems(&project),
        [
            format!("no .sql migration found under {}", shown.display()),
            "no such file or directory".to_string(),
            "no such file or directory".to_string(),
        ]
    );
}

#[test]
fn a_file_that_is_not_sql_is_skipped_beside_others_and_a_problem_alone() {
    let directory = directory(&[("m/1.sql", b""), ("m/atlas.sum", b"h1:")]);
    let project = load_below(&directory, &["m/1.sql", "m/atlas.sum"], &Options::default());
    assert_eq!(names_below(&directory, &project), ["m/1.sql"]);
    assert_eq!((project.problems.len(), project.skipped.len()), (0, 1));
    let project = load_below(&directory, &["m/atlas.sum"], &Options::default());
    assert_eq!(problems(&project), ["not an SQL file by its name"]);
}

#[test]
fn the_result_does_not_depend_on_how_the_files_are_named() {
    let all = listing(&load_all(&["fixtures/layouts"], &Options::default()));
    let absolute = std::path::absolute("fixtures/layouts").unwrap();
    let other = listing(&load(&[absolute], &Options::default()));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let other = other.replace(&format!("{}/", root.display()), "");
    assert_eq!(all, other);
}

#[test]
fn files_that_psql_brings_in_are_part_of_the_migration() {
    let directory = directory(&[
        ("db/001_orders.sql", b"\\ir parts/orders.sql\n"),
        (
            "db/parts/orders.sql",
            b"CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n\\i db/parts/more.sql\n",
        ),
        (
            "db/parts/more.sql",
            b"CREATE TABLE more (id bigint PRIMARY KEY);\n",
        ),
        (
            "db/002_index.sql",
            b"SELECT 1;\n\\i db/index.txt\nDROP TABLE nobody;\n\\i nowhere.sql\n",
        ),
        (
            "db/index.txt",
            b"CREATE INDEX orders_note ON orders (note);\nALTER TABLE more DROP COLUMN gone;\n",
        ),
    ]);
    let project = load_below(&directory, &["db/002_index.sql"], &Options::default());
    let outcome = lint(&project, &LintConfig::default());
    let found: Vec<String> = outcome
        .findings
        .iter()
        .map(|it| {
            let line = it.source.position(it.finding.span.start).line;
            format!("{} {line} {}", it.rule, it.finding.message)
        })
        .collect();
    let has = |text: &str| found.iter().any(|it| it.starts_with(text));
    assert!(
        has("create-index-blocking 2 writes to orders wait"),
        "{found:#?}"
    );
    assert!(
        has("statement-fails 2 the migration fails: column \"gone\" of relation \"more\""),
        "{found:#?}"
    );
    assert!(
        has("statement-fails 3 the migration fails: table \"nobody\""),
        "{found:#?}"
    );
    assert!(has("unanalysed-statement 4 "), "{found:#?}");
}
