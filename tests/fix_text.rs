//! What fixes write, letter by letter: each migration tool's way out of its transaction, and text that is hard to edit.

use std::convert::Infallible;

use humdrum::fix::{Applicability, Texts, settle};
use humdrum::lint::{LintConfig, lint};
use humdrum::project::{Options, load};

const SAFE: Applicability = Applicability::Safe;
const UNSAFE: Applicability = Applicability::Unsafe;

/// The files that fixes change, by their paths from the project, with what they then hold. All files are checked.
fn fixed(
    allowed: Applicability,
    layout: Option<&str>,
    config: &LintConfig,
    files: &[(&str, &str)],
) -> Vec<(String, String)> {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut options = Options {
        layout,
        ..Options::default()
    };
    let mut lint = |texts: &Texts| {
        options.unsaved.clone_from(texts);
        let outcome = lint(&load(&[directory.path().to_path_buf()], &options), config);
        assert_eq!(outcome.problems, []);
        Ok::<_, Infallible>(outcome)
    };
    let Ok(settled) = settle(allowed, &mut lint);
    assert!(!settled.given_up, "{:?}", settled.texts);
    let changed = settled.texts.into_iter();
    changed
        .map(|(path, text)| {
            let path = path.strip_prefix(directory.path()).unwrap();
            (path.to_string_lossy().into_owned(), text)
        })
        .collect()
}

/// In plain files, the second of which is the one to fix; its text afterwards.
fn plain(allowed: Applicability, given: &str, sql: &str) -> String {
    let files = [("001.sql", given), ("002.sql", sql)];
    let changed = fixed(allowed, None, &LintConfig::default(), &files);
    let own = changed.into_iter().find(|(path, _)| path == "002.sql");
    own.map_or(sql.to_owned(), |(_, text)| text)
}

const ORDERS: &str = "CREATE TABLE orders (id bigint PRIMARY KEY, old text, n int);\n";
const INDEX: &str = "CREATE INDEX i ON orders (old);\n";
const CONCURRENTLY: &str = "CREATE INDEX CONCURRENTLY i ON orders (old);\n";

