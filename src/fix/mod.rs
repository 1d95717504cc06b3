//! Fixes: edits to the text of a migration that take a finding away.
//!
//! **Safe or unsafe.** One principle decides: a fix is *safe* when the migration, wherever it ran before,
//! runs afterwards too and leads to the same schema and the same data, and when the text stays where it is run. All
//! others are *unsafe*: another type, a constraint that is not validated yet, an IF NOT EXISTS that made a second
//! run pass. Where an edit can be wrong for reasons that the text does not show, there is no fix at all; the
//! help and the recipe of the finding say what to do.
//!
//! Edits are made where the file has the SQL letter by letter: in what an included file, a quoted body or a
//! placeholder's value brings in there is nothing to edit. Rules make fixes with the helpers of [`crate::lint::Context`]
//! in this module; [`combine`] applies those of a run, and [`settle`] repeats that until nothing changes.

pub mod alter_table;
mod combine;
pub mod concurrent;
mod constraint;
mod diff;
mod lock_timeout;
mod opt_out;
pub mod place;
pub mod recipes;
mod settle;
pub mod tokens;
mod type_name;

use std::ops::Range;
use std::sync::Arc;

pub use combine::{Combined, combine};
pub use diff::patch;
pub use settle::{Fixed, MOST_ROUNDS, Settled, Texts, settle};

use crate::source::Source;

/// Whether a fix may be applied without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    Safe,
    Unsafe,
}

impl Applicability {
    pub fn name(self) -> &'static str {
        match self {
            Applicability::Safe => "safe",
            Applicability::Unsafe => "unsafe",
        }
    }
}

/// Edits that take one finding away. They are applied together or not at all.
#[derive(Debug, Clone)]
pub struct Fix {
    /// What it does, as a command: `build the index CONCURRENTLY`.
    pub title: String,
    pub applicability: Applicability,
    pub edits: Vec<Edit>,
    /// Parts of the finding's file that the fix relies on: nothing else may be edited there at the same time.
    pub relies_on: Vec<Range<usize>>,
}

/// Other text in the place of a range of a file. A file that is not there yet is a [`Source`] without text.
#[derive(Debug, Clone)]
pub struct Edit {
    pub source: Arc<Source>,
    pub range: Range<usize>,
    pub text: String,
}

impl Fix {
    /// Promises the same schema and the same data as before, from a migration that still runs where it stands.
    pub fn safe(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Fix::new(title, Applicability::Safe, edits)
    }

    /// Promises only that the finding goes: the schema, the data or what a second run does may differ, so a person
    /// has to look at it.
    pub fn unsafe_(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Fix::new(title, Applicability::Unsafe, edits)
    }

    pub fn new(title: impl Into<String>, applicability: Applicability, edits: Vec<Edit>) -> Self {
        Fix {
            title: title.into(),
            applicability,
            edits,
            relies_on: Vec::new(),
        }
    }

    /// Nothing else of the finding's file may be edited there together with this fix.
    pub fn relying_on(mut self, range: impl IntoIterator<Item = Range<usize>>) -> Self {
        self.relies_on.extend(range);
        self
    }
}

impl Edit {
    pub fn replace(source: &Arc<Source>, range: Range<usize>, text: impl Into<String>) -> Self {
        Edit {
            source: Arc::clone(source),
            range,
            text: text.into(),
        }
    }

    pub fn insert(source: &Arc<Source>, at: usize, text: impl Into<String>) -> Self {
        Edit::replace(source, at..at, text)
    }

    pub fn delete(source: &Arc<Source>, range: Range<usize>) -> Self {
        Edit::replace(source, range, "")
    }
}

impl PartialEq for Edit {
    fn eq(&self, other: &Self) -> bool {
        self.source.path() == other.source.path()
            && self.range == other.range
            && self.text == other.text
    }
}
