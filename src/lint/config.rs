//! What a run needs to know besides the migrations: the version, the rules that are on, the runner.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::context::Options;
use super::finding::Severity;
use crate::project::Exclude;
use crate::session::{Settings, Timeout, TimeoutOrigin};
use crate::source::Source;
use crate::version::PgVersion;

/// The resolved configuration of [`super::lint()`] and [`super::plan()`].
#[derive(Debug, Clone, Default)]
pub struct LintConfig {
    pub version: PgVersion,
    /// What the configuration says of a rule, by id. A rule that is not in here is as its page has
    /// it. Every id must be one of [`crate::rules::all`] or [`super::ENGINE_RULES`]: the
    /// configuration's reader reports the others.
    pub rules: BTreeMap<String, RuleSetting>,
    /// What is said of some paths; a later one outweighs an earlier one, and each outweighs `rules`.
    pub by_path: Vec<PathSettings>,
    pub options: Options,
    /// What the migration runner sets before it sends a script.
    pub runner: RunnerTimeouts,
    /// What placeholders in the text stand for, by their names.
    pub placeholders: BTreeMap<String, String>,
    /// A `pg_dump --schema-only` that is replayed first. The schema is then known completely, and the
    /// dump stands for the history, which is not replayed.
    pub schema: Option<Arc<Source>>,
    /// The chains lack migrations that came before (`--no-history`): a name that they do not create
    /// may exist all the same.
    pub partial_history: bool,
    /// The migrations under check are released together (`--since`): what one of them creates is new
    /// for the others too.
    pub one_release: bool,
}

/// What the configuration says of rules below some paths.
#[derive(Debug, Clone)]
pub struct PathSettings {
    /// The files that it is about.
    pub paths: Exclude,
    pub rules: BTreeMap<String, RuleSetting>,
}

/// What the configuration says of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleSetting {
    Off,
    /// On, with the severity of its page or finding; a rule that is off by default warns.
    On,
    /// On, and every finding of it has this severity.
    At(Severity),
}

/// Timeouts that the migration runner sets for its connection. They are in force where the script
/// does not set its own, and again after RESET. None: not set by the runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunnerTimeouts {
    pub lock_timeout: Option<Duration>,
    pub statement_timeout: Option<Duration>,
    pub idle_in_transaction_session_timeout: Option<Duration>,
    pub transaction_timeout: Option<Duration>,
}

impl RunnerTimeouts {
    /// The settings of a fresh connection of the runner.
    pub fn settings(&self) -> Settings {
        Settings {
            lock_timeout: timeout(self.lock_timeout),
            statement_timeout: timeout(self.statement_timeout),
            idle_in_transaction_session_timeout: timeout(self.idle_in_transaction_session_timeout),
            transaction_timeout: timeout(self.transaction_timeout),
            ..Settings::default()
        }
    }
}

fn timeout(value: Option<Duration>) -> Timeout {
    match value {
        None => Timeout::default(),
        Some(value) => Timeout {
            value: Some(value).filter(|value| !value.is_zero()),
            origin: TimeoutOrigin::Runner,
        },
    }
}
