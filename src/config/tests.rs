//! What a configuration means, and how its mistakes are told.

use std::path::Path;
use std::time::Duration;

use super::{Config, FailOn, Known, Overrides, Selector, settings};
use crate::lint::RuleSetting::{self, At, Off, On};
use crate::lint::{Check, Rule, Severity};
use crate::project::TransactionMode;
use crate::version::PgVersion;

fn rules() -> Vec<Rule> {
    vec![
        rule(
            "create_index_blocking",
            "---\nseverity: error\ncategory: locking\nsince: 0.1.0\npostgres: 12+\n---\n# T\n",
        ),
        rule(
            "drop_column",
            "---\nseverity: warning\ncategory: data\nsince: 0.1.0\npostgres: 12+\n---\n# T\n",
        ),
        rule(
            "prefer_text",
            "---\nseverity: off\ncategory: style\nsince: 0.1.0\npostgres: 12+\n---\n# T\n",
        ),
        rule(
            "unused_ignore",
            "---\nseverity: warning\ncategory: check\nsince: 0.1.0\npostgres: 12+\n---\n# T\n",
        ),
    ]
}

fn rule(name: &str, page: &'static str) -> Rule {
    Rule::new(name, page, Check::Engine)
}

fn parse(text: &str) -> Result<Config, String> {
    let rules = rules();
    let known = Known {
        rules: &rules,
        layouts: &["plain", "dbmate"],
    };
    Config::parse(Path::new("db/humdrum.toml"), text, &known).map_err(|error| error.to_string())
}

fn mistake(text: &str) -> String {
    parse(text).unwrap_err()
}

#[test]
fn every_key_is_read() {
    let config = parse(
        r#"
        pg-version = 16
        layout = "dbmate"
        exclude = ["seeds", "a/**/*.sql"]
        fail-on = "warning"
        select = ["locking", "drop-column"]
        ignore = ["all"]
        small-tables = ["countries", "app.settings"]
        require-reason = true
        blocking-budget = "500ms"
        lock-timeout-limit = "30s"
        statement-timeout-limit = "2h"
        schema = "structure.sql"
        [rules]
        "drop-column" = "error"
        prefer-text = "off"
        [runner]
        lock-timeout = "5s"
        statement-timeout = "1min"
        transaction = "file"
        [[overrides]]
        paths = ["legacy/**"]
        rules = { drop-column = "off" }
        "#,
    )
    .unwrap();
    assert_eq!(config.small_tables, ["countries", "app.settings"]);
    assert!(config.require_reason);
    assert_eq!(config.overrides.len(), 1);
    assert_eq!(config.overrides[0].paths, ["legacy/**"]);
    assert_eq!(config.overrides[0].rules["drop-column"], Off);
    assert_eq!(config.pg_version, PgVersion::new(16));
    assert_eq!(config.layout.as_deref(), Some("dbmate"));
    assert_eq!(config.exclude, ["seeds", "a/**/*.sql"]);
    assert_eq!(config.fail_on, FailOn::Warning);
    assert_eq!(config.select.len(), 2);
    assert_eq!(config.ignore, [Selector::All]);
    assert_eq!(config.blocking_budget, Duration::from_millis(500));
    assert_eq!(config.lock_timeout_limit, Duration::from_secs(30));
    assert_eq!(
        config.statement_timeout_limit,
        Duration::from_secs(2 * 60 * 60)
    );
    assert_eq!(
        config.schema.as_deref(),
        Some(Path::new("db/structure.sql"))
    );
    assert_eq!(config.rules["drop-column"], At(Severity::Error));
    assert_eq!(config.rules["prefer-text"], Off);
    let seconds = Duration::from_secs;
    assert_eq!(config.runner.lock_timeout, Some(seconds(5)));
    assert_eq!(config.runner.statement_timeout, Some(seconds(60)));
    assert_eq!(config.runner.transaction, Some(TransactionMode::File));
}

