//! humdrum: a static safety analyser for PostgreSQL migrations.

pub mod project;
pub mod source;
pub mod sql;
