//! The findings of one file: ignore comments applied, sorted, fingerprinted.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::finding::Finding;
use super::fingerprint::Fingerprints;
use super::ignore::{self, Bound, Directive, Named, Scope};
use super::outcome::Reported;
use super::page::Category;
use super::placeholders::Placeholders;
use super::ruleset::{IGNORE_WITHOUT_REASON, RuleSet, RulesAt, UNKNOWN_RULE, UNUSED_IGNORE};
use crate::config::{nearest, suggestion};
use crate::fix::{Edit, Fix};
use crate::project::{Direction, Migration};
use crate::source::Source;
use crate::sql::Parsed;

/// A finding before ignore comments have been asked.
pub struct Raw {
    pub rule: String,
    pub finding: Finding,
    /// The statement that was being looked at; none for a migration as a whole.
    pub place: Option<Range<usize>>,
    pub migration: String,
    pub direction: Direction,
}

/// Everything that was found in a file. Migrations may share one: up and down sections, changesets.
pub struct FileLint<'a> {
    pub source: Arc<Source>,
    /// A migration of it was not checked to its end.
    pub broken: bool,
    rules: RulesAt<'a>,
    findings: Vec<Raw>,
    statements: Vec<Range<usize>>,
    /// The statements inside DO blocks.
    inner: Vec<Range<usize>>,
    /// Those that may speak to humdrum.
    comments: Vec<Range<usize>>,
    migrations: Vec<(Range<usize>, String, Direction)>,
    /// The scripts of all migrations of the file, those of the history too.
    scripts: Vec<Range<usize>>,
    layout: &'static str,
    placeholders: Placeholders,
}

/// A directive, what it is bound to, and which of its rules have silenced something.
pub struct Ignore {
    directive: Directive,
    bound: Bound,
    used: Vec<bool>,
}

impl<'a> FileLint<'a> {
    /// `scripts` are all of the file, those of the history too, in order.
    pub fn new(
        source: &Arc<Source>,
        scripts: &[Range<usize>],
        rules: &'a RuleSet<'a>,
        layout: &'static str,
    ) -> Self {
        FileLint {
            source: Arc::clone(source),
            broken: false,
            rules: rules.at(source.path()),
            findings: Vec::new(),
            statements: Vec::new(),
            inner: Vec::new(),
            comments: ignore::comments_between(source.text(), scripts),
            migrations: Vec::new(),
            scripts: scripts.to_vec(),
            layout,
            placeholders: Placeholders::default(),
        }
    }

    pub fn add(&mut self, migration: &Migration, scripts: &[Parsed]) {
        self.placeholders.add(&self.source, scripts);
        for script in &migration.scripts {
            self.migrations.push((
                script.range.clone(),
                migration.version.clone(),
                migration.direction,
            ));
        }
        for script in scripts {
            let comments = script.comments.iter().filter(|comment| {
                let text = self.source.text().get((*comment).clone());
                text.is_some_and(ignore::may_speak)
            });
            self.comments.extend(comments.cloned());
            for statement in &script.statements {
                self.add_statement(statement.span.clone());
            }
        }
    }

    fn add_statement(&mut self, span: Range<usize>) {
        if let Some(text) = self.source.text().get(span.clone()) {
            let inside = ignore::comments_inside(text, span.start);
            self.comments.extend(inside);
        }
        self.statements.push(span);
    }

    /// A statement inside a DO block.
    pub fn add_inner(&mut self, span: Range<usize>) {
        self.inner.push(span);
    }

    pub fn push(&mut self, mut raw: Raw) {
        self.placeholders.write_back(&mut raw.finding);
        self.findings.push(raw);
    }

    /// The findings in the order of the text, and how many were ignored.
    pub fn finish(mut self) -> (Vec<Reported>, usize) {
        self.drop_repetitions();
        let mut ignores = self.ignores();
        self.complain_of_unknown(&ignores);
        self.complain_of_missing_reasons(&ignores);
        let mut ignored = 0;
        let mut kept: Vec<Raw> = Vec::new();
        for raw in std::mem::take(&mut self.findings) {
            if silenced(&raw, &mut ignores) {
                ignored += 1;
            } else {
                kept.push(raw);
            }
        }
        for raw in self.unused(&ignores) {
            if silenced(&raw, &mut ignores) {
                ignored += 1;
            } else {
                kept.push(raw);
            }
        }
        kept.sort_by_key(|raw| (raw.finding.span.start, raw.finding.span.end));
        let mut prints = Fingerprints::default();
        let released = self.released();
        let reported = kept
            .into_iter()
            .map(|raw| self.report(raw, &mut prints, &released))
            .collect();
        (reported, ignored)
    }

