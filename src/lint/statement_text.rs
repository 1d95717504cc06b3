//! Reading a statement's text for advice: the words of a clause, its parts.

use std::ops::Range;

use super::context::{Context, MigrationContext};
use crate::catalog::{Catalog, QualifiedName, Relation};
use crate::effects::{Effects, Target};
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

    /// The type that a new column has, as SQL spells it.
    pub fn new_column_type(&self, relation: &Target, column: &str) -> Option<String> {
        let column = self.after.relation(relation.oid?)?.column(column)?;
        Some(self.after.type_display(&column.ty))
    }

    /// `ADD CHECK (...)` or `ADD CONSTRAINT n CHECK (...)` with the constraint's name written out.
    pub fn named_constraint(&self, clause: &str, name: &str) -> String {
        let rest = clause.trim_start();
        let after_add = match rest.get(..3) {
            Some(word) if word.eq_ignore_ascii_case("add") => rest[3..].trim_start(),
            _ => rest,
        };
        let already = after_add
            .get(.."constraint".len())
            .is_some_and(|word| word.eq_ignore_ascii_case("constraint"));
        if already {
            format!("ADD {after_add}")
        } else {
            format!("ADD CONSTRAINT {name} {after_add}")
        }
    }

    /// The parenthesised list of columns of a clause, with its parentheses.
    pub fn key_list(&self, span: &Range<usize>) -> String {
        let text = self.text_of(span);
        match (text.find('('), text.find(')')) {
            (Some(open), Some(close)) if open < close => text[open..=close].to_owned(),
            _ => "(...)".to_owned(),
        }
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
