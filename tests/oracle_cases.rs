//! The oracle's files are well formed and survive being read and written.

#[path = "support/oracle/cases.rs"]
mod cases;

use humdrum::version::PgVersion;

#[test]
fn the_cases_can_be_loaded() {
    assert!(cases::load().len() >= 674);
}

#[test]
fn a_case_is_written_as_it_was_read() {
    for name in [cases::TRUTH, cases::OWN] {
        for case in cases::load_file(name) {
            let line = serde_json::to_string(&case).unwrap();
            assert_eq!(serde_json::from_str::<cases::Case>(&line).unwrap(), case);
        }
    }
}

#[test]
fn no_version_is_described_twice_and_errors_stand_alone() {
    for case in cases::load() {
        for version in PgVersion::all() {
            let entries = case
                .observed
                .keys()
                .filter(|majors| majors.contains(version.major()));
            assert!(entries.count() <= 1, "{} {version}", case.id);
        }
        for observed in case.observed.values() {
            assert_eq!(
                observed.error.is_some(),
                observed.locks.is_none(),
                "{}",
                case.id
            );
        }
    }
}

#[test]
fn versions_that_agree_share_an_entry() {
    let mut case = cases::load().remove(0);
    let seen = case.observed(PgVersion::NEWEST).unwrap().clone();
    let other = cases::Observed {
        error: Some("42601".to_owned()),
        ..Default::default()
    };
    case.set_observed(
        [
            (12, other),
            (13, seen.clone()),
            (14, seen.clone()),
            (16, seen),
        ]
        .into(),
    );
    let keys: Vec<String> = case.observed.keys().map(ToString::to_string).collect();
    assert_eq!(keys, ["12", "13-14", "16"]);
}
