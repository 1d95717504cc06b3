//! What a migration tool's own configuration says, as far as it lies in files and changes what a migration does.

use std::collections::BTreeMap;

/// The settings of the tool that runs a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolSettings {
    /// The schemas that the tool puts on `search_path`, before what the connection has.
    pub search_path: Vec<String>,
    /// Whether what the connection has still follows them.
    pub before_default: bool,
    /// The schemas that the tool creates where they are missing.
    pub creates: Vec<String>,
    /// What placeholders stand for, by their names.
    pub placeholders: BTreeMap<String, String>,
    /// Flyway's `postgresql.transactional.lock`, where a configuration file has it.
    pub transactional_lock: Option<bool>,
}
