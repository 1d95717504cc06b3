//! Reading a statement's text for advice: the words of a clause, its parts.

use std::ops::Range;

use super::context::{Context, MigrationContext};
use crate::catalog::{Catalog, QualifiedName, Relation};
use crate::effects::Effects;
use crate::project::Direction;

impl Context<'_> {
    /// The text of a place of this statement; the whole statement for a place outside it.
    pub fn text_of(&self, span: &Range<usize>) -> &str {
        span.start
            .checked_sub(self.span.start)
            .zip(span.end.checked_sub(self.span.start))
            .and_then(|(start, end)| self.text.get(start..end))
            .unwrap_or(self.text)
    }

    /// This is a down migration, and what it drops or renames was made by its own up migration.
    pub fn undoes_up(&self, relation: &QualifiedName, column: Option<&str>) -> bool {
        if self.migration.migration.direction != Direction::Down {
            return false;
        }
        let made = self.migration.created_by_up;
        made.contains(relation)
            || column.is_some_and(|column| {
                made.contains(&QualifiedName::new(relation.to_string(), column))
            })
    }
}

impl MigrationContext<'_> {
    /// As [`Context::undoes_up`], for a relation.
    pub fn undoes_up(&self, relation: &QualifiedName) -> bool {
        self.migration.migration.direction == Direction::Down
            && self.migration.created_by_up.contains(relation)
    }
}

impl Catalog {
    /// The relations that a statement locks, as they are in this catalog.
    pub fn relations_locked<'a>(
        &'a self,
        effects: &'a Effects,
    ) -> impl Iterator<Item = &'a Relation> {
        effects
            .locks
            .iter()
            .filter_map(|lock| self.relation(lock.target.oid?))
    }
}
