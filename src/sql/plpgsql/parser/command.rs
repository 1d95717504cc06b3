//! Statements that run SQL: plain commands, PERFORM, EXECUTE and OPEN.

use std::ops::Range;

use super::{Parsed, Parser, is_name};
use crate::sql::excerpt::Excerpt;
use crate::sql::names;
use crate::sql::placeholder::{self, By};
use crate::sql::plpgsql::{BodyError, Certainty, Execute, Invalid, Pl, Sql};
use crate::sql::scan::Kind;
use crate::sql::tree::{self, Refusal};

impl Parser<'_> {
    /// `EXECUTE expression [INTO target] [USING values]`, up to a `;` or one of the keywords.
    pub(super) fn execute(&mut self, ends: &[&str]) -> Parsed<Pl> {
        let from = self.at;
        self.expect("execute")?;
        let keywords = [ends, &["into", "using"]].concat();
        let start = self.at;
        self.at = self.find(&keywords)?;
        let expression = self.nonempty(start)?;
        let into_from = self.at;
        self.at = self.find(ends)?;
        let into = (into_from..self.at).any(|at| self.word(at, "into"));
        let targets = self.targets(into_from..self.at);
        Ok(Pl::Execute(Execute {
            span: self.span(from),
            expression,
            certainty: Certainty::Nothing,
            statements: Vec::new(),
            one_of_several: false,
            reached: false,
            into,
            targets,
        }))
    }

    pub(super) fn perform(&mut self) -> Parsed<Pl> {
        let keyword = self.tokens[self.at];
        let from = self.at;
        self.at = self.find(&[])?;
        let mut excerpt = self.excerpt(from, self.at);
        excerpt.overwrite(0..keyword.end - keyword.start, "SELECT ");
        Ok(sql(excerpt, false))
    }

    /// `OPEN cursor [[NO] SCROLL] FOR {query | EXECUTE ...}` runs the query; any other OPEN names
    /// a declared cursor.
    pub(super) fn open(&mut self) -> Parsed<Pl> {
        let from = self.at;
        self.at = self.find(&["for"])?;
        if !self.take("for") {
            return Ok(Pl::Other(self.excerpt(from, self.at)));
        }
        match self.is("execute") {
            true => self.execute(&[]),
            false => self.sql_to_semicolon(),
        }
    }

    /// An SQL command up to its `;`, with INTO's targets blanked (`make_execsql_stmt`).
    pub(super) fn sql_to_semicolon(&mut self) -> Parsed<Pl> {
        let from = self.at;
        self.at = self.sql_end()?;
        if from == self.at {
            return Err(self.unexpected());
        }
        let mut excerpt = self.excerpt(from, self.at);
        let start = self.tokens[from].start;
        let into = self.target_of_into(from, self.at);
        if let Some(target) = &into {
            let bytes = self.bytes(target.start, target.end);
            let blanks = " ".repeat(bytes.len());
            excerpt.overwrite(bytes.start - start..bytes.end - start, &blanks);
        }
        if self.word(from, "call") {
            self.writes(from..self.at);
        }
        let mut statement = sql(excerpt, into.is_some());
        match (&mut statement, into) {
            (Pl::Sql(sql), Some(target)) => sql.targets = self.targets(target),
            (_, Some(target)) => self.writes(target),
            (_, None) => {}
        }
        Ok(statement)
    }

    /// The first name parts of the variables of `INTO [STRICT] a, b.c [USING ...]`.
    fn targets(&self, tokens: Range<usize>) -> Vec<String> {
        let Some(into) = tokens.clone().find(|&at| self.word(at, "into")) else {
            return Vec::new();
        };
        let end = tokens.clone().find(|&at| self.word(at, "using"));
        let strict = usize::from(self.word(into + 1, "strict"));
        let mut first = true;
        let mut names = Vec::new();
        for at in into + 1 + strict..end.unwrap_or(tokens.end) {
            let Some(token) = self.token(at) else {
                break;
            };
            match token.kind {
                Kind::Comma => first = true,
                _ if first && is_name(&token) => {
                    names.push(names::from_token(self.text(token)));
                    first = false;
                }
                _ => first = false,
            }
        }
        names
    }

    /// The `;` that ends an SQL command; a routine's BEGIN ATOMIC body may hold others.
    fn sql_end(&self) -> Parsed<usize> {
        let end = self.find(&[])?;
        let atomic = |at: usize| self.word(at, "begin") && self.word(at + 1, "atomic");
        let Some(body) = (self.at..end).find(|&at| self.is("create") && atomic(at)) else {
            return Ok(end);
        };
        let mut blocks = 0usize;
        for at in body..self.tokens.len() {
            if atomic(at) || self.word(at, "case") {
                blocks += 1;
            } else if self.word(at, "end") {
                blocks = blocks.saturating_sub(1);
            } else if blocks == 0 && self.tokens[at].kind == Kind::Semicolon {
                return Ok(at);
            }
        }
        Ok(end)
    }

    /// The tokens of `INTO [STRICT] target, ...`, where it is not INSERT INTO or MERGE INTO.
    fn target_of_into(&self, from: usize, end: usize) -> Option<Range<usize>> {
        if self.word(from, "import") || self.word(from, "create") {
            return None;
        }
        let into = (from + 1..end)
            .find(|&at| self.word(at, "into") && !self.is_any(at - 1, &["insert", "merge"]))?;
        let mut at = into + 1 + usize::from(self.word(into + 1, "strict"));
        loop {
            self.token(at)
                .filter(|token| is_name(token) || token.kind == Kind::Parameter)?;
            at += 1;
            match self.token(at).map(|token| token.kind) {
                Some(Kind::Comma | Kind::Dot) if at < end => at += 1,
                _ => break,
            }
        }
        Some(into..at.min(end))
    }
}

/// Parses an SQL command.
pub fn sql(excerpt: Excerpt, into: bool) -> Pl {
    let (parsed, placeholders) = placeholder::parse(excerpt.text(), By::Templates, |text| {
        tree::parse(text, false)
    });
    let error = match parsed {
        Ok(node) => {
            return Pl::Sql(Sql {
                placeholders: placeholders
                    .into_iter()
                    .map(|placeholder| excerpt.origin(placeholder.range))
                    .collect(),
                excerpt,
                node,
                into,
                targets: Vec::new(),
            });
        }
        Err(Refusal::TooDeep) => BodyError {
            message: "the command is nested too deeply".to_owned(),
            offset: excerpt.span().start,
        },
        Err(Refusal::Syntax(message, at)) => BodyError {
            message,
            offset: excerpt.offset(at),
        },
    };
    Pl::Invalid(Invalid { excerpt, error })
}
