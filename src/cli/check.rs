//! `humdrum check`

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use humdrum::config::{FailOn, Known, Overrides, Selector};
use humdrum::fix::{self, Applicability};
use humdrum::lint::baseline::Baseline;
use humdrum::lint::{self, Outcome};
use humdrum::project::{self, Problem, layouts};
use humdrum::report::{self, Run, Screen};
use humdrum::version::PgVersion;

use super::failure::Failure;
use super::fix::Wish;
use super::groups::{self, Files, Group};
use super::options::{Color, Common};
use super::progress::Progress;
use super::{Exit, baseline, discover, output};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// How to print the findings
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write the report to this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only these rules, by id or category; `all`, or `default` for those that are on by default
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    select: Vec<String>,
    /// Not these rules, by id or category
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// The least severity that makes the exit code 1 [default: error]
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOnArgument>,
    /// Report only on migrations that this git revision does not have; the others are history
    #[arg(long, value_name = "REV")]
    since: Option<String>,
    /// Do not report the findings that this file lists
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings to the baseline file instead of reporting them [default: humdrum-baseline.json]
    #[arg(long)]
    write_baseline: bool,
    /// Check the text on standard input as the file of this path
    #[arg(long, value_name = "PATH", conflicts_with = "paths")]
    stdin_filename: Option<PathBuf>,
    /// Change the files: apply the fixes that are safe, and report what is left. A text on standard input is printed
    #[arg(long, conflicts_with = "write_baseline")]
    fix: bool,
    /// Apply the others too: they change the schema or what a second run does, so look at them
    #[arg(long, conflicts_with = "write_baseline")]
    unsafe_fixes: bool,
    /// Print the fixes as a patch instead of the report, and change nothing
    #[arg(long, conflicts_with_all = ["write_baseline", "output"])]
    diff: bool,
}

