//! What a migration's text has that its released text has not.

use std::ops::Range;

use crate::project::{Migration, Release};
use crate::sql::scan::{Kind, Scanner};

/// The first token that is not as it was released, in the file; comments and blanks do not count. None for
/// a migration that was not released, or is the same.
pub fn first_edit(migration: &Migration) -> Option<Range<usize>> {
    let Release::Edited(released) = &migration.standing.release else {
        return None;
    };
    let mut then = Scanner::new(released).filter(|token| token.kind != Kind::Comment);
    let file = migration.source.text();
    let mut end = 0..0;
    for script in &migration.scripts {
        let text = match &script.text {
            Some(rewritten) => rewritten,
            None => &file[script.range.clone()],
        };
        end = script.range.start..script.range.start;
        for token in Scanner::new(text).filter(|token| token.kind != Kind::Comment) {
            let place = script.range.start + token.start..script.range.start + token.end;
            let same = then
                .next()
                .is_some_and(|old| old.text(released) == token.text(text));
            if !same {
                return Some(place);
            }
            end = place;
        }
    }
    then.next().map(|_| end)
}

/// Where a finding about a migration as a whole points: its first statement, else the first line of its
/// text that is not blank, else the last one before it, which is where its section begins.
pub fn head(migration: &Migration, statements: &[Range<usize>]) -> Range<usize> {
    if let Some(first) = statements.first() {
        return first.clone();
    }
    let first = migration.scripts.first();
    let range = first.map_or(0..0, |script| script.range.clone());
    let text = migration.source.text();
    let inside = text.get(range.clone()).unwrap_or_default();
    let before = text.get(..range.start).unwrap_or_default();
    let written = |line: &&str| !line.trim().is_empty();
    let line = inside.lines().find(written);
    let Some(line) = line
        .or_else(|| before.lines().rfind(written))
        .map(str::trim)
    else {
        return range.start..range.start;
    };
    // Both are parts of the text.
    let start = line.as_ptr().addr() - text.as_ptr().addr();
    start..start + line.len()
}
