//! PL/pgSQL bodies: each SQL statement inside is replayed like one at the top of a script.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{TransactionStmt, TransactionStmtKind};

use super::merge::merge;
use super::origin::Origin;
use super::run::Run;
use super::step::{Piece, Refused};
use crate::effects::{CertainError, Effects};
use crate::lint::context::{Loop, Surroundings};
use crate::session::OpenedBy;
use crate::sql::excerpt::Excerpt;
use crate::sql::plpgsql::{
    Block, Certainty, Execute, Expression, Invalid, LoopKind, Pl, Sql, UNKNOWN_NAME,
};
use crate::sql::scan::{Kind, Scanner};
use crate::sql::{SyntaxError, plpgsql};

/// A body on its way through the replay.
pub struct Walk {
    /// Where the text that the body's places count in starts in the file.
    pub base: usize,
    /// A COMMIT is possible: no transaction block is open around it, and it is no function.
    pub commits: bool,
    /// Blocks with exception handlers that are open.
    pub subtransactions: usize,
    pub surroundings: Surroundings,
    /// The procedure or function, when it is the body of one.
    pub routine: Option<String>,
    /// What the statements do, taken together.
    pub effects: Effects,
}

impl Walk {
    /// `block` is the DO, CALL or SELECT, in the file.
    pub fn new(block: Range<usize>, commits: bool, kind: &'static str) -> Self {
        Walk {
            base: block.start,
            surroundings: Surroundings {
                block: Some(block),
                ..Surroundings::default()
            },
            commits,
            subtransactions: 0,
            routine: None,
            effects: Effects {
                kind,
                ..Effects::default()
            },
        }
    }

    fn in_file(&self, span: &Range<usize>) -> Range<usize> {
        self.base + span.start..self.base + span.end
    }

    fn add(&mut self, inner: &Effects) {
        merge(&mut self.effects, inner, !self.surroundings.conditional);
    }
}

