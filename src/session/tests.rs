//! What moves the transaction and the settings, statement by statement.

use std::time::Duration;

use super::{OpenedBy, Session, Settings, Step, Timeout, TimeoutOrigin, value};
use crate::catalog::{Catalog, Oid};
use crate::version::PgVersion;

struct Replay {
    session: Session,
    catalog: Catalog,
    steps: Vec<Step>,
}

fn start() -> Replay {
    Replay {
        session: Session::new(PgVersion::NEWEST, Settings::default()),
        catalog: Catalog::new(),
        steps: Vec::new(),
    }
}

fn runner(lock_timeout: u64) -> Replay {
    let settings = Settings {
        lock_timeout: Timeout {
            value: Some(Duration::from_millis(lock_timeout)),
            origin: TimeoutOrigin::Runner,
        },
        ..Settings::default()
    };
    Replay {
        session: Session::new(PgVersion::NEWEST, settings),
        ..start()
    }
}

/// As a tool or a message opens a transaction around what follows.
fn opened_by(by: OpenedBy) -> Replay {
    let mut replay = start();
    replay.session.open(by, &replay.catalog);
    replay
}

impl Replay {
    fn run(mut self, sql: &str) -> Self {
        for statement in pg_query::split_with_parser(sql).unwrap() {
            let tree = pg_query::parse(statement, 0).unwrap().protobuf;
            let node = tree.stmts[0].stmt.as_ref().unwrap().node.as_ref().unwrap();
            self.steps.push(self.session.after(node, &mut self.catalog));
        }
        self
    }

    /// A change of the schema, which ROLLBACK must undo.
    fn mark(mut self) -> (Self, Oid) {
        self.catalog.complete = true;
        let oid = self.catalog.new_oid();
        (self, oid)
    }

    fn lock_timeout(&self) -> (Option<u64>, TimeoutOrigin) {
        shown(self.session.settings.lock_timeout)
    }

    fn block(&self) -> Option<OpenedBy> {
        self.session.block().map(|block| block.opened_by)
    }
}

fn shown(timeout: Timeout) -> (Option<u64>, TimeoutOrigin) {
    let milliseconds = timeout.value.map(|value| value.as_millis() as u64);
    (milliseconds, timeout.origin)
}

fn lock_timeout_after(sql: &str) -> (Option<u64>, TimeoutOrigin) {
    start().run(sql).lock_timeout()
}

#[test]
fn every_way_to_begin_and_to_end() {
    for begin in [
        "BEGIN",
        "START TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "BEGIN WORK",
    ] {
        for end in [
            "COMMIT",
            "END",
            "ROLLBACK",
            "ABORT",
            "PREPARE TRANSACTION 'x'",
        ] {
            let open = start().run(begin);
            assert_eq!(open.block(), Some(OpenedBy::Script), "{begin}");
            let ended = open.run(end);
            assert_eq!(ended.block(), None, "{begin}; {end}");
            assert_eq!(ended.steps, [Step::Stays, Step::Ended], "{begin}; {end}");
        }
    }
}

#[test]
fn a_statement_outside_a_block_is_a_transaction() {
    let replay = start().run("SELECT 1; SELECT 2");
    assert_eq!(replay.steps, [Step::Ended, Step::Ended]);
    assert_eq!(replay.session.transaction_id.0, 2);
}

#[test]
fn statements_of_a_block_share_its_transaction() {
    let begun = start().run("BEGIN");
    let id = begun.session.transaction_id;
    let inside = begun.run("SELECT 1; SAVEPOINT a; SELECT 2; RELEASE a; SELECT 3");
    assert_eq!(inside.session.transaction_id, id);
    assert_ne!(inside.run("COMMIT").session.transaction_id, id);
}

#[test]
fn begin_in_a_transaction_changes_nothing() {
    let replay = start().run("BEGIN; BEGIN; COMMIT");
    assert_eq!(replay.block(), None);
}

#[test]
fn commit_and_rollback_without_a_transaction_change_nothing() {
    for sql in [
        "COMMIT",
        "ROLLBACK",
        "COMMIT AND CHAIN",
        "ROLLBACK TO a",
        "RELEASE a",
        "SAVEPOINT a",
    ] {
        assert_eq!(start().run(sql).block(), None, "{sql}");
    }
}

