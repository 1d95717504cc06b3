//! Runs the rules over the replay of every chain.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::config::LintConfig;
use super::context::{Context, MigrationContext};
use super::file::{FileLint, Ignore, Raw, silenced};
use super::finding::Finding;
use super::outcome::{Counts, Outcome, Reported};
use super::replay::{Place, Replayed, Watcher, internal_error, replay, with_large_stacks};
use super::report::{Later, Report};
use super::rule::Rule;
use super::ruleset::{EDITED_MIGRATION, RuleSet, RulesAt, SYNTAX_ERROR, UNANALYSED_STATEMENT};
use crate::project::{Chain, Direction, Migration, Problem, Project, Release};
use crate::source::Source;
use crate::sql::scan::Scanner;
use crate::sql::{Parsed, SyntaxError};

/// Checks the migrations of a project: the one way to lint, for the command line, the language server
/// and the tests alike. Never fails: what could not be read or checked is in [`Outcome::problems`].
pub fn lint(project: &Project, config: &LintConfig) -> Outcome {
    with_large_stacks(|| {
        let rules = RuleSet::new(config);
        let chains: Vec<Linted> = project
            .chains
            .par_iter()
            .map(|chain| lint_chain(chain, config, &rules))
            .collect();
        let mut outcome = Outcome {
            postgres: config.version,
            problems: project.problems.clone(),
            ..Outcome::default()
        };
        for chain in chains {
            outcome.problems.extend(chain.problems);
            outcome.findings.extend(chain.findings);
            outcome.counts.migrations += chain.counts.migrations;
            outcome.counts.statements += chain.counts.statements;
            outcome.counts.ignored += chain.counts.ignored;
        }
        outcome.recount();
        outcome
    })
}

#[derive(Default)]
struct Linted {
    findings: Vec<Reported>,
    problems: Vec<Problem>,
    /// Without the counts of findings.
    counts: Counts,
}

fn lint_chain(chain: &Chain, config: &LintConfig, rules: &RuleSet<'_>) -> Linted {
    let mut linter = Linter {
        rules,
        layout: chain.layout,
        here: rules.at(Path::new("")),
        running: rules.running().map(Running::new).collect(),
        scripts: scripts_by_file(chain),
        file: None,
        closed: Vec::new(),
        migration: (String::new(), Direction::Up),
        ignores: Vec::new(),
        edited: false,
        unanalysed: BTreeSet::new(),
        pending: Vec::new(),
        linted: Linted::default(),
    };
    let problems = replay(chain, config, &mut linter);
    linter.close_file();
    let mut linted = linter.linted;
    linted.problems.extend(problems);
    let finished: Vec<_> = linter.closed.into_par_iter().map(finish).collect();
    for file in finished {
        match file {
            Ok((findings, ignored)) => {
                linted.findings.extend(findings);
                linted.counts.ignored += ignored;
            }
            Err(problem) => linted.problems.push(problem),
        }
    }
    linted
}

/// The findings of a file, and how many were ignored.
fn finish(file: FileLint<'_>) -> Result<(Vec<Reported>, usize), Problem> {
    let source = Arc::clone(&file.source);
    catch_unwind(AssertUnwindSafe(|| file.finish()))
        .map_err(|panic| internal_error(source.path(), &*panic))
}

struct Linter<'a> {
    rules: &'a RuleSet<'a>,
    layout: &'static str,
    /// As they are in the file.
    here: RulesAt<'a>,
    running: Vec<Running<'a>>,
    /// The scripts of each file, by the address of its source: those of the history too.
    scripts: HashMap<usize, Vec<Range<usize>>>,
    /// The file that the latest migrations came from. Several migrations may share one.
    file: Option<FileLint<'a>>,
    /// The files before it. What is left to do for them can be done for all at once.
    closed: Vec<FileLint<'a>>,
    /// The migration that is being replayed.
    migration: (String, Direction),
    /// The ignore comments of its file, those inside DO blocks bound to the whole block.
    ignores: Vec<Ignore>,
    /// It was released, and is only here because it was edited since: nothing else is said of it.
    edited: bool,
    /// What has been said of it that could not be analysed, with the statement unless it is said once.
    unanalysed: BTreeSet<(String, Option<usize>)>,
    /// Findings that wait for the end of the migration, with the statement that they are about.
    pending: Vec<(&'a Rule, Place, Later)>,
    linted: Linted,
}

struct Running<'a> {
    rule: &'a Rule,
    of_statements: bool,
    of_migrations: bool,
    /// It has reported something in the migration that no comment ignores.
    reported: bool,
}

impl<'a> Running<'a> {
    fn new(rule: &'a Rule) -> Self {
        Running {
            rule,
            of_statements: rule.check.of_statements().is_some(),
            of_migrations: rule.check.of_migrations().is_some(),
            reported: false,
        }
    }
}

