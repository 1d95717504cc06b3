//! Reading and writing the oracle's cases, one JSON object a line.
#![allow(dead_code, reason = "each target that includes this uses its own part")]

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use humdrum::version::PgVersion;
use serde::{Deserialize, Serialize};

/// The file with the cases that the model was first held to.
pub const TRUTH: &str = "truth.jsonl";
/// The file with the cases that were added since.
pub const OWN: &str = "own.jsonl";

/// A statement (or a few) under test, and what each version did with it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub id: String,
    pub group: String,
    /// Run and committed first, statement by statement. `{port}` and `{db}` stand for the server's port and the
    /// name of the case's database, here and in `sql`.
    pub setup: String,
    pub mode: Mode,
    pub sql: String,
    /// A version that is missing cannot run the set-up: nothing is known of it.
    #[serde(default)]
    pub observed: BTreeMap<Majors, Observed>,
}

/// Under what a case was measured, where neither `setup` nor `sql` says it. New cases say it themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Circumstance {
    /// A session that has just connected; its `TimeZone` is UTC.
    Plain,
    /// The session's `TimeZone`.
    TimeZone(&'static str),
    /// DETACH PARTITION pt1 CONCURRENTLY was interrupted before.
    PendingDetach,
}

pub const CIRCUMSTANCES: &[(&str, Circumstance)] = &[
    ("detach_finalize", Circumstance::PendingDetach),
    (
        "type_timestamp_to_timestamptz_berlin_idx",
        Circumstance::TimeZone("Europe/Berlin"),
    ),
    (
        "type_timestamp_to_timestamptz_tz_0",
        Circumstance::TimeZone("0"),
    ),
    (
        "type_timestamp_to_timestamptz_tz_etc_utc",
        Circumstance::TimeZone("Etc/UTC"),
    ),
    (
        "type_timestamp_to_timestamptz_tz_europe_berlin",
        Circumstance::TimeZone("Europe/Berlin"),
    ),
    (
        "type_timestamp_to_timestamptz_tz_europe_london",
        Circumstance::TimeZone("Europe/London"),
    ),
    (
        "type_timestamp_to_timestamptz_tz_gmt",
        Circumstance::TimeZone("GMT"),
    ),
    (
        "type_timestamptz_to_timestamp_tz_europe_london",
        Circumstance::TimeZone("Europe/London"),
    ),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In a transaction block, observed before its end.
    Tx,
    /// Outside a transaction block. Its locks were sampled: at least these.
    NoTx,
}

/// What a server did. Relations of the schema `public` are named without it, others as `schema.name`;
/// only relations that existed before are meant, except in `index_builds`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The SQLSTATE. Then nothing else is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Relation to strongest lock mode (`AccessExclusiveLock`): tables, views, sequences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locks: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub index_locks: BTreeMap<String, String>,
    /// Relations with a new relfilenode. A sequence is written `name (sequence)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new_storage: Vec<String>,
    /// Relations of which 500 rows or more were read sequentially.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scans: Vec<String>,
    /// Indexes built or rebuilt, new ones too, by name without schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub index_builds: Vec<String>,
    /// Relations that are gone afterwards; indexes are not listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// The statement answers 25001 in a transaction block. Only asked in the mode `notx`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_transaction: bool,
}

impl Case {
    pub fn observed(&self, version: PgVersion) -> Option<&Observed> {
        self.observed
            .iter()
            .find(|(majors, _)| majors.contains(version.major()))
            .map(|(_, observed)| observed)
    }

    pub fn circumstance(&self) -> Circumstance {
        CIRCUMSTANCES
            .iter()
            .find(|(id, _)| *id == self.id)
            .map_or(Circumstance::Plain, |(_, circumstance)| *circumstance)
    }

    /// Takes over new observations; neighbouring versions that did the same share an entry.
    pub fn set_observed(&mut self, observations: BTreeMap<u8, Observed>) {
        let mut runs: Vec<(Majors, Observed)> = Vec::new();
        for (major, observed) in observations {
            match runs.last_mut() {
                Some((majors, last)) if majors.last + 1 == major && *last == observed => {
                    majors.last = major;
                }
                _ => runs.push((
                    Majors {
                        first: major,
                        last: major,
                    },
                    observed,
                )),
            }
        }
        self.observed = runs.into_iter().collect();
    }
}

/// A range of majors, written `12-17` or `18`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Majors {
    pub first: u8,
    pub last: u8,
}

impl Majors {
    pub fn contains(self, major: u8) -> bool {
        (self.first..=self.last).contains(&major)
    }
}

impl TryFrom<String> for Majors {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok(Majors { first, last }),
            _ => Err(format!("`{text}` is no range of majors such as `12-17`")),
        }
    }
}

impl From<Majors> for String {
    fn from(majors: Majors) -> String {
        majors.to_string()
    }
}

impl fmt::Display for Majors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

/// All cases of both files.
///
/// # Panics
/// When a file cannot be read, a line is no case, or an id stands there twice.
pub fn load() -> Vec<Case> {
    let mut cases = load_file(Path::new(TRUTH));
    cases.extend(load_file(Path::new(OWN)));
    let mut ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    ids.sort_unstable();
    for pair in ids.windows(2) {
        assert_ne!(pair[0], pair[1], "two oracle cases have the same id");
    }
    cases
}

/// The cases of one file, in its order; a name alone is one of `fixtures/oracle/`.
///
/// # Panics
/// When it cannot be read or a line is no case.
pub fn load_file(name: &Path) -> Vec<Case> {
    let path = file(name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{}:{}: {error}", path.display(), index + 1))
        })
        .collect()
}

/// Overwrites such a file.
pub fn write_file(name: &Path, cases: &[Case]) -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    for case in cases {
        text.push_str(&serde_json::to_string(case)?);
        text.push('\n');
    }
    Ok(std::fs::write(file(name), text)?)
}

fn file(name: &Path) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/oracle")
        .join(name)
}
