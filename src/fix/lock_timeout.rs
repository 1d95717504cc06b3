//! SET lock_timeout at the head of a script.

use std::ops::Range;
use std::time::Duration;

use pg_query::NodeEnum;
use pg_query::protobuf::TransactionStmtKind;

use super::place::{Top, indentation, line_end, whole};
use super::tokens::Tokens;
use super::{Applicability, Edit, Fix};
use crate::lint::Context;
use crate::project::{Script, TransactionMode};
use crate::session::{OpenedBy, Transaction};
use crate::sql::{Body, Statement};

/// Tools that run inside of the application: what SET leaves behind goes back to its pool with the connection.
const SHARED_CONNECTIONS: [&str; 3] = ["play", "flyway", "liquibase"];

/// What the messages advise.
const ADVISED: Duration = Duration::from_secs(2);

impl Context<'_> {
    /// Puts `SET lock_timeout = '2s'` (SET LOCAL in a transaction) before the first statement of the script, or of the
    /// transaction that the script opens. Safe where a transaction takes everything back when the timeout strikes.
    pub fn set_lock_timeout(&self) -> Option<Fix> {
        let top = self.top_around()?;
        let (before, local) = self.place_to_set(&top)?;
        if !local && SHARED_CONNECTIONS.contains(&self.migration.layout) {
            return None;
        }
        let set = self.set(local);
        let edit = self.statement_before(&top, before, &set)?;
        Some(Fix::new(
            format!("put `{set}` before it"),
            self.if_it_strikes(&top),
            vec![edit],
        ))
    }

    /// Sets it again right before this statement, where an earlier one is no longer in force.
    pub fn set_lock_timeout_again(&self) -> Option<Fix> {
        let top = self.top_around()?;
        let local = match &self.session.transaction {
            Transaction::None => false,
            Transaction::Open(block) => block.opened_by != OpenedBy::Statement,
        };
        if !local && SHARED_CONNECTIONS.contains(&self.migration.layout) {
            return None;
        }
        let set = self.set(local);
        let edit = self.statement_before(&top, top.statement, &set)?;
        let title = format!("put `{set}` before it");
        Some(Fix::new(title, self.if_it_strikes(&top), vec![edit]))
    }

    fn set(&self, local: bool) -> String {
        let value = written(self.options.lock_timeout_limit.min(ADVISED));
        let local = if local { "LOCAL " } else { "" };
        format!("SET {local}lock_timeout = '{value}';")
    }

    /// Where a lock_timeout has to be set for this statement, and whether with SET LOCAL.
    fn place_to_set<'t>(&self, top: &Top<'t>) -> Option<(&'t Statement, bool)> {
        // The tool commits before statements that must stand alone: what is in force is only certain right here.
        if top.script.transaction == TransactionMode::Split {
            let mut statements = top.parsed.statements.iter();
            let own = statements.find(|it| it.span == top.statement.span)?;
            return Some((own, self.session.in_block()));
        }
        // What follows the COMMIT needs one too.
        if goes_on_after_commit(top) && !SHARED_CONNECTIONS.contains(&self.migration.layout) {
            return Some((self.head(top)?, false));
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

    /// Another statement before one. A comment that ignores a rule stays with the statement that it is for. A statement block
    /// of the tool (goose's `StatementBegin`) is not made longer: the statement then goes where the transaction begins.
    pub fn statement_before(&self, top: &Top<'_>, before: &Statement, sql: &str) -> Option<Edit> {
        let migration = self.migration.migration;
        let source = &migration.source;
        let text = source.text();
        if top.script.text.is_some() || self.has_delimiter_of_its_own() {
            return None;
        }
        let end = line_end(text);
        // Drizzle sends what stands between its breakpoints piece by piece.
        let sql = match self.migration.layout {
            "drizzle" => format!("{sql}--> statement-breakpoint{end}"),
            _ => sql.to_owned(),
        };
        let mut before = before;
        if self.in_a_block_of_the_tool(top) {
            if top.script.transaction != TransactionMode::File {
                return None;
            }
            let (first, parsed) = (migration.scripts.first()?, self.migration.scripts.first()?);
            let marker = marker_above(text, first);
            let at = match begins_a_block(text, &marker) {
                true => Some(marker.start),
                false if parsed.statements.is_empty() => Some(first.range.start),
                false => None,
            };
            if let Some(at) = at {
                return Some(Edit::insert(source, at, format!("{}{end}", sql.trim_end())));
            }
            before = parsed.statements.first()?;
        }
        let directive = before.leading_comments.iter().find(|comment| {
            let comment = text.get((*comment).clone()).unwrap_or_default();
            comment.contains("umdrum:")
        });
        let at = directive.map_or(before.span.start, |comment| comment.start);
        Some(match indentation(text, at) {
            Some(blanks) => Edit::insert(source, at, format!("{}{end}{blanks}", sql.trim_end())),
            None => Edit::insert(source, at, format!("{sql} ")),
        })
    }

    /// The statement stands in a block, or in what follows one: scripts that run in the transaction of the first one.
    fn in_a_block_of_the_tool(&self, top: &Top<'_>) -> bool {
        let text = self.migration.migration.source.text();
        let knows = matches!(self.migration.layout, "goose" | "sql-migrate");
        top.script.joined || knows && begins_a_block(text, &marker_above(text, top.script))
    }

    /// Statements do not end with a `;` in this file.
    pub fn has_delimiter_of_its_own(&self) -> bool {
        self.migration.layout == "atlas"
            && self
                .migration
                .migration
                .source
                .text()
                .contains("atlas:delimiter")
    }
}

/// The line before a script.
fn marker_above(text: &str, script: &Script) -> Range<usize> {
    let above = text.get(..script.range.start).unwrap_or_default();
    let line = above.trim_end_matches(['\n', '\r']);
    let start = line.rfind('\n').map_or(0, |at| at + 1);
    start..above.len()
}

fn begins_a_block(text: &str, marker: &Range<usize>) -> bool {
    let line = text.get(marker.clone()).unwrap_or_default();
    line.to_ascii_lowercase().contains("statementbegin")
}

/// A COMMIT or ROLLBACK with other statements behind it.
fn goes_on_after_commit(top: &Top<'_>) -> bool {
    let ends = |statement: &Statement| {
        matches!(&statement.body, Body::Tree(node)
        if matches!(&**node, NodeEnum::TransactionStmt(stmt) if matches!(
            stmt.kind(),
            TransactionStmtKind::TransStmtCommit | TransactionStmtKind::TransStmtRollback
        )))
    };
    let statements = &top.parsed.statements;
    let last = statements.len().saturating_sub(1);
    statements[..last].iter().any(ends)
}

fn is_set(statement: &Statement) -> bool {
    matches!(&statement.body, Body::Tree(node) if matches!(**node, NodeEnum::VariableSetStmt(_)))
}

/// `2s`, `500ms`.
fn written(value: Duration) -> String {
    match value.as_millis() {
        ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}
