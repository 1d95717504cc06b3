//! The guide's own list (`fixtures/guide/`): each situation that a backend engineer meets first, and what
//! humdrum says of it on PostgreSQL 17.

use std::path::Path;

use humdrum::lint::{LintConfig, Outcome, Severity};
use humdrum::project;
use humdrum::version::PgVersion;

fn check(situation: &str) -> Outcome {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/guide")
        .join(situation);
    let project = project::load(&[directory], &project::Options::default());
    let version = PgVersion::new(17).expect("17 is known");
    humdrum::lint::lint(
        &project,
        &LintConfig {
            version,
            ..LintConfig::default()
        },
    )
}

fn found(outcome: &Outcome) -> Vec<(&str, Severity)> {
    assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
    outcome
        .findings
        .iter()
        .map(|found| (found.rule.as_str(), found.severity))
        .collect()
}

const NO_TIMEOUT: (&str, Severity) = ("missing-lock-timeout", Severity::Warning);

#[test]
fn a_nullable_column_or_a_constant_default_is_free() {
    assert_eq!(found(&check("nullable_column")), [NO_TIMEOUT]);
    assert_eq!(found(&check("constant_default")), [NO_TIMEOUT]);
}

#[test]
fn a_required_column_without_a_default_is_an_error() {
    assert_eq!(
        found(&check("required_column")),
        [NO_TIMEOUT, ("add-required-column", Severity::Error)]
    );
}

#[test]
fn an_index_is_built_concurrently() {
    assert_eq!(
        found(&check("plain_index")),
        [("create-index-blocking", Severity::Error)]
    );
}

#[test]
fn concurrently_needs_the_tools_way_out_of_its_transaction() {
    assert_eq!(
        found(&check("dbmate_concurrently_in_transaction")),
        [("forbidden-in-transaction", Severity::Error)]
    );
    assert_eq!(found(&check("dbmate_concurrently")), []);
}

#[test]
fn a_backfill_goes_in_batches_that_commit() {
    assert_eq!(
        found(&check("one_update")),
        [("unbatched-update", Severity::Warning)]
    );
    let loop_in_one_transaction = check("batches_without_commit");
    assert_eq!(
        found(&loop_in_one_transaction),
        [("batch-loop-in-one-transaction", Severity::Warning)]
    );
    let message = &loop_in_one_transaction.findings[0].finding.message;
    assert!(message.contains("last to the end"), "{message}");
    assert_eq!(found(&check("batches_with_commit")), []);
}

#[test]
fn dropping_a_column_is_the_contract_step_and_says_how_to_mark_it() {
    let outcome = check("drop_column");
    assert_eq!(found(&outcome), [("drop-column", Severity::Warning)]);
    let finding = &outcome.findings[0].finding;
    assert!(finding.label.contains("contract step"), "{}", finding.label);
    let help = finding.help.as_deref().unwrap_or_default();
    assert!(help.contains("-- humdrum: ignore drop-column"), "{help}");
    assert_eq!(found(&check("drop_column_marked")), []);
}

#[test]
fn every_migration_has_a_rollback_where_the_others_have_one() {
    assert_eq!(found(&check("rollback_pair")), []);
    assert_eq!(
        found(&check("rollback_missing")),
        [("missing-rollback", Severity::Warning)]
    );
}

#[test]
fn a_table_created_and_indexed_in_one_file_is_nobodys_business() {
    assert_eq!(found(&check("created_and_indexed")), []);
}
