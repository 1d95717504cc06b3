//! The oracle's files are well formed and survive being read and written; observations compare as they should.

#[path = "support/oracle/cases.rs"]
mod cases;
#[path = "support/oracle/compare.rs"]
mod compare;

use std::path::Path;

use cases::Mode;
use compare::{differences, keep_strongest_locks};
use humdrum::version::PgVersion;

#[test]
fn the_cases_can_be_loaded() {
    assert!(cases::load().len() >= 674);
}

#[test]
fn a_case_is_written_as_it_was_read() {
    for name in [cases::TRUTH, cases::OWN] {
        for case in cases::load_file(Path::new(name)) {
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

fn locked(mode: &str) -> cases::Observed {
    cases::Observed {
        locks: Some([("t".to_owned(), mode.to_owned())].into()),
        ..Default::default()
    }
}

#[test]
fn locks_in_a_transaction_must_be_the_same() {
    let (weak, strong) = (locked("ShareLock"), locked("AccessExclusiveLock"));
    assert_eq!(differences(&weak, &weak, Mode::Tx), [""; 0]);
    assert_eq!(
        differences(&weak, &strong, Mode::Tx),
        ["lock on t: recorded ShareLock, now AccessExclusiveLock"]
    );
}

#[test]
fn locks_that_were_sampled_are_not_compared() {
    let (weak, strong) = (locked("ShareLock"), locked("AccessExclusiveLock"));
    assert_eq!(differences(&weak, &strong, Mode::NoTx), [""; 0]);
    assert_eq!(differences(&strong, &weak, Mode::NoTx), [""; 0]);
    let scanned = cases::Observed {
        scans: vec!["t".to_owned()],
        ..weak.clone()
    };
    assert_eq!(
        differences(&weak, &scanned, Mode::NoTx),
        ["scans: recorded {}, now {\"t\"}"]
    );
}

#[test]
fn several_samples_keep_the_strongest_lock() {
    let mut observed = locked("ShareLock");
    keep_strongest_locks(&mut observed, &locked("AccessShareLock"));
    assert_eq!(observed, locked("ShareLock"));
    keep_strongest_locks(&mut observed, &locked("AccessExclusiveLock"));
    assert_eq!(observed, locked("AccessExclusiveLock"));
}

#[test]
fn every_special_circumstance_belongs_to_a_case() {
    let special = cases::load()
        .iter()
        .filter(|case| case.circumstance() != cases::Circumstance::Plain)
        .count();
    assert_eq!(special, cases::CIRCUMSTANCES.len());
}
