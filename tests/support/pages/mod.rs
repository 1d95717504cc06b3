//! The pages of the rules as tests.

pub mod page;
pub mod run;