#[test]
fn rollback_takes_the_catalog_back_and_never_gives_an_oid_again() {
    let (replay, oid) = start().run("BEGIN").mark();
    let mut replay = replay.run("ROLLBACK");
    assert!(!replay.catalog.complete);
    assert!(replay.catalog.new_oid() > oid);
}

#[test]
fn commit_keeps_the_catalog() {
    let (replay, _) = start().run("BEGIN").mark();
    assert!(replay.run("COMMIT").catalog.complete);
}

#[test]
fn chained_transactions_start_anew() {
    let (replay, _) = start().run("BEGIN").mark();
    let replay = replay.run("COMMIT AND CHAIN");
    assert_eq!(replay.block(), Some(OpenedBy::Script));
    assert_eq!(replay.steps.last(), Some(&Step::Ended));
    let replay = replay.run("ROLLBACK AND CHAIN");
    assert_eq!(replay.block(), Some(OpenedBy::Script));
    assert!(
        replay.catalog.complete,
        "the first transaction was committed"
    );
}

#[test]
fn rollback_to_goes_back_to_the_savepoint_and_keeps_it() {
    let (replay, _) = start().run("BEGIN; SAVEPOINT a").mark();
    let replay = replay.run("SAVEPOINT b; ROLLBACK TO a");
    assert!(!replay.catalog.complete);
    assert_eq!(replay.steps.last(), Some(&Step::RolledBackTo(0)));
    let replay = replay.run("ROLLBACK TO a");
    assert_eq!(replay.steps.last(), Some(&Step::RolledBackTo(0)));
    assert_eq!(
        replay.run("ROLLBACK TO b").steps.last(),
        Some(&Step::Stays),
        "b is gone"
    );
}

#[test]
fn a_released_savepoint_keeps_its_changes_and_the_latest_of_a_name_counts() {
    let (replay, _) = start().run("BEGIN; SAVEPOINT a; SAVEPOINT a").mark();
    let replay = replay.run("RELEASE a");
    assert!(replay.catalog.complete);
    let replay = replay.run("ROLLBACK TO a");
    assert!(!replay.catalog.complete, "back to the first of the two");
}

#[test]
fn a_commit_in_the_script_ends_the_transaction_of_the_tool() {
    let replay = opened_by(OpenedBy::Tool).run("SELECT 1; COMMIT");
    assert_eq!(replay.block(), None);
    assert_eq!(replay.steps, [Step::Stays, Step::Ended]);
}

#[test]
fn begin_in_the_transaction_of_the_tool_changes_nothing() {
    assert_eq!(
        opened_by(OpenedBy::Tool).run("BEGIN").block(),
        Some(OpenedBy::Tool)
    );
}

#[test]
fn begin_in_a_message_makes_its_implicit_transaction_explicit() {
    let (replay, _) = opened_by(OpenedBy::Message).mark();
    let replay = replay.run("BEGIN");
    assert_eq!(replay.block(), Some(OpenedBy::Script));
    let replay = replay.run("ROLLBACK");
    assert!(
        !replay.catalog.complete,
        "what came before BEGIN is undone too"
    );
}

#[test]
fn savepoints_and_chains_are_refused_in_an_implicit_transaction() {
    let replay = opened_by(OpenedBy::Message).run("SAVEPOINT a; COMMIT AND CHAIN");
    assert_eq!(replay.block(), Some(OpenedBy::Message));
    assert_eq!(replay.steps, [Step::Stays, Step::Stays]);
    assert_eq!(replay.run("COMMIT").block(), None);
}

#[test]
fn set_lasts_and_reset_takes_it_away() {
    assert_eq!(
        lock_timeout_after("SET lock_timeout = '2s'"),
        (Some(2000), TimeoutOrigin::Session)
    );
    for reset in [
        "RESET lock_timeout",
        "RESET ALL",
        "DISCARD ALL",
        "SET lock_timeout TO DEFAULT",
        "SELECT set_config('lock_timeout', NULL, false)",
    ] {
        let sql = format!("SET SESSION lock_timeout = '2s'; {reset}");
        assert_eq!(
            lock_timeout_after(&sql),
            (None, TimeoutOrigin::Expired),
            "{reset}"
        );
        assert_eq!(
            lock_timeout_after(reset),
            (None, TimeoutOrigin::Default),
            "{reset}"
        );
    }
    assert_eq!(
        lock_timeout_after("SET lock_timeout = '2s'; DISCARD PLANS"),
        (Some(2000), TimeoutOrigin::Session)
    );
}

