//! Several sets of migrations in one repository, and a path into one of them, however it is written.

use std::collections::BTreeMap;
use std::path::Path;

use crate::project::{Project, Run};

const TABLE: &str = "CREATE TABLE kiln (id bigint PRIMARY KEY, name text);\n";
const INDEX: &str = "CREATE INDEX kiln_name ON kiln (name);\n";

/// Six sets, each with a table of its own `kiln` and an index on it that blocks writes.
fn monorepo() -> Project {
    let goose = |sql: &str| format!("-- +goose Up\n{sql}");
    let manifest = |version: &str, file: &str| {
        format!(
            "{{\"CurrVersion\": \"{version}\", \"MinCompatibleVersion\": \"0.1\", \"SchemaUpdateCqlFiles\": [\"{file}\"]}}"
        )
    };
    Project::new(&[
        ("services/a/migrations/00001_a.sql", &goose(TABLE)),
        ("services/a/migrations/00002_b.sql", &goose(INDEX)),
        ("services/b/Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
        ("services/b/migrations/1_a.sql", TABLE),
        ("services/b/migrations/2_b.sql", INDEX),
        (
            "services/c/src/main/resources/application.yml",
            "spring:\n  flyway:\n    default-schema: works\n",
        ),
        (
            "services/c/src/main/resources/db/migration/V1__a.sql",
            TABLE,
        ),
        (
            "services/c/src/main/resources/db/migration/V2__b.sql",
            INDEX,
        ),
        (
            "apps/d/prisma/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        ),
        ("apps/d/prisma/migrations/01_init/migration.sql", TABLE),
        ("apps/d/prisma/migrations/02_index/migration.sql", INDEX),
        (
            "apps/d/prisma/migrations/10_later/migration.sql",
            "SELECT 1;\n",
        ),
        (
            "apps/e/schema/versioned/v1.9/manifest.json",
            &manifest("1.9", "a.sql"),
        ),
        ("apps/e/schema/versioned/v1.9/a.sql", TABLE),
        (
            "apps/e/schema/versioned/v1.10/manifest.json",
            &manifest("1.10", "b.sql"),
        ),
        ("apps/e/schema/versioned/v1.10/b.sql", INDEX),
        ("apps/f/db/migrations/001_a.sql", TABLE),
        ("apps/f/db/migrations/002_b.sql", INDEX),
    ])
}

/// `rule:line` by file name, of whatever path it was given.
fn found(run: &Run) -> BTreeMap<String, Vec<String>> {
    let json = run.json();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in json["findings"].as_array().unwrap() {
        let path = Path::new(finding["path"].as_str().unwrap());
        let names: Vec<_> = path.iter().rev().take(3).collect();
        let names: Vec<_> = names.iter().rev().map(|it| it.to_string_lossy()).collect();
        let line = &finding["range"]["start"]["line"];
        let rule = finding["rule"].as_str().unwrap();
        found
            .entry(names.join("/"))
            .or_default()
            .push(format!("{rule}:{line}"));
    }
    found
}

const SECONDS: [&str; 6] = [
    "services/a/migrations/00002_b.sql",
    "services/b/migrations/2_b.sql",
    "services/c/src/main/resources/db/migration/V2__b.sql",
    "apps/d/prisma/migrations/02_index/migration.sql",
    "apps/e/schema/versioned/v1.10/b.sql",
    "apps/f/db/migrations/002_b.sql",
];

#[test]
fn each_set_has_its_own_history_from_wherever_it_is_named() {
    let project = monorepo();
    let check = |directory: &str, path: &str| {
        let mut command = project.command(&["check", "--format", "json", path]);
        command.current_dir(project.path().join(directory));
        let run = project.finish(command);
        assert_eq!(run.code, 1, "{directory} {path}: {}", run.stderr);
        found(&run)
    };
    let all = check(".", ".");
    assert_eq!(all.len(), SECONDS.len(), "{all:#?}");
    for second in SECONDS {
        let path = Path::new(second);
        let tail: Vec<_> = path.iter().rev().take(3).collect();
        let tail: Vec<_> = tail.iter().rev().map(|it| it.to_string_lossy()).collect();
        let expected = &all[&tail.join("/")];
        assert!(
            expected
                .iter()
                .any(|it| it.starts_with("create-index-blocking:")),
            "{second}: {expected:?}"
        );
        let directory = path.parent().unwrap().to_str().unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let absolute = project.path().join(path);
        let up = path.iter().count() - 1;
        let around = format!("{}{second}", "../".repeat(up));
        for (from, given) in [
            (".", second),
            (".", absolute.to_str().unwrap()),
            (directory, name),
            (directory, "."),
            (directory, &around),
            ("apps/f/db", &format!("../../../{second}")),
        ] {
            let found = check(from, given);
            let of_file: Vec<&Vec<String>> = found
                .iter()
                .filter(|(path, _)| path.ends_with(name))
                .map(|(_, rules)| rules)
                .collect();
            assert_eq!(of_file, [expected], "{second} as {given} from {from}");
        }
    }
}

#[test]
fn a_set_without_a_tool_does_not_hide_the_others() {
    let project = monorepo();
    let run = project.run(&["check", "--format", "json", "."]).expect(1);
    assert!(
        run.assumption().contains("in ./apps/f/db/migrations:")
            || run.assumption().contains("in apps/f/db/migrations:"),
        "{}",
        run.assumption()
    );
    assert_eq!(run.json()["summary"]["migrations"], 13, "{}", run.stdout);
}

/// Tools' own files that cannot be read say nothing; the migrations are checked all the same.
#[test]
fn broken_configuration_files_stop_nothing() {
    let second = "CREATE INDEX CONCURRENTLY kiln_name ON kiln (name);\n";
    /// The layout, its broken files with their texts, the first and the second migration.
    type Set<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);
    let sets: [Set<'_>; 7] = [
        (
            "flyway",
            &[
                ("flyway.toml", "[flyway\nmixed = "),
                ("flyway.conf", "=\n\u{feff}flyway.schemas\n"),
                ("application.yml", "- - :\n  :\n\t- x"),
            ],
            "sql/V1__a.sql",
            "sql/V2__b.sql",
        ),
        (
            "drizzle",
            &[("d/meta/_journal.json", "{\"entries\": [")],
            "d/0000_a.sql",
            "d/0001_b.sql",
        ),
        (
            "temporal",
            &[
                (
                    "v/v1.0/manifest.json",
                    "{\"SchemaUpdateCqlFiles\": [\"a.sql\"]}",
                ),
                ("v/v1.1/manifest.json", "not json"),
            ],
            "v/v1.0/a.sql",
            "v/v1.1/b.sql",
        ),
        (
            "diesel",
            &[(
                "m/2024-01-02-000000_b/metadata.toml",
                "run_in_transaction = = false",
            )],
            "m/2024-01-01-000000_a/up.sql",
            "m/2024-01-02-000000_b/up.sql",
        ),
        (
            "graphile-migrate",
            &[
                (".gmrc", "{ /* \"pgSettings\": {"),
                ("m/current.sql", "SELECT 1;\n"),
            ],
            "m/committed/000001.sql",
            "m/committed/000002.sql",
        ),
        (
            "tern",
            &[("m/tern.conf", "[data\nprefix\n[data]\n=\n")],
            "m/1_a.sql",
            "m/2_b.sql",
        ),
        (
            "liquibase",
            &[
                (
                    "l/changelog-master.yaml",
                    "databaseChangeLog:\n - include:\n    file: [\n",
                ),
                ("liquibase.properties", "defaultSchemaName\n: :\n"),
            ],
            "l/a.sql",
            "l/b.sql",
        ),
    ];
    for (tool, configuration, first, last) in sets {
        let project = Project::new(configuration);
        let header = match tool {
            "liquibase" => "--liquibase formatted sql\n--changeset a:1\n",
            _ => "",
        };
        project.file(first, format!("{header}{TABLE}").as_bytes());
        project.file(last, format!("{header}{second}").as_bytes());
        let run = project.run(&["check", "--format", "json", "."]);
        // A migration whose place nobody knows is a problem; the others are no worse for it.
        let refused = tool == "temporal";
        assert_eq!(
            run.code == 2,
            refused,
            "{tool}: {} {}",
            run.code,
            run.stderr
        );
        let checked = run.json()["summary"]["migrations"].as_u64().unwrap();
        assert!(checked >= 1, "{tool}: {}", run.stdout);
    }
}

/// Two tools' files in one directory: the one with the plainer signs has it, and the files of the other are named as left out.
#[test]
fn files_of_two_tools_in_one_directory_are_all_accounted_for() {
    let project = Project::new(&[
        ("m/V1__a.sql", TABLE),
        ("m/V2__b.sql", INDEX),
        ("m/V3__c.sql", "SELECT 1;\n"),
        (
            "m/20240101000000_d.up.sql",
            "CREATE TABLE a (id bigint PRIMARY KEY);\n",
        ),
        ("m/20240101000000_d.down.sql", "DROP TABLE a;\n"),
    ]);
    let run = project.run(&["check", "--format", "json", "m"]).expect(1);
    assert_eq!(run.json()["summary"]["migrations"], 3);
    let run = project.run(&["check", "m"]).expect(1);
    assert!(run.stdout.contains("2 files left out"), "{}", run.stdout);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_differ_by_case_and_names_that_are_no_utf_8_are_two_files() {
    use std::os::unix::ffi::OsStrExt;
    let project = Project::new(&[
        ("m/001_a.sql", TABLE),
        (
            "m/001_A.sql",
            "CREATE TABLE clay (id bigint PRIMARY KEY);\n",
        ),
        ("m/002_b.SQL", INDEX),
    ]);
    let odd = std::ffi::OsStr::from_bytes(b"003_\xFF\xFE.sql");
    std::fs::write(project.path().join("m").join(odd), "DROP TABLE clay;\n").unwrap();
    let run = project.run(&["check", "--format", "json", "m"]).expect(1);
    assert_eq!(run.json()["summary"]["migrations"], 4, "{}", run.stderr);
    let found = found(&run);
    let rules: Vec<&String> = found.values().flatten().collect();
    assert!(
        rules
            .iter()
            .any(|it| it.starts_with("create-index-blocking")),
        "{found:?}"
    );
    assert!(
        rules.iter().any(|it| it.starts_with("drop-table")),
        "{found:?}"
    );
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    let project = monorepo();
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, project.path().join(name)).unwrap();
    };
    link("..", "services/a/migrations/up");
    link("../../..", "apps/e/schema/versioned/v1.11");
    link(".", "services/c/src/main/resources/db/migration/v2");
    link("../../prisma", "apps/d/prisma/migrations/03_again");
    let run = project.run(&["check", "--format", "json", "."]).expect(1);
    for second in SECONDS {
        let name = Path::new(second).file_name().unwrap().to_str().unwrap();
        let text = run.stdout.matches(name).count();
        assert!(text > 0, "{second}");
    }
}

#[test]
fn thousands_of_files_take_little_time() {
    let project = Project::new(&[]);
    for at in 0..3000 {
        let sql = format!("CREATE TABLE t{at} (id bigint PRIMARY KEY);\n");
        project.file(&format!("m/{at:014}_t.up.sql"), sql.as_bytes());
        let sql = format!("DROP TABLE t{at};\n");
        project.file(&format!("m/{at:014}_t.down.sql"), sql.as_bytes());
    }
    let start = std::time::Instant::now();
    let run = project.run(&["check", "--format", "json", "m/00000000002999_t.up.sql"]);
    let took = start.elapsed();
    assert_eq!(run.json()["summary"]["migrations"], 1, "{}", run.stderr);
    // An unoptimised build on a busy machine: quadratic work would take minutes.
    assert!(took.as_secs() < 60, "{took:?}");
}
