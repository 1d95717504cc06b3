//! humdrum: a static safety analyser for PostgreSQL migrations.

pub mod catalog;
pub mod config;
pub mod effects;
pub mod lint;
pub mod project;
pub mod report;
#[path = "../rules/mod.rs"]
pub mod rules;
pub mod session;
pub mod source;
pub mod sql;
pub mod version;
