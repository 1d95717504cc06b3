//! The order of findings in every format.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path;

use crate::lint::{Outcome, Reported};

/// File by file, in the order of the migrations; in a file by place, the more severe first where two
/// share one. A file with an up and a down section is one group.
pub fn sorted(outcome: &Outcome) -> Vec<&Reported> {
    let mut files: HashMap<&Path, usize> = HashMap::new();
    let mut findings: Vec<(usize, &Reported)> = Vec::with_capacity(outcome.findings.len());
    for reported in &outcome.findings {
        let next = files.len();
        let file = *files.entry(reported.source.path()).or_insert(next);
        findings.push((file, reported));
    }
    findings.sort_by(|(file, a), (other, b)| {
        let place = |it: &Reported| (it.finding.span.start, Reverse(it.severity));
        (file, place(a), &a.rule).cmp(&(other, place(b), &b.rule))
    });
    findings.into_iter().map(|(_, reported)| reported).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::sorted;
    use crate::lint::{Category, Finding, Outcome, Reported, Severity};
    use crate::project::Direction;
    use crate::source::Source;

    fn reported(path: &str, start: usize, severity: Severity, rule: &str) -> Reported {
        Reported {
            rule: rule.to_owned(),
            category: Category::Locking,
            severity,
            finding: Finding::new(start..start + 1, "", ""),
            source: Arc::new(Source::new(path, "0123456789")),
            migration: "1".to_owned(),
            direction: Direction::Up,
            fingerprint: String::new(),
        }
    }

    #[test]
    fn files_keep_the_order_of_the_migrations_and_findings_the_order_of_the_text() {
        let outcome = Outcome {
            findings: vec![
                reported("2.sql", 5, Severity::Note, "a"),
                reported("10.sql", 0, Severity::Note, "b"),
                reported("2.sql", 5, Severity::Error, "c"),
                reported("2.sql", 1, Severity::Note, "d"),
            ],
            ..Outcome::default()
        };
        let rules: Vec<&str> = sorted(&outcome).iter().map(|it| it.rule.as_str()).collect();
        assert_eq!(rules, ["d", "c", "a", "b"]);
    }
}
