//! From the text of a `humdrum.toml` to a [`Config`]: every key is looked at, every mistake is kept
//! with its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{
    Config, ConfigError, ConfigErrors, FailOn, Known, PathRules, Selector, parse_duration, select,
    suggestion,
};
use crate::lint::RuleSetting;
use crate::project::{Exclude, TransactionMode};
use crate::source::Source;
use crate::version::PgVersion;

const KEYS: [&str; 17] = [
    "baseline",
    "blocking-budget",
    "exclude",
    "fail-on",
    "ignore",
    "layout",
    "lock-timeout-limit",
    "overrides",
    "pg-version",
    "placeholders",
    "require-reason",
    "rules",
    "runner",
    "schema",
    "select",
    "small-tables",
    "statement-timeout-limit",
];

const OVERRIDE_KEYS: [&str; 2] = ["paths", "rules"];

const RUNNER_KEYS: [&str; 3] = ["lock-timeout", "statement-timeout", "transaction"];

/// What stands for `lock-timeout = "set"`: no rule finds a second too long.
const SET: Duration = Duration::from_secs(1);

pub fn config(path: &Path, text: &str, known: &Known<'_>) -> Result<Config, ConfigErrors> {
    let mut reader = Reader {
        known,
        mistakes: Vec::new(),
    };
    let config = match DeTable::parse(text) {
        Ok(table) => reader.table(path, table.get_ref()),
        Err(error) => {
            reader.mistake(error.span().unwrap_or_default(), error.message().to_owned());
            Config::default()
        }
    };
    if reader.mistakes.is_empty() {
        return Ok(config);
    }
    let source = Source::new(path, text);
    reader.mistakes.sort_by_key(|(place, _)| place.start);
    let errors = reader
        .mistakes
        .into_iter()
        .map(|(place, message)| ConfigError {
            path: path.to_path_buf(),
            position: source.position(place.start),
            message,
        });
    Err(ConfigErrors(errors.collect()))
}

struct Reader<'k> {
    known: &'k Known<'k>,
    mistakes: Vec<(Range<usize>, String)>,
}