impl Arguments {
    fn wish(&self) -> Wish {
        let allowed = match self.unsafe_fixes {
            true => Applicability::Unsafe,
            false => Applicability::Safe,
        };
        match (self.diff, self.fix || self.unsafe_fixes) {
            (true, _) => Wish::Diff(allowed),
            (false, true) => Wish::Write(allowed),
            (false, false) => Wish::Nothing,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// With the place in the file, advice and recipes
    Text,
    /// One line for each finding: path:line:column: severity[rule] message
    Compact,
    /// One object, described by schema/check.schema.json
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOnArgument {
    Error,
    Warning,
    Note,
    Never,
}

impl From<FailOnArgument> for FailOn {
    fn from(argument: FailOnArgument) -> Self {
        match argument {
            FailOnArgument::Error => FailOn::Error,
            FailOnArgument::Warning => FailOn::Warning,
            FailOnArgument::Note => FailOn::Note,
            FailOnArgument::Never => FailOn::Never,
        }
    }
}

/// # Errors
/// Wrong options or configuration, nothing to check, a report that cannot be written.
pub fn run(arguments: &Arguments, color: Color) -> Result<Exit, Failure> {
    let rules = humdrum::rules::all();
    let layouts: Vec<&str> = layouts::names().collect();
    let known = Known {
        rules: &rules,
        layouts: &layouts,
    };
    let overrides = Overrides {
        select: selectors("--select", &arguments.select, &known)?,
        ignore: selectors("--ignore", &arguments.ignore, &known)?,
    };
    let mut total = Total::default();
    // The threads that check the files also read them.
    lint::with_large_stacks(|| check_groups(arguments, &known, &overrides, &mut total))?;
    if arguments.write_baseline {
        total.notes.extend(baseline::write(&total.baselines)?);
        output::notes(&total.notes);
        return Ok(match total.outcome.problems.is_empty() {
            true => Exit::Clean,
            false => {
                write(arguments, &total, color)?;
                Exit::Incomplete
            }
        });
    }
    output::notes(&total.notes);
    match (arguments.wish(), &total.unsaved) {
        (Wish::Diff(_), _) => {
            output::write(None, |out| out.write_all(total.patch.as_bytes()))?;
            summarise(&total);
        }
        (Wish::Write(_), Some(text)) => {
            output::write(None, |out| out.write_all(text.as_bytes()))?;
            match arguments.output {
                Some(_) => write(arguments, &total, color)?,
                None => write_to_stderr(arguments, &total)?,
            }
        }
        (Wish::Nothing | Wish::Write(_), _) => write(arguments, &total, color)?,
    }
    Ok(total.exit())
}

fn selectors(option: &str, names: &[String], known: &Known<'_>) -> Result<Vec<Selector>, Failure> {
    let parse = |name: &String| {
        let selector = Selector::parse(name.trim(), known);
        selector.map_err(|message| Failure::new(format!("{option}: {message}")))
    };
    names.iter().map(parse).collect()
}

/// What all groups found.
#[derive(Default)]
struct Total {
    outcome: Outcome,
    files: Files,
    versions: BTreeSet<PgVersion>,
    failed: bool,
    notes: Vec<String>,
    /// What is to be written, by file.
    baselines: BTreeMap<PathBuf, Vec<Baseline>>,
    fixed: usize,
    patch: String,
    /// The text that came on standard input, with its fixes.
    unsaved: Option<String>,
}

impl Total {
    fn add(&mut self, outcome: Outcome, fail_on: FailOn) {
        let reached = |it: &lint::Reported| fail_on.reached_by(it.severity);
        self.failed |= outcome.findings.iter().any(reached);
        self.versions.insert(outcome.postgres);
        self.outcome.postgres = match self.versions.first() {
            Some(&oldest) => oldest,
            None => outcome.postgres,
        };
        self.outcome.findings.extend(outcome.findings);
        self.outcome.problems.extend(outcome.problems);
        let (sum, counts) = (&mut self.outcome.counts, outcome.counts);
        sum.migrations += counts.migrations;
        sum.statements += counts.statements;
        sum.errors += counts.errors;
        sum.warnings += counts.warnings;
        sum.notes += counts.notes;
        sum.ignored += counts.ignored;
        sum.known += counts.known;
    }

    fn exit(&self) -> Exit {
        if !self.outcome.problems.is_empty() {
            Exit::Incomplete
        } else if self.failed {
            Exit::Findings
        } else {
            Exit::Clean
        }
    }
}

fn check_groups(
    arguments: &Arguments,
    known: &Known<'_>,
    overrides: &Overrides,
    total: &mut Total,
) -> Result<(), Failure> {
    let progress = Progress::start("reading migrations");
    let common = &arguments.common;
    let mut stdin = None;
    let paths = match &arguments.stdin_filename {
        Some(path) => {
            match read_stdin() {
                Ok(text) => {
                    total.unsaved = Some(text.clone());
                    stdin = Some((path.clone(), text));
                }
                Err(message) => {
                    let path = path.clone();
                    total.outcome.problems.push(Problem { path, message });
                    return Ok(());
                }
            }
            vec![path.clone()]
        }
        None if common.paths.is_empty() => discover::directories(common, known)?,
        None => common.paths.clone(),
    };
    for group in groups::of(common, paths, known)? {
        let fail_on = arguments.fail_on.map_or(group.config.fail_on, FailOn::from);
        let outcome = check_group(
            &group,
            arguments,
            known,
            overrides,
            stdin.take(),
            total,
            &progress,
        )?;
        total.add(outcome, fail_on);
    }
    Ok(())
}

fn check_group(
    group: &Group,
    arguments: &Arguments,
    known: &Known<'_>,
    overrides: &Overrides,
    stdin: Option<(PathBuf, String)>,
    total: &mut Total,
    progress: &Progress,
) -> Result<Outcome, Failure> {
    let common = &arguments.common;
    let since = arguments.since.as_deref();
    let mut config = group.lint_config(common, known, overrides, since.is_some())?;
    config.options.recipes = !matches!(arguments.format, Format::Compact);
    let mut options = group.options(common, stdin.clone(), since)?;
    let mut project = project::load(&group.paths, &options);
    let files = group.count_files(&project);
    total.files.checked += files.checked;
    total.files.read += files.read;
    total.files.left_out += files.left_out;
    total.notes.extend(group.notes(&project));
    progress.now(format!("checking {}", report::count(files.read, "file")));
    let given = arguments
        .baseline
        .as_ref()
        .or(group.config.baseline.as_ref());
    if let Some(allowed) = arguments.wish().applicability() {
        let mut stale = None;
        let mut locked = Vec::new();
        let unsaved = stdin.as_ref().map(|(path, _)| path.as_path());
        let mut first = None;
        let mut settled = fix::settle(allowed, |texts| {
            if !texts.is_empty() {
                options.unsaved.extend(texts.clone());
                project = project::load(&group.paths, &options);
            }
            let mut outcome = lint::lint(&project, &config);
            if let Some(file) = given {
                stale = baseline::apply(file, &project, &mut outcome)?;
            }
            locked.extend(super::fix::keep_possible(
                &mut outcome,
                arguments.wish(),
                unsaved,
            ));
            first.get_or_insert_with(|| (outcome.counts, outcome.findings.clone()));
            Ok::<Outcome, Failure>(outcome)
        })?;
        let all_rules = overrides.select.is_empty() && overrides.ignore.is_empty();
        total.notes.extend(stale.filter(|_| all_rules));
        let done = matches!(arguments.wish(), Wish::Write(_));
        total
            .notes
            .extend(super::fix::notes(&settled, &project, done));
        if let Wish::Diff(_) = arguments.wish() {
            total.patch += &super::fix::diff(&settled.texts, stdin.as_ref());
            // Nothing was changed: what is found is what was found before.
            if let Some((counts, findings)) = first {
                (settled.outcome.counts, settled.outcome.findings) = (counts, findings);
            }
            return Ok(settled.outcome);
        }
        total.fixed += settled.fixed.len();
        locked.sort();
        locked.dedup();
        let locked = locked.into_iter().map(|path| Problem {
            path,
            message: "is read-only: it was not fixed".to_owned(),
        });
        settled.outcome.problems.extend(locked);
        if let Some(text) = unsaved.and_then(|path| settled.texts.get(path)) {
            total.unsaved = Some(text.clone());
        } else if unsaved.is_none() {
            let problems = super::fix::write(&settled.texts, &project);
            settled.outcome.problems.extend(problems);
        }
        return Ok(settled.outcome);
    }
    let mut outcome = lint::lint(&project, &config);
    if arguments.write_baseline {
        let file = given
            .cloned()
            .unwrap_or_else(|| PathBuf::from(baseline::FILE_NAME));
        let known = Baseline::of(&outcome);
        total.baselines.entry(file).or_default().push(known);
    } else if let Some(file) = given {
        let all_rules = overrides.select.is_empty() && overrides.ignore.is_empty();
        let stale = baseline::apply(file, &project, &mut outcome)?;
        total.notes.extend(stale.filter(|_| all_rules));
    }
    Ok(outcome)
}

fn read_stdin() -> Result<String, String> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| format!("standard input cannot be read: {error}"))?;
    project::decode(bytes)
}

impl Total {
    fn run(&self) -> Run<'_> {
        Run {
            outcome: &self.outcome,
            files_checked: self.files.checked,
            files_read: self.files.read,
            files_left_out: self.files.left_out,
            versions: self.versions.clone(),
            fixed: self.fixed,
        }
    }
}

/// The summary alone, on standard error: a closed one is no reason to fail.
fn summarise(total: &Total) {
    let _ = writeln!(io::stderr(), "{}", report::summary(&total.run()));
}

/// Standard output has the fixed text.
fn write_to_stderr(arguments: &Arguments, total: &Total) -> Result<(), Failure> {
    let mut stderr = io::stderr().lock();
    render(arguments.format, &total.run(), Screen::PIPE, &mut stderr)
        .map_err(|error| Failure::new(format!("standard error: {error}")))
}

fn write(arguments: &Arguments, total: &Total, color: Color) -> Result<(), Failure> {
    let run = total.run();
    let file = arguments.output.as_deref();
    let screen = color.screen(file.is_none());
    output::write(file, |out| render(arguments.format, &run, screen, out))?;
    if file.is_some() {
        // The log of a CI job shows what happened.
        summarise(total);
    }
    Ok(())
}

fn render(
    format: Format,
    run: &Run<'_>,
    screen: Screen,
    mut out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => report::text(run, screen, &mut out),
        Format::Compact => report::compact(run, screen, &mut out),
        Format::Json => report::json(run, &mut out),
    }
}
