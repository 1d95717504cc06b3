//! The way from a script's text to its statements.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::branches::Branches;
use super::client_copy;
use super::excerpt::Excerpt;
use super::literal_rows;
use super::many_rows;
use super::placeholder::{self, By, Placeholder};
use super::psql_variables::PsqlVariables;
use super::recover::{self, Restart};
use super::split::{Content, Piece, Split, Sql, split};
use super::tree::{self, NUL_BYTE, Refusal};
use super::{Body, Parsed, SkimReason, Statement, SyntaxError, skim::skim};
use crate::source::Source;

/// An INSERT longer than this, in bytes, is checked but not decoded when it lists its rows.
const MANY_ROWS: usize = 16 << 10;

/// In a statement that is longer, a forgotten `;` is not looked for, and not more than
/// [`MOST_RESTARTS`] times in others: each time costs another look at the rest.
const LONGEST_TO_RECOVER: usize = 256 << 10;
const MOST_RESTARTS: usize = 20;

/// Splits and parses the script that is `range` of the file. A range that leaves the text or cuts
/// a character is narrowed. Every text has an answer; errors are statements ([`Body::Invalid`]).
pub fn parse_script(source: &Source, range: Range<usize>) -> Parsed {
    let file = source.text();
    let end = file.floor_char_boundary(range.end.min(file.len()));
    let start = file.ceil_char_boundary(range.start.min(end)).min(end);
    parse_text(source, &file[start..end], start)
}

/// Splits and parses a text as if it stood at `start` in the file.
pub fn parse_text(source: &Source, text: &str, start: usize) -> Parsed {
    parse_with(source, text, start, &Values::new())
}

/// What placeholders stand for, by their names.
pub type Values = BTreeMap<String, String>;

/// [`parse_text`] with values for placeholders.
pub fn parse_with(source: &Source, text: &str, start: usize, values: &Values) -> Parsed {
    let branches = Branches::of(text);
    let text = &*branches.text;
    let Split {
        pieces,
        comments,
        commands,
    } = split(text);
    let mut script = Script {
        text,
        values,
        base: start,
        adds_enum_values: source.adds_enum_values(adds_enum_values),
        comments: comments
            .into_iter()
            .map(|comment| shifted(&comment, start))
            .collect(),
        statements: Vec::with_capacity(pieces.len()),
        variables: PsqlVariables::default(),
    };
    let mut commands = commands.into_iter().peekable();
    for piece in pieces {
        while let Some(command) = commands.next_if(|it| it.start < piece.span.start) {
            script.variables.follow(&text[command]);
        }
        if !script.variables.is_skipped() || matches!(piece.content, Content::Psql) {
            script.add(piece);
        }
    }
    Parsed {
        statements: script.statements,
        comments: script.comments,
        alternatives: branches
            .alternatives
            .iter()
            .map(|group| group.iter().map(|it| shifted(it, start)).collect())
            .collect(),
    }
}

fn shifted(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

struct Script<'a> {
    text: &'a str,
    values: &'a Values,
    /// The script's offset in the file.
    base: usize,
    /// Any literal may then be a value that its transaction must not use yet.
    adds_enum_values: bool,
    comments: Vec<Range<usize>>,
    statements: Vec<Statement>,
    /// psql's, at the statement that is looked at.
    variables: PsqlVariables,
}

/// A statement's text after the removal of what is no SQL, and what became of it.
struct Judged {
    body: Body,
    /// Counted from the statement's start.
    placeholders: Vec<Range<usize>>,
    filled: Option<Excerpt>,
}

