//! psql lines and templates that bring in a file: its statements run where the line stands.

use super::origin::Origin;
use super::run::Run;
use super::step::Piece;
use crate::effects::Effects;
use crate::lint::context::Surroundings;
use crate::project::included;
use crate::sql::excerpt::Excerpt;
use crate::sql::{self, Body, Statement};

/// Files that include each other are followed this far.
const DEEPEST: usize = 8;

impl Run<'_> {
    /// Replays the file that a psql line brings in; all places in it are the line's. None when the command
    /// brings in no file that is known.
    pub(super) fn include(
        &mut self,
        statement: &Statement,
        command: &str,
        depth: usize,
    ) -> Option<Effects> {
        let (path, _) = included(command)?;
        let source = self.info.migration.includes.get(path)?.clone();
        if depth == DEEPEST {
            return None;
        }
        let parsed = sql::parse_with(&source, source.text(), 0, &self.config.placeholders);
        let mut effects = Effects {
            kind: "include",
            ..Effects::default()
        };
        let length = self.info.migration.source.text().len();
        for inner in &parsed.statements {
            let text = match &inner.filled {
                Some(filled) => filled.text(),
                None => source.text().get(inner.span.clone()).unwrap_or_default(),
            };
            let node = match &inner.body {
                Body::Tree(node) => node,
                Body::Psql(command) if self.include(statement, command, depth + 1).is_some() => {
                    continue;
                }
                Body::Psql(_) | Body::Invalid(_) | Body::Skimmed(_) => {
                    let words: Vec<&str> = text.split_whitespace().take(4).collect();
                    let what = format!("{path} holds what could not be read: {}", words.join(" "));
                    self.not_understood(statement.span.clone(), &statement.span, &what, true);
                    continue;
                }
            };
            let excerpt = Excerpt::made_up(text, 0..statement.span.len());
            let (start, origin) = Origin::of(&excerpt, statement.span.start, length);
            let piece = Piece {
                node,
                text: excerpt.text(),
                start,
                origin: origin.as_ref(),
            };
            self.foreign_names = !inner.placeholders.is_empty();
            let done = self.replay(piece, &Surroundings::default());
            super::merge::merge(&mut effects, &done, true);
        }
        Some(effects)
    }
}
