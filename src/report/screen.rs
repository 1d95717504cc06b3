//! The terminal or pipe that text is written for.

use std::fmt;

use crate::lint::Severity;

/// What the reader's screen can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    pub color: bool,
    /// In columns.
    pub width: usize,
    /// Box-drawing characters; else ASCII.
    pub unicode: bool,
}

impl Screen {
    /// A pipe or a file: no escape codes, a width that does not depend on anything.
    pub const PIPE: Screen = Screen {
        color: false,
        width: 100,
        unicode: true,
    };

    pub fn severity<T: fmt::Display>(self, severity: Severity, text: T) -> Painted<T> {
        self.paint(severity_code(severity), text)
    }

    pub fn bold<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint("1", text)
    }

    pub fn dim<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint("2", text)
    }

    pub fn red<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint("31", text)
    }

    pub fn yellow<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint("33", text)
    }

    pub fn cyan<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint("36", text)
    }

    fn paint<T: fmt::Display>(self, code: &'static str, text: T) -> Painted<T> {
        Painted {
            code: self.color.then_some(code),
            text,
        }
    }
}

/// SGR parameters in the sixteen colours that terminals let their users choose.
fn severity_code(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Note => "1;36",
    }
}

/// Text with a colour around it, or without.
pub struct Painted<T> {
    code: Option<&'static str>,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "\u{1b}[{code}m{}\u{1b}[0m", self.text),
            None => self.text.fmt(f),
        }
    }
}
