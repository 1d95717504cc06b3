//! What a rule can see.

use std::cell::OnceCell;
use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::Constraint;

use super::parts::{Command, DeclaredColumn};
use crate::catalog::{Catalog, Difference, QualifiedName, RelationKind};
use crate::effects::{Effects, Lock, LockMode, Target, TargetKind, Until, Work};
use crate::project::{Direction, Migration, ToolSettings};
use crate::session::Session;
use crate::sql::Parsed;
use crate::version::PgVersion;

/// One statement as the replay met it. Statements inside DO blocks have a context of their own.
pub struct Context<'a> {
    pub node: &'a NodeEnum,
    /// The statement's own text.
    pub text: &'a str,
    /// In the file.
    pub span: Range<usize>,
    pub effects: &'a Effects,
    pub before: &'a Catalog,
    pub after: &'a Catalog,
    /// The schema when the migration began.
    pub start: &'a Catalog,
    /// The session when the statement starts.
    pub session: &'a Session,
    /// The locks that earlier statements of this transaction hold on existing relations; a lock that
    /// adds nothing to an earlier one is not listed.
    pub held: &'a [Held],
    pub surroundings: &'a Surroundings,
    pub migration: MigrationInfo<'a>,
    pub options: &'a Options,
    /// The rule that is asked has already reported something in this migration.
    pub reported_before: bool,
    pub(in crate::lint) known: Known<'a>,
}

/// What several rules read off a statement: worked out when the first one asks.
#[derive(Default)]
pub(in crate::lint) struct Known<'a> {
    pub(super) difference: OnceCell<Difference<'a>>,
    pub(super) commands: OnceCell<Vec<Command<'a>>>,
    pub(super) columns: OnceCell<Vec<DeclaredColumn<'a>>>,
    pub(super) constraints: OnceCell<Vec<(&'a Constraint, Range<usize>)>>,
}

/// A lock that an earlier statement took and that lasts to the end of the transaction.
#[derive(Debug, Clone)]
pub struct Held {
    pub lock: Lock,
    /// The statement that took it, in the file.
    pub statement: Range<usize>,
    /// That statement wrote rows of the relation, and nothing bounds how many.
    pub wrote_many: bool,
}

/// Where a statement stands, when it is inside a DO block or procedure.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The DO statement around it, in the file.
    pub block: Option<Range<usize>>,
    /// The innermost loop around it, if any.
    pub in_loop: Option<Loop>,
    /// Inside IF, CASE or an exception handler's block: it may not run at all.
    pub conditional: bool,
    /// Inside a function, which cannot end a transaction.
    pub in_function: bool,
}

/// A PL/pgSQL loop.
#[derive(Debug, Clone)]
pub struct Loop {
    pub span: Range<usize>,
    /// A COMMIT stands in its body.
    pub commits: bool,
    /// The body holds an EXIT, RETURN, or the loop has a condition or a range.
    pub ends: bool,
    /// FOR or FOREACH: the number of turns is fixed when the loop begins.
    pub counted: bool,
}

#[derive(Clone, Copy)]
pub struct MigrationInfo<'a> {
    pub migration: &'a Migration,
    /// The layout's name.
    pub layout: &'static str,
    /// What the migration tool's own configuration says.
    pub tool: &'a ToolSettings,
    /// What the up migration creates, when this is its down migration: relations by their names, columns as
    /// the column's name in the "schema" that is the relation's qualified name.
    pub created_by_up: &'a [QualifiedName],
    /// In a down migration: the schema before its up migration, which it is to bring back.
    pub before_up: Option<&'a Catalog>,
    /// The statements of the migration's scripts, one list for each of them.
    pub scripts: &'a [Parsed],
    /// Where the scripts themselves set a lock_timeout, in order.
    pub lock_timeouts: &'a [TimeoutSet],
}

/// `SET lock_timeout = ...` at the top of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeoutSet {
    /// In the file.
    pub span: Range<usize>,
    /// SET LOCAL: until the transaction ends, and without one not at all.
    pub local: bool,
    /// The value is 0: no timeout.
    pub zero: bool,
}

