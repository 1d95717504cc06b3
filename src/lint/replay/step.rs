//! One statement: the catalog before and after it, its effects, the session moved on.

use std::ops::Range;

use pg_query::NodeEnum;

use super::origin::Origin;
use super::run::Run;
use super::{Place, skimmed};
use crate::catalog::{Applied, Catalog};
use crate::effects::{CertainError, Effects, Input, effects_of, kind};
use crate::lint::context::{Context, Known, Surroundings};
use crate::session::Step;
use crate::sql::{self, Body, Skim, SkimReason, Statement, SyntaxError};
use crate::version::PgVersion;

/// A statement to replay, at the top of a script or inside a DO block.
#[derive(Clone, Copy)]
pub struct Piece<'a> {
    pub node: &'a NodeEnum,
    /// Parse locations count from its start.
    pub text: &'a str,
    /// Where that text starts in the file, or pretends to.
    pub start: usize,
    /// Set when the file does not have the text as it is.
    pub origin: Option<&'a Origin>,
}

/// What PostgreSQL answers instead of running a statement.
pub struct Refused {
    pub sqlstate: &'static str,
    pub message: String,
}

impl Piece<'_> {
    pub fn span(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    pub fn file_span(&self) -> Range<usize> {
        match self.origin {
            Some(origin) => origin.real(self.span()),
            None => self.span(),
        }
    }
}

