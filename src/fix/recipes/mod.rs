//! Ways out that take several steps, each built once and used by every rule that needs it.
//!
//! A step's SQL runs as it stands: with the user's own names and types, from the statement's tree and the catalog.
//! Where these are not known, the step's title says so. `make recipes` proves every recipe on real servers, and
//! `tests/recipes.rs` that humdrum has nothing to say against any step.

mod backfill;
mod column;
mod constraint;
mod index;
mod layouts;
mod not_null;
mod partition;
mod rename;
mod steps;
mod tree;
mod type_change;

pub use backfill::batches;
pub use column::add_column;
pub use constraint::add_validated;
pub use index::{add_key, create_index, over as index_over};
pub use layouts::{opt_out, way_out, where_rollbacks_live};
pub use not_null::set_not_null;
pub use partition::attach;
pub use rename::{column as rename_column, table as rename_table};
pub use steps::{outside, own, recipe, validate};
pub use type_change::change_type;
