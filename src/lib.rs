//! humdrum: a static safety analyser for PostgreSQL migrations.

// Text in, findings out: only `project` looks at the disk (clippy.toml), and nothing prints.
#![warn(clippy::disallowed_methods, clippy::disallowed_types)]
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![warn(clippy::unwrap_used)]

pub mod catalog;
pub mod config;
pub mod effects;
pub mod fix;
pub mod lint;
pub mod project;
pub mod report;
#[path = "../rules/mod.rs"]
pub mod rules;
pub mod session;
pub mod source;
pub mod sql;
pub mod version;
