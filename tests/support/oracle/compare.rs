//! Two observations of one case: are they the same?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use humdrum::effects::LockMode;

use super::cases::{Mode, Observed};

type Locks = BTreeMap<String, String>;

/// What differs, a line each. Sampled locks (mode `notx`) are not compared: one run may see more than another.
pub fn differences(recorded: &Observed, seen: &Observed, mode: Mode) -> Vec<String> {
    let mut lines = Vec::new();
    note(&mut lines, "error", &recorded.error, &seen.error);
    if recorded.error.is_some() || seen.error.is_some() {
        return lines;
    }
    let none = Locks::new();
    let table_locks = |observed: &Observed| observed.locks.clone().unwrap_or(none.clone());
    if mode == Mode::Tx {
        compare_locks(&mut lines, &table_locks(recorded), &table_locks(seen));
        compare_locks(&mut lines, &recorded.index_locks, &seen.index_locks);
    }
    note(
        &mut lines,
        "new storage",
        &set(&recorded.new_storage),
        &set(&seen.new_storage),
    );
    note(
        &mut lines,
        "scans",
        &set(&recorded.scans),
        &set(&seen.scans),
    );
    note(
        &mut lines,
        "index builds",
        &set(&recorded.index_builds),
        &set(&seen.index_builds),
    );
    note(
        &mut lines,
        "dropped",
        &set(&recorded.dropped),
        &set(&seen.dropped),
    );
    note(
        &mut lines,
        "no transaction",
        &recorded.no_transaction,
        &seen.no_transaction,
    );
    lines
}

/// Adds the locks of another sampled run of the same statement.
pub fn keep_strongest_locks(observed: &mut Observed, again: &Observed) {
    let none = Locks::new();
    let more = again.locks.as_ref().unwrap_or(&none);
    merge_locks(observed.locks.get_or_insert_default(), more);
    merge_locks(&mut observed.index_locks, &again.index_locks);
}

fn note<T: PartialEq + Debug>(lines: &mut Vec<String>, what: &str, recorded: &T, seen: &T) {
    if recorded != seen {
        lines.push(format!("{what}: recorded {recorded:?}, now {seen:?}"));
    }
}

fn set(names: &[String]) -> BTreeSet<&str> {
    names.iter().map(String::as_str).collect()
}

fn compare_locks(lines: &mut Vec<String>, recorded: &Locks, seen: &Locks) {
    let relations: BTreeSet<&String> = recorded.keys().chain(seen.keys()).collect();
    for relation in relations {
        let (was, now) = (recorded.get(relation), seen.get(relation));
        if was != now {
            let name = |mode: Option<&String>| mode.map_or("none", String::as_str).to_owned();
            lines.push(format!(
                "lock on {relation}: recorded {}, now {}",
                name(was),
                name(now)
            ));
        }
    }
}

fn merge_locks(locks: &mut Locks, more: &Locks) {
    for (relation, mode) in more {
        if strength(Some(mode)) > strength(locks.get(relation)) {
            locks.insert(relation.clone(), mode.clone());
        }
    }
}

/// None, below every mode, for a relation without a lock.
fn strength(mode: Option<&String>) -> Option<LockMode> {
    let mode = mode?;
    LockMode::ALL.into_iter().find(|known| known.name() == mode)
}
