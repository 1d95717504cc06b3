//! Where a statement stands: what an edit of it or beside it has to respect.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{TransactionStmtKind, VariableSetKind};

use super::tokens::Change;
use super::{Edit, opt_out};
use crate::lint::Context;
use crate::project::{Script, TransactionMode};
use crate::session::{OpenedBy, Transaction};
use crate::sql::scan::{Kind, Scanner};
use crate::sql::{Body, Parsed, Statement};

/// A statement at the top of a script.
pub struct Top<'a> {
    /// Which script of the migration.
    pub at: usize,
    pub script: &'a Script,
    pub parsed: &'a Parsed,
    pub statement: &'a Statement,
}

/// What makes a statement run outside a transaction.
pub struct Outside {
    /// Nothing where it does so already.
    pub edits: Vec<Edit>,
    /// The script, where it must stay as it is but for those edits: nothing may join the statement.
    pub relies_on: Option<Range<usize>>,
}

impl<'a> Context<'a> {
    /// The statement as its script has it; none where a DO block, a routine or an included file runs it.
    pub fn top(&self) -> Option<Top<'a>> {
        let found = self.tops().find(|top| match &top.statement.body {
            Body::Tree(node) => std::ptr::eq(&**node, self.node),
            Body::Skimmed(_) | Body::Invalid(_) | Body::Psql(_) => false,
        });
        found.filter(|_| self.surroundings.block.is_none())
    }

    /// The statement at the top of a script that this one is, or that runs it.
    pub fn top_around(&self) -> Option<Top<'a>> {
        if let Some(top) = self.top() {
            return Some(top);
        }
        let around = self.surroundings.block.as_ref().unwrap_or(&self.span);
        self.tops().find(|top| {
            top.statement.span.start <= around.start && around.end <= top.statement.span.end
        })
    }

    /// The statements of the migration.
    fn tops(&self) -> impl Iterator<Item = Top<'a>> + use<'a> {
        let scripts = &self.migration.migration.scripts;
        let pairs = scripts.iter().zip(self.migration.scripts).enumerate();
        pairs.flat_map(|(at, (script, parsed))| {
            parsed.statements.iter().map(move |statement| Top {
                at,
                script,
                parsed,
                statement,
            })
        })
    }

    /// Changes of this statement's own text, as edits of the file.
    pub fn edits(&self, changes: Vec<Change>) -> Vec<Edit> {
        let source = &self.migration.migration.source;
        let edit = |(range, text): Change| {
            let range = self.span.start + range.start..self.span.start + range.end;
            Edit::replace(source, range, text)
        };
        changes.into_iter().map(edit).collect()
    }

    /// What makes this statement run outside a transaction, where that leaves all others of the migration as they are:
    /// it is the only one, or none is open around it. `detected`: Flyway opens none for it by itself.
    pub fn outside_transaction(&self, detected: bool) -> Option<Outside> {
        let top = self.top()?;
        let others: Vec<Top<'_>> = self
            .tops()
            .filter(|it| it.statement.span != top.statement.span)
            .collect();
        let alone = others.is_empty();
        let settings_only = others.iter().all(|it| is_harmless(it.statement));
        let in_tools = matches!(&self.session.transaction,
            Transaction::Open(block) if block.opened_by == OpenedBy::Tool);
        if in_tools && !settings_only {
            return None;
        }
        let edits = match &self.session.transaction {
            // Nobody knows how plain files are run: there, others are no reason against it.
            Transaction::None if settings_only || self.migration.layout == "plain" => Vec::new(),
            Transaction::None => return None,
            Transaction::Open(block) => match block.opened_by {
                OpenedBy::Statement | OpenedBy::Message => return None,
                OpenedBy::Script => self.without_begin(&top)?,
                OpenedBy::Tool => match top.script.transaction {
                    TransactionMode::Split if settings_only => Vec::new(),
                    TransactionMode::Detect if alone && detected => Vec::new(),
                    TransactionMode::DetectAny if settings_only && detected => Vec::new(),
                    TransactionMode::File
                    | TransactionMode::Detect
                    | TransactionMode::DetectAny => {
                        let opt_out = opt_out::of(self, &top)?;
                        let fits =
                            alone || settings_only && opt_out.leaves == TransactionMode::None;
                        fits.then_some(opt_out.edits)?
                    }
                    TransactionMode::Split | TransactionMode::Message | TransactionMode::None => {
                        return None;
                    }
                },
            },
        };
        Some(Outside {
            edits,
            relies_on: settings_only.then(|| top.script.range.clone()),
        })
    }

    /// Whether nothing else of the migration needs to be run again together with this statement: it stands alone, but for
    /// settings and for a DROP ... IF EXISTS. Nobody knows how plain files are run.
    pub fn stands_alone(&self) -> bool {
        let again = |statement: &Statement| {
            matches!(&statement.body, Body::Tree(node)
                if matches!(&**node, NodeEnum::DropStmt(stmt) if stmt.missing_ok))
        };
        let mut others = self.tops().filter(|it| it.statement.span != self.span);
        self.migration.layout == "plain"
            || others.all(|it| is_harmless(it.statement) || again(it.statement))
    }

    /// Takes BEGIN and COMMIT away that stand around this statement and nothing else.
    fn without_begin(&self, top: &Top<'_>) -> Option<Vec<Edit>> {
        let [begin, only, commit] = top.parsed.statements.as_slice() else {
            return None;
        };
        let fits = self.migration.migration.scripts.len() == 1
            && only.span == top.statement.span
            && is_control(begin, TransactionStmtKind::TransStmtBegin)
            && is_control(commit, TransactionStmtKind::TransStmtCommit)
            && top.script.text.is_none()
            && top.script.transaction != TransactionMode::File;
        let source = &self.migration.migration.source;
        let gone = |statement: &Statement| Edit::delete(source, whole(source.text(), statement));
        fits.then(|| vec![gone(begin), gone(commit)])
    }
}

