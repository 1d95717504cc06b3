//! Comments that no list of statements has: between the scripts of a file, and inside DO blocks.

use std::ops::Range;

use super::directive::may_speak;
use crate::sql::scan::{Kind, Scanner};

/// The comments of a text that starts at `start` of the file.
fn comments(text: &str, start: usize) -> Vec<Range<usize>> {
    Scanner::new(text)
        .filter(|token| token.kind == Kind::Comment)
        .map(|token| start + token.start..start + token.end)
        .collect()
}

/// The comments in the parts of a file that belong to no script: the head of a file with sections.
/// These parts are not SQL, so only whole lines count. `scripts` is in order.
pub fn comments_between(text: &str, scripts: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    let end = text.len()..text.len();
    for script in scripts.iter().chain([&end]) {
        if let Some(gap) = text.get(from..script.start)
            && may_speak(gap)
        {
            found.extend(comment_lines(gap, from));
        }
        from = from.max(script.end);
    }
    found
}

fn comment_lines(text: &str, start: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = start;
    for line in text.split_inclusive('\n') {
        let shown = line.trim();
        if shown.starts_with("--") || shown.starts_with("/*") && shown.ends_with("*/") {
            let lead = line.len() - line.trim_start().len();
            found.push(at + lead..at + lead + shown.len());
        }
        at += line.len();
    }
    found
}

/// The comments inside the dollar quotes of a statement: of the body of a DO block.
pub fn comments_inside(statement: &str, start: usize) -> Vec<Range<usize>> {
    if !may_speak(statement) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for token in Scanner::new(statement).filter(|token| token.kind == Kind::Text) {
        let text = token.text(statement);
        let Some(tag) = dollar_tag(text) else {
            continue;
        };
        let Some(body) = text.get(tag..text.len().saturating_sub(tag)) else {
            continue;
        };
        found.extend(comments(body, start + token.start + tag));
    }
    found
}

/// The length of `$$` or `$tag$` at the start.
fn dollar_tag(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('$')?;
    Some(rest.find('$')? + 2)
}
