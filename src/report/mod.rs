//! What a run found, as people and programs read it: one file for each format.
//!
//! Renderers write to any [`std::io::Write`] and decide nothing: what is found, how severe it is and
//! what the exit code is has been settled before.

mod clean;
mod compact;
mod excerpt;
mod json;
mod order;
mod plan_chain;
mod plan_json;
mod plan_text;
mod range;
mod screen;
mod summary;
mod text;
mod wrap;

use std::collections::BTreeSet;

pub use compact::compact;
pub use json::json;
pub use plan_json::plan_json;
pub use plan_text::plan_text;
pub use screen::Screen;
pub use summary::{count, summary};
pub use text::text;

use crate::lint::Outcome;
use crate::version::PgVersion;

/// The result of `humdrum check`, with what its summary needs to know of the run.
#[derive(Debug)]
pub struct Run<'a> {
    pub outcome: &'a Outcome,
    /// Files with migrations under check.
    pub files_checked: usize,
    /// Those and the files of the history.
    pub files_read: usize,
    /// `.sql` files that no migration tool runs as migrations, or that the configuration excludes.
    pub files_left_out: usize,
    /// The PostgreSQL versions that the migrations were checked for: more than one when directories
    /// have configurations of their own.
    pub versions: BTreeSet<PgVersion>,
    /// Findings that were fixed and are not in the outcome any more.
    pub fixed: usize,
}
