//! The rules of a run: which are on, and how severe their findings are.

use super::config::{LintConfig, RuleSetting};
use super::finding::{Finding, Severity};
use super::page::Category;
use super::rule::{Check, Rule};
use crate::project::Direction;
use crate::rules;

/// The rules that the engine itself reports.
pub const ENGINE_RULES: [&str; 4] = [
    SYNTAX_ERROR,
    UNANALYSED_STATEMENT,
    UNUSED_IGNORE,
    UNKNOWN_RULE,
];
/// What is said of a migration that was edited after its release.
pub const EDITED_MIGRATION: &str = "edited-migration";
pub const SYNTAX_ERROR: &str = "syntax-error";
pub const UNANALYSED_STATEMENT: &str = "unanalysed-statement";
pub const UNUSED_IGNORE: &str = "unused-ignore";
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
    /// order in which they run; whether the findings of one count, [`RuleSet::is_on`] says.
    pub fn running(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| {
            let by_default = rule.page.severity.is_some();
            !matches!(rule.check, Check::Engine) && (by_default || self.is_on(rule.id()))
        })
    }

    pub fn is_known(&self, id: &str) -> bool {
        self.rule(id).is_some()
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(Rule::id)
    }

    pub fn is_on(&self, id: &str) -> bool {
        match self.config.rules.get(id) {
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

    /// How severe a finding is: as the configuration says, else as the finding itself, else as the
    /// page; a rule that is off by default warns. In a down migration, one step less.
    pub fn severity(&self, id: &str, finding: &Finding, direction: Direction) -> Severity {
        let page = || self.rule(id).and_then(|rule| rule.page.severity);
        let severity = match self.config.rules.get(id) {
            Some(RuleSetting::At(severity)) => *severity,
            Some(RuleSetting::On | RuleSetting::Off) | None => {
                finding.severity.or_else(page).unwrap_or(Severity::Warning)
            }
        };
        match direction {
            Direction::Up => severity,
            Direction::Down => severity.lowered(),
        }
    }

    fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id() == id)
    }
}
