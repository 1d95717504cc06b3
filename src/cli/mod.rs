//! The command line: one file for each command.

mod baseline;
mod check;
mod discover;
mod explain;
mod failure;
mod fix;
mod groups;
mod options;
mod output;
mod plan;
mod progress;
mod rules;
mod settings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use options::Color;

/// Reads PostgreSQL migrations before they run and says what each statement will do to a live
/// database: which tables it locks, for whom and for how long, and how to reach the same schema
/// without it.
#[derive(Parser)]
#[command(name = "humdrum", version, propagate_version = true)]
#[command(after_help = "\
Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 humdrum could not do its work.
Settings are read from the nearest humdrum.toml above the files.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Colours: on a terminal, always or never. NO_COLOR is obeyed
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        display_order = 900
    )]
    color: Color,
}

#[derive(Subcommand)]
enum Command {
    /// Check migrations for what blocks, breaks or loses something
    Check(check::Arguments),
    /// Show the locks and the work of every statement
    Plan(plan::Arguments),
    /// List the rules
    Rules(rules::Arguments),
    /// Show a rule's page: why, what to do, when it is fine
    Explain(explain::Arguments),
}

/// How a command ended (design.md section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Clean,
    /// Findings at or above `fail-on`.
    Findings,
    /// The work could not be done, or not all of it.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Incomplete => 2,
        })
    }
}

/// Parses the arguments and runs the command.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let color = arguments.color;
    let done = match &arguments.command {
        Command::Check(arguments) => check::run(arguments, color),
        Command::Plan(arguments) => plan::run(arguments, color),
        Command::Rules(arguments) => rules::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.report();
            Exit::Incomplete.into()
        }
    }
}
