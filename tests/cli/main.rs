//! The program as a user runs it: arguments, files, exit codes, what is printed where.

mod codes;
mod configuration;
mod discovery;
mod fix;
mod formats;
mod git;
mod history;
mod lists;
mod project;
mod sets;
mod stdin;
mod terminal;