impl Run<'_> {
    /// Replays a statement at the top of a script.
    pub(super) fn body(&mut self, statement: &Statement) -> Effects {
        match &statement.body {
            Body::Tree(node) => self.tree(statement, node),
            Body::Skimmed(skim) => self.skimmed(statement, skim),
            Body::Invalid(error) => {
                self.syntax_error(error, &statement.span);
                Effects {
                    error: Some(refused(error, self.session.version)),
                    ..unknown()
                }
            }
            Body::Psql(command) => {
                if let Some(effects) = self.include(statement, command, 0) {
                    return effects;
                }
                let name = command.split_whitespace().next().unwrap_or("psql command");
                let what = match name {
                    "\\gexec" => {
                        "`\\gexec` runs what the query before it answers: that is not known here"
                            .to_owned()
                    }
                    "\\if" | "\\elif" | "\\else" | "\\endif" => {
                        format!("`{name}` decides what is run: all of it is taken to run")
                    }
                    name if name.starts_with('\\') => format!(
                        "`{name}` is a command of psql: what it brings in or changes is not known here"
                    ),
                    name => format!("`{name}` stands for SQL that is not known here"),
                };
                self.not_understood(statement.span.clone(), &statement.span, &what, true);
                unknown()
            }
        }
    }

    fn tree(&mut self, statement: &Statement, node: &NodeEnum) -> Effects {
        self.placeholders(statement, node);
        self.foreign_names = !statement.placeholders.is_empty();
        let length = self.info.migration.source.text().len();
        let moved = statement
            .filled
            .as_ref()
            .map(|filled| (filled, Origin::of(filled, statement.span.start, length)));
        let piece = match &moved {
            Some((filled, (start, origin))) => Piece {
                node,
                text: filled.text(),
                start: *start,
                origin: origin.as_ref(),
            },
            None => Piece {
                node,
                text: self.text(&statement.span),
                start: statement.span.start,
                origin: None,
            },
        };
        match node {
            NodeEnum::DoStmt(_) => self.do_block(piece),
            _ => self.replay(piece, &Surroundings::default()),
        }
    }

    /// Each placeholder is spoken of once in a migration. One that only says in which schema something is changes nothing
    /// of what a statement does to it.
    fn placeholders(&mut self, statement: &Statement, node: &NodeEnum) {
        if !statement.placeholders.is_empty() && !keeps_schema(node) {
            self.lose_track();
        }
        for placeholder in &statement.placeholders {
            if is_schema(
                self.text(&statement.span),
                placeholder,
                statement.span.start,
            ) {
                continue;
            }
            let text = excerpt(self.text(placeholder));
            let what = match sql::decides(self.text(placeholder)) {
                true => format!("`{text}` decides what is run: all of it is taken to run"),
                false => format!("what `{text}` stands for is not known here"),
            };
            if self.placeholders.insert(text) {
                self.not_understood(placeholder.clone(), &statement.span, &what, false);
            } else if !self.unanalysed.contains(&what) {
                self.unanalysed.push(what);
            }
        }
    }

    /// A statement that PostgreSQL's parser refuses. What it was meant to do is missing from now on.
    pub(super) fn syntax_error(&mut self, error: &SyntaxError, span: &Range<usize>) {
        self.lose_track();
        let place = self.place(span);
        if let Some(watcher) = &mut self.watcher {
            watcher.syntax_error(error, &self.info.migration.source, &place);
        }
        self.unanalysed.push(error.message.clone());
    }

    /// The leading tokens of an INSERT, UPDATE or DELETE tell enough; of other commands they do not.
    fn skimmed(&mut self, statement: &Statement, skim: &Skim) -> Effects {
        let what = match skim.reason {
            SkimReason::ManyRows => None,
            SkimReason::TooDeep => Some(
                "nested too deeply to be read in full: judged by its first words, the worst assumed",
            ),
        };
        self.foreign_names = true;
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
            origin: None,
        };
        let mut effects = self.step(piece, &Surroundings::default());
        effects.assumptions.extend(what.map(str::to_owned));
        effects
    }

    /// Replays one statement. One that certainly fails is left out: the catalog and the session stay.
    pub(super) fn step(&mut self, piece: Piece<'_>, surroundings: &Surroundings) -> Effects {
        let mut before = self.catalog.clone();
        // A name that a placeholder is a part of may be there under the name that is filled in.
        before.disturbed |= self.foreign_names;
        let mut effects = Effects::default();
        let mut after = if self.watcher.is_some() {
            let mut applied = before.applied(piece.node, &self.session);
            if let Some(with_stubs) = with_stubs(piece.node, &before, &applied) {
                before = with_stubs;
                applied = before.applied(piece.node, &self.session);
            }
            effects = self.effects(piece, &before, &applied, surroundings);
            // What is only in the wrong place will be put right and then happen all the same.
            match &effects.error {
                Some(error) if error.sqlstate != "25001" => before.clone(),
                _ => applied.catalog,
            }
        } else {
            let mut after = before.clone();
            after.apply(piece.node, &self.session);
            after
        };
        if self.foreign_names && keeps_schema(piece.node) {
            after.disturbed = self.catalog.disturbed;
        }
        self.settle(piece, surroundings, before, after, effects)
    }

    fn effects(
        &self,
        piece: Piece<'_>,
        before: &Catalog,
        applied: &Applied,
        surroundings: &Surroundings,
    ) -> Effects {
        effects_of(Input {
            node: piece.node,
            text: piece.text,
            start: piece.start,
            before,
            after: &applied.catalog,
            refusal: applied.refusal.as_ref(),
            session: &self.session,
            foreign_names: surroundings.block.is_some()
                || !self.routines.is_empty()
                || self.foreign_names,
        })
    }

    /// A statement that PostgreSQL refuses where it stands.
    pub(super) fn refused(
        &mut self,
        piece: Piece<'_>,
        surroundings: &Surroundings,
        refused: Refused,
    ) -> Effects {
        let effects = Effects {
            kind: kind(piece.node),
            error: Some(CertainError {
                sqlstate: refused.sqlstate,
                message: refused.message,
                span: piece.span(),
                came_with: None,
            }),
            ..Effects::default()
        };
        let catalog = self.catalog.clone();
        self.settle(piece, surroundings, catalog.clone(), catalog, effects)
    }

    /// Shows a statement to the watcher and moves on.
    fn settle(
        &mut self,
        piece: Piece<'_>,
        surroundings: &Surroundings,
        before: Catalog,
        after: Catalog,
        effects: Effects,
    ) -> Effects {
        let mut effects = effects;
        let fails = effects.error.is_some();
        self.failed |= fails;
        if surroundings.conditional {
            forgive(&mut effects);
        }
        let place = Place {
            index: self.index,
            span: piece.file_span(),
            origin: piece.origin.cloned(),
        };
        if let Some(watcher) = &mut self.watcher {
            let mut context = Context {
                node: piece.node,
                text: piece.text,
                span: piece.span(),
                effects: &effects,
                before: &before,
                after: &after,
                start: &self.start,
                session: &self.session,
                held: self.holding.locks(),
                surroundings,
                migration: self.info,
                options: &self.config.options,
                reported_before: false,
                known: Known::default(),
            };
            watcher.statement(&mut context, &place);
        }
        if let Some(origin) = piece.origin {
            origin.take_back(&mut effects);
        }
        for relation in after.temporary_since(&before) {
            self.temporary.push(relation.oid);
            if relation.drop_on_commit {
                self.dropped_on_commit.push(relation.oid);
            }
        }
        self.catalog = after;
        if self.session.in_block() {
            self.holding.take(&effects, &place.span);
            if !fails {
                self.session.pending_events.extend(&effects.pending_events);
            }
        }
        let step = match (fails, self.session.in_block()) {
            (false, _) => self.session.after(piece.node, &mut self.catalog),
            (true, true) => Step::Stays,
            (true, false) => self.session.commit(),
        };
        self.moved(step);
        effects
    }
}