/// SET of what stays right when its statement commits by itself, and what does not cut a long statement short.
fn is_harmless(statement: &Statement) -> bool {
    let Body::Tree(node) = &statement.body else {
        return false;
    };
    let NodeEnum::VariableSetStmt(stmt) = &**node else {
        return false;
    };
    let cuts = ["statement_timeout", "transaction_timeout"];
    stmt.kind() == VariableSetKind::VarSetValue
        && !stmt.is_local
        && !cuts.iter().any(|it| stmt.name.eq_ignore_ascii_case(it))
}

fn is_control(statement: &Statement, wanted: TransactionStmtKind) -> bool {
    let Body::Tree(node) = &statement.body else {
        return false;
    };
    let NodeEnum::TransactionStmt(stmt) = &**node else {
        return false;
    };
    let kind = match stmt.kind() {
        TransactionStmtKind::TransStmtStart => TransactionStmtKind::TransStmtBegin,
        kind => kind,
    };
    kind == wanted && !stmt.chain && stmt.options.is_empty()
}

/// A statement with its `;`, and with the rest of its line if nothing else is on it.
pub fn whole(text: &str, statement: &Statement) -> Range<usize> {
    let end = semicolon(text, statement.span.end).unwrap_or(statement.span.end);
    let line_start = text[..statement.span.start]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let before = &text[line_start..statement.span.start];
    let rest = &text[end..];
    let line = rest.find('\n').map_or(rest.len(), |at| at + 1);
    if before.trim().is_empty() && rest[..line].trim().is_empty() {
        line_start..end + line
    } else {
        statement.span.start..end
    }
}

/// The end of the `;` that ends a statement, if it has one.
pub fn semicolon(text: &str, end: usize) -> Option<usize> {
    let token = Scanner::new(text.get(end..)?).next_code()?;
    (token.kind == Kind::Semicolon).then_some(end + token.end)
}

/// The line end of a file: that of its first line.
pub fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        Some(_) | None => "\n",
    }
}

/// The blanks before a place on its line; none if something else stands there.
pub fn indentation(text: &str, at: usize) -> Option<&str> {
    let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let before = text[line..at].trim_start_matches('\u{feff}');
    before.trim().is_empty().then_some(before)
}
