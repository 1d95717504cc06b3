//! Ignore comments: `-- humdrum: ignore drop-table: nothing reads it` and
//! `-- humdrum: ignore-file missing-lock-timeout: the deploy script sets it`.
//!
//! An `ignore` comment binds to a statement, never to a line: to the one that it stands in, to the one
//! that ends before it on the same line, or else to the next one, however many lines and comments lie
//! between. Inside a DO block it binds to a statement of the block in the same way.

mod bind;
mod directive;
mod place;

pub use bind::{Bound, bind};
pub use directive::{Directive, Named, Scope, may_speak, parse};
pub use place::{comments_between, comments_inside};