type Key<'a, 'i> = &'a Spanned<DeString<'i>>;
type Value<'a, 'i> = &'a Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn mistake(&mut self, place: Range<usize>, message: String) {
        self.mistakes.push((place, message));
    }

    /// Keeps the value, or the mistake with its place.
    fn keep<T>(&mut self, place: Range<usize>, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.mistake(place, message)).ok()
    }

    fn table(&mut self, path: &Path, table: &DeTable<'_>) -> Config {
        let base = path.parent().unwrap_or(Path::new(""));
        let mut config = Config {
            base: if base.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                base.to_path_buf()
            },
            ..Config::default()
        };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "pg-version" => config.pg_version = self.version(value),
                "layout" => match value.get_ref() {
                    DeValue::Table(table) => config.layouts = self.layouts(table),
                    _ => config.layout = self.layout(value),
                },
                "exclude" => config.exclude = self.patterns(&config.base, value),
                "fail-on" => {
                    let fail_on = self.word(key, value, &FailOn::NAMES, FailOn::from_name);
                    config.fail_on = fail_on.unwrap_or_default();
                }
                "select" => config.select = self.selectors(value),
                "ignore" => config.ignore = self.selectors(value),
                "rules" => config.rules = self.rules(value),
                "overrides" => config.overrides = self.overrides(&config.base, value),
                "small-tables" => config.small_tables = self.small_tables(value),
                "require-reason" => match value.get_ref() {
                    DeValue::Boolean(required) => config.require_reason = *required,
                    other => {
                        self.wrong_type::<()>(value, "true or false", other);
                    }
                },
                "blocking-budget" => {
                    let budget = self.duration(value);
                    config.blocking_budget = budget.unwrap_or(config.blocking_budget);
                }
                "lock-timeout-limit" => {
                    let limit = self.duration(value);
                    config.lock_timeout_limit = limit.unwrap_or(config.lock_timeout_limit);
                }
                "statement-timeout-limit" => {
                    let limit = self.duration(value);
                    config.statement_timeout_limit =
                        limit.unwrap_or(config.statement_timeout_limit);
                }
                "schema" => {
                    let schema = self.text(value, "the path of a file");
                    config.schema = schema.map(|schema| base.join(schema));
                }
                "placeholders" => config.placeholders = self.placeholders(value),
                "baseline" => {
                    let baseline = self.text(value, "the path of a file");
                    config.baseline = baseline.map(|baseline| base.join(baseline));
                }
                "runner" => self.runner(value, &mut config),
                other => self.unknown_key(key, other, "", &KEYS),
            }
        }
        config
    }

    fn unknown_key(&mut self, key: Key<'_, '_>, name: &str, table: &str, keys: &[&str]) {
        let nearest = suggestion(name, keys.iter().copied());
        let nearest = if nearest.is_empty() {
            format!("; the keys are {}", keys.join(", "))
        } else {
            nearest
        };
        self.mistake(key.span(), format!("unknown key `{name}`{table}{nearest}"));
    }

    fn version(&mut self, value: Value<'_, '_>) -> Option<PgVersion> {
        let text = match value.get_ref() {
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::String(text) => text.to_string(),
            other => return self.wrong_type(value, "a version such as 16", other),
        };
        self.keep(value.span(), text.parse())
    }

    fn placeholders(&mut self, value: Value<'_, '_>) -> BTreeMap<String, String> {
        let mut placeholders = BTreeMap::new();
        if let Some(table) = self.as_table(value, "a table, `[placeholders]`") {
            for (name, value) in table {
                if let Some(text) = self.text(value, "the text that the placeholder stands for") {
                    placeholders.insert(name.get_ref().to_string(), text.to_owned());
                }
            }
        }
        placeholders
    }

    fn layouts(&mut self, table: &DeTable<'_>) -> BTreeMap<String, String> {
        let mut layouts = BTreeMap::new();
        for (directory, value) in table {
            if let Some(layout) = self.layout(value) {
                layouts.insert(directory.get_ref().to_string(), layout);
            }
        }
        layouts
    }

    fn layout(&mut self, value: Value<'_, '_>) -> Option<String> {
        let name = self.text(value, "the name of a layout")?;
        if self.known.layouts.contains(&name) {
            return Some(name.to_owned());
        }
        let message = unknown_layout(name, self.known.layouts);
        self.mistake(value.span(), message);
        None
    }

    fn patterns(&mut self, base: &Path, value: Value<'_, '_>) -> Vec<String> {
        let mut patterns = Vec::new();
        for item in self.array(value, "a list of patterns") {
            let Some(pattern) = self.text(item, "a pattern") else {
                continue;
            };
            let valid = Exclude::new(base, &[pattern]);
            if self.keep(item.span(), valid).is_some() {
                patterns.push(pattern.to_owned());
            }
        }
        patterns
    }

    fn selectors(&mut self, value: Value<'_, '_>) -> Vec<Selector> {
        let mut selectors = Vec::new();
        for item in self.array(value, "a list of rules and categories") {
            let Some(name) = self.text(item, "a rule or a category") else {
                continue;
            };
            let selector = Selector::parse(name, self.known);
            selectors.extend(self.keep(item.span(), selector));
        }
        selectors
    }

    fn rules(&mut self, value: Value<'_, '_>) -> BTreeMap<String, RuleSetting> {
        let mut rules = BTreeMap::new();
        let Some(table) = self.as_table(value, "a table of rules, such as `[rules]`") else {
            return rules;
        };
        for (key, value) in table {
            let id = key.get_ref().as_ref();
            if self.known.rule(id).is_none() {
                let message = unknown_rule(id, self.known);
                self.mistake(key.span(), message);
                continue;
            }
            if let Some(level) = self.word(key, value, &select::SETTINGS, select::setting) {
                rules.insert(id.to_owned(), level);
            }
        }
        rules
    }

    fn overrides(&mut self, base: &Path, value: Value<'_, '_>) -> Vec<PathRules> {
        let mut overrides = Vec::new();
        for item in self.array(value, "a list of tables, `[[overrides]]`") {
            let Some(table) = self.as_table(item, "a table with `paths` and `rules`") else {
                continue;
            };
            let mut own = PathRules::default();
            for (key, value) in table {
                match key.get_ref().as_ref() {
                    "paths" => own.paths = self.patterns(base, value),
                    "rules" => own.rules = self.rules(value),
                    other => self.unknown_key(key, other, " in [[overrides]]", &OVERRIDE_KEYS),
                }
            }
            for key in OVERRIDE_KEYS
                .iter()
                .filter(|key| !table.contains_key(**key))
            {
                self.mistake(item.span(), format!("`{key}` is missing in [[overrides]]"));
            }
            overrides.push(own);
        }
        overrides
    }

    fn small_tables(&mut self, value: Value<'_, '_>) -> Vec<String> {
        let mut tables = Vec::new();
        for item in self.array(value, "a list of tables") {
            let Some(name) = self.text(item, "the name of a table") else {
                continue;
            };
            if name.split('.').count() > 2 || name.split('.').any(str::is_empty) {
                let message =
                    format!("`{name}` is no name of a table: write `table` or `schema.table`");
                self.mistake(item.span(), message);
                continue;
            }
            tables.push(name.to_owned());
        }
        tables
    }

    fn runner(&mut self, value: Value<'_, '_>, config: &mut Config) {
        let Some(table) = self.as_table(value, "a table, `[runner]`") else {
            return;
        };
        let runner = &mut config.runner;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "lock-timeout" if value.get_ref().as_str() == Some("set") => {
                    runner.lock_timeout = Some(SET);
                }
                "lock-timeout" => runner.lock_timeout = self.timeout(value),
                "statement-timeout" => runner.statement_timeout = self.timeout(value),
                "transaction" => {
                    let modes = ["file", "none"];
                    runner.transaction = self.word(key, value, &modes, |name| match name {
                        "file" => Some(TransactionMode::File),
                        "none" => Some(TransactionMode::None),
                        _ => None,
                    });
                }
                other => self.unknown_key(key, other, " in [runner]", &RUNNER_KEYS),
            }
        }
    }

    fn timeout(&mut self, value: Value<'_, '_>) -> Option<Duration> {
        let duration = self.duration(value)?;
        if duration.is_zero() {
            let message = "a timeout of 0 waits for ever: leave the key out".to_owned();
            self.mistake(value.span(), message);
            return None;
        }
        Some(duration)
    }

    fn duration(&mut self, value: Value<'_, '_>) -> Option<Duration> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            other => return self.wrong_type(value, "a duration such as \"5s\"", other),
        };
        self.keep(value.span(), parse_duration(&text))
    }

    fn word<T>(
        &mut self,
        key: Key<'_, '_>,
        value: Value<'_, '_>,
        names: &[&str],
        from_name: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let choices = names.join(", ");
        let name = self.text(value, &format!("one of {choices}"))?;
        let found = from_name(name);
        if found.is_none() {
            let key = key.get_ref();
            let nearest = suggestion(name, names.iter().copied());
            let message = format!("`{name}` is no value of `{key}`: use one of {choices}{nearest}");
            self.mistake(value.span(), message);
        }
        found
    }

    fn text<'a>(&mut self, value: Value<'a, '_>, wanted: &str) -> Option<&'a str> {
        match value.get_ref() {
            DeValue::String(text) => Some(text),
            other => self.wrong_type(value, wanted, other),
        }
    }

    fn array<'a, 'i>(&mut self, value: Value<'a, 'i>, wanted: &str) -> Vec<Value<'a, 'i>> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            other => self.wrong_type(value, wanted, other).unwrap_or_default(),
        }
    }

    fn as_table<'a, 'i>(&mut self, value: Value<'a, 'i>, wanted: &str) -> Option<&'a DeTable<'i>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            other => self.wrong_type(value, wanted, other),
        }
    }

    fn wrong_type<T>(
        &mut self,
        value: Value<'_, '_>,
        wanted: &str,
        found: &DeValue<'_>,
    ) -> Option<T> {
        let found = match found {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.mistake(value.span(), format!("expected {wanted}, found {found}"));
        None
    }
}

pub fn unknown_layout(name: &str, layouts: &[&str]) -> String {
    let nearest = suggestion(name, layouts.iter().copied());
    if nearest.is_empty() {
        format!(
            "unknown layout `{name}`; the layouts are {}",
            layouts.join(", ")
        )
    } else {
        format!("unknown layout `{name}`{nearest}")
    }
}

pub fn unknown_rule(id: &str, known: &Known<'_>) -> String {
    if known.categories().any(|category| category == id) {
        return format!(
            "`{id}` is a category; [rules] takes rules, `select` and `ignore` take categories too"
        );
    }
    format!(
        "unknown rule `{id}`{} (`humdrum rules` lists them)",
        suggestion(id, known.rule_ids())
    )
}