/// Layout, file of the table and its text, file of the index and its text, what changes.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Each tool's opt-out, where the index is alone in its migration.
#[test]
fn every_tool_is_told_to_open_no_transaction() {
    let cases: &[Case] = &[
        (
            "dbmate",
            "m/001_a.sql",
            "-- migrate:up\n{orders}",
            "m/002_b.sql",
            "-- migrate:up\n{index}\n-- migrate:down\nDROP INDEX i;\n",
            &[(
                "m/002_b.sql",
                "-- migrate:up transaction:false\n{concurrently}\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY i;\n",
            )],
        ),
        (
            "goose",
            "m/001_a.sql",
            "-- +goose Up\n{orders}",
            "m/002_b.sql",
            "-- +goose Up\n{index}-- +goose Down\nDROP INDEX i;\n",
            &[(
                "m/002_b.sql",
                "-- +goose NO TRANSACTION\n-- +goose Up\n{concurrently}-- +goose Down\nDROP INDEX CONCURRENTLY i;\n",
            )],
        ),
        (
            "sql-migrate",
            "m/001_a.sql",
            "-- +migrate Up\n{orders}",
            "m/002_b.sql",
            "-- +migrate Up\r\nCREATE INDEX i ON orders (old);\r\n",
            &[(
                "m/002_b.sql",
                "-- +migrate Up notransaction\r\nCREATE INDEX CONCURRENTLY i ON orders (old);\r\n",
            )],
        ),
        (
            "tern",
            "m/001_a.sql",
            "{orders}",
            "m/002_b.sql",
            "{index}---- create above / drop below ----\nDROP INDEX i;\n",
            &[(
                "m/002_b.sql",
                "---- tern: disable-tx ----\n{concurrently}---- create above / drop below ----\nDROP INDEX CONCURRENTLY i;\n",
            )],
        ),
        (
            "atlas",
            "m/001_a.sql",
            "{orders}",
            "m/002_b.sql",
            "-- an index\n{index}",
            &[(
                "m/002_b.sql",
                "-- atlas:txmode none\n\n-- an index\n{concurrently}",
            )],
        ),
        (
            "liquibase",
            "m/001_a.sql",
            "--liquibase formatted sql\n--changeset a:1\n{orders}",
            "m/002_b.sql",
            "--liquibase formatted sql\n\n--changeset a:2\n{index}",
            &[(
                "m/002_b.sql",
                "--liquibase formatted sql\n\n--changeset a:2 runInTransaction:false\n{concurrently}",
            )],
        ),
        (
            "sqlx",
            "m/001_a.sql",
            "{orders}",
            "m/002_b.sql",
            "-- an index\n{index}",
            &[(
                "m/002_b.sql",
                "-- no-transaction\n-- an index\n{concurrently}",
            )],
        ),
        (
            "postgres-migrations",
            "m/1_a.sql",
            "{orders}",
            "m/2_b.sql",
            "{index}",
            &[(
                "m/2_b.sql",
                "-- postgres-migrations disable-transaction\n{concurrently}",
            )],
        ),
        (
            "prairielearn",
            "m/20240101000000_a.sql",
            "{orders}",
            "m/20240102000000_b.sql",
            "{index}",
            &[(
                "m/20240102000000_b.sql",
                "-- prairielearn:migrations NO TRANSACTION\n{concurrently}",
            )],
        ),
        (
            "morph",
            "m/000001_a.up.sql",
            "{orders}",
            "m/000002_b.up.sql",
            "{index}",
            &[(
                "m/000002_b.up.sql",
                "-- morph:nontransactional\n{concurrently}",
            )],
        ),
        (
            "graphile-migrate",
            "m/committed/000001.sql",
            "--! Previous: -\n--! Hash: sha1:1\n\n{orders}",
            "m/current.sql",
            "--! Message: index\n\n{index}",
            &[(
                "m/current.sql",
                "--! Message: index\n\n--! no-transaction\n{concurrently}",
            )],
        ),
        (
            "diesel",
            "m/2024-01-01-000000_a/up.sql",
            "{orders}",
            "m/2024-01-02-000000_b/up.sql",
            "{index}",
            &[
                (
                    "m/2024-01-02-000000_b/metadata.toml",
                    "run_in_transaction = false\n",
                ),
                ("m/2024-01-02-000000_b/up.sql", "{concurrently}"),
            ],
        ),
        // Flyway knows by itself that a file with nothing else needs no transaction.
        (
            "flyway",
            "m/V1__a.sql",
            "{orders}",
            "m/V2__b.sql",
            "{index}",
            &[("m/V2__b.sql", "{concurrently}")],
        ),
        (
            "flyway",
            "m/V1__a.sql",
            "{orders}{index}",
            "m/V2__b.sql",
            "REINDEX INDEX i;\n",
            &[
                ("m/V2__b.sql", "REINDEX INDEX CONCURRENTLY i;\n"),
                ("m/V2__b.sql.conf", "executeInTransaction=false\n"),
            ],
        ),
        // One message with one statement is no transaction.
        (
            "prisma",
            "m/20240101000000_a/migration.sql",
            "{orders}",
            "m/20240102000000_b/migration.sql",
            "{index}",
            &[("m/20240102000000_b/migration.sql", "{concurrently}")],
        ),
        (
            "golang-migrate",
            "m/1_a.up.sql",
            "{orders}",
            "m/2_b.up.sql",
            "{index}",
            &[("m/2_b.up.sql", "{concurrently}")],
        ),
        (
            "supabase",
            "supabase/migrations/20240101000000_a.sql",
            "{orders}",
            "supabase/migrations/20240102000000_b.sql",
            "{index}",
            &[("supabase/migrations/20240102000000_b.sql", "{concurrently}")],
        ),
        // No way out: nothing but the timeout may be changed, and here nothing is.
        (
            "refinery",
            "m/V1__a.sql",
            "{orders}",
            "m/V2__b.sql",
            "{index}",
            &[],
        ),
        (
            "drizzle",
            "m/0001_a.sql",
            "{orders}",
            "m/0002_b.sql",
            "{index}",
            &[],
        ),
    ];
    let written = |text: &str| {
        text.replace("{orders}", ORDERS)
            .replace("{index}", INDEX)
            .replace("{concurrently}", CONCURRENTLY)
    };
    for (layout, first, given, second, sql, expected) in cases {
        let (given, sql) = (written(given), written(sql));
        let files = [
            (*first, given.as_str()),
            (*second, sql.as_str()),
            ("m/committed/.keep", ""),
            ("m/atlas.sum", ""),
        ];
        let changed = fixed(SAFE, Some(layout), &LintConfig::default(), &files);
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(path, text)| ((*path).to_owned(), written(text)))
            .collect();
        assert_eq!(changed, expected, "{layout}");
    }
}

