//! Findings that are known and accepted: a file of fingerprints.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::outcome::{Outcome, Reported};

/// The content of a baseline file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    version: u32,
    findings: Vec<Entry>,
}

/// One accepted finding. Only the fingerprint counts; the rest is for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    pub path: String,
    pub rule: String,
    pub fingerprint: String,
}

/// What a baseline did to an outcome.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Findings that were left out.
    pub known: usize,
    /// Entries about files that were checked, and that nothing is found for any more.
    pub stale: Vec<Entry>,
}

impl Baseline {
    /// Everything that an outcome has found.
    pub fn of(outcome: &Outcome) -> Self {
        let mut findings: Vec<Entry> = outcome.findings.iter().map(entry).collect();
        findings.sort();
        Baseline {
            version: 1,
            findings,
        }
    }

    /// The findings of several runs in one file.
    pub fn together(parts: &[Baseline]) -> Self {
        let mut findings: Vec<Entry> = parts.iter().flat_map(|it| it.findings.clone()).collect();
        findings.sort();
        Baseline {
            version: 1,
            findings,
        }
    }

    /// # Errors
    /// A sentence that says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let baseline: Baseline = serde_json::from_str(text).map_err(|error| {
            format!("is no baseline: {error}; write it again with --write-baseline")
        })?;
        if baseline.version != 1 {
            return Err(format!(
                "is a baseline of version {}, which this humdrum does not know",
                baseline.version
            ));
        }
        Ok(baseline)
    }

    pub fn text(&self) -> String {
        // Strings and numbers always have a form in JSON.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// How many findings it holds.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Takes the known findings out. `checked` says whether a file of that path was looked at.
    pub fn apply(&self, outcome: &mut Outcome, checked: impl Fn(&str) -> bool) -> Applied {
        let mut known: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in &self.findings {
            known.entry(&entry.fingerprint).or_default().push(entry);
        }
        let before = outcome.findings.len();
        outcome.findings.retain(|found| {
            let Some(entries) = known.get_mut(found.fingerprint.as_str()) else {
                return true;
            };
            // A fingerprint holds the file's name only: of two equal ones, the one with the path goes first.
            let path = slashed(found.source.path());
            let at = entries.iter().position(|it| it.path == path).unwrap_or(0);
            if entries.is_empty() {
                return true;
            }
            entries.remove(at);
            false
        });
        outcome.recount();
        let mut stale: Vec<Entry> = known.into_values().flatten().cloned().collect();
        stale.retain(|entry| checked(&entry.path));
        stale.sort();
        Applied {
            known: before - outcome.findings.len(),
            stale,
        }
    }
}

fn entry(found: &Reported) -> Entry {
    Entry {
        path: slashed(found.source.path()),
        rule: found.rule.clone(),
        fingerprint: found.fingerprint.clone(),
    }
}

/// The same on every platform.
pub fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::Baseline;

    #[test]
    fn what_is_no_baseline_is_said() {
        assert!(
            Baseline::parse("[]")
                .unwrap_err()
                .starts_with("is no baseline")
        );
        let newer = Baseline::parse("{\"version\": 2, \"findings\": []}").unwrap_err();
        assert!(newer.contains("version 2"), "{newer}");
    }

    #[test]
    fn it_reads_what_it_writes() {
        let text = "{\"version\":1,\"findings\":[{\"path\":\"a.sql\",\"rule\":\"drop-table\",\"fingerprint\":\"0\"}]}";
        let baseline = Baseline::parse(text).unwrap();
        assert_eq!(Baseline::parse(&baseline.text()), Ok(baseline));
    }
}