/// One migration as a whole.
pub struct MigrationContext<'a> {
    pub migration: MigrationInfo<'a>,
    pub before: &'a Catalog,
    pub after: &'a Catalog,
    /// For a down migration: the catalog before its up migration, if everything that either does is understood.
    pub before_up: Option<&'a Catalog>,
    pub version: PgVersion,
    pub options: &'a Options,
    /// One entry a top-level statement: its range in the file and its effects (those of DO blocks merged).
    pub statements: &'a [(Range<usize>, Effects)],
    /// The BEGIN (or COMMIT AND CHAIN) of the transaction that is still open when the migration ends.
    pub left_open: Option<Range<usize>>,
}

/// What the configuration says that rules need to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// Blocking shorter than this is humdrum.
    pub blocking_budget: std::time::Duration,
    /// A longer lock_timeout is too long.
    pub lock_timeout_limit: std::time::Duration,
    /// A longer statement_timeout is too long for what others wait for.
    pub statement_timeout_limit: std::time::Duration,
    /// Tables that stay small, as `countries` (of any schema) or `app.countries`: nobody waits for work on them.
    pub small_tables: Vec<String>,
    /// The report shows recipes; if not, those that take long to write are left out.
    pub recipes: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            blocking_budget: std::time::Duration::from_secs(1),
            lock_timeout_limit: std::time::Duration::from_secs(10),
            statement_timeout_limit: std::time::Duration::from_secs(60 * 60),
            small_tables: Vec::new(),
            recipes: true,
        }
    }
}

impl Options {
    /// Whether the configuration says that a relation stays small.
    pub fn is_small(&self, name: &QualifiedName) -> bool {
        self.small_tables
            .iter()
            .any(|small| match small.split_once('.') {
                Some((schema, table)) => schema == name.schema && table == name.name,
                None => *small == name.name,
            })
    }
}

impl MigrationContext<'_> {
    /// The statements' places in the file.
    pub fn spans(&self) -> Vec<Range<usize>> {
        self.statements
            .iter()
            .map(|(span, _)| span.clone())
            .collect()
    }
}

impl Context<'_> {
    pub fn version(&self) -> PgVersion {
        self.session.version
    }

    pub fn is_down(&self) -> bool {
        self.migration.migration.direction == Direction::Down
    }

    /// The strongest lock that is in force on a relation while this statement runs: its own or one
    /// that an earlier statement of the transaction still holds.
    pub fn lock_in_force(&self, name: &QualifiedName) -> Option<LockMode> {
        let own = self.effects.lock_on(name).map(|lock| lock.mode);
        let held = self
            .held
            .iter()
            .filter(|held| held.lock.target.name == *name)
            .map(|held| held.lock.mode)
            .max();
        own.max(held)
    }

    /// Work on relations that other sessions use.
    pub fn work_on_existing(&self) -> impl Iterator<Item = (usize, &Work)> {
        self.effects
            .work
            .iter()
            .enumerate()
            .filter(|(_, work)| !work.target.new)
    }

    /// Whether the migration's transaction (or this statement's own) lasts beyond this statement.
    pub fn in_transaction(&self) -> bool {
        self.session.in_block()
    }

    /// Locks of this statement on existing relations that make reads or writes wait and that are
    /// held to the end of the transaction.
    pub fn blocking_locks(&self) -> impl Iterator<Item = &Lock> {
        self.effects.locks.iter().filter(|lock| {
            !lock.target.new
                && is_blocking(&lock.target, lock.mode)
                && lock.until == Until::Transaction
        })
    }

    /// `public.orders` as a person writes it: without `public`.
    pub fn short(target: &Target) -> String {
        short_name(&target.name)
    }
}

/// Whether sessions at work wait for a lock: reads or writes. A materialized view has no writes.
pub fn is_blocking(target: &Target, mode: LockMode) -> bool {
    if target.kind == TargetKind::Relation(RelationKind::MaterializedView) {
        return mode.blocks_reads();
    }
    mode.blocks_writes()
}

/// A relation's name for a message: the schema `public` is left out.
pub fn short_name(name: &QualifiedName) -> String {
    if name.schema == "public" {
        name.name.clone()
    } else {
        name.to_string()
    }
}
