//! The rules of a run: which are on, and how severe their findings are.

use std::collections::BTreeMap;
use std::path::Path;

use super::config::{LintConfig, RuleSetting};
use super::finding::{Finding, Severity};
use super::page::Category;
use super::rule::{Check, Rule};
use crate::project::Direction;
use crate::rules;

/// The rules that the engine itself reports.
pub const ENGINE_RULES: [&str; 5] = [
    SYNTAX_ERROR,
    UNANALYSED_STATEMENT,
    UNUSED_IGNORE,
    IGNORE_WITHOUT_REASON,
    UNKNOWN_RULE,
];
/// What is said of a migration that was edited after its release.
pub const EDITED_MIGRATION: &str = "edited-migration";
pub const SYNTAX_ERROR: &str = "syntax-error";
pub const UNANALYSED_STATEMENT: &str = "unanalysed-statement";
pub const UNUSED_IGNORE: &str = "unused-ignore";
/// On where the configuration says `require-reason = true`.
pub const IGNORE_WITHOUT_REASON: &str = "ignore-without-reason";
pub const UNKNOWN_RULE: &str = "unknown-rule";

/// All rules, with what the configuration says of them.
pub struct RuleSet<'a> {
    rules: Vec<Rule>,
    config: &'a LintConfig,
}

impl<'a> RuleSet<'a> {
    pub fn new(config: &'a LintConfig) -> Self {
        RuleSet {
            rules: rules::all(),
            config,
        }
    }

    /// The rules that have a check of their own and are on, or would be if nobody had switched them
    /// off: what such a rule knows about is not the business of a less specific one either. In the
    /// order in which they run; whether the findings of one count, [`RulesAt::is_on`] says.
    pub fn running(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| {
            let by_default = rule.page.severity.is_some();
            !matches!(rule.check, Check::Engine) && (by_default || self.is_on_somewhere(rule.id()))
        })
    }

    pub fn is_known(&self, id: &str) -> bool {
        self.rule(id).is_some()
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(Rule::id)
    }

    /// Whether the rule is on in some file.
    fn is_on_somewhere(&self, id: &str) -> bool {
        self.is_on_by(id, self.config.rules.get(id))
            || self.config.by_path.iter().any(|part| {
                part.rules
                    .get(id)
                    .is_some_and(|own| self.is_on_by(id, Some(own)))
            })
    }

    fn is_on_by(&self, id: &str, setting: Option<&RuleSetting>) -> bool {
        match setting {
            Some(RuleSetting::Off) => false,
            Some(RuleSetting::On | RuleSetting::At(_)) => true,
            None => self
                .rule(id)
                .is_some_and(|rule| rule.page.severity.is_some()),
        }
    }

    pub fn category(&self, id: &str) -> Category {
        self.rule(id)
            .map_or(Category::Check, |rule| rule.page.category)
    }

    /// The rules as they are in one file.
    pub fn at(&self, path: &Path) -> RulesAt<'_> {
        let mut own = BTreeMap::new();
        for part in &self.config.by_path {
            if part.paths.matches(path) {
                own.extend(
                    part.rules
                        .iter()
                        .map(|(id, setting)| (id.as_str(), *setting)),
                );
            }
        }
        RulesAt { set: self, own }
    }

    fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id() == id)
    }
}

/// The rules in one file.
pub struct RulesAt<'a> {
    pub set: &'a RuleSet<'a>,
    /// What the configuration says of its path.
    own: BTreeMap<&'a str, RuleSetting>,
}

impl RulesAt<'_> {
    fn setting(&self, id: &str) -> Option<&RuleSetting> {
        self.own.get(id).or_else(|| self.set.config.rules.get(id))
    }

    pub fn is_on(&self, id: &str) -> bool {
        self.set.is_on_by(id, self.setting(id))
    }

    /// How severe a finding is: as the configuration says, else as the finding itself, else as the
    /// page; a rule that is off by default warns. In a down migration, one step less. Work that is over
    /// soon is worth a note.
    pub fn severity(&self, id: &str, finding: &Finding, direction: Direction) -> Severity {
        let page = || self.set.rule(id).and_then(|rule| rule.page.severity);
        let severity = match self.setting(id) {
            Some(RuleSetting::At(severity)) => *severity,
            Some(RuleSetting::On | RuleSetting::Off) | None => {
                finding.severity.or_else(page).unwrap_or(Severity::Warning)
            }
        };
        if self.is_short(id, finding) {
            return Severity::Note;
        }
        match direction {
            Direction::Up => severity,
            Direction::Down => severity.lowered(),
        }
    }

    fn is_short(&self, id: &str, finding: &Finding) -> bool {
        let options = &self.set.config.options;
        let small = || finding.works_on.iter().all(|name| options.is_small(name));
        let bounded = finding
            .at_most
            .is_some_and(|time| time <= options.blocking_budget);
        // Only what is about the time that others wait gets better when that is short.
        let about_time = matches!(
            self.set.category(id),
            Category::Locking | Category::Backfill
        );
        about_time && !finding.works_on.is_empty() && (finding.perhaps_new || small() || bounded)
    }
}