#[test]
fn zero_is_no_timeout() {
    assert_eq!(
        lock_timeout_after("SET lock_timeout = 0"),
        (None, TimeoutOrigin::Session)
    );
    assert_eq!(
        lock_timeout_after("SET lock_timeout = '100us'"),
        (None, TimeoutOrigin::Session)
    );
}

#[test]
fn set_local_ends_with_its_transaction() {
    let inside = start().run("BEGIN; SET LOCAL lock_timeout = '2s'");
    assert_eq!(inside.lock_timeout(), (Some(2000), TimeoutOrigin::Local));
    for end in ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN"] {
        let sql = format!("BEGIN; SET LOCAL lock_timeout = '2s'; {end}");
        assert_eq!(
            lock_timeout_after(&sql),
            (None, TimeoutOrigin::Expired),
            "{end}"
        );
    }
}

#[test]
fn set_local_outside_a_transaction_does_nothing() {
    assert_eq!(
        lock_timeout_after("SET LOCAL lock_timeout = '2s'"),
        (None, TimeoutOrigin::Default)
    );
    assert_eq!(
        lock_timeout_after("SELECT set_config('lock_timeout', '2s', true)"),
        (None, TimeoutOrigin::Default)
    );
}

#[test]
fn set_local_works_in_the_implicit_transaction_of_a_message() {
    let replay = opened_by(OpenedBy::Message).run("SET LOCAL lock_timeout = '2s'");
    assert_eq!(replay.lock_timeout(), (Some(2000), TimeoutOrigin::Local));
}

#[test]
fn a_session_value_outlives_a_local_one_in_either_order() {
    let session_first = "BEGIN; SET lock_timeout = '1s'; SET LOCAL lock_timeout = '2s'; COMMIT";
    assert_eq!(
        lock_timeout_after(session_first),
        (Some(1000), TimeoutOrigin::Session)
    );
    let local_first = "BEGIN; SET LOCAL lock_timeout = '2s'; SET lock_timeout = '1s'; COMMIT";
    assert_eq!(
        lock_timeout_after(local_first),
        (Some(1000), TimeoutOrigin::Session)
    );
}

#[test]
fn set_in_a_transaction_that_is_rolled_back_is_gone() {
    assert_eq!(
        lock_timeout_after("BEGIN; SET lock_timeout = '2s'; ROLLBACK"),
        (None, TimeoutOrigin::Expired)
    );
    assert_eq!(
        lock_timeout_after("SET lock_timeout = '1s'; BEGIN; SET lock_timeout = '2s'; ROLLBACK"),
        (Some(1000), TimeoutOrigin::Session)
    );
    let savepoint =
        "BEGIN; SET lock_timeout = '1s'; SAVEPOINT a; SET lock_timeout = '2s'; ROLLBACK TO a";
    assert_eq!(
        lock_timeout_after(savepoint),
        (Some(1000), TimeoutOrigin::Session)
    );
    assert_eq!(
        lock_timeout_after(&format!("{savepoint}; COMMIT")),
        (Some(1000), TimeoutOrigin::Session)
    );
}

#[test]
fn the_timeout_of_the_runner_is_in_force_and_comes_back() {
    assert_eq!(
        runner(3000).lock_timeout(),
        (Some(3000), TimeoutOrigin::Runner)
    );
    for sql in [
        "SET lock_timeout = 0; RESET lock_timeout",
        "BEGIN; SET LOCAL lock_timeout = '9s'; COMMIT",
    ] {
        let after = runner(3000).run(sql).lock_timeout();
        assert_eq!(after, (Some(3000), TimeoutOrigin::Runner), "{sql}");
    }
    let zero = runner(3000).run("SET lock_timeout = 0");
    assert_eq!(zero.lock_timeout(), (None, TimeoutOrigin::Session));
}

#[test]
fn set_config_counts_like_set() {
    assert_eq!(
        lock_timeout_after("SELECT pg_catalog.set_config('lock_timeout', '2s', false)"),
        (Some(2000), TimeoutOrigin::Session)
    );
    assert_eq!(
        lock_timeout_after("BEGIN; SELECT 1, set_config('LOCK_TIMEOUT', '2s', 't'::boolean)"),
        (Some(2000), TimeoutOrigin::Local)
    );
}

