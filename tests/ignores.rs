//! Ignore comments: what they bind to, and what is said of those that ignore nothing.

mod support;

use humdrum::lint::{LintConfig, RuleSetting, Severity, lint};
use support::{check, project, shown};

#[test]
fn a_syntax_error_is_ignored_where_the_comment_binds() {
    let broken = "SELEC 1;";
    assert_eq!(check(broken), ["syntax-error@1:1"]);
    for sql in [
        "-- humdrum: ignore syntax-error: on purpose\nSELEC 1;",
        "/* humdrum: ignore syntax-error */\n\n-- more\n\nSELEC 1;",
        "SELECT 1;\n-- humdrum: ignore syntax-error\n\n-- and\n/* more */ SELEC 1;",
        "SELEC 1; -- humdrum: ignore syntax-error: trails",
        "SELEC 1 -- humdrum: ignore syntax-error: inside\n, 2;",
        "-- humdrum: ignore-file syntax-error: a dialect\nSELECT 1;\nSELEC 1;\nSELEC 2;",
        "SELEC 1;\n-- humdrum: ignore-file syntax-error",
    ] {
        assert_eq!(check(sql), Vec::<String>::new(), "{sql}");
    }
}

#[test]
fn a_comment_binds_to_one_statement_only() {
    assert_eq!(
        check("-- humdrum: ignore syntax-error\nSELEC 1;\nSELEC 2;"),
        ["syntax-error@3:1"]
    );
    assert_eq!(
        check("SELEC 1; SELEC 2; -- humdrum: ignore syntax-error\nSELEC 3;"),
        ["syntax-error@1:1", "syntax-error@2:1"]
    );
}

#[test]
fn ignored_findings_are_counted() {
    let project = project(&[(
        "1.sql",
        "-- humdrum: ignore syntax-error\nSELEC 1;\nSELEC 2;",
    )]);
    let counts = lint(&project, &LintConfig::default()).counts;
    assert_eq!((counts.errors, counts.ignored), (1, 1));
    assert_eq!((counts.migrations, counts.statements), (1, 2));
}

#[test]
fn a_comment_that_ignores_nothing_is_reported_at_the_rule_it_names() {
    assert_eq!(
        check("-- humdrum: ignore syntax-error: was broken once\nSELECT 1;"),
        ["unused-ignore@1:20"]
    );
    assert_eq!(
        check("SELECT 1;\n-- humdrum: ignore-file syntax-error"),
        ["unused-ignore@2:25"]
    );
    assert_eq!(
        check("SELECT 1;\n\n-- humdrum: ignore syntax-error: nothing follows"),
        ["unused-ignore@3:20"]
    );
}

#[test]
fn of_several_rules_only_the_unused_one_is_reported() {
    assert_eq!(
        check("-- humdrum: ignore syntax-error, unanalysed-statement: x\nSELEC 1;"),
        ["unused-ignore@1:34"]
    );
}

#[test]
fn a_rule_that_is_off_is_not_expected_to_fire() {
    let project = project(&[("1.sql", "-- humdrum: ignore syntax-error\nSELECT 1;")]);
    let mut config = LintConfig::default();
    config
        .rules
        .insert("syntax-error".to_owned(), RuleSetting::Off);
    assert_eq!(shown(&lint(&project, &config)), Vec::<String>::new());
}

#[test]
fn an_unknown_rule_is_reported_with_the_nearest_name() {
    let project = project(&[("1.sql", "-- humdrum: ignore sintax-error: x\nSELEC 1;")]);
    let outcome = lint(&project, &LintConfig::default());
    assert_eq!(shown(&outcome), ["unknown-rule@1:20", "syntax-error@2:1"]);
    let message = &outcome.findings[0].finding.message;
    assert!(
        message.contains("did you mean `syntax-error`?"),
        "{message}"
    );
}

#[test]
fn a_comment_for_humdrum_that_is_not_understood_is_reported() {
    assert_eq!(check("-- humdrum: ignore\nSELECT 1;"), ["unknown-rule@1:1"]);
    assert_eq!(
        check("-- humdrum: disable syntax-error\nSELECT 1;"),
        ["unknown-rule@1:1"]
    );
}

#[test]
fn an_unused_ignore_can_be_ignored() {
    assert_eq!(
        check(
            "-- humdrum: ignore-file unused-ignore: kept\n-- humdrum: ignore syntax-error\nSELECT 1;"
        ),
        Vec::<String>::new()
    );
}

#[test]
fn the_severity_of_the_configuration_counts() {
    let project = project(&[("1.sql", "SELEC 1;")]);
    let mut config = LintConfig::default();
    let setting = RuleSetting::At(Severity::Note);
    config.rules.insert("syntax-error".to_owned(), setting);
    let outcome = lint(&project, &config);
    assert_eq!(outcome.findings[0].severity, Severity::Note);
    assert_eq!(outcome.counts.notes, 1);
}

#[test]
fn a_fingerprint_survives_lines_moving_above_the_statement() {
    let print = |sql: &str| {
        let outcome = lint(&project(&[("1.sql", sql)]), &LintConfig::default());
        let findings = outcome.findings.iter();
        findings
            .map(|finding| finding.fingerprint.clone())
            .collect::<Vec<_>>()
    };
    let once = print("SELEC 1;");
    assert_eq!(once, print("SELECT 0;\n\n-- a comment\nSELEC   1;"));
    assert_ne!(once, print("SELEC 2;"));
    let twice = print("SELEC 1; SELEC 1;");
    assert_eq!(twice[0], once[0]);
    assert_ne!(twice[1], once[0]);
}
