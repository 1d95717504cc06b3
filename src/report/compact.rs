//! One line for each finding, as editors and `grep` like it.

use std::borrow::Cow;
use std::io::{self, Write};

use super::order::sorted;
use super::range::slashed;
use super::summary::option;
use super::{Run, Screen, clean, summary};
use crate::lint::Reported;

/// `path:line:column: severity[rule] message`; then `path: error: message` for each path that could
/// not be checked; the summary is the last line.
///
/// # Errors
/// What writing to `out` answers.
pub fn compact(run: &Run<'_>, screen: Screen, out: &mut impl Write) -> io::Result<()> {
    for reported in sorted(run.outcome) {
        let place = reported.source.position(reported.finding.span.start);
        let kind = format!("{}[{}]", reported.severity.name(), reported.rule);
        writeln!(
            out,
            "{}:{}:{}: {} {}{}",
            clean::line(&slashed(reported.source.path())),
            place.line,
            place.column,
            screen.severity(reported.severity, kind),
            one_line(&reported.finding.message),
            fixable(reported)
        )?;
    }
    for problem in &run.outcome.problems {
        writeln!(
            out,
            "{}: {}: {}",
            clean::line(&slashed(&problem.path)),
            screen.severity(crate::lint::Severity::Error, "error"),
            one_line(&problem.message)
        )?;
    }
    writeln!(out, "{}", summary(run))
}

fn fixable(reported: &Reported) -> String {
    let fix = reported.finding.fix.as_ref();
    fix.map_or_else(String::new, |fix| {
        format!(" (fixable with {})", option(fix))
    })
}

fn one_line(message: &str) -> Cow<'_, str> {
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte);
    let is_tidy = message.trim() == message && !message.contains("  ");
    if is_tidy && message.as_bytes().iter().all(is_plain) {
        return Cow::Borrowed(message);
    }
    let words: Vec<&str> = message.split_whitespace().collect();
    Cow::Owned(clean::line(&words.join(" ")).into_owned())
}
