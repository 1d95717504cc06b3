//! Where checks put their findings, and who has already spoken of what.

use super::context::{Context, MigrationContext};
use super::finding::Finding;

/// A finding that depends on how the migration ends.
pub type Later = Box<dyn FnOnce(&MigrationContext<'_>) -> Option<Finding> + Send>;

/// What a rule said, with the rule's id.
pub type Said<'a, What> = Vec<(&'a str, What)>;

/// Collects the findings of the rules over one statement or migration.
pub struct Report<'a> {
    rule: &'a str,
    findings: Said<'a, Finding>,
    later: Said<'a, Later>,
    /// Indexes into `Effects::work` that a finding has explained.
    explained: Vec<usize>,
    /// Findings about work that is not named in them yet: indexes into `findings` and into `Effects::work`.
    unnamed: Vec<(usize, Vec<usize>)>,
    /// Rules that have nothing to add here.
    spoken_for: Vec<&'static str>,
    /// Rules that have nothing to add as long as the finding of another one is heard: that one, and they.
    taken_over: Vec<(&'a str, &'static str)>,
}

impl<'a> Report<'a> {
    pub fn new() -> Self {
        Report {
            rule: "",
            findings: Vec::new(),
            later: Vec::new(),
            explained: Vec::new(),
            unnamed: Vec::new(),
            spoken_for: Vec::new(),
            taken_over: Vec::new(),
        }
    }

    /// The rule whose check runs next.
    #[inline]
    pub fn speaking(&mut self, rule: &'a str) {
        self.rule = rule;
    }

    pub fn push(&mut self, finding: Finding) {
        self.findings.push((self.rule, finding));
    }

    /// Decides at the end of the migration: what a statement takes away, a later one may give back.
    /// Findings of the check over a migration itself are reported at once.
    pub fn at_end(
        &mut self,
        later: impl FnOnce(&MigrationContext<'_>) -> Option<Finding> + Send + 'static,
    ) {
        self.later.push((self.rule, Box::new(later)));
    }

    /// Reports a finding about pieces of work (indexes into `Effects::work`). One cause, one finding:
    /// rules that run later and ask [`Report::is_explained`] stay silent about them.
    pub fn push_about(&mut self, work: impl IntoIterator<Item = usize>, finding: Finding) {
        let work: Vec<usize> = work.into_iter().collect();
        self.explained.extend(work.iter().copied());
        self.unnamed.push((self.findings.len(), work));
        self.push(finding);
    }

    /// Writes into the findings that came since the last call which relations' rows they are about, and how long
    /// that can take at most.
    #[inline]
    pub fn name_work(&mut self, cx: &Context<'_>) {
        // Every rule is asked about every statement, and few have something to say.
        if !self.unnamed.is_empty() {
            self.name_unnamed(cx);
        }
    }

    fn name_unnamed(&mut self, cx: &Context<'_>) {
        for (at, work) in std::mem::take(&mut self.unnamed) {
            let (_, finding) = &mut self.findings[at];
            let names = work.iter().filter_map(|at| cx.effects.work.get(*at));
            finding
                .works_on
                .extend(names.map(|work| work.target.name.clone()));
            finding.at_most = cx.at_most();
            finding.perhaps_new = finding.works_on.iter().all(|name| cx.is_perhaps_new(name));
            if let (true, Some(first)) = (finding.perhaps_new, finding.works_on.first()) {
                finding.message.push_str(&format!(
                    "; that is, if {} was there before this migration: IF NOT EXISTS does not tell",
                    super::short_name(first)
                ));
            }
        }
    }

    /// Pieces of work that nobody waits for after all.
    pub fn explain(&mut self, work: impl IntoIterator<Item = usize>) {
        self.explained.extend(work);
    }

    /// The rule that is speaking says, here or in an earlier finding, what a less specific rule that runs
    /// later would say of this statement.
    pub fn speak_for(&mut self, rule: &'static str) {
        self.spoken_for.push(rule);
    }

    /// What the rule that is speaking advises makes the finding of another rule go away, too: that one stays
    /// silent, unless this one's finding is ignored or switched off.
    pub fn take_over(&mut self, rule: &'static str) {
        self.taken_over.push((self.rule, rule));
    }

    /// Whether any rule has taken over from this one.
    #[inline]
    pub fn has_takers(&self, rule: &str) -> bool {
        self.taken_over.iter().any(|(_, over)| *over == rule)
    }

    /// The rules that have taken over from a rule.
    pub fn takers(&self, rule: &str) -> impl Iterator<Item = &'a str> {
        self.taken_over
            .iter()
            .filter(move |(_, over)| *over == rule)
            .map(|(by, _)| *by)
    }

    /// The findings of a rule here.
    pub fn findings_of(&self, rule: &str) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |(id, _)| *id == rule)
            .map(|(_, finding)| finding)
    }

    #[inline]
    pub fn is_spoken_for(&self, rule: &str) -> bool {
        self.spoken_for.contains(&rule)
    }

    pub fn is_explained(&self, work: usize) -> bool {
        self.explained.contains(&work)
    }

    /// Whether another rule has already reported something here.
    pub fn has(&self, rule: &str) -> bool {
        self.findings.iter().any(|(id, _)| *id == rule)
    }

    /// The findings, and those that depend on the end of the migration.
    pub fn into_findings(self) -> (Said<'a, Finding>, Said<'a, Later>) {
        (self.findings, self.later)
    }
}

impl Default for Report<'_> {
    fn default() -> Self {
        Self::new()
    }
}
