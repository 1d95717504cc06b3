//! Reads a PL/pgSQL body, after `pl_gram.y`: statements are told by their first words, and SQL
//! reaches to the `;` or keyword that ends it outside parentheses.

mod command;
mod control;

use std::collections::BTreeSet;
use std::ops::Range;

use super::variables::{self, Call};
use super::{Assign, Block, BodyError, Declaration, Expression, Handler, Pl};
use crate::sql::excerpt::Excerpt;
use crate::sql::names;
use crate::sql::scan::{Kind, Scanner, Token};
use crate::sql::tree;

pub use command::sql;

/// Statements inside statements; far more than anybody writes, and safe on a small stack.
const MAX_DEPTH: usize = 100;

/// Reads a whole body.
pub fn parse(body: &Excerpt, call: &Call) -> Result<Block, BodyError> {
    let tokens = Scanner::new(body.text())
        .filter(|token| token.kind != Kind::Comment)
        .collect();
    let mut parser = Parser {
        body,
        tokens,
        at: 0,
        depth: 0,
        written: BTreeSet::new(),
    };
    parser.skip_options();
    let label = parser.label()?;
    let mut block = parser.block(label)?;
    if parser
        .peek()
        .is_some_and(|token| token.kind == Kind::Semicolon)
    {
        parser.at += 1;
    }
    if parser.peek().is_some() {
        return Err(parser.unexpected());
    }
    variables::resolve(&mut block, &parser.written, call);
    Ok(block)
}

struct Parser<'a> {
    body: &'a Excerpt,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// Names that get values other than by assignment, and perhaps some that do not.
    written: BTreeSet<String>,
}

type Parsed<T> = Result<T, BodyError>;

