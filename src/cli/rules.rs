//! `humdrum rules`

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use humdrum::fix::Applicability;
use humdrum::lint::{Category, Rule, Severity};

use super::failure::Failure;
use super::{Exit, output};

#[derive(Args)]
pub struct Arguments {
    /// How to print the list
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    severity: &'a str,
    category: Category,
    title: &'a str,
    postgres: &'a str,
    since: &'a str,
    /// `safe` or `unsafe`; null where findings have no fix.
    fix: Option<Applicability>,
}

/// # Errors
/// The list cannot be written.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut rules = humdrum::rules::all();
    rules.sort_by(|a, b| (a.page.category, a.id()).cmp(&(b.page.category, b.id())));
    output::write(None, |out| match arguments.format {
        Format::Text => text(&rules, out),
        Format::Json => json(&rules, out),
    })?;
    Ok(Exit::Clean)
}

/// What a rule's findings are by default.
pub fn severity(rule: &Rule) -> &'static str {
    rule.page.severity.map_or("off", Severity::name)
}

/// Columns: id, severity, category, whether it has a fix, title.
fn text(rules: &[Rule], out: &mut dyn Write) -> io::Result<()> {
    let widest = |length: fn(&Rule) -> usize| rules.iter().map(length).max().unwrap_or(0);
    let id = widest(|rule| rule.id().len());
    let category = widest(|rule| rule.page.category.name().len());
    for rule in rules {
        writeln!(
            out,
            "{:<id$}  {:<7}  {:<category$}  {:<3}  {}",
            rule.id(),
            severity(rule),
            rule.page.category.name(),
            rule.page.fix.map_or("", |_| "fix"),
            rule.page.title
        )?;
    }
    Ok(())
}

fn json(rules: &[Rule], out: &mut dyn Write) -> io::Result<()> {
    let entries: Vec<Entry<'_>> = rules
        .iter()
        .map(|rule| Entry {
            id: rule.id(),
            severity: severity(rule),
            category: rule.page.category,
            title: &rule.page.title,
            postgres: &rule.page.postgres,
            since: &rule.page.since,
            fix: rule.page.fix,
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &entries)?;
    writeln!(out)
}
