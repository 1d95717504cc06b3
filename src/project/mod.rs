//! Finding, ordering and grouping migrations. This module knows files, directories and the
//! conventions of migration tools; it knows nothing of SQL beyond the tools' own markers.
//!
//! - Every file belongs to one *migration directory*, and its layouts' path conventions alone say
//!   which ([`layouts::Layout::place`]): it does not matter which path the user named. So a file in
//!   an editor, a file in a hook and a directory in CI give the same chain.
//! - Each migration directory is one [`Chain`] with a layout of its own, found from its paths and
//!   texts, or forced.
//! - Without a tool's convention, each directory with `.sql` files is a chain of its own in the
//!   `plain` layout: seeds, fixtures and dumps beside a migration directory are neither lost nor
//!   taken for its history. `<version>_<name>/up.sql` and `down/<name>.sql` belong to the parent's
//!   chain; see [`layouts`].
//! - The migrations of named files are checked; the rest of the chain up to the last of them is
//!   history. A named directory names every file below it.

#![expect(
    clippy::disallowed_methods,
    reason = "this is where files are found and read"
)]

mod exclude;
mod git;
mod include;
pub mod layouts;
mod load;
mod order;
mod read;
mod released;
mod roles;
mod tool_settings;
mod tree;

pub use exclude::Exclude;
pub use include::included;
pub use load::{Options, load};
pub use read::{decode, read};
pub use released::Released;
pub use tool_settings::ToolSettings;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::source::Source;

/// Everything that was found under the paths that were asked for.
#[derive(Debug, Default)]
pub struct Project {
    /// One chain for each migration directory. Chains do not see each other's schema.
    pub chains: Vec<Chain>,
    /// What could not be read, each with its reason; the rest of the run goes on.
    pub problems: Vec<Problem>,
    /// `.sql` files that are no migrations, or that the configuration excludes, each with the reason.
    pub skipped: Vec<Problem>,
    /// The directories that were read as plain SQL files because no migration tool was recognised and
    /// none was told.
    pub assumed: Vec<PathBuf>,
    /// The directories whose files look the same with several tools, with the name of the layout that was taken and
    /// of one that it may be.
    pub ambiguous: Vec<(PathBuf, &'static str, &'static str)>,
}

/// The migrations of one directory in the order in which the migration tool applies them.
#[derive(Debug)]
pub struct Chain {
    pub directory: PathBuf,
    /// The layout's name: `plain`, `dbmate`, `supabase` ...
    pub layout: &'static str,
    /// Up and down migrations. The down migration of a version follows its up migration.
    pub migrations: Vec<Migration>,
    /// What the tool's own configuration says.
    pub tool: ToolSettings,
}

/// One unit that a migration tool applies, in one direction.
#[derive(Debug, Clone)]
pub struct Migration {
    /// As it is written in the file name (`003`, `20240102030405`, `1_10`), else the file stem.
    pub version: String,
    pub direction: Direction,
    pub source: Arc<Source>,
    /// The parts of the file that hold this migration's SQL, in order.
    pub scripts: Vec<Script>,
    /// History is replayed into the catalog and not reported on.
    pub role: Role,
    /// For an up migration: where its rollback is, if there is one. For a down migration: none.
    pub rollback: Rollback,
    pub standing: Standing,
    /// The files that psql lines (`\\i`, `\\ir`) bring in, by the path as it is written there; also those that
    /// such files bring in.
    pub includes: Includes,
    /// The migration tool's settings for this migration alone, where it keeps them in a file beside it: without text where
    /// that is not there.
    pub settings: Option<Arc<Source>>,
}

/// Files by the paths that psql lines name.
pub type Includes = std::collections::BTreeMap<String, Arc<Source>>;

/// How a migration stands to the others and to what was released.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    pub release: Release,
    /// The version of the last released migration that comes after it.
    pub released_later: Option<String>,
    /// Another migration that the tool cannot tell from it by its version.
    pub twin: Option<PathBuf>,
}

/// Whether a migration was released.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Release {
    /// Nobody asked.
    #[default]
    Unknown,
    New,
    Same,
    /// It has another text now; this is the text that was released.
    Edited(Arc<str>),
}

/// The SQL text of a migration, or a part of it that has its own transaction: a byte range of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub range: Range<usize>,
    pub transaction: TransactionMode,
    /// It runs in the transaction of the script before it, if that one is open.
    pub joined: bool,
    /// It is sent as one simple-protocol message: where no transaction is open, several statements in it are an
    /// implicit one, also behind a COMMIT of its own (`exec_simple_query` in src/backend/tcop/postgres.c begins
    /// an implicit block before each statement). Otherwise the tool sends statement by statement.
    pub message: bool,
    /// What the tool makes of the range, where that is not the file's text letter by letter: delimiters and
    /// comments of its own. As long as the range, so that all offsets stay.
    pub text: Option<Arc<str>>,
}

impl Script {
    pub fn new(range: Range<usize>, transaction: TransactionMode) -> Self {
        Script {
            range,
            message: transaction == TransactionMode::Message,
            transaction,
            joined: false,
            text: None,
        }
    }

    /// The same, sent as one message.
    pub fn as_message(self) -> Self {
        Script {
            message: true,
            ..self
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    Up,
    Down,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Checked,
    History,
}

/// Whether an up migration can be undone, as far as files show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rollback {
    /// A down section or file exists (it may be empty of statements).
    Present,
    /// None here, although another migration of the same chain has one.
    Missing,
    /// None here, and the chain has no down migrations at all (or the tool knows none).
    NotUsed,
}

/// Who opens a transaction around a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TransactionMode {
    /// The migration tool opens one around the whole script.
    File,
    /// The tool opens none: every statement commits by itself unless the script says BEGIN.
    None,
    /// The tool sends the script as one simple-protocol message: several statements are one
    /// implicit transaction, a single one commits by itself.
    #[serde(rename = "statement")]
    Message,
    /// The tool opens a transaction, but commits it before each statement that PostgreSQL refuses
    /// inside a transaction block, runs that one by itself and opens a transaction for the rest. A
    /// script with transaction commands of its own is run as with [`TransactionMode::None`].
    Split,
    /// The tool opens a transaction around the script, unless it holds nothing but statements that the
    /// tool itself knows to be refused in one (Flyway): those run by themselves.
    Detect,
    /// The same with Flyway's `mixed`: one such statement is enough, and all run by themselves.
    DetectAny,
}

/// A path that could not be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    pub path: PathBuf,
    pub message: String,
}