impl<'a> Linter<'a> {
    /// Whether anybody hears it: no comment ignores it.
    fn push(&mut self, rule: &str, finding: Finding, place: Option<Range<usize>>) -> bool {
        let raw = Raw {
            rule: rule.to_owned(),
            finding,
            place,
            migration: self.migration.0.clone(),
            direction: self.migration.1,
        };
        let heard = !silenced(&raw, &mut self.ignores);
        if heard {
            let mut running = self.running.iter_mut();
            if let Some(running) = running.find(|running| running.rule.id() == raw.rule) {
                running.reported = true;
            }
        }
        if let Some(file) = &mut self.file {
            file.push(raw);
        }
        heard
    }

    /// Asks each rule. One that panics is reported; the others still run. The findings of a rule that is
    /// switched off are dropped.
    fn run(
        &mut self,
        path: &Path,
        place: Option<&Place>,
        mut check: impl FnMut(&'a Rule, bool, &mut Report<'a>),
    ) {
        let mut report = Report::new();
        let mut next = 0;
        while next < self.running.len() {
            let asked = catch_unwind(AssertUnwindSafe(|| {
                self.ask(&mut next, place, &mut report, &mut check);
            }));
            if asked.is_err() {
                let problem = rule_failed(self.running[next - 1].rule, path);
                if !self.linted.problems.contains(&problem) {
                    self.linted.problems.push(problem);
                }
            }
        }
        let (findings, later) = report.into_findings();
        for (rule, finding) in findings {
            if self.here.is_on(rule) {
                self.push_at(rule, finding, place);
            }
        }
        for (id, later) in later {
            if !self.here.is_on(id) {
                continue;
            }
            let mut running = self.running.iter();
            let running = running.find(|running| running.rule.id() == id);
            if let (Some(running), Some(place)) = (running, place) {
                self.pending.push((running.rule, place.clone(), later));
            }
        }
    }

    /// Asks the rules from the `next` one on, which moves on before each: it tells which one has panicked.
    fn ask(
        &mut self,
        next: &mut usize,
        place: Option<&Place>,
        report: &mut Report<'a>,
        check: &mut impl FnMut(&'a Rule, bool, &mut Report<'a>),
    ) {
        while let Some(running) = self.running.get(*next) {
            *next += 1;
            let (rule, reported_before) = (running.rule, running.reported);
            let asked = match place {
                Some(_) => running.of_statements,
                None => running.of_migrations,
            };
            let silent = self.edited && rule.id() != EDITED_MIGRATION;
            if !asked || silent || report.is_spoken_for(rule.id()) {
                continue;
            }
            if report.has_takers(rule.id()) && self.taken_over(rule, report, place) {
                continue;
            }
            report.speaking(rule.id());
            check(rule, reported_before, report);
        }
    }

    /// Whether another rule speaks for this one, and is heard.
    fn taken_over(&mut self, rule: &Rule, report: &Report<'_>, place: Option<&Place>) -> bool {
        report.takers(rule.id()).any(|by| {
            let mut said = report.findings_of(by).peekable();
            // It has spoken of an earlier statement: that is enough if it was heard.
            if said.peek().is_none() {
                let mut running = self.running.iter();
                return running.any(|running| running.reported && running.rule.id() == by);
            }
            let mut ignored = |finding: &Finding| {
                let raw = Raw {
                    rule: by.to_owned(),
                    finding: finding.clone(),
                    place: place.map(|place| place.span.clone()),
                    migration: self.migration.0.clone(),
                    direction: self.migration.1,
                };
                silenced(&raw, &mut self.ignores)
            };
            self.here.is_on(by) && said.any(|finding| !ignored(finding))
        })
    }

    fn push_at(&mut self, rule: &str, mut finding: Finding, place: Option<&Place>) {
        if let Some(origin) = place.and_then(|place| place.origin.as_ref()) {
            origin.take_back_finding(&mut finding);
        }
        self.push(rule, finding, place.map(|place| place.span.clone()));
    }

    /// Asks the rules that waited for the end of the migration.
    fn run_pending(&mut self, context: &MigrationContext<'_>) {
        for (rule, place, later) in std::mem::take(&mut self.pending) {
            match catch_unwind(AssertUnwindSafe(|| later(context))) {
                Ok(Some(finding)) => self.push_at(rule.id(), finding, Some(&place)),
                Ok(None) => {}
                Err(_) => {
                    let problem = rule_failed(rule, context.migration.migration.source.path());
                    if !self.linted.problems.contains(&problem) {
                        self.linted.problems.push(problem);
                    }
                }
            }
        }
    }

