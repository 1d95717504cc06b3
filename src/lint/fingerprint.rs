//! A name for a finding that stays the same while lines move above it: for baselines.

use std::collections::BTreeMap;
use std::path::Path;

use crate::sql::scan::{Kind, Scanner};

/// Gives out the fingerprints of one file's findings.
#[derive(Debug, Default)]
pub struct Fingerprints {
    /// How often each hash was given out.
    seen: BTreeMap<u64, u32>,
}

impl Fingerprints {
    /// 16 hexadecimal digits over the rule, the migration's version, the file's name, the statement's
    /// text without comments and blanks, and the ordinal among findings that are equal in all of these.
    pub fn give(&mut self, rule: &str, version: &str, path: &Path, statement: &str) -> String {
        let mut hash = Fnv::new();
        hash.part(rule.as_bytes());
        hash.part(version.as_bytes());
        hash.part(path.file_name().unwrap_or_default().as_encoded_bytes());
        for token in Scanner::new(statement).filter(|token| token.kind != Kind::Comment) {
            hash.part(token.text(statement).as_bytes());
        }
        let ordinal = self.seen.entry(hash.0).or_default();
        hash.part(&ordinal.to_le_bytes());
        *ordinal += 1;
        format!("{:016x}", hash.0)
    }
}

/// FNV-1a of 64 bits: the same on every platform and in every version.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    /// Each part ends with a byte that UTF-8 does not have, so that parts cannot run together.
    fn part(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().chain([&0xff]) {
            self.0 ^= u64::from(byte);
            self.0 = self.0.wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Fingerprints;

    fn one(rule: &str, version: &str, path: &str, statement: &str) -> String {
        Fingerprints::default().give(rule, version, Path::new(path), statement)
    }

    #[test]
    fn blanks_comments_and_directories_do_not_count() {
        assert_eq!(
            one("drop-table", "1", "a/1.sql", "DROP TABLE t"),
            one("drop-table", "1", "b/1.sql", "DROP /* x */\n  TABLE t -- y"),
        );
    }

    #[test]
    fn rule_version_file_and_text_count() {
        let base = one("drop-table", "1", "1.sql", "DROP TABLE t");
        for other in [
            one("drop-schema", "1", "1.sql", "DROP TABLE t"),
            one("drop-table", "2", "1.sql", "DROP TABLE t"),
            one("drop-table", "1", "2.sql", "DROP TABLE t"),
            one("drop-table", "1", "1.sql", "DROP TABLE tt"),
            one("drop-table", "1", "1.sql", "DROP TABLE 't'"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn equal_findings_are_told_apart_by_their_order() {
        let mut prints = Fingerprints::default();
        let mut give = || prints.give("drop-table", "1", Path::new("1.sql"), "DROP TABLE t");
        let (first, second) = (give(), give());
        assert_ne!(first, second);
        assert_eq!(first, one("drop-table", "1", "1.sql", "DROP TABLE t"));
    }

    /// A baseline file outlives the program that wrote it.
    #[test]
    fn a_fingerprint_never_changes() {
        assert_eq!(
            one("drop-table", "001", "001_x.sql", "DROP TABLE t"),
            "386a9b9afb081bbe"
        );
    }
}