impl Parser<'_> {
    fn peek(&self) -> Option<Token> {
        self.token(self.at)
    }

    fn token(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    fn text(&self, token: Token) -> &str {
        token.text(self.body.text())
    }

    fn word(&self, at: usize, keyword: &str) -> bool {
        self.token(at)
            .is_some_and(|token| token.is(self.body.text(), keyword))
    }

    fn is(&self, keyword: &str) -> bool {
        self.word(self.at, keyword)
    }

    fn is_any(&self, at: usize, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.word(at, keyword))
    }

    fn take(&mut self, keyword: &str) -> bool {
        let found = self.is(keyword);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, keyword: &str) -> Parsed<()> {
        match self.take(keyword) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    fn semicolon(&mut self) -> Parsed<()> {
        match self.peek() {
            Some(token) if token.kind == Kind::Semicolon => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.unexpected()),
        }
    }

    fn error(&self, message: String, at: usize) -> BodyError {
        let offset = match self.token(at) {
            Some(token) => self.body.offset(token.start),
            None => self.body.span().end,
        };
        BodyError { message, offset }
    }

    fn unexpected(&self) -> BodyError {
        let message = match self.peek() {
            Some(token) => format!("syntax error at or near \"{}\"", self.text(token)),
            None => "syntax error at end of input".to_owned(),
        };
        self.error(tree::shorten(message), self.at)
    }

    /// The bytes of the body from one token to before another.
    fn bytes(&self, from: usize, to: usize) -> Range<usize> {
        let start = self
            .token(from)
            .map_or(self.body.text().len(), |token| token.start);
        let end = match to.checked_sub(1) {
            Some(last) if to > from => self.token(last).map_or(start, |token| token.end),
            _ => start,
        };
        start..end.max(start)
    }

    fn excerpt(&self, from: usize, to: usize) -> Excerpt {
        self.body.slice(self.bytes(from, to))
    }

    fn expression(&self, from: usize, to: usize) -> Expression {
        Expression(self.excerpt(from, to))
    }

    /// What the tokens from `from` to the current one span in the statement's text.
    fn span(&self, from: usize) -> Range<usize> {
        self.body.origin(self.bytes(from, self.at))
    }

    /// The next token outside parentheses that is a `;` or one of the keywords.
    fn find(&self, keywords: &[&str]) -> Parsed<usize> {
        let mut depth = 0usize;
        for at in self.at..self.tokens.len() {
            let kind = self.tokens[at].kind;
            match kind {
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                Kind::Semicolon => return Ok(at),
                Kind::Word if self.is_any(at, keywords) => return Ok(at),
                _ => {}
            }
        }
        Err(self.error("syntax error at end of input".into(), self.tokens.len()))
    }

    /// An expression up to the keyword, which is taken too.
    fn expression_until(&mut self, keyword: &str) -> Parsed<Expression> {
        let from = self.at;
        self.at = self.find(&[keyword])?;
        let expression = self.nonempty(from)?;
        self.expect(keyword)?;
        Ok(expression)
    }

    /// The expression from a token to the current one.
    fn nonempty(&self, from: usize) -> Parsed<Expression> {
        match from < self.at {
            true => Ok(self.expression(from, self.at)),
            false => Err(self.unexpected()),
        }
    }

    /// `#variable_conflict use_column` and the like, at the start of a body.
    fn skip_options(&mut self) {
        while self.peek().is_some_and(|token| self.text(token) == "#") {
            let start = self.tokens[self.at].start;
            let rest = &self.body.text()[start..];
            let end = start + rest.find(['\n', '\r']).unwrap_or(rest.len());
            while self.peek().is_some_and(|token| token.start < end) {
                self.at += 1;
            }
        }
    }

    /// `<<label>>`
    fn label(&mut self) -> Parsed<Option<String>> {
        let is = |at: usize, operator: &str| {
            self.token(at)
                .is_some_and(|token| self.text(token) == operator)
        };
        if !is(self.at, "<") || !is(self.at + 1, "<") {
            return Ok(None);
        }
        if !is(self.at + 3, ">") || !is(self.at + 4, ">") {
            return Err(self.unexpected());
        }
        self.at += 2;
        let label = self.name()?;
        self.at += 2;
        Ok(Some(label))
    }

    fn name(&mut self) -> Parsed<String> {
        let Some(token) = self.peek().filter(is_name) else {
            return Err(self.unexpected());
        };
        self.at += 1;
        Ok(names::from_token(self.text(token)))
    }

    fn optional_name(&mut self) -> Option<String> {
        self.name().ok()
    }

    /// `[DECLARE ...] BEGIN ... [EXCEPTION ...] END [label]`, without the `;`.
    fn block(&mut self, label: Option<String>) -> Parsed<Block> {
        let from = self.at;
        let mut declarations = Vec::new();
        while self.take("declare") {
            self.declarations(&mut declarations)?;
        }
        self.expect("begin")?;
        let statements = self.statements()?;
        let handlers = match self.take("exception") {
            true => self.handlers()?,
            false => Vec::new(),
        };
        self.expect("end")?;
        self.optional_name();
        Ok(Block {
            span: self.span(from),
            label,
            declarations,
            statements,
            handlers,
        })
    }

    fn declarations(&mut self, declarations: &mut Vec<Declaration>) -> Parsed<()> {
        while !self.is("begin") && !self.is("declare") {
            let from = self.at;
            let name = self.name()?;
            let cursor = self.is("cursor")
                || self.is_any(self.at, &["no", "scroll"])
                    && (self.word(self.at + 1, "cursor") || self.word(self.at + 2, "cursor"));
            let (default, query) = match cursor {
                true => (None, Some(Box::new(self.cursor()?))),
                false => (self.default()?, None),
            };
            declarations.push(Declaration {
                span: self.span(from),
                name,
                default,
                query,
            });
            self.semicolon()?;
        }
        Ok(())
    }

    /// `[NO SCROLL] CURSOR [(arguments)] {FOR | IS} query`
    fn cursor(&mut self) -> Parsed<Pl> {
        self.at = self.find(&["for", "is"])?;
        self.at += 1;
        self.sql_to_semicolon()
    }

    /// The value after DEFAULT, `:=` or `=` in a declaration.
    fn default(&mut self) -> Parsed<Option<Expression>> {
        let end = self.find(&[])?;
        let operator = (self.at..end).find(|&at| {
            self.word(at, "default") || matches!(self.text(self.tokens[at]), ":=" | "=")
        });
        if self.at == end {
            return Err(self.unexpected());
        }
        self.at = end;
        match operator {
            Some(operator) => self.nonempty(operator + 1).map(Some),
            None => Ok(None),
        }
    }

    fn handlers(&mut self) -> Parsed<Vec<Handler>> {
        let mut handlers = Vec::new();
        while self.take("when") {
            let condition = self.expression_until("then")?;
            let conditions = split_words(condition.text(), "or");
            handlers.push(Handler {
                conditions,
                statements: self.statements()?,
            });
        }
        match handlers.is_empty() {
            true => Err(self.unexpected()),
            false => Ok(handlers),
        }
    }

    /// Statements up to a word that ends the list.
    fn statements(&mut self) -> Parsed<Vec<Pl>> {
        const ENDS: [&str; 6] = ["end", "else", "elsif", "elseif", "when", "exception"];
        if self.depth == MAX_DEPTH {
            return Err(self.error("statements are nested too deeply".into(), self.at));
        }
        self.depth += 1;
        let mut statements = Vec::new();
        while !self.is_any(self.at, &ENDS) || self.assigns() {
            statements.push(self.statement()?);
            self.semicolon()?;
        }
        self.depth -= 1;
        Ok(statements)
    }

    /// One statement without its `;`.
    fn statement(&mut self) -> Parsed<Pl> {
        let from = self.at;
        if self.assigns() {
            return self.assign();
        }
        let label = self.label()?;
        let Some(first) = self.peek() else {
            return Err(self.unexpected());
        };
        let first = match first.kind {
            Kind::Word => self.text(first).to_ascii_lowercase(),
            _ => String::new(),
        };
        match first.as_str() {
            "declare" | "begin" => self.block(label).map(Pl::Block),
            "if" => self.if_statement(),
            "case" => self.case(),
            "loop" | "while" | "for" | "foreach" => self.loop_statement(label),
            "exit" | "continue" => self.exit(),
            "return" => self.return_statement(),
            "raise" => self.raise(),
            "execute" => self.execute(&[]),
            "perform" => self.perform(),
            "commit" | "rollback" => {
                self.at = self.find(&[])?;
                Ok(match first.as_str() {
                    "commit" => Pl::Commit(self.span(from)),
                    _ => Pl::Rollback(self.span(from)),
                })
            }
            "open" => self.open(),
            "get" | "assert" | "null" | "fetch" | "move" | "close" => self.other(),
            _ => self.sql_to_semicolon(),
        }
    }

    fn other(&mut self) -> Parsed<Pl> {
        let from = self.at;
        self.at = self.find(&[])?;
        self.writes(from..self.at);
        Ok(Pl::Other(self.excerpt(from, self.at)))
    }

    /// Notes that the variables among the tokens get values.
    fn writes(&mut self, tokens: Range<usize>) {
        for at in tokens {
            if let Some(name) = self.token(at).filter(is_name) {
                let name = names::from_token(self.text(name));
                self.written.insert(name);
            }
        }
    }

    /// Whether a variable, its field or its element comes here and then `:=` or `=`.
    fn assigns(&self) -> bool {
        self.assignment_operator().is_some()
    }

    fn assignment_operator(&self) -> Option<usize> {
        self.peek()
            .filter(|token| is_name(token) || token.kind == Kind::Parameter)?;
        let mut at = self.at + 1;
        loop {
            let token = self.token(at)?;
            match (token.kind, self.text(token)) {
                (Kind::Dot, _) => at += 2,
                (Kind::Open, "[") => at = self.after_bracket(at)?,
                (Kind::DoubleColon, ":=") => return Some(at),
                (Kind::Operator, "=") => return Some(at),
                _ => return None,
            }
        }
    }

    fn after_bracket(&self, from: usize) -> Option<usize> {
        let mut depth = 0usize;
        for at in from..self.tokens.len() {
            match self.tokens[at].kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 1 => return Some(at + 1),
                Kind::Close => depth -= 1,
                Kind::Semicolon => return None,
                _ => {}
            }
        }
        None
    }

    fn assign(&mut self) -> Parsed<Pl> {
        let from = self.at;
        let variable = self.tokens[from];
        let operator = self.assignment_operator().unwrap_or(from);
        self.at = operator + 1;
        let value = self.at;
        self.at = self.find(&[])?;
        Ok(Pl::Assign(Assign {
            variable: names::from_token(self.text(variable)),
            whole: operator == from + 1,
            expression: self.nonempty(value)?,
            span: self.span(from),
        }))
    }
}

fn is_name(token: &Token) -> bool {
    matches!(token.kind, Kind::Word | Kind::QuotedName)
}

/// The parts of `a OR sqlstate '23505'`, in lower case.
fn split_words(text: &str, separator: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for word in text.split_whitespace().map(str::to_lowercase) {
        let last = parts.len() - 1;
        match word == separator {
            true => parts.push(String::new()),
            false if parts[last].is_empty() => parts[last] = word,
            false => parts[last] = format!("{} {word}", parts[last]),
        }
    }
    parts
}
