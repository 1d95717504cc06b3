//! `humdrum.toml`: what it may say, and what it means.

mod duration;
mod error;
mod known;
mod read;
mod schema;
mod select;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use duration::parse_duration;
pub use error::{ConfigError, ConfigErrors};
pub use known::{Known, nearest, suggestion};
pub use read::{unknown_layout, unknown_rule};
pub use schema::json_schema;
pub use select::{Overrides, Selector, settings, settings_by_path};

use crate::lint::{RuleSetting, RunnerTimeouts, Severity};
use crate::project::TransactionMode;
use crate::version::PgVersion;

/// The name of the file that is looked for, from the file under check upwards.
pub const FILE_NAME: &str = "humdrum.toml";

/// The settings of one project. Every key of the file is optional; [`Config::default`] is what an
/// empty file means.
///
/// ```toml
/// pg-version = 16
/// exclude = ["db/seeds", "structure.sql"]
/// fail-on = "warning"
/// ignore = ["missing-rollback"]
///
/// [rules]
/// "drop-column" = "error"
///
/// [runner]
/// lock-timeout = "5s"
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The directory that `exclude` and `schema` are relative to: the configuration file's own.
    pub base: PathBuf,
    /// `pg-version = 16` or `"16.4"`: the PostgreSQL that the migrations will run on. Without it, the
    /// newest that humdrum models.
    pub pg_version: Option<PgVersion>,
    /// `layout = "dbmate"`: the migration tool of every directory. Without it, each directory's is
    /// found from its files.
    pub layout: Option<String>,
    /// `layout = { "services/a" = "dbmate", "services/b" = "flyway" }`: of the migration directories below each
    /// directory. Relative to the file.
    pub layouts: BTreeMap<String, String>,
    /// `exclude = ["db/seeds", "**/*_seed.sql"]`: files and directories that are neither checked nor
    /// history. Globs; relative to the file when they hold a `/`, else a name at any depth.
    pub exclude: Vec<String>,
    /// `fail-on = "error"`: the least severity that makes the exit code 1. Default `error`.
    pub fail_on: FailOn,
    /// `select = ["locking", "drop-column"]`: only these rules, by id or category, also those that
    /// are off by default. `"default"` stands for all that are on by default, `"all"` for all.
    pub select: Vec<Selector>,
    /// `ignore = ["compatibility"]`: not these rules, by id or category.
    pub ignore: Vec<Selector>,
    /// `[rules] "drop-column" = "off" | "note" | "warning" | "error"`: one rule's severity. It
    /// outweighs `select` and `ignore`.
    pub rules: BTreeMap<String, RuleSetting>,
    /// `[[overrides]] paths = ["db/legacy/**"] rules = { "drop-column" = "off" }`: the same for files below some
    /// paths; a later one outweighs an earlier one, and each outweighs `[rules]`.
    pub overrides: Vec<PathRules>,
    /// `small-tables = ["countries", "app.settings"]`: tables that stay small; work on them is a note. A name
    /// without a schema is meant in every schema.
    pub small_tables: Vec<String>,
    /// `require-reason = true`: an ignore comment must say why.
    pub require_reason: bool,
    /// `blocking-budget = "1s"`: blocking that is known to end sooner is a note at most. Default 1 s.
    pub blocking_budget: Duration,
    /// `lock-timeout-limit = "10s"`: a longer lock_timeout is what lock-timeout-too-long reports. Default 10 s.
    pub lock_timeout_limit: Duration,
    /// `statement-timeout-limit = "1h"`: likewise for statement-timeout-too-long. Default 1 h.
    pub statement_timeout_limit: Duration,
    /// `schema = "db/structure.sql"`: a `pg_dump --schema-only` that is the schema before the first
    /// migration.
    pub schema: Option<PathBuf>,
    /// `baseline = "humdrum-baseline.json"`: findings that are known and not reported.
    pub baseline: Option<PathBuf>,
    /// `[placeholders]`: what `${schema}`, `:schema`, `{{ .schema }}` and their like stand for.
    pub placeholders: BTreeMap<String, String>,
    /// `[runner]`: what the program that applies the migrations does by itself.
    pub runner: Runner,
}

/// One `[[overrides]]`: rules of the files below some paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathRules {
    /// Globs like those of `exclude`.
    pub paths: Vec<String>,
    pub rules: BTreeMap<String, RuleSetting>,
}

/// The least severity that makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailOn {
    #[default]
    Error,
    Warning,
    Note,
    Never,
}

/// `[runner]`: the session in which the migrations run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runner {
    /// `lock-timeout = "5s"`, or `"set"` when it is set and the value is not known here.
    pub lock_timeout: Option<Duration>,
    /// `statement-timeout = "1min"`
    pub statement_timeout: Option<Duration>,
    /// `transaction = "file" | "none"`: whether the runner of plain SQL files opens a transaction
    /// around each. Migration tools that humdrum knows have their own conventions.
    pub transaction: Option<TransactionMode>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            base: PathBuf::from("."),
            pg_version: None,
            layout: None,
            layouts: BTreeMap::new(),
            exclude: Vec::new(),
            fail_on: FailOn::default(),
            select: Vec::new(),
            ignore: Vec::new(),
            rules: BTreeMap::new(),
            overrides: Vec::new(),
            small_tables: Vec::new(),
            require_reason: false,
            blocking_budget: Duration::from_secs(1),
            lock_timeout_limit: Duration::from_secs(10),
            statement_timeout_limit: Duration::from_secs(60 * 60),
            schema: None,
            baseline: None,
            placeholders: BTreeMap::new(),
            runner: Runner::default(),
        }
    }
}

impl Config {
    /// Reads the text of a `humdrum.toml`. `path` is where it stands, as the user would write it.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the text: what TOML refuses, unknown keys and
    /// rules with the nearest known one, values of the wrong kind.
    pub fn parse(path: &Path, text: &str, known: &Known<'_>) -> Result<Config, ConfigErrors> {
        read::config(path, text, known)
    }
}

impl Runner {
    pub fn timeouts(&self) -> RunnerTimeouts {
        RunnerTimeouts {
            lock_timeout: self.lock_timeout,
            statement_timeout: self.statement_timeout,
            ..RunnerTimeouts::default()
        }
    }
}

impl FailOn {
    pub const NAMES: [&str; 4] = ["error", "warning", "note", "never"];

    /// None for a word that is none of [`FailOn::NAMES`].
    pub fn from_name(name: &str) -> Option<FailOn> {
        match name {
            "error" => Some(FailOn::Error),
            "warning" => Some(FailOn::Warning),
            "note" => Some(FailOn::Note),
            "never" => Some(FailOn::Never),
            _ => None,
        }
    }

    /// Whether a finding of this severity makes the exit code 1.
    pub fn reached_by(self, severity: Severity) -> bool {
        match self {
            FailOn::Error => severity >= Severity::Error,
            FailOn::Warning => severity >= Severity::Warning,
            FailOn::Note => severity >= Severity::Note,
            FailOn::Never => false,
        }
    }
}

#[cfg(test)]
mod tests;
