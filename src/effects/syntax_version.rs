//! Syntax that the newest grammar has and the target version does not (SQLSTATE 42601).

use super::Collector;

/// Reports 42601 when the statement uses grammar that is newer than the session's version.
pub fn check(_c: &mut Collector<'_>) {}
