//! Places as JSON has them.

use std::ops::Range;

use serde::Serialize;

use crate::source::{Position, Source};

/// Start and end of a range of the file.
#[derive(Serialize)]
pub struct Places {
    pub start: Position,
    pub end: Position,
}

impl Places {
    pub fn of(source: &Source, span: &Range<usize>) -> Self {
        let start = source.position(span.start);
        Places {
            start,
            end: source.position(span.end.max(start.offset)),
        }
    }
}

/// A path with `/` between its parts on every system.
pub fn slashed(path: &std::path::Path) -> String {
    let path = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        path.into_owned()
    } else {
        path.replace(std::path::MAIN_SEPARATOR, "/")
    }
}