    /// Loops, branches and procedures that are called twice show the same thing more than once.
    fn drop_repetitions(&mut self) {
        let mut seen = BTreeSet::new();
        self.findings.retain(|raw| {
            let span = &raw.finding.span;
            seen.insert((
                raw.rule.clone(),
                span.start,
                span.end,
                raw.finding.message.clone(),
            ))
        });
    }

    /// The ignore comments that are known so far.
    pub fn ignores(&mut self) -> Vec<Ignore> {
        // Each migration of a file asks anew, and most files have none.
        if self.comments.is_empty() {
            return Vec::new();
        }
        let by_place = |range: &Range<usize>| (range.start, range.end);
        self.statements.sort_by_key(by_place);
        self.inner.sort_by_key(by_place);
        self.inner.dedup();
        self.comments.sort_by_key(by_place);
        self.comments.dedup();
        let text = self.source.text();
        self.comments
            .iter()
            .filter_map(|comment| ignore::parse(text.get(comment.clone())?, comment.start))
            .map(|directive| Ignore {
                bound: ignore::bind(text, &directive, &self.statements, &self.inner),
                used: vec![false; directive.rules.len()],
                directive,
            })
            .collect()
    }

    fn complain_of_unknown(&mut self, ignores: &[Ignore]) {
        if !self.rules.is_on(UNKNOWN_RULE) {
            return;
        }
        for ignore in ignores {
            let directive = &ignore.directive;
            let complaint = match directive.scope {
                None => Some("a `humdrum:` comment is `ignore` or `ignore-file`"),
                Some(_) if directive.rules.is_empty() => {
                    Some("this comment names no rule, so it ignores nothing")
                }
                Some(_) => None,
            };
            if let Some(complaint) = complaint {
                let finding = Finding::new(directive.span.clone(), "not understood", complaint)
                    .help("write `-- humdrum: ignore drop-table: why it is fine here`");
                self.push_about_comment(UNKNOWN_RULE, finding);
                continue;
            }
            for named in directive
                .rules
                .iter()
                .filter(|rule| !self.rules.set.is_known(&rule.id))
            {
                let is_category = Category::ALL.iter().any(|it| it.name() == named.id);
                let message = if is_category {
                    format!("`{}` is a category: a comment names rules", named.id)
                } else {
                    let near = suggestion(&named.id, self.rules.set.ids());
                    format!("there is no rule `{}`{near}", named.id)
                };
                let meant = nearest(&named.id, self.rules.set.ids()).filter(|_| !is_category);
                let fix = meant.map(|id| {
                    let edit = Edit::replace(&self.source, named.span.clone(), id);
                    Fix::unsafe_(format!("write `{id}`"), vec![edit])
                });
                let finding = Finding::new(named.span.clone(), "no such rule", message)
                    .help("`humdrum rules` lists the rules")
                    .fix(fix);
                self.push_about_comment(UNKNOWN_RULE, finding);
            }
        }
    }

    fn complain_of_missing_reasons(&mut self, ignores: &[Ignore]) {
        if !self.rules.is_on(IGNORE_WITHOUT_REASON) {
            return;
        }
        for ignore in ignores {
            let directive = &ignore.directive;
            let (None, Some(_), Some(first)) =
                (&directive.reason, directive.scope, directive.rules.first())
            else {
                continue;
            };
            let finding = Finding::new(
                directive.span.clone(),
                "no reason",
                format!("nobody will know why {} is accepted here", first.id),
            )
            .help(format!(
                "write it behind a colon: `-- humdrum: ignore {}: why it is fine here`",
                first.id
            ));
            self.push_about_comment(IGNORE_WITHOUT_REASON, finding);
        }
    }

    fn push_about_comment(&mut self, rule: &str, finding: Finding) {
        let raw = self.about_comment(rule, finding);
        self.findings.push(raw);
    }

    /// A comment belongs to the migration in whose script it stands, else to the first of the file.
    fn about_comment(&self, rule: &str, finding: Finding) -> Raw {
        let at = finding.span.start;
        let owner = self
            .migrations
            .iter()
            .find(|(range, _, _)| range.contains(&at))
            .or(self.migrations.first());
        let (migration, direction) = match owner {
            Some((_, version, direction)) => (version.clone(), *direction),
            None => (String::new(), Direction::Up),
        };
        Raw {
            rule: rule.to_owned(),
            finding,
            place: None,
            migration,
            direction,
        }
    }

