//! Layouts: how migration tools name, order, split and wrap their files. One file for each tool.

mod atlas;
mod config_files;
mod dbmate;
mod diesel;
mod drizzle;
mod files;
mod flyway;
mod flyway_config;
mod golang_migrate;
mod goose;
mod graphile_migrate;
mod hasura;
mod liquibase;
pub mod markers;
mod own_runners;
mod plain;
mod play;
mod pop;
mod postgres_migrations;
mod prisma;
mod rambler;
mod refinery;
mod sqitch;
mod sql_migrate;
mod sqlx;
mod supabase;
mod temporal;
mod tern;

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::tree::Tree;
use super::{Direction, Script, ToolSettings, TransactionMode, order};
use crate::source::Source;

/// All layouts in the order in which they are tried: those with markers or files that nobody else has
/// before those that go by names. The last one takes everything.
pub const ALL: &[&dyn Layout] = &[
    &dbmate::Dbmate,
    &goose::Goose,
    &sql_migrate::SqlMigrate,
    &play::Play,
    &sqitch::Sqitch,
    &supabase::Supabase,
    &graphile_migrate::GraphileMigrate,
    &tern::Tern,
    &rambler::Rambler,
    &temporal::Temporal,
    &own_runners::FORMANCE,
    &own_runners::PRAIRIELEARN,
    &postgres_migrations::PostgresMigrations,
    &atlas::Atlas,
    &drizzle::Drizzle,
    &refinery::Refinery,
    &flyway::Flyway,
    &liquibase::Liquibase,
    &prisma::Prisma,
    &hasura::Hasura,
    &diesel::Diesel,
    &own_runners::RIVER,
    &own_runners::MORPH,
    &own_runners::GRAPHILE_WORKER,
    &own_runners::CONCOURSE,
    &pop::Pop,
    &sqlx::Sqlx,
    &golang_migrate::GolangMigrate,
    &plain::Plain,
];

/// The name of the layout that takes everything.
pub const PLAIN: &str = "plain";

/// The layout of that name, as `--layout` takes it.
pub fn find(name: &str) -> Option<&'static dyn Layout> {
    ALL.iter().copied().find(|layout| layout.name() == name)
}

/// The names that [`find`] knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|layout| layout.name())
}

/// The layout of a migration directory, from its paths and texts.
pub fn detect(directory: &Directory) -> &'static dyn Layout {
    let found = ALL
        .iter()
        .copied()
        .find(|layout| layout.recognises(directory));
    found.unwrap_or(&plain::Plain)
}

/// A migration tool's file conventions.
pub trait Layout: Sync {
    /// What `--layout` and the reports call it.
    fn name(&self) -> &'static str;

    /// The migration directory that a file belongs to, where the tool's path conventions alone say
    /// so. None leaves the file to the other layouts. Must not depend on anything but the file's
    /// path and the names around it: the answer is asked before a layout is chosen.
    fn place(&self, _file: &Path, _tree: &Tree) -> Option<Place> {
        None
    }

    /// The directories below a migration directory whose files may belong to it; for each file
    /// [`Layout::place`] decides.
    fn subdirectories(&self, _directory: &Path, _tree: &Tree) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Whether the directory's paths and texts are this tool's.
    fn recognises(&self, directory: &Directory) -> bool;

    /// Other tools whose files look the same, where nothing in the directory tells which it is.
    fn may_be(&self, _directory: &Directory) -> Option<&'static str> {
        None
    }

    /// The migrations in the directory's files.
    fn arrange(&self, directory: &Directory) -> Arrangement;

    /// Whether the tool runs the migration of this [`Unit::key`] again when its text changes. It then has
    /// no place among the versions, and no way back.
    fn is_repeatable(&self, _key: &str) -> bool {
        false
    }

    /// The name of a file beside a migration's file, named by its path from the migration directory, that holds the tool's
    /// settings for that migration alone.
    fn settings_file(&self, _relative: &str) -> Option<String> {
        None
    }

    /// What the tool's own configuration files say of all migrations of the directory.
    fn tool_settings(&self, _directory: &Directory) -> ToolSettings {
        ToolSettings::default()
    }

    /// Whether the tool cares that new migrations come after those that it has run.
    fn order_matters(&self) -> bool {
        true
    }

    /// What two migrations of a chain must not share. None where the tool tells migrations apart by their
    /// whole names.
    fn identity(&self, _unit: &Unit) -> Option<String> {
        None
    }

    /// The order in which the tool applies two migrations, by [`Unit::key`].
    fn compare(&self, a: &str, b: &str) -> Ordering {
        order::compare(a, b)
    }
}

/// Where a file belongs.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// To the chain of this migration directory (a canonical path).
    Chain(PathBuf),
    /// To none; the reason is for the user.
    NotAMigration(&'static str),
}

/// The readable files of one migration directory.
pub struct Directory<'a> {
    /// Canonical.
    pub path: &'a Path,
    pub files: Vec<File>,
    /// What lies beside them: a tool's own files.
    pub tree: &'a Tree,
    /// What SQL is run in where no tool is known.
    pub plain_transaction: TransactionMode,
}

impl Directory<'_> {
    /// The text of a file that is no migration, by its path from the migration directory.
    pub fn beside(&self, relative: &str) -> Option<String> {
        self.has(relative)
            .then(|| self.tree.read(&self.path.join(relative)).ok())
            .flatten()
    }

    /// Whether there is a file of that path from the migration directory.
    pub fn has(&self, relative: &str) -> bool {
        let path = self.path.join(relative);
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return false;
        };
        self.tree.list(parent).files.contains(name)
    }
}

/// One file of a migration directory.
pub struct File {
    /// The path from the migration directory, with `/` between its parts.
    pub relative: String,
    pub source: Arc<Source>,
}

/// What a layout makes of a directory.
#[derive(Default)]
pub struct Arrangement {
    pub units: Vec<Unit>,
    /// Files (by index) that the tool does not run, with the reason.
    pub skipped: Vec<(usize, String)>,
    /// Files (by index) that the tool refuses, with the reason. They are still in `units`.
    pub refused: Vec<(usize, String)>,
}

impl Arrangement {
    fn skip(&mut self, file: usize, reason: &str) {
        self.skipped.push((file, reason.to_string()));
    }

    fn refuse(&mut self, file: usize, reason: &str) {
        self.refused.push((file, reason.to_string()));
    }
}

/// One migration in one direction, before its role and its place in the order are known.
#[derive(Debug)]
pub struct Unit {
    /// Index into [`Directory::files`].
    pub file: usize,
    /// What an up and its down migration share, and what gives the order.
    pub key: String,
    pub version: String,
    pub direction: Direction,
    pub scripts: Vec<Script>,
}