#[test]
fn an_empty_file_is_the_default_but_for_its_place() {
    let config = parse("").unwrap();
    let expected = Config {
        base: "db".into(),
        ..Config::default()
    };
    assert_eq!(config, expected);
}

#[test]
fn versions_are_read_as_people_write_them() {
    for text in [
        "pg-version = 16",
        "pg-version = \"16\"",
        "pg-version = 16.4",
        "pg-version = \"16.4\"",
    ] {
        assert_eq!(
            parse(text).unwrap().pg_version,
            PgVersion::new(16),
            "{text}"
        );
    }
    assert_eq!(
        mistake("pg-version = 9"),
        "db/humdrum.toml:1:14: `9` is not a PostgreSQL version that humdrum knows: give 12 to 18"
    );
}

#[test]
fn an_unknown_key_has_its_place_and_the_nearest_known_one() {
    assert_eq!(
        mistake("# c\n\n  pg_version = 16\n"),
        "db/humdrum.toml:3:3: unknown key `pg_version`; did you mean `pg-version`?"
    );
    assert_eq!(
        mistake("[runner]\nlock_timout = \"5s\"\n"),
        "db/humdrum.toml:2:1: unknown key `lock_timout` in [runner]; did you mean `lock-timeout`?"
    );
    assert!(mistake("colour = true").ends_with("unknown key `colour`; the keys are baseline, blocking-budget, exclude, fail-on, ignore, layout, lock-timeout-limit, overrides, pg-version, placeholders, require-reason, rules, runner, schema, select, small-tables, statement-timeout-limit"));
}

#[test]
fn a_dotted_or_quoted_key_is_looked_at_like_any_other() {
    assert!(mistake("runner.lock-timeot = \"5s\"").contains("did you mean `lock-timeout`?"));
    assert!(mistake("\"exclud\" = []").contains("did you mean `exclude`?"));
}

