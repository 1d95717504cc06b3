//! SET lock_timeout at the head of a script.

use std::ops::Range;
use std::time::Duration;

use pg_query::NodeEnum;
use pg_query::protobuf::TransactionStmtKind;

use super::place::{Top, indentation, line_end, whole};
use super::tokens::Tokens;
use super::{Applicability, Edit, Fix};
use crate::lint::Context;
use crate::project::TransactionMode;
use crate::session::{OpenedBy, Transaction};
use crate::sql::{Body, Statement};

/// What the messages advise.
const ADVISED: Duration = Duration::from_secs(2);

impl Context<'_> {
    /// Puts `SET lock_timeout = '2s'` (SET LOCAL in a transaction) before the first statement of the script, or of the
    /// transaction that the script opens. Safe where a transaction takes everything back when the timeout strikes.
    pub fn set_lock_timeout(&self) -> Option<Fix> {
        let top = self.top_around()?;
        let (before, local) = self.place_to_set(&top)?;
        let value = written(self.options.lock_timeout_limit.min(ADVISED));
        let local_word = if local { "LOCAL " } else { "" };
        let set = format!("SET {local_word}lock_timeout = '{value}';");
        let edit = self.statement_before(&top, before, &set)?;
        Some(Fix::new(
            format!("put `{set}` before it"),
            self.if_it_strikes(&top),
            vec![edit],
        ))
    }

    /// Where a lock_timeout has to be set for this statement, and whether with SET LOCAL.
    fn place_to_set<'t>(&self, top: &Top<'t>) -> Option<(&'t Statement, bool)> {
        // The tool commits before statements that must stand alone: what is in force is only certain right here.
        if top.script.transaction == TransactionMode::Split {
            let mut statements = top.parsed.statements.iter();
            let own = statements.find(|it| it.span == top.statement.span)?;
            return Some((own, self.session.in_block()));
        }
        Some(match &self.session.transaction {
            Transaction::None => (self.head(top)?, false),
            Transaction::Open(block) => match block.opened_by {
                OpenedBy::Script => (self.after_begin(top)?, true),
                OpenedBy::Tool | OpenedBy::Message => (self.head(top)?, true),
                // A DO block that commits ends what SET LOCAL says, and outside one it says nothing.
                OpenedBy::Statement => (self.head(top)?, false),
            },
        })
    }

    /// A timeout that strikes outside a transaction leaves what was done before it.
    fn if_it_strikes(&self, top: &Top<'_>) -> Applicability {
        let by_itself = match &self.session.transaction {
            Transaction::None => true,
            Transaction::Open(block) => block.opened_by == OpenedBy::Statement,
        };
        let others = top.parsed.statements.iter().filter(|it| !is_set(it));
        match by_itself && others.count() > 1 {
            true => Applicability::Unsafe,
            false => Applicability::Safe,
        }
    }

    /// SET in the place of a SET LOCAL that does nothing outside a transaction.
    pub fn without_local(&self, set: &Range<usize>) -> Option<Fix> {
        let source = &self.migration.migration.source;
        let text = source.text().get(set.clone())?;
        let tokens = Tokens::new(text);
        let top = self.top_around()?;
        if !tokens.are(0, &["set", "local"]) || top.script.text.is_some() {
            return None;
        }
        let edits = tokens
            .without(1, 1)
            .into_iter()
            .map(|(range, _)| Edit::delete(source, set.start + range.start..set.start + range.end));
        let applicability = self.if_it_strikes(&top);
        Some(Fix::new(
            "SET instead of SET LOCAL",
            applicability,
            edits.collect(),
        ))
    }

    /// Moves a SET lock_timeout that comes too late.
    pub fn move_lock_timeout(&self, set: &Range<usize>) -> Option<Fix> {
        let top = self.top_around()?;
        let (before, _) = self.place_to_set(&top)?;
        let source = &self.migration.migration.source;
        let late = top.parsed.statements.iter().find(|it| it.span == *set)?;
        let sql = format!("{};", source.text().get(set.clone())?);
        let edits = vec![
            self.statement_before(&top, before, &sql)?,
            Edit::delete(source, whole(source.text(), late)),
        ];
        let applicability = self.if_it_strikes(&top);
        Some(Fix::new(
            "move the SET before the lock",
            applicability,
            edits,
        ))
    }

    /// The first statement of the script's SQL; behind psql commands, which may change the connection. None where the script
    /// is not what the file says letter by letter.
    fn head<'t>(&self, top: &Top<'t>) -> Option<&'t Statement> {
        let statements = &top.parsed.statements;
        let own = statements
            .iter()
            .position(|it| it.span == top.statement.span)?;
        let psql = statements[..own]
            .iter()
            .rposition(|it| matches!(it.body, Body::Psql(_)));
        statements.get(psql.map_or(0, |at| at + 1))
    }

    /// The statement behind the BEGIN that is open.
    fn after_begin<'t>(&self, top: &Top<'t>) -> Option<&'t Statement> {
        let statements = &top.parsed.statements;
        let own = statements
            .iter()
            .position(|it| it.span == top.statement.span)?;
        let begin = statements[..own].iter().rposition(|it| {
            let Body::Tree(node) = &it.body else {
                return false;
            };
            matches!(&**node, NodeEnum::TransactionStmt(stmt)
                if matches!(stmt.kind(), TransactionStmtKind::TransStmtBegin | TransactionStmtKind::TransStmtStart))
        })?;
        statements.get(begin + 1)
    }

    /// Another statement before one. A comment that ignores a rule stays with the statement that it is for; a statement block
    /// of the tool (goose's `StatementBegin`) is not made longer.
    pub fn statement_before(&self, top: &Top<'_>, before: &Statement, sql: &str) -> Option<Edit> {
        let migration = self.migration.migration;
        let source = &migration.source;
        let text = source.text();
        if top.script.text.is_some() || text.contains("atlas:delimiter") {
            return None;
        }
        let end = line_end(text);
        let in_a_block = top.script.joined || blocks_of_statements(self.migration.layout, text);
        if in_a_block {
            let first = &migration.scripts.first()?.range;
            let parsed = self.migration.scripts.first()?;
            if top.script.transaction != TransactionMode::File {
                return None;
            }
            if parsed.statements.is_empty() {
                return Some(Edit::insert(source, first.start, format!("{sql}{end}")));
            }
        }
        let directive = before.leading_comments.iter().find(|comment| {
            let comment = text.get((*comment).clone()).unwrap_or_default();
            comment.contains("umdrum:")
        });
        let at = directive.map_or(before.span.start, |comment| comment.start);
        Some(match indentation(text, at) {
            Some(blanks) => Edit::insert(source, at, format!("{sql}{end}{blanks}")),
            None => Edit::insert(source, at, format!("{sql} ")),
        })
    }
}

fn is_set(statement: &Statement) -> bool {
    matches!(&statement.body, Body::Tree(node) if matches!(**node, NodeEnum::VariableSetStmt(_)))
}

fn blocks_of_statements(layout: &str, text: &str) -> bool {
    matches!(layout, "goose" | "sql-migrate")
        && text.to_ascii_lowercase().contains("statementbegin")
}

/// `2s`, `500ms`.
fn written(value: Duration) -> String {
    match value.as_millis() {
        ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}