impl Run<'_> {
    /// A DO block. What it holds is one transaction, unless it commits or stands in one.
    pub(super) fn do_block(&mut self, piece: Piece<'_>) -> Effects {
        let span = piece.span();
        let block = match plpgsql::body(piece.text, piece.node) {
            Ok(block) => block,
            Err(error) => {
                let what = format!("the DO block could not be read: {error}");
                self.not_understood(span.clone(), &span, &what, true);
                let mut effects = self.step(piece, &Surroundings::default());
                effects.assumptions.push(what);
                return effects;
            }
        };
        let mut walk = Walk::new(span, !self.session.in_block(), "do");
        self.as_one_transaction(|run| run.pl_block(&block, &mut walk));
        walk.effects
    }

    /// Outside a transaction block, a statement that runs others is a transaction itself.
    pub(super) fn as_one_transaction(&mut self, body: impl FnOnce(&mut Self)) {
        let by_itself = !self.session.in_block();
        if by_itself {
            self.session.open(OpenedBy::Statement, &self.catalog);
        }
        body(self);
        if by_itself {
            let step = self.session.commit();
            self.moved(step);
        }
    }

    pub(super) fn pl_block(&mut self, block: &Block, walk: &mut Walk) {
        let catches = block.has_exception_handler();
        let before = walk.surroundings.clone();
        if catches {
            walk.surroundings.conditional = true;
            walk.subtransactions += 1;
        }
        for declaration in &block.declarations {
            self.pl_expression(declaration.default.as_ref(), walk);
            if let Some(query) = &declaration.query {
                self.pl(query, walk);
            }
        }
        self.pl_all(&block.statements, walk);
        if catches {
            walk.subtransactions -= 1;
        }
        for handler in &block.handlers {
            self.pl_all(&handler.statements, walk);
        }
        walk.surroundings = before;
    }

    pub(super) fn pl_all(&mut self, statements: &[Pl], walk: &mut Walk) {
        for statement in statements {
            self.pl(statement, walk);
        }
    }

    fn pl(&mut self, statement: &Pl, walk: &mut Walk) {
        match statement {
            Pl::Sql(sql) => self.pl_sql(sql, walk),
            Pl::Invalid(invalid) => self.pl_invalid(invalid, walk),
            Pl::Execute(execute) => self.pl_execute(execute, walk),
            Pl::Block(block) => self.pl_block(block, walk),
            Pl::If(chosen) => {
                for branch in &chosen.branches {
                    self.pl_expression(Some(&branch.condition), walk);
                }
                let branches = chosen.branches.iter().map(|branch| &branch.statements);
                self.pl_branches(branches.chain(&chosen.otherwise), walk);
            }
            Pl::Case(chosen) => {
                self.pl_expression(chosen.subject.as_ref(), walk);
                let branches = chosen.branches.iter().map(|branch| &branch.statements);
                self.pl_branches(branches.chain(&chosen.otherwise), walk);
            }
            Pl::Loop(repeated) => self.pl_loop(repeated, walk),
            Pl::Return(returned) => {
                self.pl_expression(returned.expression.as_ref(), walk);
                if let Some(query) = &returned.query {
                    self.pl(query, walk);
                }
            }
            Pl::Assign(assign) => self.pl_expression(Some(&assign.expression), walk),
            Pl::Commit(span) => self.pl_end(TransactionStmtKind::TransStmtCommit, span, walk),
            Pl::Rollback(span) => self.pl_end(TransactionStmtKind::TransStmtRollback, span, walk),
            Pl::Exit(_) | Pl::Raise(_) | Pl::Other(_) => {}
        }
    }

    /// Every branch is taken, one after the other: any of them may run.
    fn pl_branches<'p>(&mut self, branches: impl Iterator<Item = &'p Vec<Pl>>, walk: &mut Walk) {
        let before = walk.surroundings.conditional;
        walk.surroundings.conditional = true;
        for statements in branches {
            self.pl_all(statements, walk);
        }
        walk.surroundings.conditional = before;
    }

    /// One turn of the loop stands for all.
    fn pl_loop(&mut self, repeated: &plpgsql::Loop, walk: &mut Walk) {
        let counted = !matches!(repeated.kind, LoopKind::Endless | LoopKind::While(_));
        let endless = match &repeated.kind {
            LoopKind::Endless => true,
            LoopKind::While(condition) => {
                self.pl_expression(Some(condition), walk);
                false
            }
            LoopKind::Query(query) => {
                self.pl(query, walk);
                false
            }
            LoopKind::Array { array, .. } => {
                self.pl_expression(Some(array), walk);
                false
            }
            LoopKind::Integers { from, to } => {
                self.pl_expression(Some(from), walk);
                self.pl_expression(Some(to), walk);
                false
            }
            LoopKind::Cursor(_) => false,
        };
        let outer = walk.surroundings.in_loop.replace(Loop {
            span: walk.in_file(&repeated.span),
            commits: repeated.ends_transactions(),
            ends: !endless || repeated.may_be_left(),
            counted,
        });
        self.pl_all(&repeated.body, walk);
        walk.surroundings.in_loop = outer;
    }

    fn pl_sql(&mut self, sql: &Sql, walk: &mut Walk) {
        let effects = self.pl_step(&sql.excerpt, &sql.node, None, walk);
        walk.add(&effects);
    }

    fn pl_step(
        &mut self,
        excerpt: &Excerpt,
        node: &NodeEnum,
        refused: Option<Refused>,
        walk: &Walk,
    ) -> Effects {
        let file_length = self.info.migration.source.text().len();
        let (start, origin) = Origin::of(excerpt, walk.base, file_length);
        let piece = Piece {
            node,
            text: excerpt.text(),
            start,
            origin: origin.as_ref(),
        };
        match refused {
            Some(refused) => self.refused(piece, &walk.surroundings, refused),
            None => self.replay(piece, &walk.surroundings),
        }
    }

    /// An expression is a query. It matters where it reads a table or calls what changes something.
    fn pl_expression(&mut self, expression: Option<&Expression>, walk: &mut Walk) {
        let Some(expression) = expression else {
            return;
        };
        let text = expression.text();
        let matters = Scanner::new(text).any(|token| {
            token.kind == Kind::Word && (token.is(text, "select") || token.is(text, "set_config"))
        });
        if (matters || self.may_call(text))
            && let Some(query) = expression.query()
        {
            self.pl_sql(&query, walk);
        }
    }

    fn pl_invalid(&mut self, invalid: &Invalid, walk: &mut Walk) {
        let offset = walk.base + invalid.error.offset;
        let error = SyntaxError {
            message: invalid.error.message.clone(),
            offset,
        };
        let span = walk.in_file(&invalid.excerpt.span());
        self.syntax_error(&error, &span);
        walk.effects.error.get_or_insert_with(|| CertainError {
            sqlstate: "42601",
            message: error.message,
            span: offset..span.end.max(offset),
            came_with: None,
        });
    }

    fn pl_execute(&mut self, execute: &Execute, walk: &mut Walk) {
        let unknown = match execute.certainty {
            Certainty::Constant => false,
            Certainty::Shape => execute
                .statements
                .iter()
                .any(|sql| !only_values_unknown(sql)),
            Certainty::Nothing => true,
        };
        if unknown {
            let span = walk.in_file(&execute.span);
            let what = match &walk.routine {
                None => "EXECUTE runs SQL that is only known when it runs".to_owned(),
                Some(name) => format!("{name} runs SQL that is only known when it runs (EXECUTE)"),
            };
            self.not_understood(span.clone(), &span, &what, true);
            if !walk.effects.assumptions.contains(&what) {
                walk.effects.assumptions.push(what);
            }
            return;
        }
        let before = walk.surroundings.conditional;
        walk.surroundings.conditional |= execute.one_of_several;
        self.pl_all(&execute.statements, walk);
        walk.surroundings.conditional = before;
    }

    fn pl_end(&mut self, kind: TransactionStmtKind, span: &Range<usize>, walk: &mut Walk) {
        let commit = kind == TransactionStmtKind::TransStmtCommit;
        let node = NodeEnum::TransactionStmt(TransactionStmt {
            kind: kind.into(),
            ..TransactionStmt::default()
        });
        let refused = if !walk.commits {
            Some("invalid transaction termination".to_owned())
        } else if walk.subtransactions > 0 {
            let verb = if commit { "commit" } else { "roll back" };
            Some(format!("cannot {verb} while a subtransaction is active"))
        } else {
            None
        };
        let refused = refused.map(|message| Refused {
            sqlstate: "2D000",
            message,
        });
        let fails = refused.is_some();
        let word = if commit { "COMMIT" } else { "ROLLBACK" };
        let excerpt = Excerpt::made_up(word, span.clone());
        let effects = self.pl_step(&excerpt, &node, refused, walk);
        walk.add(&effects);
        if !fails {
            self.session.open(OpenedBy::Statement, &self.catalog);
        }
    }
}

/// Whether what is not known of an EXECUTE's text stands inside string literals only, or in a command that does the same
/// whatever the name is.
fn only_values_unknown(statement: &Pl) -> bool {
    let Pl::Sql(sql) = statement else {
        return false;
    };
    if matches!(
        *sql.node,
        NodeEnum::GrantStmt(_)
            | NodeEnum::GrantRoleStmt(_)
            | NodeEnum::CommentStmt(_)
            | NodeEnum::CreateRoleStmt(_)
            | NodeEnum::AlterRoleStmt(_)
            | NodeEnum::NotifyStmt(_)
    ) {
        return true;
    }
    let text = sql.excerpt.text();
    Scanner::new(text)
        .filter(|token| token.text(text).contains(UNKNOWN_NAME))
        .all(|token| token.kind == Kind::Text)
}
