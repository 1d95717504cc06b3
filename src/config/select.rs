//! Which rules are on, and how severe each is.

use std::collections::BTreeMap;

use super::{Config, Known, PathRules, suggestion};
use crate::lint::{Category, IGNORE_WITHOUT_REASON, PathSettings, Rule, RuleSetting, Severity};
use crate::project::Exclude;

/// What `select` and `ignore` name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    Rule(String),
    Category(Category),
    /// `default`: the rules that are on by default.
    Default,
    /// `all`
    All,
}

/// `--select` and `--ignore` of the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// In place of the configuration's `select` and `ignore`, when there is one.
    pub select: Vec<Selector>,
    /// Has the last word.
    pub ignore: Vec<Selector>,
}

impl Selector {
    /// # Errors
    /// The name is neither a rule nor a category; the sentence has the nearest one.
    pub fn parse(name: &str, known: &Known<'_>) -> Result<Selector, String> {
        if known.rule(name).is_some() {
            return Ok(Selector::Rule(name.to_owned()));
        }
        match name {
            "default" => return Ok(Selector::Default),
            "all" => return Ok(Selector::All),
            _ => {}
        }
        let category = Category::ALL
            .into_iter()
            .find(|category| category.name() == name);
        category.map(Selector::Category).ok_or_else(|| {
            let names = known.rule_ids().chain(known.categories());
            format!(
                "`{name}` is neither a rule nor a category{}",
                suggestion(name, names)
            )
        })
    }

    fn matches(&self, rule: &Rule) -> bool {
        match self {
            Selector::Rule(id) => rule.id() == id,
            Selector::Category(category) => rule.page.category == *category,
            Selector::Default => rule.page.severity.is_some(),
            Selector::All => true,
        }
    }
}

/// The words of `[rules]`.
pub const SETTINGS: [&str; 4] = ["off", "note", "warning", "error"];

/// None for a word that is none of [`SETTINGS`].
pub fn setting(name: &str) -> Option<RuleSetting> {
    match name {
        "off" => Some(RuleSetting::Off),
        "note" => Some(RuleSetting::At(Severity::Note)),
        "warning" => Some(RuleSetting::At(Severity::Warning)),
        "error" => Some(RuleSetting::At(Severity::Error)),
        _ => None,
    }
}

/// The setting of every rule, after the command line and the configuration have spoken. The more
/// specific has the word: a rule's own entry in `[rules]` outweighs `ignore`, which outweighs
/// `select`; the command line outweighs the file.
///
/// Rules about the check itself (what could not be parsed or judged) stay on whatever is selected:
/// silence about them would read as "safe". `ignore` and `[rules]` can switch them off.
pub fn settings(
    rules: &[Rule],
    config: &Config,
    overrides: &Overrides,
) -> BTreeMap<String, RuleSetting> {
    rules
        .iter()
        .map(|rule| (rule.id().to_owned(), resolve(rule, config, overrides)))
        .collect()
}

/// What `[[overrides]]` say, in their order: the rules that each names, after the command line has spoken.
///
/// # Errors
/// A pattern is wrong.
pub fn settings_by_path(
    rules: &[Rule],
    config: &Config,
    overrides: &Overrides,
) -> Result<Vec<PathSettings>, String> {
    let part = |own: &PathRules| {
        let there = Config {
            rules: own.rules.clone(),
            ..config.clone()
        };
        let named = rules
            .iter()
            .filter(|rule| own.rules.contains_key(rule.id()))
            .map(|rule| (rule.id().to_owned(), resolve(rule, &there, overrides)));
        Ok(PathSettings {
            paths: Exclude::new(&config.base, &own.paths)?,
            rules: named.collect(),
        })
    };
    config.overrides.iter().map(part).collect()
}

fn resolve(rule: &Rule, config: &Config, overrides: &Overrides) -> RuleSetting {
    let matched = |selectors: &[Selector]| selectors.iter().any(|it| it.matches(rule));
    if matched(&overrides.ignore) {
        return RuleSetting::Off;
    }
    let own = config.rules.get(rule.id()).copied();
    if !overrides.select.is_empty() {
        let by_id = Selector::Rule(rule.id().to_owned());
        return match own {
            Some(RuleSetting::Off) if overrides.select.contains(&by_id) => RuleSetting::On,
            Some(RuleSetting::Off) => RuleSetting::Off,
            _ if !matched(&overrides.select) => unselected(rule, config),
            Some(own) => own,
            None => RuleSetting::On,
        };
    }
    if let Some(own) = own {
        return own;
    }
    if matched(&config.ignore) {
        return RuleSetting::Off;
    }
    if config.select.is_empty() {
        return by_default(rule, config);
    }
    if matched(&config.select) {
        RuleSetting::On
    } else {
        unselected(rule, config)
    }
}

fn by_default(rule: &Rule, config: &Config) -> RuleSetting {
    let asked_for = config.require_reason && rule.id() == IGNORE_WITHOUT_REASON;
    if asked_for || rule.page.severity.is_some() {
        RuleSetting::On
    } else {
        RuleSetting::Off
    }
}

fn unselected(rule: &Rule, config: &Config) -> RuleSetting {
    if rule.page.category == Category::Check {
        by_default(rule, config)
    } else {
        RuleSetting::Off
    }
}
