//! NOT VALID for a new constraint, and its validation behind it where another transaction can do that at once.

use std::ops::Range;

use pg_query::NodeEnum;

use super::place::{indentation, line_end, semicolon};
use super::tokens::{Tokens, in_case_of};
use super::{Edit, Fix};
use crate::lint::Context;
use crate::lint::wording::ident;
use crate::project::TransactionMode;
use crate::session::Transaction;
use crate::sql::clause;
use crate::sql::scan::{Kind, Scanner};

impl Context<'_> {
    /// NOT VALID at the end of a constraint's clause. Where each statement commits by itself, VALIDATE CONSTRAINT follows, so
    /// that the schema is the same; in a transaction that would check the rows under the lock all the same.
    pub fn not_valid(&self, constraint: &Range<usize>, name: &str) -> Option<Fix> {
        let clause = self.text_of(constraint);
        let tokens = Tokens::new(clause);
        if constraint.start < self.span.start || constraint.end > self.span.end || tokens.is_empty()
        {
            return None;
        }
        let words = in_case_of(tokens.text(0), "NOT VALID");
        let end = constraint.start - self.span.start + tokens.end();
        let mut edits = self.edits(vec![(end..end, format!(" {words}"))]);
        match self.validate_behind(name) {
            Some(validate) => {
                edits.push(validate);
                let title =
                    format!("add {name} NOT VALID, and validate it in a statement of its own");
                Some(Fix::safe(title, edits))
            }
            None => Some(Fix::unsafe_(
                format!("add {name} NOT VALID; validate it in a later migration"),
                edits,
            )),
        }
    }

    /// `ALTER TABLE ... VALIDATE CONSTRAINT` behind this ALTER TABLE, where it is a transaction of its own.
    pub fn validate_behind(&self, name: &str) -> Option<Edit> {
        let table = self.table_as_written()?;
        let sql = format!("{table} VALIDATE CONSTRAINT {};", ident(name));
        self.statement_behind(&sql)
    }

    /// `ALTER TABLE [IF EXISTS] t` as this statement writes it, without ONLY.
    pub fn table_as_written(&self) -> Option<String> {
        let NodeEnum::AlterTableStmt(stmt) = self.node else {
            return None;
        };
        let at = usize::try_from(stmt.relation.as_ref()?.location).ok()?;
        let name = self.text.get(at..clause::after_name(self.text, at))?;
        let if_exists = if stmt.missing_ok { "IF EXISTS " } else { "" };
        Some(format!(
            "ALTER TABLE {if_exists}{}",
            name.trim_end_matches('*').trim_end()
        ))
    }

    /// Another statement behind this one, where each commits by itself and the tool sends them one by one.
    pub fn statement_behind(&self, sql: &str) -> Option<Edit> {
        let top = self.top()?;
        let script = top.script;
        let by_itself = matches!(self.session.transaction, Transaction::None)
            && matches!(
                script.transaction,
                TransactionMode::None | TransactionMode::Split
            )
            && script.text.is_none()
            && top.statement.placeholders.is_empty()
            && top.statement.filled.is_none();
        let source = &self.migration.migration.source;
        let text = source.text();
        if !by_itself || self.has_delimiter_of_its_own() {
            return None;
        }
        let span = &top.statement.span;
        let end = line_end(text);
        let blanks = indentation(text, span.start).unwrap_or_default();
        Some(match semicolon(&text[..script.range.end], span.end) {
            Some(at) => {
                let at = behind_comments(text, at);
                Edit::insert(source, at, format!("{end}{blanks}{sql}"))
            }
            None => Edit::insert(source, span.end, format!(";{end}{blanks}{sql}")),
        })
    }
}

/// Behind the comments on the rest of the line: they are about what stands before them.
fn behind_comments(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.find('\n').unwrap_or(rest.len());
    let comments = Scanner::new(rest)
        .take_while(|token| token.kind == Kind::Comment && token.start < line)
        .filter(|token| token.end <= line);
    comments.last().map_or(at, |last| {
        let comment = last.text(rest);
        at + last.start + comment.trim_end().len()
    })
}
