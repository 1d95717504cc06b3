//! `--fix`, `--unsafe-fixes`, `--diff`, on real files.

use crate::history::{commit, git};
use crate::project::{FINE, INDEX, ORDERS, Project, Run, WARNING};

const FILE: &str = "db/migrations/002_next.sql";
const CONCURRENTLY: &str =
    "CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id);\n";

fn text(project: &Project, path: &str) -> String {
    String::from_utf8(bytes(project, path)).unwrap()
}

fn bytes(project: &Project, path: &str) -> Vec<u8> {
    std::fs::read(project.path().join(path)).unwrap()
}

fn fix(project: &Project) -> Run {
    project.run(&["check", "--fix", "--format", "compact", "db/migrations"])
}

#[test]
fn safe_fixes_are_written_and_told_of() {
    let project = Project::with_orders(INDEX);
    let run = project.run(&["check", FILE]).expect(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(
        lines.contains(&"  fix: build the index CONCURRENTLY (fixable with --fix)"),
        "{}",
        run.stdout
    );
    assert!(
        run.last_line().contains("fixable with --fix"),
        "{}",
        run.stdout
    );
    let run = project.run(&["check", "--fix", FILE]).expect(0);
    assert_eq!(text(&project, FILE), CONCURRENTLY);
    assert_eq!(text(&project, "db/migrations/001_orders.sql"), ORDERS);
    assert_eq!(
        run.last_line(),
        "1 migration, 1 statement checked for PostgreSQL 18 (of 2 files read): no findings; 1 fixed"
    );
    assert_eq!(
        run.stderr,
        "note: fixed db/migrations/002_next.sql:1: build the index CONCURRENTLY (create-index-blocking)\n"
    );
    // Once more: nothing is left to do.
    let again = project.run(&["check", "--fix", FILE]).expect(0);
    assert_eq!(again.stderr, "");
    assert_eq!(text(&project, FILE), CONCURRENTLY);
}

#[test]
fn compact_and_json_tell_of_fixes() {
    let project = Project::with_orders(INDEX);
    let run = project
        .run(&["check", "--format", "compact", FILE])
        .expect(1);
    assert!(
        run.stdout
            .lines()
            .next()
            .unwrap()
            .ends_with(" (fixable with --fix)"),
        "{}",
        run.stdout
    );
    let json = project
        .run(&["check", "--format", "json", FILE])
        .expect(1)
        .json();
    assert_eq!(
        json["findings"][0]["fix"],
        serde_json::json!({
            "title": "build the index CONCURRENTLY",
            "applicability": "safe",
            "edits": [{"path": FILE, "start": 12, "end": 12, "text": " CONCURRENTLY"}],
        })
    );
}

#[test]
fn unsafe_fixes_are_asked_for_by_name() {
    let sql = "CREATE INDEX IF NOT EXISTS i ON orders (customer_id);\n";
    let project = Project::with_orders(sql);
    let safe = fix(&project).expect(1);
    assert_eq!(
        text(&project, FILE),
        sql,
        "no safe fix takes IF NOT EXISTS away"
    );
    assert!(
        safe.stdout.contains("(fixable with --unsafe-fixes)"),
        "{}",
        safe.stdout
    );
    project.run(&["check", "--unsafe-fixes", FILE]).expect(0);
    assert_eq!(
        text(&project, FILE),
        "CREATE INDEX CONCURRENTLY i ON orders (customer_id);\n"
    );
}

#[test]
fn a_patch_changes_nothing() {
    let project = Project::with_orders(INDEX);
    let run = project.run(&["check", "--diff", FILE]).expect(1);
    assert_eq!(
        run.stdout,
        format!("--- a/{FILE}\n+++ b/{FILE}\n@@ -1 +1 @@\n-{INDEX}+{CONCURRENTLY}")
    );
    assert_eq!(text(&project, FILE), INDEX);
    assert!(
        run.stderr
            .starts_with("note: would fix db/migrations/002_next.sql:1: "),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("1 error"), "{}", run.stderr);
    let fine = Project::with_orders(FINE);
    assert_eq!(fine.run(&["check", "--diff", FILE]).expect(0).stdout, "");
}

#[test]
fn line_ends_and_a_byte_order_mark_stay() {
    let project = Project::with_orders("");
    let sql = "\u{feff}-- the notes\r\nALTER TABLE orders\r\n  ADD COLUMN note text;\r\n";
    project.file(FILE, sql.as_bytes());
    fix(&project).expect(0);
    assert_eq!(
        text(&project, FILE),
        "\u{feff}-- the notes\r\nSET lock_timeout = '2s';\r\nALTER TABLE orders\r\n  ADD COLUMN note text;\r\n"
    );
    project.file(FILE, "\u{feff}CREATE INDEX i ON orders (old);".as_bytes());
    fix(&project).expect(0);
    assert_eq!(
        text(&project, FILE),
        "\u{feff}CREATE INDEX CONCURRENTLY i ON orders (old);"
    );
}

#[test]
fn two_findings_on_one_line_are_both_fixed() {
    let project = Project::with_orders(
        "CREATE INDEX a ON orders (old); CREATE INDEX b ON orders (customer_id);\n",
    );
    let run = fix(&project).expect(0);
    assert_eq!(
        text(&project, FILE),
        "CREATE INDEX CONCURRENTLY a ON orders (old); CREATE INDEX CONCURRENTLY b ON orders (customer_id);\n"
    );
    assert!(run.last_line().ends_with("; 2 fixed"), "{}", run.stdout);
}

/// Both want another type for the column.
#[test]
fn of_fixes_that_overlap_one_is_made_in_a_round() {
    let project = Project::with_orders("CREATE TABLE visits (id bigint PRIMARY KEY, n serial);\n");
    let arguments = [
        "check",
        "--unsafe-fixes",
        "--select",
        "prefer-bigint,prefer-identity",
        FILE,
    ];
    project.run(&arguments).expect(0);
    assert_eq!(
        text(&project, FILE),
        "CREATE TABLE visits (id bigint PRIMARY KEY, n bigint GENERATED ALWAYS AS IDENTITY);\n"
    );
}

#[test]
fn several_migrations_in_one_file_are_each_fixed_in_their_section() {
    let file = "db/migrations/20240102030405_index.sql";
    let project = Project::new(&[
        (
            "db/migrations/20240101000000_orders.sql",
            "-- migrate:up\nCREATE TABLE orders (id bigint PRIMARY KEY, old text);\nCREATE INDEX kept ON orders (old);\n-- migrate:down\nDROP TABLE orders;\n",
        ),
        (
            file,
            "-- migrate:up\nCREATE INDEX old_idx ON orders (old);\n\n-- migrate:down\nDROP INDEX old_idx;\nALTER TABLE orders DROP COLUMN old;\n",
        ),
    ]);
    project.run(&["check", "--fix", file]).expect(0);
    assert_eq!(
        text(&project, file),
        "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY old_idx ON orders (old);\n\n-- migrate:down\nSET LOCAL lock_timeout = '2s';\nDROP INDEX old_idx;\nALTER TABLE orders DROP COLUMN old;\n"
    );
}

#[test]
fn a_tools_settings_are_written_into_its_own_file() {
    let project = Project::new(&[
        (
            "migrations/2024-01-01-000000_orders/up.sql",
            "CREATE TABLE orders (id bigint PRIMARY KEY, old text);\n",
        ),
        (
            "migrations/2024-01-01-000000_orders/down.sql",
            "DROP TABLE orders;\n",
        ),
        (
            "migrations/2024-01-02-000000_index/up.sql",
            "CREATE INDEX old_idx ON orders (old);\n",
        ),
        (
            "migrations/2024-01-02-000000_index/down.sql",
            "DROP INDEX old_idx;\n",
        ),
    ]);
    let diff = project.run(&["check", "--diff", "migrations"]).expect(1);
    assert!(
        diff.stdout.contains(
            "--- /dev/null\n+++ b/migrations/2024-01-02-000000_index/metadata.toml\n@@ -0,0 +1 @@\n+run_in_transaction = false\n"
        ),
        "{}",
        diff.stdout
    );
    project.run(&["check", "--fix", "migrations"]).expect(0);
    let read = |name: &str| {
        text(
            &project,
            &format!("migrations/2024-01-02-000000_index/{name}"),
        )
    };
    assert_eq!(read("metadata.toml"), "run_in_transaction = false\n");
    assert_eq!(
        read("up.sql"),
        "CREATE INDEX CONCURRENTLY old_idx ON orders (old);\n"
    );
    assert_eq!(read("down.sql"), "DROP INDEX CONCURRENTLY old_idx;\n");
}

#[test]
fn what_was_released_is_left_alone() {
    let project = Project::with_orders(INDEX);
    git(&project, &["init", "-q"]);
    commit(&project, "released");
    project.file(
        "db/migrations/003_more.sql",
        b"CREATE INDEX i ON orders (old);\n",
    );
    let run = project
        .run(&["check", "--fix", "--since", "HEAD", "db/migrations"])
        .expect(0);
    assert!(
        run.stderr.contains("fixed db/migrations/003_more.sql:1"),
        "{}",
        run.stderr
    );
    assert_eq!(text(&project, FILE), INDEX);
    assert_eq!(
        text(&project, "db/migrations/003_more.sql"),
        "CREATE INDEX CONCURRENTLY i ON orders (old);\n"
    );
}

#[test]
fn a_baseline_protects_what_it_lists() {
    let project = Project::with_orders(INDEX);
    project.run(&["check", "--write-baseline", FILE]).expect(0);
    project
        .run(&[
            "check",
            "--fix",
            "--baseline",
            "humdrum-baseline.json",
            FILE,
        ])
        .expect(0);
    assert_eq!(text(&project, FILE), INDEX);
}

#[test]
fn the_text_on_standard_input_is_printed_fixed() {
    let project = Project::with_orders(FINE);
    let run = project
        .run_with_stdin(
            &["check", "--fix", "--stdin-filename", FILE],
            INDEX.as_bytes(),
        )
        .expect(0);
    assert_eq!(run.stdout, CONCURRENTLY);
    assert!(
        run.stderr.ends_with("no findings; 1 fixed\n"),
        "{}",
        run.stderr
    );
    assert_eq!(text(&project, FILE), FINE, "the file is the editor's");
    // Nothing to fix: the text comes back as it is.
    let run = project
        .run_with_stdin(
            &["check", "--fix", "--stdin-filename", FILE],
            FINE.as_bytes(),
        )
        .expect(0);
    assert_eq!(run.stdout, FINE);
    let run = project
        .run_with_stdin(
            &["check", "--diff", "--stdin-filename", FILE],
            WARNING.as_bytes(),
        )
        .expect(0);
    assert_eq!(
        run.stdout,
        format!("--- a/{FILE}\n+++ b/{FILE}\n@@ -1 +1,2 @@\n+SET lock_timeout = '2s';\n {WARNING}")
    );
}

#[test]
fn ignored_findings_are_not_fixed_and_needless_comments_go() {
    let project = Project::with_orders(
        "-- humdrum: ignore create-index-blocking, drop-table, missing-lock-timeout: at night\nCREATE INDEX i ON orders (old);\n",
    );
    fix(&project).expect(0);
    assert_eq!(
        text(&project, FILE),
        "-- humdrum: ignore create-index-blocking, missing-lock-timeout: at night\nCREATE INDEX i ON orders (old);\n"
    );
}

#[test]
fn an_option_that_contradicts_is_refused() {
    let project = Project::with_orders(INDEX);
    project
        .run(&["check", "--fix", "--write-baseline", FILE])
        .expect(2);
    project
        .run(&["check", "--diff", "--output", "x", FILE])
        .expect(2);
    assert_eq!(text(&project, FILE), INDEX);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{CONCURRENTLY, FILE, INDEX, Project, fix, text};

    fn mode(project: &Project, path: &str) -> u32 {
        let metadata = std::fs::metadata(project.path().join(path)).unwrap();
        metadata.permissions().mode() & 0o777
    }

    fn set_mode(project: &Project, path: &str, mode: u32) {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(project.path().join(path), permissions).unwrap();
    }

    #[test]
    fn permissions_are_kept() {
        let project = Project::with_orders(INDEX);
        set_mode(&project, FILE, 0o640);
        fix(&project).expect(0);
        assert_eq!(
            (mode(&project, FILE), text(&project, FILE).as_str()),
            (0o640, CONCURRENTLY)
        );
        let left: Vec<_> = std::fs::read_dir(project.path().join("db/migrations"))
            .unwrap()
            .collect();
        assert_eq!(left.len(), 2, "no temporary file stays");
    }

    #[test]
    fn a_read_only_file_is_a_problem_and_stays() {
        let project = Project::with_orders(INDEX);
        set_mode(&project, FILE, 0o444);
        let run = fix(&project).expect(2);
        assert_eq!(text(&project, FILE), INDEX);
        assert!(
            run.stdout
                .contains("db/migrations/002_next.sql: error: is read-only: it was not fixed"),
            "{}",
            run.stdout
        );
        assert!(
            run.stdout.contains("error[create-index-blocking]"),
            "{}",
            run.stdout
        );
    }

    #[test]
    fn the_patch_of_a_read_only_file_is_shown() {
        let project = Project::with_orders(INDEX);
        let shown = || project.run(&["check", "--diff"]).expect(1).stdout;
        let patch = shown();
        assert!(patch.contains("+CREATE INDEX CONCURRENTLY"), "{patch}");
        set_mode(&project, FILE, 0o444);
        assert_eq!(shown(), patch);
    }

    #[test]
    fn a_symbolic_link_stays_one() {
        let project = Project::with_orders("");
        project.file("shared/index.sql", INDEX.as_bytes());
        let link = project.path().join(FILE);
        std::fs::remove_file(&link).unwrap();
        symlink("../../shared/index.sql", &link).unwrap();
        fix(&project).expect(0);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(text(&project, "shared/index.sql"), CONCURRENTLY);
    }
}