#[test]
fn all_timeouts_are_followed() {
    let replay = start().run(
        "SET statement_timeout TO '5min'; SET idle_in_transaction_session_timeout = 60000;
         SET Transaction_Timeout = '1 h'",
    );
    let settings = &replay.session.settings;
    assert_eq!(shown(settings.statement_timeout).0, Some(300_000));
    assert_eq!(
        shown(settings.idle_in_transaction_session_timeout).0,
        Some(60_000)
    );
    assert_eq!(shown(settings.transaction_timeout).0, Some(3_600_000));
    assert_eq!(shown(settings.lock_timeout), (None, TimeoutOrigin::Default));
}

#[test]
fn set_transaction_is_no_timeout() {
    let replay = start().run("BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
    assert_eq!(replay.session.settings, Settings::default());
}

#[test]
fn timeouts_are_read_as_postgresql_reads_them() {
    let cases = [
        ("2000", Some(2000)),
        ("2s", Some(2000)),
        (" 2 s ", Some(2000)),
        ("1.5s", Some(1500)),
        ("1e3", Some(1000)),
        ("0x10", Some(16)),
        ("010", Some(8)),
        ("2min", Some(120_000)),
        ("1h", Some(3_600_000)),
        ("1d", Some(86_400_000)),
        ("1500us", Some(2)),
        ("2500us", Some(2)),
        ("0", Some(0)),
        ("-1", None),
        ("off", None),
        ("", None),
        ("2S", None),
        ("2 s s", None),
        ("99999999999", None),
        ("1e999", None),
    ];
    for (text, milliseconds) in cases {
        let expected = milliseconds.map(Duration::from_millis);
        assert_eq!(value::timeout(text), expected, "{text:?}");
    }
}

#[test]
fn a_value_that_postgresql_refuses_changes_nothing() {
    assert_eq!(
        lock_timeout_after("SET lock_timeout = '2s'; SET lock_timeout = '2 parsecs'"),
        (Some(2000), TimeoutOrigin::Session)
    );
}

fn search_path_after(sql: &str) -> Vec<String> {
    start().run(sql).session.settings.search_path
}

#[test]
fn search_paths() {
    let cases: [(&str, &[&str]); 10] = [
        ("SELECT 1", &["public"]),
        ("SET search_path TO app, public", &["app", "public"]),
        (
            "SET search_path = \"$user\", \"App\", public",
            &["App", "public"],
        ),
        ("SET search_path = 'a, b'", &["a, b"]),
        ("SET search_path = ''", &[]),
        ("SET SCHEMA 'app'", &["app"]),
        ("SELECT set_config('search_path', '', false)", &[]),
        (
            "SELECT set_config('search_path', 'App, \"B\"\"c\", pg_catalog', false)",
            &["app", "B\"c"],
        ),
        (
            "SET search_path TO app; SET search_path TO DEFAULT",
            &["public"],
        ),
        ("BEGIN; SET LOCAL search_path TO app; COMMIT", &["public"]),
    ];
    for (sql, path) in cases {
        assert_eq!(search_path_after(sql), path, "{sql}");
    }
}

fn time_zone_after(sql: &str) -> Option<String> {
    start().run(sql).session.settings.time_zone
}

#[test]
fn time_zones() {
    let cases = [
        ("SELECT 1", None),
        ("SET TIME ZONE 'UTC'", Some("UTC")),
        ("SET timezone = 'Europe/Rome'", Some("Europe/Rome")),
        ("SET TIME ZONE LOCAL", None),
        ("SET TIME ZONE 0", Some("<+00>-00")),
        ("SET TIME ZONE -7", Some("<-07>+07")),
        ("SET TIME ZONE 5.5", Some("<+05:30>-05:30")),
        ("SET TIME ZONE '+00'", Some("<+00>-00")),
        (
            "SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE",
            Some("<-08>+08"),
        ),
        (
            "SET TIME ZONE INTERVAL '+05:45' HOUR TO MINUTE",
            Some("<+05:45>-05:45"),
        ),
        ("SET TIME ZONE 'UTC'; RESET TIME ZONE", None),
        ("BEGIN; SET LOCAL TIME ZONE 'UTC'", Some("UTC")),
        ("BEGIN; SET LOCAL TIME ZONE 'UTC'; COMMIT", None),
        ("SELECT set_config('TimeZone', 'UTC', false)", Some("UTC")),
    ];
    for (sql, zone) in cases {
        assert_eq!(time_zone_after(sql).as_deref(), zone, "{sql}");
    }
}
