//! `humdrum plan`

use std::io::{self, Write};

use clap::{Args, ValueEnum};

use humdrum::config::{Known, Overrides};
use humdrum::lint::{self, Plan};
use humdrum::project::layouts;
use humdrum::report::{self, Screen};

use super::failure::Failure;
use super::options::{Color, Common};
use super::progress::Progress;
use super::{Exit, discover, groups, output};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// How to print the plan
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Statement by statement: locks, who waits, work
    Text,
    /// One object, described by schema/plan.schema.json
    Json,
}

/// # Errors
/// Wrong options or configuration, nothing to plan, a plan that cannot be written.
pub fn run(arguments: &Arguments, color: Color) -> Result<Exit, Failure> {
    let plan = plan(&arguments.common)?;
    let screen = color.screen(true);
    output::write(None, |out| render(arguments.format, &plan, screen, out))?;
    Ok(if plan.problems.is_empty() {
        Exit::Clean
    } else {
        Exit::Incomplete
    })
}

fn plan(common: &Common) -> Result<Plan, Failure> {
    let rules = humdrum::rules::all();
    let layouts: Vec<&str> = layouts::names().collect();
    let known = Known {
        rules: &rules,
        layouts: &layouts,
    };
    let progress = Progress::start("reading migrations");
    let paths = if common.paths.is_empty() {
        discover::directories(common, &known)?
    } else {
        common.paths.clone()
    };
    let mut total: Option<Plan> = None;
    let mut notes = Vec::new();
    for group in groups::of(common, paths, &known)? {
        let config = group.lint_config(common, &known, &Overrides::default(), false)?;
        let project = group.load(common, None)?;
        let files = group.count_files(&project);
        notes.extend(group.notes(&project));
        progress.now(format!("planning {}", report::count(files.read, "file")));
        let plan = lint::plan(&project, &config);
        total = Some(match total {
            None => plan,
            Some(total) => merged(total, plan)?,
        });
    }
    drop(progress);
    output::notes(&notes);
    Ok(total.unwrap_or_default())
}

/// # Errors
/// The plans are for different versions: one plan has room for one.
fn merged(mut total: Plan, plan: Plan) -> Result<Plan, Failure> {
    if total.postgres != plan.postgres {
        return Err(Failure::new(format!(
            "the paths are configured for PostgreSQL {} and {}; plan them one by one, or give --pg-version",
            total.postgres, plan.postgres
        )));
    }
    total.migrations.extend(plan.migrations);
    total.problems.extend(plan.problems);
    Ok(total)
}

fn render(format: Format, plan: &Plan, screen: Screen, mut out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => report::plan_text(plan, screen, &mut out),
        Format::Json => report::plan_json(plan, &mut out),
    }
}
