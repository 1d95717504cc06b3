//! Options that several commands share.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use humdrum::project::layouts;
use humdrum::report::Screen;
use humdrum::version::PgVersion;

/// What `check` and `plan` need to know of the project.
#[derive(Args)]
pub struct Common {
    /// Files or directories; without any, the migration directories below the current one
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// PostgreSQL that the migrations will run on, 12 to 18 [default: 18]
    #[arg(long, value_name = "VERSION")]
    pub pg_version: Option<PgVersion>,
    /// Settings from this file instead of the nearest humdrum.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The migration tool's conventions, instead of finding them from the files
    #[arg(long, value_name = "NAME", value_parser = layout())]
    pub layout: Option<String>,
    /// A pg_dump --schema-only to start from
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// Without the migrations that come before those named
    #[arg(long)]
    pub no_history: bool,
}

fn layout() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(layouts::names())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// The most columns that text is laid out for: longer lines are hard to read.
const WIDEST: usize = 120;
const NARROWEST: usize = 40;

impl Color {
    /// The screen that standard output is, or a file or pipe.
    pub fn screen(self, to_stdout: bool) -> Screen {
        let terminal = to_stdout && std::io::stdout().is_terminal();
        let color = match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !is_set("NO_COLOR") && !is_dumb(),
        };
        if !terminal {
            return Screen {
                color,
                ..Screen::PIPE
            };
        }
        let width = terminal_size::terminal_size().map_or(Screen::PIPE.width, |(width, _)| {
            usize::from(width.0).clamp(NARROWEST, WIDEST)
        });
        Screen {
            color,
            width,
            unicode: unicode_locale() && !is_dumb(),
        }
    }
}

/// NO_COLOR counts when it is not empty (no-color.org).
fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// The first of the locale's variables that is set decides, as setlocale(3) has it. Without any, and
/// on Windows, terminals show Unicode.
fn unicode_locale() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .is_none_or(|value| value.to_ascii_lowercase().replace('-', "").contains("utf8"))
}
