//! For each tool both forms of a file with CREATE INDEX CONCURRENTLY: the one that the tool runs in a transaction, which
//! PostgreSQL refuses, and the one that runs outside it. Where each was read stands in `src/project/layouts/`.

use std::fs;

use humdrum::lint::{LintConfig, lint};
use humdrum::project::{Options, layouts, load};

const TABLE: &str = "CREATE TABLE kiln (id bigint PRIMARY KEY, name text);\n";
const INDEX: &str = "CREATE INDEX CONCURRENTLY kiln_name ON kiln (name);\n";
const MORE: &str = "SELECT 1;\n";

/// Files by path; `{t}`, `{i}` and `{m}` stand for the statements above.
type Files = &'static [(&'static str, &'static str)];

struct Case {
    layout: &'static str,
    /// What is there besides, with the table.
    common: Files,
    /// Each by itself: PostgreSQL refuses the index.
    wrong: &'static [Files],
    /// Each by itself: it does not.
    right: &'static [Files],
}

const CASES: &[Case] = &[
    Case {
        layout: "plain",
        common: &[("m/1_a.sql", "{t}")],
        wrong: &[&[("m/2_b.sql", "BEGIN;\n{i}COMMIT;\n")]],
        right: &[
            &[("m/2_b.sql", "{i}{m}")],
            &[("m/2_b.sql", "BEGIN;\n{m}COMMIT;\n{i}")],
        ],
    },
    Case {
        layout: "dbmate",
        common: &[(
            "m/20240101000000_a.sql",
            "-- migrate:up\n{t}-- migrate:down\n",
        )],
        wrong: &[
            &[("m/20240102000000_b.sql", "-- migrate:up\n{i}")],
            &[(
                "m/20240102000000_b.sql",
                "-- migrate:up transaction:true\n{i}",
            )],
            // One message with two statements is a transaction.
            &[(
                "m/20240102000000_b.sql",
                "-- migrate:up transaction:false\n{m}{i}",
            )],
        ],
        right: &[&[(
            "m/20240102000000_b.sql",
            "-- migrate:up transaction:false\n{i}",
        )]],
    },
    Case {
        layout: "goose",
        common: &[("m/1_a.sql", "-- +goose Up\n{t}")],
        wrong: &[&[("m/2_b.sql", "-- +goose Up\n{i}")]],
        right: &[
            &[(
                "m/2_b.sql",
                "-- +goose NO TRANSACTION\n-- +goose Up\n{m}{i}",
            )],
            &[("m/2_b.sql", "-- +goose Up\n{i}-- +goose no transaction\n")],
        ],
    },
    Case {
        layout: "sql-migrate",
        common: &[("m/1_a.sql", "-- +migrate Up\n{t}")],
        wrong: &[
            &[("m/2_b.sql", "-- +migrate Up\n{i}")],
            &[(
                "m/2_b.sql",
                "-- +migrate Up\n{i}-- +migrate Down notransaction\n{m}",
            )],
        ],
        right: &[&[("m/2_b.sql", "-- +migrate Up notransaction\n{m}{i}")]],
    },
    Case {
        layout: "rambler",
        common: &[("m/1_a.sql", "-- rambler up\n{t}")],
        wrong: &[&[("m/2_b.sql", "-- rambler up\n{m}{i}")]],
        right: &[&[("m/2_b.sql", "-- rambler up\n{m}-- rambler up\n{i}")]],
    },
    Case {
        layout: "play",
        common: &[(
            "conf/evolutions/default/1.sql",
            "# --- !Ups\n{t}# --- !Downs\n",
        )],
        wrong: &[&[(
            "conf/evolutions/default/2.sql",
            "# --- !Ups\nBEGIN;\n{i}COMMIT;\n# --- !Downs\n",
        )]],
        right: &[&[(
            "conf/evolutions/default/2.sql",
            "# --- !Ups\n{m}{i}# --- !Downs\n",
        )]],
    },
    Case {
        layout: "sqitch",
        common: &[
            (
                "sqitch.plan",
                "%project=p\n\na 2024-01-01T00:00:00Z x <x@y>\nb 2024-01-02T00:00:00Z x <x@y>\n",
            ),
            ("deploy/a.sql", "{t}"),
        ],
        wrong: &[&[("deploy/b.sql", "BEGIN;\n{i}COMMIT;\n")]],
        right: &[&[("deploy/b.sql", "{m}{i}")]],
    },
    Case {
        layout: "supabase",
        common: &[("supabase/migrations/20240101000000_a.sql", "{t}")],
        wrong: &[&[(
            "supabase/migrations/20240102000000_b.sql",
            "BEGIN;\n{i}COMMIT;\n",
        )]],
        right: &[
            &[("supabase/migrations/20240102000000_b.sql", "{m}{i}{m}")],
            &[(
                "supabase/migrations/20240102000000_b.sql",
                "-- pg-delta: transaction=false\n{m}{i}",
            )],
        ],
    },
    Case {
        layout: "graphile-migrate",
        common: &[
            ("m/current.sql", "SELECT 1;\n"),
            (
                "m/committed/000001.sql",
                "--! Previous: -\n--! Hash: h\n\n{t}",
            ),
        ],
        wrong: &[
            &[(
                "m/committed/000002.sql",
                "--! Previous: h\n--! Hash: i\n\n{i}",
            )],
            &[(
                "m/committed/000002.sql",
                "--! Previous: h\n--! Hash: i\n\n--! no-transaction\n{m}{i}",
            )],
        ],
        right: &[&[(
            "m/committed/000002.sql",
            "--! Previous: h\n--! Hash: i\n\n--! no-transaction\n{i}",
        )]],
    },
    Case {
        layout: "tern",
        common: &[("m/tern.conf", ""), ("m/001_a.sql", "{t}")],
        wrong: &[
            &[("m/002_b.sql", "{i}")],
            &[("m/002_b.sql", " ---- tern: disable-tx ----\n{i}")],
        ],
        right: &[&[("m/002_b.sql", "---- tern: disable-tx ----\n{m}{i}")]],
    },
    Case {
        layout: "temporal",
        common: &[
            (
                "v/v1.0/manifest.json",
                "{\"SchemaUpdateCqlFiles\": [\"a.sql\"]}",
            ),
            ("v/v1.0/a.sql", "{t}"),
            (
                "v/v1.1/manifest.json",
                "{\"SchemaUpdateCqlFiles\": [\"b.sql\"]}",
            ),
        ],
        wrong: &[&[("v/v1.1/b.sql", "BEGIN;\n{i}COMMIT;\n")]],
        right: &[&[("v/v1.1/b.sql", "{m}{i}")]],
    },
    Case {
        layout: "formance",
        common: &[
            ("m/0-a/notes.yaml", "name: a\n"),
            ("m/0-a/up.sql", "{t}"),
            ("m/1-b/notes.yaml", "name: b\n"),
        ],
        wrong: &[&[("m/1-b/up.sql", "{m}{i}")]],
        right: &[&[("m/1-b/up.sql", "{i}")]],
    },
    Case {
        layout: "prairielearn",
        common: &[("m/20240101000000_a.sql", "{t}")],
        wrong: &[&[(
            "m/20240102000000_b.sql",
            "-- prairielearn:migrations NO TRANSACTION\n{m}{i}",
        )]],
        right: &[&[(
            "m/20240102000000_b.sql",
            "{i}-- prairielearn:migrations NO TRANSACTION\n",
        )]],
    },
    Case {
        layout: "postgres-migrations",
        common: &[
            ("package.json", "{\"postgres-migrations\": \"5\"}"),
            ("m/1-a.sql", "{t}"),
        ],
        wrong: &[
            &[("m/2-b.sql", "{i}")],
            &[(
                "m/2-b.sql",
                "-- postgres-migrations disable-transaction\n{m}{i}",
            )],
        ],
        right: &[&[(
            "m/2-b.sql",
            "{i}-- postgres-migrations disable-transaction\n",
        )]],
    },
    Case {
        layout: "atlas",
        common: &[("m/atlas.sum", "h1:\n"), ("m/20240101000000_a.sql", "{t}")],
        wrong: &[
            &[("m/20240102000000_b.sql", "{i}")],
            // The directive is the statement's comment, not the file's.
            &[("m/20240102000000_b.sql", "-- atlas:txmode none\n{i}")],
        ],
        right: &[&[("m/20240102000000_b.sql", "-- atlas:txmode none\n\n{m}{i}")]],
    },
    Case {
        layout: "drizzle",
        common: &[
            (
                "m/meta/_journal.json",
                "{\"entries\": [{\"tag\": \"0000_a\"}, {\"tag\": \"0001_b\"}]}",
            ),
            ("m/0000_a.sql", "{t}"),
        ],
        wrong: &[
            &[("m/0001_b.sql", "{i}")],
            &[("m/0001_b.sql", "{m}--> statement-breakpoint\n{i}")],
        ],
        right: &[&[("m/0001_b.sql", "COMMIT;--> statement-breakpoint\n{i}")]],
    },
    Case {
        layout: "refinery",
        common: &[
            ("Cargo.toml", "[dependencies]\nrefinery = \"0.8\"\n"),
            ("m/V1__a.sql", "{t}"),
        ],
        wrong: &[&[("m/V2__b.sql", "{i}")]],
        right: &[],
    },
    Case {
        layout: "flyway",
        common: &[("m/V1__a.sql", "{t}")],
        wrong: &[
            &[("m/V2__b.sql", "{m}{i}")],
            &[
                ("m/V2__b.sql", "{i}"),
                ("m/V2__b.sql.conf", "executeInTransaction=true\n"),
            ],
        ],
        right: &[
            &[("m/V2__b.sql", "{i}")],
            &[
                ("m/V2__b.sql", "{m}{i}"),
                ("m/V2__b.sql.conf", "executeInTransaction=false\n"),
            ],
            &[
                ("m/V2__b.sql", "{m}{i}"),
                ("flyway.conf", "flyway.mixed=true\n"),
            ],
            &[
                ("m/V2__b.sql", "{m}{i}"),
                ("flyway.toml", "[flyway]\nexecuteInTransaction = false\n"),
            ],
        ],
    },
    Case {
        layout: "liquibase",
        common: &[("m/1.sql", "--liquibase formatted sql\n--changeset a:1\n{t}")],
        wrong: &[
            &[("m/2.sql", "--liquibase formatted sql\n--changeset a:2\n{i}")],
            &[(
                "m/2.sql",
                "--liquibase formatted sql\n--changeset a:2 runInTransaction:false splitStatements:false\n{m}{i}",
            )],
            &[(
                "m/2.sql",
                "--liquibase formatted sql\n--changeset a:2 runInTransaction:false endDelimiter:@@\n{m}{i}@@\n",
            )],
        ],
        right: &[
            &[(
                "m/2.sql",
                "--liquibase formatted sql\n--changeset a:2 runInTransaction:false\n{m}{i}",
            )],
            &[(
                "m/2.sql",
                "--liquibase formatted sql\n--changeset a:2 runInTransaction:false endDelimiter:@@\n{m}@@\n{i}@@\n",
            )],
            &[(
                "m/2.sql",
                "--liquibase formatted sql\n--changeset a:2 runInTransaction:false\nSELECT 1;\n--rollback CREATE INDEX CONCURRENTLY kiln_name ON kiln (name);\n",
            )],
        ],
    },
    Case {
        layout: "prisma",
        common: &[
            ("m/migration_lock.toml", ""),
            ("m/01_a/migration.sql", "{t}"),
        ],
        wrong: &[&[("m/02_b/migration.sql", "{m}{i}")]],
        right: &[&[("m/02_b/migration.sql", "{i}")]],
    },
    Case {
        layout: "hasura",
        common: &[("m/default/1600000000000_a/up.sql", "{t}")],
        wrong: &[&[("m/default/1600000000001_b/up.sql", "{i}")]],
        right: &[],
    },
    Case {
        layout: "diesel",
        common: &[("m/2024-01-01-000000_a/up.sql", "{t}")],
        wrong: &[
            &[("m/2024-01-02-000000_b/up.sql", "{i}")],
            &[
                ("m/2024-01-02-000000_b/up.sql", "{m}{i}"),
                (
                    "m/2024-01-02-000000_b/metadata.toml",
                    "run_in_transaction = false\n",
                ),
            ],
        ],
        right: &[&[
            ("m/2024-01-02-000000_b/up.sql", "{i}"),
            (
                "m/2024-01-02-000000_b/metadata.toml",
                "run_in_transaction = false\n",
            ),
        ]],
    },
    Case {
        layout: "river",
        common: &[("m/001_a.up.sql", "/* TEMPLATE: schema */{t}")],
        wrong: &[&[("m/002_b.up.sql", "{i}")]],
        right: &[],
    },
    Case {
        layout: "morph",
        common: &[
            ("go.mod", "require github.com/mattermost/morph v1\n"),
            ("m/001_a.up.sql", "{t}"),
        ],
        wrong: &[
            &[("m/002_b.up.sql", "{i}")],
            &[("m/002_b.up.sql", "-- morph:nontransactional\n{m}{i}")],
        ],
        right: &[&[("m/002_b.up.sql", "-- morph:nontransactional\n{i}")]],
    },
    Case {
        layout: "graphile-worker",
        common: &[(
            "m/000001.sql",
            "CREATE TABLE :GRAPHILE_WORKER_SCHEMA.x ();\n{t}",
        )],
        wrong: &[&[("m/000002.sql", "{i}")]],
        right: &[],
    },
    Case {
        layout: "concourse",
        common: &[
            ("db/migration/migrations/migrations.go", ""),
            ("db/migration/migrations/1510262030_a.up.sql", "{t}"),
        ],
        wrong: &[&[("db/migration/migrations/1510262031_b.up.sql", "{i}")]],
        right: &[],
    },
    Case {
        layout: "pop",
        common: &[("m/20240101000000_a.postgres.up.sql", "{t}")],
        wrong: &[
            &[("m/20240102000000_b.up.sql", "{i}")],
            &[("m/20240102000000_b.autocommit.up.sql", "{m}{i}")],
        ],
        right: &[&[("m/20240102000000_b.autocommit.up.sql", "{i}")]],
    },
    Case {
        layout: "sqlx",
        common: &[
            ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
            ("m/1_a.sql", "{t}"),
        ],
        wrong: &[
            &[("m/2_b.sql", "{i}")],
            &[("m/2_b.sql", "\n-- no-transaction\n{i}")],
            &[("m/2_b.sql", "-- no-transaction\n{m}{i}")],
        ],
        right: &[&[("m/2_b.sql", "-- no-transaction\n{i}")]],
    },
    Case {
        layout: "golang-migrate",
        common: &[("go.mod", "module x\n"), ("m/1_a.up.sql", "{t}")],
        wrong: &[&[("m/2_b.up.sql", "{m}{i}")]],
        right: &[&[("m/2_b.up.sql", "{i}")]],
    },
];

