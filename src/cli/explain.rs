//! `humdrum explain RULE`

use std::io::{self, Write};

use clap::Args;

use humdrum::config::{Known, unknown_rule};
use humdrum::fix::Applicability;
use humdrum::lint::Rule;

use super::failure::Failure;
use super::{Exit, output, rules};

#[derive(Args)]
pub struct Arguments {
    /// A rule's id, as the findings and `humdrum rules` print it
    #[arg(value_name = "RULE")]
    rule: String,
}

/// # Errors
/// There is no such rule, or the page cannot be written.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let rules = humdrum::rules::all();
    let known = Known {
        rules: &rules,
        layouts: &[],
    };
    let id = arguments.rule.to_lowercase().replace('_', "-");
    let Some(rule) = known.rule(&id) else {
        return Err(Failure::new(unknown_rule(&arguments.rule, &known)));
    };
    output::write(None, |out| page(rule, out))?;
    Ok(Exit::Clean)
}

/// The page as Markdown, with what its front matter says in a line below the title.
fn page(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    let page = &rule.page;
    let fix = match page.fix {
        Some(Applicability::Safe) => " · fixable with --fix",
        Some(Applicability::Unsafe) => " · fixable with --unsafe-fixes",
        None => "",
    };
    let facts = format!(
        "`{}` · {} · {} · PostgreSQL {} · since humdrum {}{fix}",
        page.id,
        rules::severity(rule),
        page.category.name(),
        page.postgres,
        page.since
    );
    let body = page.body.trim();
    let (title, rest) = body.split_once('\n').unwrap_or((body, ""));
    writeln!(out, "{title}\n\n{facts}\n\n{}", rest.trim_start())
}