#[test]
fn an_unknown_rule_has_the_nearest_known_one() {
    assert_eq!(
        mistake("[rules]\n\"drop-colum\" = \"off\"\n"),
        "db/humdrum.toml:2:1: unknown rule `drop-colum`; did you mean `drop-column`? (`humdrum rules` lists them)"
    );
    assert_eq!(
        mistake("ignore = [\"drop-column\", \"drop_columns\"]"),
        "db/humdrum.toml:1:26: `drop_columns` is neither a rule nor a category; did you mean `drop-column`?"
    );
    assert!(mistake("[rules]\nlocking = \"off\"").contains("`locking` is a category"));
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_text() {
    let message =
        mistake("select = 1\nfail-on = \"warnings\"\nblocking-budget = 5\nexclude = [\"a[\", 2]\n");
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(
        lines,
        [
            "db/humdrum.toml:1:10: expected a list of rules and categories, found a number",
            "db/humdrum.toml:2:11: `warnings` is no value of `fail-on`: use one of error, warning, note, never; did you mean `warning`?",
            "db/humdrum.toml:3:19: `5` has no unit: write `5ms`, `5s` or `5min`",
            "db/humdrum.toml:4:12: exclude pattern `a[`: unclosed character class; missing ']'",
            "db/humdrum.toml:4:18: expected a pattern, found a number",
        ]
    );
}

#[test]
fn what_toml_refuses_has_its_place() {
    let message = mistake("a = 1\nb = \n");
    assert!(message.starts_with("db/humdrum.toml:2:5: "), "{message}");
    let message = mistake("exclude = []\nexclude = []\n");
    assert!(
        message.starts_with("db/humdrum.toml:2:1: duplicate key"),
        "{message}"
    );
}

#[test]
fn a_timeout_of_zero_is_not_a_timeout() {
    assert!(mistake("[runner]\nlock-timeout = \"0s\"").contains("waits for ever"));
}

#[test]
fn a_lock_timeout_may_be_set_without_being_known() {
    let config = parse("[runner]\nlock-timeout = \"set\"").unwrap();
    assert!(config.runner.timeouts().lock_timeout.is_some());
    let message = mistake("[runner]\nstatement-timeout = \"set\"");
    assert!(message.contains("`set` is not a duration"), "{message}");
}

#[test]
fn directories_may_have_layouts_of_their_own() {
    let config = parse("layout = { \"a/b\" = \"dbmate\", c = \"plain\" }").unwrap();
    assert_eq!(config.layout, None);
    assert_eq!(config.layouts["a/b"], "dbmate");
    assert_eq!(config.layouts["c"], "plain");
    let wrong = mistake("[layout]\na = \"dbmat\"");
    assert!(
        wrong.ends_with("2:5: unknown layout `dbmat`; did you mean `dbmate`?"),
        "{wrong}"
    );
}

#[test]
fn an_unknown_layout_is_refused() {
    assert_eq!(
        mistake("layout = \"dbmat\""),
        "db/humdrum.toml:1:10: unknown layout `dbmat`; did you mean `dbmate`?"
    );
}

fn setting_of(rule: &str, config: &str, select: &[&str], ignore: &[&str]) -> RuleSetting {
    let rules = rules();
    let known = Known {
        rules: &rules,
        layouts: &[],
    };
    let selectors = |names: &[&str]| {
        names
            .iter()
            .map(|name| Selector::parse(name, &known).unwrap())
            .collect()
    };
    let overrides = Overrides {
        select: selectors(select),
        ignore: selectors(ignore),
    };
    let config = parse(config).unwrap();
    settings(&rules, &config, &overrides)[rule]
}

#[test]
fn without_a_word_rules_have_the_severity_of_their_page() {
    assert_eq!(setting_of("drop-column", "", &[], &[]), On);
    assert_eq!(setting_of("prefer-text", "", &[], &[]), Off);
}

#[test]
fn selecting_switches_on_what_is_off_by_default_and_the_others_off() {
    let style = "select = [\"style\"]";
    assert_eq!(setting_of("prefer-text", style, &[], &[]), On);
    assert_eq!(setting_of("drop-column", style, &[], &[]), Off);
    let both = "select = [\"default\", \"style\"]";
    assert_eq!(setting_of("prefer-text", both, &[], &[]), On);
    assert_eq!(setting_of("drop-column", both, &[], &[]), On);
}

#[test]
fn a_rules_own_entry_outweighs_select_and_ignore() {
    let text = "ignore = [\"style\"]\n[rules]\nprefer-text = \"note\"";
    assert_eq!(
        setting_of("prefer-text", text, &[], &[]),
        At(Severity::Note)
    );
    let text = "select = [\"locking\"]\n[rules]\ndrop-column = \"error\"";
    assert_eq!(
        setting_of("drop-column", text, &[], &[]),
        At(Severity::Error)
    );
}

#[test]
fn the_command_line_outweighs_the_file() {
    let off = "[rules]\ndrop-column = \"off\"";
    assert_eq!(setting_of("drop-column", off, &["drop-column"], &[]), On);
    assert_eq!(setting_of("drop-column", off, &["data"], &[]), Off);
    let error = "[rules]\ndrop-column = \"error\"";
    assert_eq!(
        setting_of("drop-column", error, &["data"], &[]),
        At(Severity::Error)
    );
    assert_eq!(setting_of("drop-column", error, &["locking"], &[]), Off);
    assert_eq!(setting_of("drop-column", error, &[], &["drop-column"]), Off);
}

#[test]
fn rules_about_the_check_itself_stay_on_unless_they_are_ignored() {
    let locking = "select = [\"locking\"]";
    assert_eq!(setting_of("unused-ignore", locking, &[], &[]), On);
    assert_eq!(setting_of("unused-ignore", "", &["locking"], &[]), On);
    assert_eq!(setting_of("unused-ignore", locking, &[], &["check"]), Off);
}
