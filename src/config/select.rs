//! Which rules are on, and how severe each is.

use std::collections::BTreeMap;

use super::{Config, Known, suggestion};
use crate::lint::{Category, Rule, Severity};

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

/// A rule's place in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Off,
    On(Severity),
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

impl Level {
    pub const NAMES: [&str; 4] = ["off", "note", "warning", "error"];

    /// None for a word that is none of [`Level::NAMES`].
    pub fn from_name(name: &str) -> Option<Level> {
        match name {
            "off" => Some(Level::Off),
            "note" => Some(Level::On(Severity::Note)),
            "warning" => Some(Level::On(Severity::Warning)),
            "error" => Some(Level::On(Severity::Error)),
            _ => None,
        }
    }

    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Off => None,
            Level::On(severity) => Some(severity),
        }
    }
}

/// The level of every rule, after the command line and the configuration have spoken. The more
/// specific has the word: a rule's own entry in `[rules]` outweighs `ignore`, which outweighs
/// `select`; the command line outweighs the file.
///
/// Rules about the check itself (what could not be parsed or judged) stay on whatever is selected:
/// silence about them would read as "safe". `ignore` and `[rules]` can switch them off.
pub fn levels(rules: &[Rule], config: &Config, overrides: &Overrides) -> BTreeMap<String, Level> {
    rules
        .iter()
        .map(|rule| (rule.id().to_owned(), level(rule, config, overrides)))
        .collect()
}

fn level(rule: &Rule, config: &Config, overrides: &Overrides) -> Level {
    let matched = |selectors: &[Selector]| selectors.iter().any(|it| it.matches(rule));
    if matched(&overrides.ignore) {
        return Level::Off;
    }
    let own = config.rules.get(rule.id()).copied();
    if !overrides.select.is_empty() {
        let by_id = Selector::Rule(rule.id().to_owned());
        return match own {
            Some(Level::Off) if overrides.select.contains(&by_id) => selected(rule),
            Some(Level::Off) => Level::Off,
            _ if !matched(&overrides.select) => unselected(rule),
            Some(level) => level,
            None => selected(rule),
        };
    }
    if let Some(own) = own {
        return own;
    }
    if matched(&config.ignore) {
        return Level::Off;
    }
    if config.select.is_empty() {
        return by_default(rule);
    }
    if matched(&config.select) {
        selected(rule)
    } else {
        unselected(rule)
    }
}

/// A rule that is off by default has no severity of its own: a warning.
fn selected(rule: &Rule) -> Level {
    Level::On(rule.page.severity.unwrap_or(Severity::Warning))
}

fn by_default(rule: &Rule) -> Level {
    rule.page.severity.map_or(Level::Off, Level::On)
}

fn unselected(rule: &Rule) -> Level {
    if rule.page.category == Category::Check || rule.id() == "syntax-error" {
        by_default(rule)
    } else {
        Level::Off
    }
}
