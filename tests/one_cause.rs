//! One cause, one finding: where the advice of one rule takes away what another would speak of, the most
//! specific one speaks alone, and is missed when it is silenced.

mod support;

use std::collections::BTreeMap;

use humdrum::lint::{LintConfig, RuleSetting, lint};
use support::{chain, history, migration, shown};

const GIVEN: &str = "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY, total int);\n\
     CREATE INDEX orders_total_idx ON orders (total);";

fn checked(sql: &str) -> Vec<String> {
    checked_with(sql, &[])
}

fn checked_with(sql: &str, off: &[&str]) -> Vec<String> {
    let project = chain(
        "plain",
        vec![history("1.sql", GIVEN), migration("2.sql", sql)],
    );
    let rules: BTreeMap<String, RuleSetting> = off
        .iter()
        .map(|rule| ((*rule).to_owned(), RuleSetting::Off))
        .collect();
    let config = LintConfig {
        rules,
        ..LintConfig::default()
    };
    let found = shown(&lint(&project, &config)).into_iter();
    found
        .map(|it| it.split('@').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn a_lock_that_concurrently_takes_away_needs_no_timeout() {
    for (sql, rule) in [
        (
            "CREATE INDEX i ON orders ((total + 1));",
            "create-index-blocking",
        ),
        ("DROP INDEX orders_total_idx;", "drop-index-blocking"),
        ("REINDEX TABLE orders;", "reindex-blocking"),
    ] {
        assert_eq!(checked(sql), [rule], "{sql}");
        let ignored = format!("-- humdrum: ignore {rule}: at night\n{sql}");
        assert_eq!(checked(&ignored), ["missing-lock-timeout"], "{sql}");
        assert_eq!(
            checked_with(sql, &[rule]),
            ["missing-lock-timeout"],
            "{sql}"
        );
        let later = format!("{sql} ALTER TABLE orders ADD COLUMN x int;");
        assert_eq!(checked(&later), [rule, "missing-lock-timeout"], "{sql}");
    }
}

#[test]
fn the_other_side_of_a_foreign_key_is_one_cause() {
    let one = "CREATE TABLE a (id bigint PRIMARY KEY REFERENCES users (id));";
    assert_eq!(checked(one), ["foreign-key-locks-other-table"]);
    // The second is the same cause as the first.
    let another = format!("{one} CREATE TABLE b (id bigint PRIMARY KEY REFERENCES users (id));");
    assert_eq!(checked(&another), ["foreign-key-locks-other-table"]);
    assert_eq!(
        checked_with(&another, &["foreign-key-locks-other-table"]),
        ["missing-lock-timeout"]
    );
    let two =
        "CREATE TABLE a (id bigint PRIMARY KEY REFERENCES users (id) REFERENCES orders (id));";
    assert_eq!(checked(two), ["many-locks-in-one-transaction"]);
    assert_eq!(
        checked_with(two, &["many-locks-in-one-transaction"]),
        ["foreign-key-locks-other-table"]
    );
    // Its own lock is another cause.
    let altered = "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES users (id) NOT VALID;";
    assert_eq!(
        checked(altered),
        ["foreign-key-locks-other-table", "missing-lock-timeout"]
    );
}

#[test]
fn a_trigger_lock_that_is_held_already_is_no_news() {
    let function =
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';";
    let first = "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f();";
    let second = "CREATE TRIGGER u BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f();";
    let sql = |between: &str| {
        format!("SET lock_timeout = '1s'; {function} BEGIN; {first} {between} {second} COMMIT;")
    };
    assert_eq!(checked(&sql("")), ["trigger-lock"]);
    assert_eq!(
        checked(&sql("COMMIT; BEGIN;")),
        ["trigger-lock", "trigger-lock"]
    );
    // DROP TRIGGER locks more than CREATE TRIGGER.
    assert_eq!(
        checked(&sql("DROP TRIGGER t ON orders;")),
        ["trigger-lock", "trigger-lock"]
    );
}

#[test]
fn what_is_not_known_is_said_once_by_its_name() {
    let twice = "SET lock_timeout = '1s'; DELETE FROM ${Prefix}a WHERE id = 1; DELETE FROM ${Prefix}b WHERE id = 1;";
    assert_eq!(checked(twice), ["unanalysed-statement"]);
    let others = "SET lock_timeout = '1s'; DELETE FROM ${Prefix}a WHERE id = 1; DELETE FROM ${Other}b WHERE id = 1;";
    assert_eq!(
        checked(others),
        ["unanalysed-statement", "unanalysed-statement"]
    );
    let block =
        "DO $$ BEGIN EXECUTE current_setting('a.b'); EXECUTE current_setting('a.c'); END $$;";
    assert_eq!(checked(block), ["unanalysed-statement"]);
    let blocks = format!("{block} {block}");
    assert_eq!(
        checked(&blocks),
        ["unanalysed-statement", "unanalysed-statement"]
    );
    let ignored = format!("-- humdrum: ignore unanalysed-statement: reviewed\n{block} {block}");
    assert_eq!(checked(&ignored), ["unanalysed-statement"]);
}
