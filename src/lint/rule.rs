//! A rule: its page and its check.

use super::context::{Context, MigrationContext};
use super::page::Page;
use super::report::Report;

/// A rule of `rules/`, made of a page (prose, metadata, examples) and a check.
#[derive(Debug)]
pub struct Rule {
    pub page: Page,
    pub check: Check,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// One statement with its effects, also inside DO blocks.
    Statement(fn(&Context<'_>, &mut Report<'_>)),
    /// One migration as a whole, after its last statement.
    Migration(fn(&MigrationContext<'_>, &mut Report<'_>)),
    /// Each statement, and then the migration as a whole.
    Both(
        fn(&Context<'_>, &mut Report<'_>),
        fn(&MigrationContext<'_>, &mut Report<'_>),
    ),
    /// Reported by the engine itself, which knows the cause (syntax errors, unused ignores).
    Engine,
}

impl Check {
    #[inline]
    pub fn of_statements(self) -> Option<fn(&Context<'_>, &mut Report<'_>)> {
        match self {
            Check::Statement(check) | Check::Both(check, _) => Some(check),
            Check::Migration(_) | Check::Engine => None,
        }
    }

    pub fn of_migrations(self) -> Option<fn(&MigrationContext<'_>, &mut Report<'_>)> {
        match self {
            Check::Migration(check) | Check::Both(_, check) => Some(check),
            Check::Statement(_) | Check::Engine => None,
        }
    }
}

impl Rule {
    /// `file_name` is the stem of the pair of files: `create_index_blocking`.
    ///
    /// # Panics
    /// When the page is malformed. Pages are compiled in and every one is read by a test.
    pub fn new(file_name: &str, page: &'static str, check: Check) -> Self {
        let page = Page::parse(file_name, page)
            .unwrap_or_else(|error| panic!("rules/{file_name}.md: {error}"));
        Rule { page, check }
    }

    #[inline]
    pub fn id(&self) -> &str {
        &self.page.id
    }
}