impl Script<'_> {
    fn add(&mut self, piece: Piece) {
        let leading = self.comments[piece.leading_comments].to_vec();
        match piece.content {
            Content::Psql => {
                let command = &self.text[piece.span.clone()];
                if self.variables.decides(command) {
                    return;
                }
                let copy = client_copy::sent(command);
                let body = match copy.map(|copy| tree::parse(&copy, false)) {
                    Some(Ok(node)) => Body::Tree(node),
                    Some(Err(_)) | None => Body::Psql(command.to_owned()),
                };
                self.push(piece.span, leading, body.into());
            }
            Content::Unterminated(what, at) => {
                let body = invalid(what.message().to_owned(), self.base + at);
                self.push(piece.span, leading, body.into());
            }
            Content::Sql(sql) => self.add_sql(piece.span, leading, &sql),
        }
    }

    fn push(&mut self, span: Range<usize>, leading: Vec<Range<usize>>, judged: Judged) {
        let span = shifted(&span, self.base);
        let placeholders = judged
            .placeholders
            .iter()
            .map(|placeholder| shifted(placeholder, span.start))
            .collect();
        self.statements.push(Statement {
            leading_comments: leading,
            body: judged.body,
            placeholders,
            filled: judged.filled,
            span,
        });
    }

    fn add_sql(&mut self, span: Range<usize>, leading: Vec<Range<usize>>, sql: &Sql) {
        if let Some(nul) = sql.nul {
            let body = invalid(NUL_BYTE.to_owned(), self.base + nul);
            return self.push(span, leading, body.into());
        }
        let text = without_foreign(self.text, span.start, sql);
        if placeholder::only_ends(&text) {
            return;
        }
        let mut start = 0;
        let mut leading = leading;
        let mut judged = self.judge(&text, span.start, sql);
        for _ in 0..MOST_RESTARTS {
            let Some((restart, rest)) = self.restart(&text, start, span.start, &judged, sql) else {
                break;
            };
            let broken = span.start + start..span.start + restart.end;
            self.push(broken, leading, judged);
            leading = self.comments_between(span.start + restart.end, span.start + restart.start);
            start = restart.start;
            judged = rest;
        }
        self.push(span.start + start..span.end, leading, judged);
    }

    /// Where another statement starts in the text from `start` on, which was judged invalid, and
    /// what the text from there is.
    fn restart(
        &self,
        text: &str,
        start: usize,
        text_start: usize,
        judged: &Judged,
        sql: &Sql,
    ) -> Option<(Restart, Judged)> {
        let Body::Invalid(error) = &judged.body else {
            return None;
        };
        if text.len() > LONGEST_TO_RECOVER {
            return None;
        }
        let from = self.base + text_start + start;
        let found = recover::restart(&text[start..], error.offset.checked_sub(from)?)?;
        let restart = Restart {
            start: start + found.start,
            end: start + found.end,
            exact: found.exact,
        };
        let rest = self.judge(&text[restart.start..], text_start + restart.start, sql);
        let plausible = match &rest.body {
            Body::Invalid(error) => {
                let offset = error.offset - (self.base + text_start + restart.start);
                found.exact && recover::is_past_the_start(&text[restart.start..], offset)
            }
            Body::Tree(_) | Body::Skimmed(_) | Body::Psql(_) => true,
        };
        plausible.then_some((restart, rest))
    }

    fn comments_between(&self, start: usize, end: usize) -> Vec<Range<usize>> {
        let at = |offset| {
            self.comments
                .partition_point(|comment| comment.start < self.base + offset)
        };
        self.comments[at(start)..at(end)].to_vec()
    }

    /// `start` is the text's offset in the script.
    fn judge(&self, text: &str, start: usize, sql: &Sql) -> Judged {
        let (parsed, placeholders) = placeholder::parse(text, By::PsqlOrTemplates, |text| {
            body(text, sql, self.adds_enum_values)
        });
        if let Some(judged) = self.filled(text, start, sql, &placeholders) {
            return judged;
        }
        let body = match parsed {
            Ok(body) => body,
            Err(_) if placeholder::are_all(text, &placeholders) => {
                Body::Psql(text.trim_end_matches(';').trim_end().to_owned())
            }
            Err(refusal) => refused(text, refusal, self.base + start),
        };
        let spoken_of = placeholders.into_iter().map(|found| found.range);
        Judged {
            body,
            placeholders: spoken_of
                .filter(|found| !placeholder::is_comment(&text[found.clone()]))
                .collect(),
            filled: None,
        }
    }

    /// The statement with the values of its placeholders, if any is known.
    fn filled(
        &self,
        text: &str,
        start: usize,
        sql: &Sql,
        placeholders: &[Placeholder],
    ) -> Option<Judged> {
        let value = |found: &Placeholder| {
            let written = &text[found.range.clone()];
            let name = placeholder::name(written);
            let psql = || self.variables.value(name);
            let value = self.values.get(name);
            found.filled(value.or_else(|| psql().filter(|_| written.starts_with(':')))?)
        };
        let mut parts = Vec::new();
        let mut unknown = Vec::new();
        for found in placeholders {
            match value(found) {
                Some(value) => parts.push((found.range.clone(), value)),
                None => unknown.push(found.range.clone()),
            }
        }
        if parts.is_empty() {
            return None;
        }
        let filled = Excerpt::filled(text, 0, &parts);
        let (parsed, _) = placeholder::parse(filled.text(), By::PsqlOrTemplates, |text| {
            body(text, sql, self.adds_enum_values)
        });
        let body = match parsed {
            Ok(body) => body,
            Err(Refusal::Syntax(message, offset)) => {
                invalid(message, self.base + start + filled.offset(offset))
            }
            Err(refusal @ Refusal::TooDeep) => refused(filled.text(), refusal, self.base + start),
        };
        Some(Judged {
            body,
            placeholders: unknown,
            filled: Some(filled),
        })
    }
}

impl From<Body> for Judged {
    fn from(body: Body) -> Self {
        Judged {
            body,
            placeholders: Vec::new(),
            filled: None,
        }
    }
}

fn invalid(message: String, offset: usize) -> Body {
    Body::Invalid(SyntaxError { message, offset })
}

fn body(text: &str, sql: &Sql, whole_rows: bool) -> Result<Body, Refusal> {
    if !whole_rows
        && !sql.backslash_escapes
        && let Some(cut) = literal_rows::cut(text)
    {
        return tree::parse(&text[..cut], false).map(Body::Tree);
    }
    if lists_many_rows(text) && !sql.backslash_escapes {
        many_rows::check(text)?;
        return Ok(Body::Skimmed(skim(text, SkimReason::ManyRows)));
    }
    tree::parse(text, sql.backslash_escapes).map(Body::Tree)
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

/// Whether `ADD VALUE` stands anywhere in the file.
fn adds_enum_values(file: &str) -> bool {
    const VALUE: &[u8] = b"value";
    let file = file.as_bytes();
    // Every script is asked: what is rare is looked for first.
    memchr::memchr2_iter(b'v', b'V', file).any(|at| {
        let (before, word) = file.split_at(at);
        let word = word.get(..VALUE.len());
        word.is_some_and(|word| word.eq_ignore_ascii_case(VALUE)) && follows_add(before)
    })
}

fn follows_add(before: &[u8]) -> bool {
    const ADD: &[u8] = b"add";
    let trimmed = before.trim_ascii_end();
    trimmed.len() < before.len()
        && trimmed
            .last_chunk::<3>()
            .is_some_and(|word| word.eq_ignore_ascii_case(ADD))
}

fn lists_many_rows(text: &str) -> bool {
    let first = text.get(..6).unwrap_or_default();
    text.len() > MANY_ROWS
        && first.eq_ignore_ascii_case("insert")
        && text[..text.floor_char_boundary(MANY_ROWS)]
            .to_ascii_lowercase()
            .contains("values")
}