/// The layouts that were found, and whether PostgreSQL refuses a statement inside a transaction.
fn judged(common: Files, files: Files) -> (Vec<&'static str>, bool) {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in common.iter().chain(files) {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = text.replace("{t}", TABLE);
        let text = text.replace("{i}", INDEX).replace("{m}", MORE);
        fs::write(path, text).unwrap();
    }
    let project = load(&[directory.path().to_path_buf()], &Options::default());
    let outcome = lint(&project, &LintConfig::default());
    let refused = outcome
        .findings
        .iter()
        .any(|found| found.rule == "forbidden-in-transaction");
    let layouts = project.chains.iter().map(|chain| chain.layout);
    (layouts.collect(), refused)
}

#[test]
fn each_tools_transaction_and_the_way_out_of_it() {
    for case in CASES {
        for (files, expected) in case
            .wrong
            .iter()
            .map(|files| (files, true))
            .chain(case.right.iter().map(|files| (files, false)))
        {
            let (layouts, refused) = judged(case.common, files);
            assert_eq!(layouts, [case.layout], "{files:?}");
            assert_eq!(refused, expected, "{}: {files:?}", case.layout);
        }
    }
}

#[test]
fn no_layout_is_forgotten() {
    let forgotten: Vec<&str> = layouts::names()
        .filter(|name| !CASES.iter().any(|case| case.layout == *name))
        .collect();
    assert_eq!(forgotten, Vec::<&str>::new());
}

/// sqlx's files look like golang-migrate's; what lies above or beside them tells.
#[test]
fn what_lies_around_tells_sqlx_from_golang_migrate() {
    let pair: Files = &[
        ("db/m/1_a.up.sql", "{t}"),
        ("db/m/1_a.down.sql", "DROP TABLE kiln;\n"),
    ];
    let layout = |around: Files| judged(around, pair).0;
    assert_eq!(layout(&[]), ["golang-migrate"]);
    assert_eq!(layout(&[("go.mod", "module x\n")]), ["golang-migrate"]);
    for around in [
        &[("sqlx-data.json", "{}")] as Files,
        &[(".sqlx/query-1.json", "{}")],
        &[("db/Cargo.toml", "[dependencies]\nsqlx.workspace = true\n")],
        // Pairs in a project that is written in Rust.
        &[("db/Cargo.toml", "[package]\nname = \"x\"\n")],
    ] {
        assert_eq!(layout(around), ["sqlx"], "{around:?}");
    }
    // The nearest project counts.
    let go_inside_rust: Files = &[
        ("Cargo.toml", "[package]\nname = \"x\"\n"),
        ("db/go.mod", "module x\n"),
    ];
    assert_eq!(layout(go_inside_rust), ["golang-migrate"]);
}
