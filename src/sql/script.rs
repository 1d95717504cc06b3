//! The way from a script's text to its statements.

use std::borrow::Cow;
use std::ops::Range;

use super::split::{Content, Piece, Split, Sql, split};
use super::tree::{self, NUL_BYTE, Refusal};
use super::{Body, Parsed, SkimReason, Statement, SyntaxError, skim::skim};
use crate::source::Source;

/// An INSERT longer than this, in bytes, is checked but not decoded when it lists its rows.
const MANY_ROWS: usize = 64 << 10;

/// Splits and parses the script that is `range` of the file. A range that leaves the text or cuts
/// a character is narrowed. Every text has an answer; errors are statements ([`Body::Invalid`]).
pub fn parse_script(source: &Source, range: Range<usize>) -> Parsed {
    let file = source.text();
    let end = file.floor_char_boundary(range.end.min(file.len()));
    let start = file.ceil_char_boundary(range.start.min(end)).min(end);
    let text = &file[start..end];
    let Split { pieces, comments } = split(text);
    let comments: Vec<_> = comments
        .into_iter()
        .map(|comment| shifted(comment, start))
        .collect();
    let statements = pieces
        .into_iter()
        .map(|piece| statement(text, start, piece, &comments))
        .collect();
    Parsed {
        statements,
        comments,
    }
}

fn shifted(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

fn statement(text: &str, base: usize, piece: Piece, comments: &[Range<usize>]) -> Statement {
    let start = base + piece.span.start;
    let body = match piece.content {
        Content::Psql => Body::Psql(text[piece.span.clone()].to_owned()),
        Content::Unterminated(what, at) => invalid(what.message().to_owned(), base + at),
        Content::Sql(sql) => body(text, &piece.span, &sql, base),
    };
    Statement {
        span: start..base + piece.span.end,
        leading_comments: comments[piece.leading_comments].to_vec(),
        body,
        placeholders: Vec::new(),
    }
}

fn invalid(message: String, offset: usize) -> Body {
    Body::Invalid(SyntaxError { message, offset })
}

fn body(script: &str, span: &Range<usize>, sql: &Sql, base: usize) -> Body {
    if let Some(nul) = sql.nul {
        return invalid(NUL_BYTE.to_owned(), base + nul);
    }
    let text = without_foreign(script, span.start, sql);
    if lists_many_rows(&text) && !sql.backslash_escapes {
        return match tree::check(&text) {
            Ok(()) => Body::Skimmed(skim(&text, SkimReason::ManyRows)),
            Err(refusal) => refused(&text, refusal, base + span.start),
        };
    }
    match tree::parse(&text, sql.backslash_escapes) {
        Ok(node) => Body::Tree(node),
        Err(refusal) => refused(&text, refusal, base + span.start),
    }
}

fn refused(text: &str, refusal: Refusal, start: usize) -> Body {
    match refusal {
        Refusal::TooDeep => Body::Skimmed(skim(text, SkimReason::TooDeep)),
        Refusal::Syntax(message, offset) => invalid(message, start + offset),
    }
}

/// The text to parse, with blanks in place of psql commands, so that offsets stay true.
fn without_foreign<'a>(script: &'a str, start: usize, sql: &Sql) -> Cow<'a, str> {
    let text = &script[start..sql.end];
    if sql.foreign.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut blanked = String::with_capacity(text.len());
    let mut from = start;
    for foreign in &sql.foreign {
        blanked.push_str(&script[from..foreign.start]);
        blanked.extend(std::iter::repeat_n(' ', foreign.len()));
        from = foreign.end;
    }
    blanked.push_str(&script[from..sql.end]);
    Cow::Owned(blanked)
}

fn lists_many_rows(text: &str) -> bool {
    let first = text.get(..6).unwrap_or_default();
    text.len() > MANY_ROWS
        && first.eq_ignore_ascii_case("insert")
        && text[..MANY_ROWS.min(text.floor_char_boundary(MANY_ROWS))]
            .to_ascii_lowercase()
            .contains("values")
}
