//! Why a command could not do its work.

use std::io::{self, Write};
use std::path::Path;

use humdrum::config::ConfigErrors;

/// Messages for standard error, one a line: what happened, where, what to do.
#[derive(Debug)]
pub struct Failure(Vec<String>);

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Failure(vec![message.into()])
    }

    /// A path that could not be read or written, and why.
    pub fn path(path: &Path, message: &str) -> Self {
        Failure::new(format!("{}: {message}", path.display()))
    }

    /// Standard error may be closed too: then nobody is told.
    pub fn report(&self) {
        let mut stderr = io::stderr().lock();
        for message in &self.0 {
            if writeln!(stderr, "error: {message}").is_err() {
                return;
            }
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Failure(errors.0.iter().map(ToString::to_string).collect())
    }
}