/// Others in the migration need the transaction.
#[test]
fn a_transaction_that_others_need_stays() {
    let two = "ALTER TABLE orders ADD COLUMN x int;\nCREATE INDEX i ON orders (old);\n";
    let up = format!("-- migrate:up\n{two}");
    let files = [
        (
            "m/001_a.sql",
            "-- migrate:up\nCREATE TABLE orders (id bigint PRIMARY KEY, old text);\n",
        ),
        ("m/002_b.sql", up.as_str()),
    ];
    let changed = fixed(UNSAFE, Some("dbmate"), &LintConfig::default(), &files);
    assert_eq!(
        changed,
        [(
            "m/002_b.sql".to_owned(),
            format!("-- migrate:up\nSET LOCAL lock_timeout = '2s';\n{two}")
        )]
    );
    // goose's opt-out counts for the way down too, which has two statements here.
    let text = "-- +goose Up\nCREATE INDEX i ON orders (old);\n-- +goose Down\nDROP INDEX i;\nALTER TABLE orders DROP COLUMN n;\n";
    let files = [
        (
            "m/001_a.sql",
            "-- +goose Up\nCREATE TABLE orders (id bigint PRIMARY KEY, old text, n int);\n",
        ),
        ("m/002_b.sql", text),
    ];
    let changed = fixed(SAFE, Some("goose"), &LintConfig::default(), &files);
    assert!(
        changed
            .iter()
            .all(|(_, text)| !text.contains("NO TRANSACTION")),
        "{changed:?}"
    );
}

#[test]
fn a_scripts_own_transaction_around_one_statement_goes() {
    let sql = "-- Deploy app:index to pg\n\nBEGIN;\n\nCREATE INDEX i ON orders (old);\n\nCOMMIT;\n";
    let expected =
        "-- Deploy app:index to pg\n\n\nCREATE INDEX CONCURRENTLY i ON orders (old);\n\n";
    assert_eq!(plain(SAFE, ORDERS, sql), expected);
    let one_line = "begin; create index i on orders (old); commit;";
    assert_eq!(
        plain(SAFE, ORDERS, one_line),
        " create index concurrently i on orders (old); "
    );
    let chained = "BEGIN; CREATE INDEX i ON orders (old); COMMIT AND CHAIN;\n";
    assert!(!plain(UNSAFE, ORDERS, chained).contains("CONCURRENTLY"));
}

#[test]
fn what_is_not_known_is_not_safe() {
    assert_eq!(plain(SAFE, "\\i unknown.sql\n", INDEX), INDEX);
    assert_eq!(plain(UNSAFE, "\\i unknown.sql\n", INDEX), CONCURRENTLY);
}

/// A concurrent build must not be cut short.
#[test]
fn no_concurrent_build_below_a_statement_timeout() {
    let sql = format!("SET statement_timeout = '5s';\n{INDEX}");
    assert!(!plain(UNSAFE, ORDERS, &sql).contains("CONCURRENTLY"));
}

#[test]
fn constraints_end_before_comments_and_names_stay_quoted() {
    let given = "CREATE TABLE \"My Orders\" (id bigint PRIMARY KEY, n int);\n";
    let sql = "SET lock_timeout = '1s';\n  alter table \"My Orders\"\n    add /* a */ constraint \"n > 0\" check (n > 0) -- really\n  ; -- the end\nSELECT 1";
    assert_eq!(
        plain(SAFE, given, sql),
        "SET lock_timeout = '1s';\n  alter table \"My Orders\"\n    add /* a */ constraint \"n > 0\" check (n > 0) not valid -- really\n  ; -- the end\n  ALTER TABLE \"My Orders\" VALIDATE CONSTRAINT \"n > 0\";\nSELECT 1"
    );
    let two = "SET lock_timeout = '1s';\nALTER TABLE ONLY orders ADD CHECK (n > 0), ADD CONSTRAINT b CHECK (n < 9)";
    assert_eq!(
        plain(SAFE, ORDERS, two),
        "SET lock_timeout = '1s';\nALTER TABLE ONLY orders ADD CHECK (n > 0) NOT VALID, ADD CONSTRAINT b CHECK (n < 9) NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT b;\nALTER TABLE orders VALIDATE CONSTRAINT orders_n_check;"
    );
}

/// In a transaction the rows would be checked under the lock all the same.
#[test]
fn a_constraint_in_a_transaction_is_only_promised() {
    let sql = "BEGIN;\nSET LOCAL lock_timeout = '1s';\nALTER TABLE orders ADD CONSTRAINT c CHECK (n > 0);\nCOMMIT;\n";
    assert_eq!(plain(SAFE, ORDERS, sql), sql);
    assert_eq!(
        plain(UNSAFE, ORDERS, sql),
        "BEGIN;\nSET LOCAL lock_timeout = '1s';\nALTER TABLE orders ADD CONSTRAINT c CHECK (n > 0) NOT VALID;\nCOMMIT;\n"
    );
}