/// The catalog before an ALTER TABLE that is the first to mention a relation, with that relation
/// in it as it was: unknown, and without what the statement itself does to it.
fn with_stubs(node: &NodeEnum, before: &Catalog, applied: &Applied) -> Option<Catalog> {
    let certainly_missing = before.complete && applied.refusal.is_some();
    if !matches!(node, NodeEnum::AlterTableStmt(_)) || certainly_missing {
        return None;
    }
    let mut with_stubs = before.clone();
    let mut any = false;
    for stub in applied.catalog.stubs_since(before) {
        with_stubs.stub(stub.name.clone(), stub.kind);
        any = true;
    }
    any.then_some(with_stubs)
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

/// What PostgreSQL answers to text that its parser refuses: 42601, or 0A000 where the grammar knows a form
/// only to refuse it (`ERRCODE_FEATURE_NOT_SUPPORTED` in src/backend/parser/gram.y).
fn refused(error: &SyntaxError, version: PgVersion) -> CertainError {
    let known_form = [
        "cannot be marked",
        "not implemented",
        "not yet implemented",
        "cannot include schema elements",
        "not supported",
    ]
    .iter()
    .any(|words| error.message.contains(words));
    // ALTER TYPE ... DROP VALUE came into the grammar with 17.
    let too_new = error.message.starts_with("dropping an enum value") && version.major() < 17;
    CertainError {
        sqlstate: if known_form && !too_new {
            "0A000"
        } else {
            "42601"
        },
        message: error.message.clone(),
        span: error.offset..error.offset,
        came_with: None,
    }
}

/// A placeholder's text on one line, and not too long.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
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

/// Whether a placeholder stands for a schema: between the name and it there is nothing but the dot. `start` is where the
/// statement begins in the file.
fn is_schema(statement: &str, placeholder: &Range<usize>, start: usize) -> bool {
    let (Some(from), Some(to)) = (
        placeholder.start.checked_sub(start),
        placeholder.end.checked_sub(start),
    ) else {
        return false;
    };
    let (Some(before), Some(after)) = (statement.get(..from), statement.get(to..)) else {
        return false;
    };
    let quoted = before.ends_with('"') && after.starts_with('"');
    let (before, after) = match quoted {
        true => (&before[..before.len() - 1], &after[1..]),
        false => (before, after),
    };
    let name = after.strip_prefix('.').and_then(|it| it.chars().next());
    let names = name.is_some_and(|it| it.is_alphabetic() || matches!(it, '_' | '"'));
    // `a.${b}.c` is a column of a table; in an expression it may be one too.
    let blank = before.chars().next_back().is_none_or(char::is_whitespace);
    let word = before.split_whitespace().next_back().unwrap_or_default();
    // In the definition of a table nothing but relations and types has a dot.
    let mut words = statement.split_whitespace();
    let mut next = || words.next().unwrap_or_default().to_ascii_lowercase();
    let of_a_table = matches!(next().as_str(), "create" | "alter") && next() == "table";
    let relations = [
        "column",
        "table",
        "exists",
        "only",
        "on",
        "index",
        "view",
        "into",
        "from",
        "join",
        "update",
        "references",
        "type",
        "sequence",
        "function",
        "procedure",
        "trigger",
        "concurrently",
        "as",
        "execute",
        "truncate",
        "by",
    ];
    names && blank && (of_a_table || relations.iter().any(|it| word.eq_ignore_ascii_case(it)))
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