    fn close_file(&mut self) {
        self.closed.extend(self.file.take());
    }
}

/// Whether the sentence is about one placeholder or function: once a migration is enough. Others are about
/// their statement.
fn names_its_cause(what: &str) -> bool {
    what.starts_with("what `") || what.ends_with("(EXECUTE)")
}

fn rule_failed(rule: &Rule, path: &Path) -> Problem {
    Problem {
        path: path.to_path_buf(),
        message: format!(
            "internal error in rule `{}`: it was not checked everywhere in this file; please report it with the file.",
            rule.id()
        ),
    }
}

fn address(source: &Arc<Source>) -> usize {
    Arc::as_ptr(source).addr()
}

#[expect(clippy::iter_over_hash_type, reason = "each list is sorted by itself")]
fn scripts_by_file(chain: &Chain) -> HashMap<usize, Vec<Range<usize>>> {
    let mut scripts: HashMap<usize, Vec<Range<usize>>> = HashMap::new();
    for migration in &chain.migrations {
        scripts
            .entry(address(&migration.source))
            .or_default()
            .extend(migration.scripts.iter().map(|script| script.range.clone()));
    }
    for ranges in scripts.values_mut() {
        ranges.sort_by_key(|range| (range.start, range.end));
    }
    scripts
}

/// The token at a place, or nothing at the end of the text.
fn token_at(text: &str, offset: usize) -> Range<usize> {
    let length = text
        .get(offset..)
        .and_then(|rest| Scanner::new(rest).next())
        .filter(|token| token.start == 0)
        .map_or(0, |token| token.end);
    offset..offset + length
}

impl Watcher for Linter<'_> {
    fn start(&mut self, migration: &Migration, scripts: &[Parsed]) {
        let source = &migration.source;
        let same = self
            .file
            .as_ref()
            .is_some_and(|file| Arc::ptr_eq(&file.source, source));
        if !same {
            self.close_file();
        }
        let ranges = self.scripts.get(&address(source));
        let file = self.file.get_or_insert_with(|| {
            let ranges = ranges.map_or(&[][..], Vec::as_slice);
            FileLint::new(source, ranges, self.rules, self.layout)
        });
        file.add(migration, scripts);
        self.here = self.rules.at(source.path());
        self.edited = matches!(migration.standing.release, Release::Edited(_));
        // What its ignore comments are for is not looked for.
        file.broken |= self.edited;
        self.ignores = file.ignores();
        self.migration = (migration.version.clone(), migration.direction);
        for running in &mut self.running {
            running.reported = false;
        }
        self.unanalysed.clear();
        self.pending.clear();
        self.linted.counts.migrations += 1;
        self.linted.counts.statements += scripts
            .iter()
            .map(|script| script.statements.len())
            .sum::<usize>();
    }

    fn statement(&mut self, context: &mut Context<'_>, place: &Place) {
        let block = &context.surroundings.block;
        if block.as_ref().is_some_and(|block| *block != place.span)
            && let Some(file) = &mut self.file
        {
            file.add_inner(place.span.clone());
        }
        let path = context.migration.migration.source.path();
        self.run(path, Some(place), |rule, reported_before, report| {
            if let Some(check) = rule.check.of_statements() {
                context.reported_before = reported_before;
                check(context, report);
                report.name_work(context);
            }
        });
    }

    fn syntax_error(&mut self, error: &SyntaxError, source: &Source, place: &Place) {
        if self.edited || !self.here.is_on(SYNTAX_ERROR) {
            return;
        }
        let finding = Finding::new(
            token_at(source.text(), error.offset),
            "here",
            format!("PostgreSQL cannot parse this: {}", error.message),
        );
        self.push(SYNTAX_ERROR, finding, Some(place.span.clone()));
    }

    fn unanalysed(&mut self, span: Range<usize>, what: &str, place: &Place) {
        if self.edited || !self.here.is_on(UNANALYSED_STATEMENT) {
            return;
        }
        let own = (!names_its_cause(what)).then_some(place.index);
        if self.unanalysed.contains(&(what.to_owned(), own)) {
            return;
        }
        let finding = Finding::new(span, "not analysed", what);
        if self.push(UNANALYSED_STATEMENT, finding, Some(place.span.clone())) {
            self.unanalysed.insert((what.to_owned(), own));
        }
    }

    fn migration(&mut self, context: &MigrationContext<'_>, _statements: Vec<Replayed>) {
        self.run_pending(context);
        let path = context.migration.migration.source.path();
        self.run(path, None, |rule, _, report| {
            if let Some(check) = rule.check.of_migrations() {
                check(context, report);
            }
        });
    }

    fn broken(&mut self, _migration: &Migration) {
        if let Some(file) = &mut self.file {
            file.broken = true;
        }
    }
}