#[test]
fn a_timeout_is_set_behind_begin_and_before_comments_that_ignore() {
    let sql = "-- two columns\nBEGIN;\n  -- humdrum: ignore drop-column: gone since v2\n  ALTER TABLE orders DROP COLUMN n;\nCOMMIT;\n";
    assert_eq!(
        plain(SAFE, ORDERS, sql),
        "-- two columns\nBEGIN;\n  SET LOCAL lock_timeout = '2s';\n  -- humdrum: ignore drop-column: gone since v2\n  ALTER TABLE orders DROP COLUMN n;\nCOMMIT;\n"
    );
    let psql = "\\connect app\nALTER TABLE orders ADD COLUMN x int;\n";
    assert!(!plain(UNSAFE, ORDERS, psql).starts_with("SET"));
}

/// A timeout that strikes between statements that each commit leaves half of the migration.
#[test]
fn a_timeout_among_several_commits_is_not_safe() {
    let sql = "ALTER TABLE orders ADD COLUMN x int;\nCREATE TABLE other (id bigint PRIMARY KEY);\n";
    assert_eq!(plain(SAFE, ORDERS, sql), sql);
    assert_eq!(
        plain(UNSAFE, ORDERS, sql),
        format!("SET lock_timeout = '2s';\n{sql}")
    );
}

#[test]
fn the_configured_limit_is_the_value_where_it_is_shorter() {
    let mut config = LintConfig::default();
    config.options.lock_timeout_limit = std::time::Duration::from_millis(1500);
    let files = [
        ("001.sql", ORDERS),
        ("002.sql", "ALTER TABLE orders ADD COLUMN x int;\n"),
    ];
    let changed = fixed(SAFE, None, &config, &files);
    assert!(
        changed[0].1.starts_with("SET lock_timeout = '1500ms';\n"),
        "{changed:?}"
    );
}

#[test]
fn blocks_of_a_tool_are_not_made_longer() {
    let text = "-- +goose Up\n-- +goose StatementBegin\nDO $$ BEGIN ALTER TABLE orders ADD COLUMN x int; END $$;\n-- +goose StatementEnd\n";
    let files = [
        (
            "m/001_a.sql",
            "-- +goose Up\nCREATE TABLE orders (id bigint PRIMARY KEY, old text);\n",
        ),
        ("m/002_b.sql", text),
    ];
    let changed = fixed(SAFE, Some("goose"), &LintConfig::default(), &files);
    assert_eq!(
        changed,
        [(
            "m/002_b.sql".to_owned(),
            text.replacen(
                "-- +goose Up\n",
                "-- +goose Up\nSET LOCAL lock_timeout = '2s';\n",
                1
            )
        )]
    );
    let after = text.replacen("-- +goose Up\n", "-- +goose Up\nSELECT 1;\n", 1);
    let files = [files[0], ("m/002_b.sql", after.as_str())];
    let changed = fixed(SAFE, Some("goose"), &LintConfig::default(), &files);
    assert_eq!(
        changed[0].1,
        after.replacen("SELECT 1;", "SET LOCAL lock_timeout = '2s';\nSELECT 1;", 1)
    );
}

/// Drizzle sends what stands between its breakpoints piece by piece.
#[test]
fn a_statement_more_is_a_piece_more() {
    let files = [
        ("m/0001_a.sql", ORDERS),
        (
            "m/0002_b.sql",
            "ALTER TABLE orders ADD COLUMN x int;--> statement-breakpoint\nSELECT 1;\n",
        ),
    ];
    let changed = fixed(SAFE, Some("drizzle"), &LintConfig::default(), &files);
    assert_eq!(
        changed[0].1,
        "SET LOCAL lock_timeout = '2s';--> statement-breakpoint\nALTER TABLE orders ADD COLUMN x int;--> statement-breakpoint\nSELECT 1;\n"
    );
}

/// The connection goes back to the application's pool.
#[test]
fn no_setting_is_left_behind_on_a_connection_of_the_application() {
    let text = "# --- !Ups\nALTER TABLE orders ADD COLUMN x int;\n# --- !Downs\n";
    let given = format!("# --- !Ups\n{ORDERS}# --- !Downs\n");
    let files = [
        ("evolutions/default/1.sql", given.as_str()),
        ("evolutions/default/2.sql", text),
    ];
    assert_eq!(
        fixed(UNSAFE, Some("play"), &LintConfig::default(), &files),
        []
    );
}

