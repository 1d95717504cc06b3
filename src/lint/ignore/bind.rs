//! Which statement an ignore comment is about.

use std::ops::Range;

use super::directive::{Directive, Scope};

/// What a directive silences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    File,
    /// The findings of this statement and of those inside it.
    Statement(Range<usize>),
    /// No statement follows.
    Nothing,
}

/// Binds a directive. `statements` and `inner` are ranges of the file, in order: the statements of the
/// scripts, and those inside DO blocks.
pub fn bind(
    text: &str,
    directive: &Directive,
    statements: &[Range<usize>],
    inner: &[Range<usize>],
) -> Bound {
    match directive.scope {
        None => return Bound::Nothing,
        Some(Scope::File) => return Bound::File,
        Some(Scope::Statement) => {}
    }
    let comment = &directive.span;
    if let Some(around) = containing(statements, comment) {
        return Bound::Statement(within(text, comment, around, inner));
    }
    beside(text, comment, statements)
        .or_else(|| following(statements, comment))
        .map_or(Bound::Nothing, Bound::Statement)
}

/// The comment stands inside a statement: if that is a block, its own statements come first.
fn within(
    text: &str,
    comment: &Range<usize>,
    around: Range<usize>,
    inner: &[Range<usize>],
) -> Range<usize> {
    let first = inner.partition_point(|statement| statement.start < around.start);
    let length = inner[first..].partition_point(|statement| statement.start < around.end);
    let inner = &inner[first..first + length];
    containing(inner, comment)
        .or_else(|| beside(text, comment, inner))
        .or_else(|| following(inner, comment))
        .unwrap_or(around)
}

fn containing(statements: &[Range<usize>], comment: &Range<usize>) -> Option<Range<usize>> {
    let after = statements.partition_point(|statement| statement.start <= comment.start);
    let candidate = statements[..after].last()?;
    (comment.start < candidate.end).then(|| candidate.clone())
}

/// The statement that ends before the comment on the same line, with nothing but its `;` and other
/// comments between.
fn beside(text: &str, comment: &Range<usize>, statements: &[Range<usize>]) -> Option<Range<usize>> {
    let after = statements.partition_point(|statement| statement.end <= comment.start);
    let candidate = statements[..after].last()?;
    let between = text.get(candidate.end..comment.start)?;
    (!between.contains(['\n', '\r'])).then(|| candidate.clone())
}

fn following(statements: &[Range<usize>], comment: &Range<usize>) -> Option<Range<usize>> {
    let at = statements.partition_point(|statement| statement.start < comment.end);
    statements.get(at).cloned()
}
