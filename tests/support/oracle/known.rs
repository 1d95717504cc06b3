//! The cases on which the model is known to differ from the servers: `fixtures/oracle/known-disagreements.txt`.

use std::collections::BTreeMap;

use crate::cases::Majors;

/// It only shrinks.
const KNOWN: &str = include_str!("../../../fixtures/oracle/known-disagreements.txt");

/// The majors on which each case is known to differ, by its id.
///
/// # Panics
/// When a line is not `id majors # reason`.
pub fn disagreements() -> BTreeMap<&'static str, Majors> {
    KNOWN
        .lines()
        .map(|line| line.split('#').next().unwrap_or("").trim())
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (id, majors) = line
                .split_once(' ')
                .expect("a known disagreement is written `id majors # reason`");
            let majors = majors
                .trim()
                .to_owned()
                .try_into()
                .expect("majors such as 12-17");
            (id, majors)
        })
        .collect()
}
