//! Statements that decide what runs: IF, CASE, loops, EXIT, RETURN, RAISE.

use super::{Parsed, Parser, command};
use crate::sql::plpgsql::{Branch, Case, Exit, If, Loop, LoopKind, Pl, Raise, Return};
use crate::sql::scan::Kind;

impl Parser<'_> {
    pub(super) fn if_statement(&mut self) -> Parsed<Pl> {
        let from = self.at;
        let mut branches = Vec::new();
        self.expect("if")?;
        loop {
            let condition = self.expression_until("then")?;
            let statements = self.statements()?;
            branches.push(Branch {
                condition,
                statements,
                taken: false,
            });
            if !self.take("elsif") && !self.take("elseif") {
                break;
            }
        }
        let otherwise = self.otherwise()?;
        self.expect("end")?;
        self.expect("if")?;
        Ok(Pl::If(If {
            span: self.span(from),
            branches,
            otherwise,
            otherwise_taken: false,
        }))
    }

    pub(super) fn otherwise(&mut self) -> Parsed<Option<Vec<Pl>>> {
        match self.take("else") {
            true => self.statements().map(Some),
            false => Ok(None),
        }
    }

    pub(super) fn case(&mut self) -> Parsed<Pl> {
        let from = self.at;
        self.expect("case")?;
        let subject = match self.is("when") {
            true => None,
            false => {
                let start = self.at;
                self.at = self.find(&["when"])?;
                Some(self.nonempty(start)?)
            }
        };
        let mut branches = Vec::new();
        while self.take("when") {
            branches.push(Branch {
                condition: self.expression_until("then")?,
                statements: self.statements()?,
                taken: false,
            });
        }
        if branches.is_empty() {
            return Err(self.unexpected());
        }
        let otherwise = self.otherwise()?;
        self.expect("end")?;
        self.expect("case")?;
        Ok(Pl::Case(Case {
            span: self.span(from),
            subject,
            branches,
            otherwise,
            otherwise_taken: false,
        }))
    }

    pub(super) fn loop_statement(&mut self, label: Option<String>) -> Parsed<Pl> {
        let from = self.at;
        let kind = if self.is("loop") {
            LoopKind::Endless
        } else if self.take("while") {
            let start = self.at;
            self.at = self.find(&["loop"])?;
            LoopKind::While(self.nonempty(start)?)
        } else if self.take("foreach") {
            self.foreach()?
        } else {
            self.expect("for")?;
            let start = self.at;
            self.at = self.find(&["in"])?;
            self.writes(start..self.at);
            self.expect("in")?;
            self.for_kind()?
        };
        self.expect("loop")?;
        let body = self.statements()?;
        self.expect("end")?;
        self.expect("loop")?;
        self.optional_name();
        Ok(Pl::Loop(Loop {
            span: self.span(from),
            label,
            kind,
            body,
        }))
    }

    /// `variable [SLICE n] IN ARRAY expression`
    fn foreach(&mut self) -> Parsed<LoopKind> {
        let from = self.at;
        let variable = self.name()?;
        self.at = self.find(&["in"])?;
        // Anything else, such as SLICE, makes the elements something else.
        if self.at > from + 1 {
            self.writes(from..self.at);
        }
        self.expect("in")?;
        self.expect("array")?;
        let start = self.at;
        self.at = self.find(&["loop"])?;
        Ok(LoopKind::Array {
            variable,
            array: self.nonempty(start)?,
        })
    }

    /// What stands between IN and LOOP.
    pub(super) fn for_kind(&mut self) -> Parsed<LoopKind> {
        if self.is("execute") {
            let execute = self.execute(&["loop"])?;
            return Ok(LoopKind::Query(Box::new(execute)));
        }
        let from = self.at;
        self.at = self.find(&["loop"])?;
        self.nonempty(from)?;
        if let Some(dots) = self.two_dots(from) {
            let start = from + usize::from(self.word(from, "reverse"));
            return Ok(LoopKind::Integers {
                from: self.expression(start, dots),
                to: self.expression(dots + 1, self.at),
            });
        }
        let is_query = self.is_any(
            from,
            &[
                "select", "with", "values", "table", "insert", "update", "delete", "merge", "show",
                "explain", "call",
            ],
        ) || self.tokens[from].kind == Kind::Open;
        if !is_query {
            return Ok(LoopKind::Cursor(self.expression(from, self.at)));
        }
        Ok(LoopKind::Query(Box::new(command::sql(
            self.excerpt(from, self.at),
            false,
        ))))
    }

    /// The two dots of `1 .. 10`.
    fn two_dots(&self, from: usize) -> Option<usize> {
        let mut depth = 0usize;
        for at in from..self.at {
            match self.tokens[at].kind {
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                Kind::DotDot if depth == 0 => return Some(at),
                _ => {}
            }
        }
        None
    }

    pub(super) fn exit(&mut self) -> Parsed<Pl> {
        let from = self.at;
        let continues = self.is("continue");
        self.at += 1;
        let label = match self.is("when") {
            true => None,
            false => self.optional_name(),
        };
        let condition = match self.take("when") {
            true => {
                let start = self.at;
                self.at = self.find(&[])?;
                Some(self.nonempty(start)?)
            }
            false => None,
        };
        Ok(Pl::Exit(Exit {
            span: self.span(from),
            continues,
            label,
            condition,
        }))
    }

    pub(super) fn return_statement(&mut self) -> Parsed<Pl> {
        let from = self.at;
        self.expect("return")?;
        let query = match self.take("query") {
            true if self.is("execute") => Some(Box::new(self.execute(&[])?)),
            true => Some(Box::new(self.sql_to_semicolon()?)),
            false => None,
        };
        let next = query.is_none() && self.take("next");
        let start = self.at;
        self.at = self.find(&[])?;
        let expression = match start < self.at {
            true => Some(self.expression(start, self.at)),
            false => None,
        };
        Ok(Pl::Return(Return {
            span: self.span(from),
            goes_on: next || query.is_some(),
            expression,
            query,
        }))
    }

    pub(super) fn raise(&mut self) -> Parsed<Pl> {
        const HARMLESS: [&str; 5] = ["debug", "log", "info", "notice", "warning"];
        let from = self.at;
        self.at += 1;
        let is_exception = !self.is_any(self.at, &HARMLESS);
        self.at = self.find(&[])?;
        Ok(Pl::Raise(Raise {
            span: self.span(from),
            is_exception,
        }))
    }
}
