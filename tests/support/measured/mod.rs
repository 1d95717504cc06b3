//! What is asked of real servers about types and expressions, and how the answers are written down.

#![allow(dead_code, reason = "the generator and the tests use different parts")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Created before anything is measured.
pub const SETUP: &str = include_str!("setup.sql");

/// The types of the matrix, as a column has them.
pub const TYPES: &[&str] = &[
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "numeric(10,2)",
    "numeric(12,2)",
    "numeric(12,4)",
    "numeric(5)",
    "real",
    "double precision",
    "money",
    "boolean",
    "text",
    "varchar",
    "varchar(10)",
    "varchar(20)",
    "char(5)",
    "char(10)",
    "bpchar",
    "name",
    "\"char\"",
    "citext",
    "bytea",
    "bit(8)",
    "bit(16)",
    "bit varying",
    "bit varying(8)",
    "bit varying(16)",
    "date",
    "time",
    "time(3)",
    "timetz",
    "timetz(3)",
    "timestamp",
    "timestamp(3)",
    "timestamp(6)",
    "timestamptz",
    "timestamptz(3)",
    "timestamptz(6)",
    "interval",
    "interval(3)",
    "interval(6)",
    "interval day to second",
    "interval day to second(3)",
    "interval year to month",
    "interval hour",
    "uuid",
    "json",
    "jsonb",
    "xml",
    "jsonpath",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "oid",
    "regclass",
    "regproc",
    "regtype",
    "xid",
    "cid",
    "tid",
    "pg_lsn",
    "int4range",
    "int8range",
    "numrange",
    "daterange",
    "tstzrange",
    "point",
    "box",
    "circle",
    "polygon",
    "tsvector",
    "tsquery",
    "txid_snapshot",
    "refcursor",
    "int2vector",
    "oidvector",
    "hstore",
    "ltree",
    "smallint[]",
    "integer[]",
    "bigint[]",
    "text[]",
    "varchar[]",
    "varchar(10)[]",
    "varchar(20)[]",
    "numeric[]",
    "numeric(10,2)[]",
    "numeric(12,2)[]",
    "timestamptz[]",
    "jsonb[]",
    "mood[]",
    "mood",
    "temper",
    "d_text",
    "d_check",
    "d_not_null",
    "d_v10",
    "d_v20",
    "d_integer",
    "d_positive",
    "d_over_check",
    "d_plain_over",
    "d_array",
    "d_mood",
    "pair",
    "couple",
    "floats",
];

/// Those whose conversions depend on the time zone; measured under Europe/Berlin too.
pub const ZONED: &[&str] = &[
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamp(3)",
    "timestamp(6)",
    "timestamptz",
    "timestamptz(3)",
    "timestamptz(6)",
];

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/oracle")
}

/// What one statement did: `-` nothing, `index` the index was built again, `rewrite`, or a SQLSTATE.
pub type Outcome = String;

/// `12:42883 13-18:rewrite`; versions that say nothing are left out.
pub fn write_outcomes(outcomes: &BTreeMap<u8, Outcome>) -> String {
    let mut runs: Vec<(u8, u8, &str)> = Vec::new();
    for (&major, outcome) in outcomes {
        match runs.last_mut() {
            Some((_, last, same)) if *last + 1 == major && *same == outcome => *last = major,
            _ => runs.push((major, major, outcome)),
        }
    }
    let written: Vec<String> = runs
        .into_iter()
        .map(|(first, last, outcome)| {
            if first == last {
                format!("{first}:{outcome}")
            } else {
                format!("{first}-{last}:{outcome}")
            }
        })
        .collect();
    written.join(" ")
}

pub fn read_outcomes(text: &str) -> BTreeMap<u8, Outcome> {
    let mut outcomes = BTreeMap::new();
    for run in text.split_whitespace() {
        let (majors, outcome) = run.split_once(':').expect("majors:outcome");
        let (first, last) = majors.split_once('-').unwrap_or((majors, majors));
        let (first, last): (u8, u8) = (first.parse().unwrap(), last.parse().unwrap());
        for major in first..=last {
            outcomes.insert(major, outcome.to_owned());
        }
    }
    outcomes
}

/// One letter for each outcome in the matrix.
pub fn letter(outcome: &str) -> char {
    match outcome {
        "-" => '.',
        "index" => 'i',
        "rewrite" => 'R',
        "42804" => 'x',
        "42704" => 'o',
        "" => ' ',
        other => panic!("no letter for {other}"),
    }
}

pub fn outcome_of(letter: char) -> &'static str {
    match letter {
        '.' => "-",
        'i' => "index",
        'R' => "rewrite",
        'x' => "42804",
        'o' => "42704",
        _ => "",
    }
}
