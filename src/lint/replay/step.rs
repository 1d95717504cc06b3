//! One statement: the catalog before and after it, its effects, the session moved on.

use std::ops::Range;

use pg_query::NodeEnum;

use super::run::Run;
use super::skimmed;
use crate::effects::{Effects, Input, effects_of};
use crate::lint::context::{Context, Surroundings};
use crate::session::Step;
use crate::sql::{Body, Skim, SkimReason, Statement};

/// A statement to replay, at the top of a script or inside a DO block.
#[derive(Clone, Copy)]
pub struct Piece<'a> {
    pub node: &'a NodeEnum,
    /// Parse locations count from its start.
    pub text: &'a str,
    /// Where that text starts in the file.
    pub start: usize,
}

impl Piece<'_> {
    pub fn span(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

impl Run<'_> {
    /// Replays a statement at the top of a script.
    pub(super) fn body(&mut self, statement: &Statement) -> Effects {
        match &statement.body {
            Body::Tree(node) => self.tree(statement, node),
            Body::Skimmed(skim) => self.skimmed(statement, skim),
            Body::Invalid(error) => {
                self.understood = false;
                self.catalog.complete = false;
                let place = self.place(&statement.span);
                if let Some(watcher) = &mut self.watcher {
                    watcher.syntax_error(error, &self.info.migration.source, &place);
                }
                self.unanalysed.push(error.message.clone());
                unknown()
            }
            Body::Psql(command) => {
                let name = command.split_whitespace().next().unwrap_or("psql command");
                let what = format!(
                    "`{name}` is a command of psql: what it brings in or changes is not known here"
                );
                self.not_understood(statement.span.clone(), &statement.span, &what, true);
                unknown()
            }
        }
    }

    fn tree(&mut self, statement: &Statement, node: &NodeEnum) -> Effects {
        if let Some(first) = statement.placeholders.first() {
            let what = "a placeholder stands here: what it brings in is not known";
            let lost = !keeps_schema(node);
            self.not_understood(first.clone(), &statement.span, what, lost);
        }
        let piece = Piece {
            node,
            text: self.text(&statement.span),
            start: statement.span.start,
        };
        if let NodeEnum::DoStmt(_) = node {
            self.not_understood(
                statement.span.clone(),
                &statement.span,
                "the DO block was not looked into",
                true,
            );
        }
        self.step(piece, &Surroundings::default())
    }

    /// The leading tokens of an INSERT, UPDATE or DELETE tell enough; of other commands they do not.
    fn skimmed(&mut self, statement: &Statement, skim: &Skim) -> Effects {
        let what = match skim.reason {
            SkimReason::ManyRows => None,
            SkimReason::TooDeep => Some(
                "nested too deeply to be read in full: judged by its first words, the worst assumed",
            ),
        };
        let node = skimmed::stand_in(skim);
        if let Some(what) = what {
            self.not_understood(
                statement.span.clone(),
                &statement.span,
                what,
                node.is_none(),
            );
        }
        let Some(node) = node else {
            return unknown();
        };
        let piece = Piece {
            node: &node,
            text: self.text(&statement.span),
            start: statement.span.start,
        };
        let mut effects = self.step(piece, &Surroundings::default());
        effects.assumptions.extend(what.map(str::to_owned));
        effects
    }

    /// Replays one statement. One that certainly fails is left out: the catalog and the session stay.
    pub(super) fn step(&mut self, piece: Piece<'_>, surroundings: &Surroundings) -> Effects {
        let before = self.catalog.clone();
        let mut after = before.clone();
        after.apply(piece.node, &self.session);
        let span = piece.span();
        let place = self.place(&span);
        let mut effects = Effects::default();
        if let Some(watcher) = &mut self.watcher {
            effects = effects_of(Input {
                node: piece.node,
                text: piece.text,
                start: piece.start,
                before: &before,
                after: &after,
                session: &self.session,
            });
            if effects.error.is_some() {
                after = before.clone();
            }
            if surroundings.conditional {
                forgive(&mut effects);
            }
            let mut context = Context {
                node: piece.node,
                text: piece.text,
                span: span.clone(),
                effects: &effects,
                before: &before,
                after: &after,
                session: &self.session,
                held: self.holding.locks(),
                surroundings,
                migration: self.info,
                options: &self.config.options,
                reported_before: false,
            };
            watcher.statement(&mut context, &place);
        }
        self.catalog = after;
        if self.session.in_block() {
            self.holding.take(&effects, &span);
        }
        let step = match (&effects.error, self.session.in_block()) {
            (None, _) => self.session.after(piece.node, &mut self.catalog),
            (Some(_), true) => Step::Stays,
            (Some(_), false) => self.session.commit(),
        };
        self.moved(step);
        effects
    }
}

/// A statement behind a condition may never run, and an exception handler may catch what it raises.
/// What PostgreSQL refuses when it reads the block, or whatever the schema, stays certain.
fn forgive(effects: &mut Effects) {
    let certain = effects
        .error
        .as_ref()
        .is_some_and(|error| matches!(error.sqlstate, "42601" | "25001" | "2D000"));
    if !certain {
        effects.error = None;
    }
}

/// The effects of what could not be understood at all.
fn unknown() -> Effects {
    Effects {
        kind: "unknown",
        assumptions: vec!["not understood: it may do anything".to_owned()],
        ..Effects::default()
    }
}

/// Statements that change no schema, whatever stands in place of a placeholder.
fn keeps_schema(node: &NodeEnum) -> bool {
    matches!(
        node,
        NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_)
            | NodeEnum::CopyStmt(_)
            | NodeEnum::VariableSetStmt(_)
            | NodeEnum::GrantStmt(_)
            | NodeEnum::GrantRoleStmt(_)
            | NodeEnum::CommentStmt(_)
            | NodeEnum::CreateRoleStmt(_)
            | NodeEnum::AlterRoleStmt(_)
            | NodeEnum::AlterRoleSetStmt(_)
            | NodeEnum::AlterDefaultPrivilegesStmt(_)
            | NodeEnum::NotifyStmt(_)
    )
}