#[test]
fn in_a_do_block_only_the_text_itself_is_edited() {
    let given = "CREATE TABLE orders (id bigint PRIMARY KEY, old text);\nCREATE MATERIALIZED VIEW v AS SELECT id FROM orders;\nCREATE UNIQUE INDEX u ON v (id);\n";
    let plain_quotes =
        "SET lock_timeout = '1s';\nDO $$ BEGIN REFRESH MATERIALIZED VIEW v; END $$;\n";
    assert_eq!(
        plain(SAFE, given, plain_quotes),
        plain_quotes.replace("VIEW v", "VIEW CONCURRENTLY v")
    );
    // Quotes inside are doubled: the text is not the file's letter by letter.
    let doubled = "SET lock_timeout = '1s';\nDO 'BEGIN RAISE NOTICE ''x''; REFRESH MATERIALIZED VIEW v; END';\n";
    assert_eq!(
        plain(SAFE, given, doubled),
        doubled.replace("VIEW v", "VIEW CONCURRENTLY v")
    );
    let index = "SET lock_timeout = '1s';\nDO $$ BEGIN CREATE INDEX i ON orders (old); END $$;\n";
    assert_eq!(plain(UNSAFE, given, index), index);
}

#[test]
fn included_files_are_not_edited() {
    let files = [
        ("001.sql", ORDERS),
        ("002.sql", "\\i parts/index.txt\n"),
        ("parts/index.txt", INDEX),
    ];
    assert_eq!(fixed(UNSAFE, None, &LintConfig::default(), &files), []);
}

/// A placeholder's value is not in the file; what stands beside it is.
#[test]
fn beside_a_placeholder_the_file_is_edited_truthfully() {
    let mut config = LintConfig::default();
    config
        .placeholders
        .insert("schema".to_owned(), "public".to_owned());
    let files = [
        ("001.sql", ORDERS),
        ("002.sql", "CREATE INDEX i ON ${schema}.orders (old);\n"),
        (
            "003.sql",
            "SET lock_timeout = '1s';\nALTER TABLE ${schema}.orders ADD CONSTRAINT c CHECK (n > 0);\n",
        ),
    ];
    let changed = fixed(UNSAFE, None, &config, &files);
    let texts: Vec<&str> = changed.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "CREATE INDEX CONCURRENTLY i ON ${schema}.orders (old);\n",
            "SET lock_timeout = '1s';\nALTER TABLE ${schema}.orders ADD CONSTRAINT c CHECK (n > 0) NOT VALID;\n",
        ]
    );
}

#[test]
fn committed_migrations_of_graphile_migrate_stay_as_their_sum_says() {
    let text = format!("--! Previous: sha1:1\n--! Hash: sha1:2\n\n{INDEX}");
    let given = format!("--! Previous: -\n--! Hash: sha1:1\n\n{ORDERS}");
    let files = [
        ("m/committed/000001.sql", given.as_str()),
        ("m/committed/000002.sql", text.as_str()),
        ("m/current.sql", "\n"),
    ];
    assert_eq!(
        fixed(
            UNSAFE,
            Some("graphile-migrate"),
            &LintConfig::default(),
            &files
        ),
        []
    );
}

#[test]
fn two_alter_tables_become_one_only_where_the_order_does_not_matter() {
    let mut config = LintConfig::default();
    config.rules.insert(
        "repeated-alter-table".to_owned(),
        humdrum::lint::RuleSetting::On,
    );
    let run = |sql: &str| {
        let sql = format!("SET lock_timeout = '1s';\n{sql}");
        let changed = fixed(
            SAFE,
            None,
            &config,
            &[("001.sql", ORDERS), ("002.sql", &sql)],
        );
        changed.into_iter().next().map(|(_, text)| text)
    };
    assert_eq!(
        run("ALTER TABLE orders ADD COLUMN a text;\nALTER TABLE orders\n  ADD COLUMN b text, ALTER n SET DEFAULT 1;\n").as_deref(),
        Some("SET lock_timeout = '1s';\nALTER TABLE orders ADD COLUMN a text, ADD COLUMN b text, ALTER n SET DEFAULT 1;\n")
    );
    for apart in [
        "ALTER TABLE orders ADD COLUMN a text;\nALTER TABLE orders DROP COLUMN a;\n",
        "ALTER TABLE orders ADD COLUMN a text;\n-- why\nALTER TABLE orders ADD COLUMN b text;\n",
        "ALTER TABLE orders ADD COLUMN a text;\nALTER TABLE IF EXISTS orders ADD COLUMN b text;\n",
        "ALTER TABLE orders ADD COLUMN a text;\nALTER TABLE orders ALTER COLUMN old TYPE varchar;\n",
    ] {
        assert_eq!(run(apart), None, "{apart}");
    }
}