    fn unused(&self, ignores: &[Ignore]) -> Vec<Raw> {
        if self.broken || !self.rules.is_on(UNUSED_IGNORE) {
            return Vec::new();
        }
        let mut unused = Vec::new();
        for ignore in ignores {
            let rules = ignore.directive.rules.iter().zip(&ignore.used);
            for (named, _) in rules.filter(|(named, used)| !**used && self.could_fire(named)) {
                let message = match (&ignore.bound, ignore.directive.scope) {
                    (_, None) => continue,
                    (Bound::Nothing, Some(_)) => {
                        "no statement follows this comment, so it ignores nothing".to_owned()
                    }
                    (_, Some(Scope::File)) => {
                        format!(
                            "{} does not fire in this file: nothing is ignored",
                            named.id
                        )
                    }
                    (_, Some(Scope::Statement)) => {
                        format!("{} does not fire here: nothing is ignored", named.id)
                    }
                };
                let gone = ignore.directive.without(named, self.source.text());
                let edit = Edit::delete(&self.source, gone);
                let finding = Finding::new(named.span.clone(), "not needed", message)
                    .help("remove it, or it may hide something else one day")
                    .fix(Fix::safe(
                        format!("remove `{}` from the comment", named.id),
                        vec![edit],
                    ));
                unused.push(self.about_comment(UNUSED_IGNORE, finding));
            }
        }
        unused
    }

    /// A rule that is off cannot fire, so whether the comment is needed is not known. An ignored
    /// `unused-ignore` is used only after all others were looked at.
    fn could_fire(&self, named: &Named) -> bool {
        named.id != UNUSED_IGNORE
            && self.rules.set.is_known(&named.id)
            && self.rules.is_on(&named.id)
    }

    /// Fixes leave alone what was released: scripts of the history, and files that the tool knows by a sum of their text.
    fn may_edit(&self, fix: &Fix, released: &[Range<usize>]) -> bool {
        let text = self.source.text();
        let committed = self.layout == "graphile-migrate" && text.contains("--! Hash:");
        !committed
            && fix.edits.iter().all(|edit| {
                let own = edit.source.path() == self.source.path();
                let inside = |script: &Range<usize>| {
                    script.start < edit.range.end.max(edit.range.start + 1)
                        && edit.range.start < script.end
                };
                !own || edit.range.end <= text.len() && !released.iter().any(inside)
            })
    }

    /// The scripts of the file that are history.
    fn released(&self) -> Vec<Range<usize>> {
        let place = |range: &Range<usize>| (range.start, range.end);
        let checked: BTreeSet<_> = self.migrations.iter().map(|it| place(&it.0)).collect();
        let scripts = self.scripts.iter();
        let history = scripts.filter(|script| !checked.contains(&place(script)));
        history.cloned().collect()
    }

    fn report(
        &self,
        mut raw: Raw,
        prints: &mut Fingerprints,
        released: &[Range<usize>],
    ) -> Reported {
        let fix = raw.finding.fix.take();
        raw.finding.fix = fix.filter(|fix| self.may_edit(fix, released));
        let about = raw.place.as_ref().unwrap_or(&raw.finding.span);
        let statement = self.source.text().get(about.clone()).unwrap_or_default();
        Reported {
            fingerprint: prints.give(&raw.rule, &raw.migration, self.source.path(), statement),
            category: self.rules.set.category(&raw.rule),
            severity: self.rules.severity(&raw.rule, &raw.finding, raw.direction),
            rule: raw.rule,
            finding: raw.finding,
            source: Arc::clone(&self.source),
            migration: raw.migration,
            direction: raw.direction,
        }
    }
}

/// Whether an ignore comment is about the finding; all that are count as used.
pub fn silenced(raw: &Raw, ignores: &mut [Ignore]) -> bool {
    let mut silenced = false;
    for ignore in ignores {
        if ignore.directive.scope.is_none() || !covers(&ignore.bound, raw) {
            continue;
        }
        let rules = ignore.directive.rules.iter().zip(&mut ignore.used);
        for (_, used) in rules.filter(|(named, _)| named.id == raw.rule) {
            *used = true;
            silenced = true;
        }
    }
    silenced
}

/// A finding about a migration as a whole is covered by any comment of the file that names its rule.
fn covers(bound: &Bound, raw: &Raw) -> bool {
    match (bound, &raw.place) {
        (Bound::File, _) | (_, None) => true,
        (Bound::Nothing, Some(_)) => false,
        (Bound::Statement(statement), Some(place)) => {
            statement.start <= place.start && place.end <= statement.end
        }
    }
}
