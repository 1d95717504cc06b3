//! The migrations of one directory, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Watcher;
use super::batch::{Scripts, in_batches, internal_error, parse};
use super::run::{End, Run, Setup};
use crate::catalog::{Catalog, QualifiedName, TransactionId};
use crate::lint::config::LintConfig;
use crate::lint::context::MigrationInfo;
use crate::project::{
    Chain, Direction, Includes, Migration, Problem, Release, Role, Rollback, Script, Standing,
    TransactionMode,
};
use crate::session::{Session, Settings, TimeoutOrigin, searched};
use crate::source::Source;

/// Layouts whose scripts each get a connection of their own, or none known, or whose tool resets the settings
/// after each (tern): no setting reaches the next migration.
const OWN_CONNECTIONS: [&str; 9] = [
    "plain",
    "sqitch",
    "tern",
    // They take whatever connection the pool hands out.
    "concourse",
    "formance",
    "prairielearn",
    "rambler",
    "river",
    "temporal",
];

/// Layouts whose order does not come from numbers in the names: a plan lists the migrations, or what has no
/// version comes last.
const PLANNED: [&str; 5] = [
    "drizzle",
    "flyway",
    "graphile-migrate",
    "liquibase",
    "sqitch",
];

/// Layouts of platforms that bring schemas of their own: an unknown name is no error there.
const FILLED_DATABASES: [&str; 1] = ["supabase"];

/// Replays a chain. The watcher sees the migrations under check; what comes back is what went wrong.
///
/// - A down migration is replayed on a fork of the catalog, right after its up migration.
/// - Each migration starts with the settings of a fresh connection. Only a `statement_timeout` or
///   `transaction_timeout` that an earlier migration left behind stays where the tool uses one
///   connection: it may kill a long statement of a later migration. A `lock_timeout` that leaked
///   protects nothing, for the next migration may well be applied on another day, and a leaked
///   `search_path` breaks the next deployment, so nobody's migrations work with one.
/// - What the tool's own configuration says counts from the start: its `search_path`, the schemas that it creates, values
///   for placeholders.
/// - The catalog is complete, and an unknown name an error, from the second migration on, if all
///   before it was understood and named nothing unknown. This does not depend on which migrations
///   are under check, so that the run over a directory and the one over a file agree.
pub fn replay(
    chain: &Chain,
    config: &LintConfig,
    watcher: &mut (dyn Watcher + Send),
) -> Vec<Problem> {
    let with_tools;
    let config = match chain.tool.placeholders.is_empty() {
        true => config,
        false => {
            // What the user says outweighs what the tool's files say.
            let mut placeholders = chain.tool.placeholders.clone();
            placeholders.extend(config.placeholders.clone());
            with_tools = LintConfig {
                placeholders,
                ..config.clone()
            };
            &with_tools
        }
    };
    let mut replay = Replay {
        chain,
        config,
        watcher,
        catalog: with_schemas(Catalog::new(), chain),
        before_up: with_schemas(Catalog::new(), chain),
        understood_up: false,
        transaction: TransactionId(0),
        migration: 0,
        release: None,
        left_behind: config.runner.settings(),
        ups: 0,
        may_be_complete: may_be_complete(chain, config),
        understood: true,
        problems: Vec::new(),
    };
    if let Some(schema) = &config.schema {
        replay.start_from(schema);
    }
    let wanted: Vec<&Migration> = chain
        .migrations
        .iter()
        .filter(|migration| replay.needs(migration))
        .collect();
    in_batches(&wanted, &config.placeholders, |migration, scripts| {
        replay.migration(migration, scripts);
    });
    replay.problems
}

struct Replay<'a> {
    chain: &'a Chain,
    config: &'a LintConfig,
    watcher: &'a mut (dyn Watcher + Send),
    catalog: Catalog,
    /// The catalog before the latest up migration.
    before_up: Catalog,
    /// The latest up migration was understood.
    understood_up: bool,
    /// Counts on over all migrations.
    transaction: TransactionId,
    migration: u32,
    /// The number that migrations of one release share.
    release: Option<u32>,
    /// The settings at the end of the latest up migration.
    left_behind: Settings,
    ups: usize,
    /// The chain can be the whole story of its database.
    may_be_complete: bool,
    /// So far, every statement was understood and every name known.
    understood: bool,
    problems: Vec<Problem>,
}

impl<'a> Replay<'a> {
    /// The down migrations of the history never ran, and a dump stands for all of the history.
    fn needs(&self, migration: &Migration) -> bool {
        match migration.role {
            Role::Checked => true,
            Role::History => migration.direction == Direction::Up && self.config.schema.is_none(),
        }
    }

    fn migration(&mut self, migration: &'a Migration, scripts: &Scripts) {
        let scripts = match scripts {
            Ok(scripts) => scripts,
            Err(problem) => {
                self.lose_track();
                self.problems.push(problem.clone());
                return;
            }
        };
        let replayed = catch_unwind(AssertUnwindSafe(|| match migration.direction {
            Direction::Up => self.up(migration, scripts),
            Direction::Down => self.down(migration, scripts),
        }));
        if let Err(panic) = replayed {
            self.lose_track();
            self.problems
                .push(internal_error(migration.source.path(), &*panic));
            if migration.role == Role::Checked {
                self.watcher.broken(migration);
            }
        }
    }

    fn up(&mut self, migration: &'a Migration, scripts: &[crate::sql::Parsed]) {
        let first = self.ups == 0 && self.config.schema.is_none();
        let before = self.catalog_before();
        let number = self.number(migration);
        let session = self.session(number);
        let timeouts = super::timeouts::set(scripts);
        let mut run = Run::new(Setup {
            info: MigrationInfo {
                migration,
                layout: self.chain.layout,
                tool: &self.chain.tool,
                created_by_up: &[],
                lock_timeouts: &timeouts,
                scripts,
                before_up: None,
            },
            config: self.config,
            session: session.clone(),
            catalog: before.clone(),
            watcher: watching(migration, self.watcher),
        });
        run.scripts(scripts);
        let mut end = run.finish(&before, None);
        if end.failed {
            // Those after it are judged as if it were history, which has run, so that they have the same findings
            // with it and without it.
            end = self.as_history(migration, scripts, session.clone(), &before);
        }
        let understood = end.understood;
        if first {
            let at_birth = self.on_an_empty_database(migration, scripts, session);
            end.understood = at_birth.is_some();
            if let Some(catalog) = at_birth {
                end.catalog = catalog;
            }
        } else {
            end.understood &= end.catalog.complete || !before.complete;
        }
        self.before_up = before;
        self.understood_up = understood;
        self.ups += 1;
        self.understood &= end.understood;
        self.transaction = end.session.transaction_id;
        self.left_behind = end.session.settings;
        self.catalog = end.catalog;
    }

    /// The migration once more, without a word.
    fn as_history(
        &self,
        migration: &'a Migration,
        scripts: &[crate::sql::Parsed],
        session: Session,
        before: &Catalog,
    ) -> End {
        let mut run = Run::new(Setup {
            info: MigrationInfo {
                migration,
                layout: self.chain.layout,
                tool: &self.chain.tool,
                created_by_up: &[],
                lock_timeouts: &[],
                scripts,
                before_up: None,
            },
            config: self.config,
            session,
            catalog: before.clone(),
            watcher: None,
        });
        run.scripts(scripts);
        run.finish(before, None)
    }

    /// The first migration once more, on a database that is known to be empty: what IF NOT EXISTS
    /// creates is then created here. None when the database was evidently not empty, or when
    /// something was not understood.
    fn on_an_empty_database(
        &self,
        migration: &'a Migration,
        scripts: &[crate::sql::Parsed],
        session: Session,
    ) -> Option<Catalog> {
        if !self.may_be_complete {
            return None;
        }
        let mut empty = with_schemas(Catalog::new(), self.chain);
        empty.complete = true;
        let end = self.as_history(migration, scripts, session, &empty);
        (end.understood && end.catalog.complete).then_some(end.catalog)
    }

    fn down(&mut self, migration: &'a Migration, scripts: &[crate::sql::Parsed]) {
        let before = self.catalog_before();
        let created_by_up = created(&self.before_up, &before);
        let number = self.next_migration();
        let session = self.fresh_session(number);
        let timeouts = super::timeouts::set(scripts);
        let before_up = self.before_up.clone();
        let mut run = Run::new(Setup {
            info: MigrationInfo {
                migration,
                layout: self.chain.layout,
                tool: &self.chain.tool,
                created_by_up: &created_by_up,
                lock_timeouts: &timeouts,
                scripts,
                before_up: Some(&before_up),
            },
            config: self.config,
            session,
            catalog: before.clone(),
            watcher: watching(migration, self.watcher),
        });
        run.scripts(scripts);
        let before_up = self.understood_up.then_some(&self.before_up);
        run.finish(&before, before_up);
    }

    fn start_from(&mut self, schema: &Arc<Source>) {
        let migration = Migration {
            version: String::new(),
            direction: Direction::Up,
            source: Arc::clone(schema),
            scripts: vec![Script::new(0..schema.text().len(), TransactionMode::None)],
            role: Role::History,
            rollback: Rollback::NotUsed,
            standing: Standing::default(),
            includes: Includes::new(),
            settings: None,
        };
        let scripts = match parse(&migration, &self.config.placeholders) {
            Ok(scripts) => scripts,
            Err(problem) => {
                self.problems.push(problem);
                self.understood = false;
                return;
            }
        };
        let number = self.next_migration();
        let mut empty = Catalog::new();
        empty.complete = true;
        let session = self.fresh_session(number);
        let replayed = catch_unwind(AssertUnwindSafe(|| {
            let mut run = Run::new(Setup {
                info: MigrationInfo {
                    migration: &migration,
                    layout: self.chain.layout,
                    tool: &self.chain.tool,
                    created_by_up: &[],
                    lock_timeouts: &[],
                    scripts: &scripts,
                    before_up: None,
                },
                config: self.config,
                session,
                catalog: empty.clone(),
                watcher: None,
            });
            run.scripts(&scripts);
            run.finish(&empty, None)
        }));
        match replayed {
            Ok(end) => {
                self.understood = end.understood && end.catalog.complete;
                self.transaction = end.session.transaction_id;
                self.catalog = end.catalog;
            }
            Err(panic) => {
                self.understood = false;
                self.problems
                    .push(internal_error(migration.source.path(), &*panic));
            }
        }
    }

    fn catalog_before(&self) -> Catalog {
        let mut catalog = self.catalog.clone();
        let known = self.config.schema.is_some() || self.ups > 0 && self.may_be_complete;
        catalog.complete = known && self.understood;
        catalog
    }

    fn lose_track(&mut self) {
        self.understood = false;
        self.catalog.lose_track();
    }

    fn next_migration(&mut self) -> u32 {
        self.migration += 1;
        self.migration
    }

    fn number(&mut self, migration: &Migration) -> u32 {
        let released = matches!(migration.standing.release, Release::Edited(_));
        if !self.config.one_release || migration.role == Role::History || released {
            return self.next_migration();
        }
        if let Some(shared) = self.release {
            return shared;
        }
        let shared = self.next_migration();
        self.release = Some(shared);
        shared
    }

    fn fresh_session(&self, migration: u32) -> Session {
        let mut settings = self.config.runner.settings();
        let tool = &self.chain.tool;
        if !tool.search_path.is_empty() {
            let mut path = tool.search_path.clone();
            if tool.before_default {
                path.append(&mut settings.search_path);
            }
            settings.search_path = searched(path);
        }
        let mut session = Session::new(self.config.version, settings);
        session.transaction_id = self.transaction;
        session.migration = migration;
        session
    }

    fn session(&self, migration: u32) -> Session {
        let mut session = self.fresh_session(migration);
        if OWN_CONNECTIONS.contains(&self.chain.layout) {
            return session;
        }
        for (leaked, timeout) in [
            (
                self.left_behind.statement_timeout,
                &mut session.settings.statement_timeout,
            ),
            (
                self.left_behind.transaction_timeout,
                &mut session.settings.transaction_timeout,
            ),
        ] {
            if leaked.origin == TimeoutOrigin::Session && leaked.value.is_some() {
                *timeout = leaked;
            }
        }
        session
    }
}

/// With the schemas that the tool creates before it runs the first migration.
fn with_schemas(mut catalog: Catalog, chain: &Chain) -> Catalog {
    for schema in &chain.tool.creates {
        catalog.add_schema(schema);
    }
    catalog
}

/// Whether the chain can be the whole story of its database, in an order that is known.
fn may_be_complete(chain: &Chain, config: &LintConfig) -> bool {
    !config.partial_history
        && !FILLED_DATABASES.contains(&chain.layout)
        && (PLANNED.contains(&chain.layout) || numbered(chain))
}

fn numbered(chain: &Chain) -> bool {
    chain.migrations.iter().all(|migration| {
        migration
            .version
            .trim_start_matches(['V', 'v'])
            .starts_with(|first: char| first.is_ascii_digit())
    })
}

fn watching<'w>(
    migration: &Migration,
    watcher: &'w mut (dyn Watcher + Send),
) -> Option<&'w mut (dyn Watcher + Send)> {
    (migration.role == Role::Checked).then_some(watcher)
}

/// The relations that are new, and the columns that are: `public.orders` and `"public.orders".total`.
fn created(before: &Catalog, after: &Catalog) -> Vec<QualifiedName> {
    let difference = before.difference(after);
    let changed = difference.changed_relations.iter().map(|(_, new)| *new);
    let added = difference.added_relations.iter().copied();
    let mut created = Vec::new();
    for relation in changed.chain(added) {
        let Some(earlier) = before.relation_named(&relation.name) else {
            created.push(relation.name.clone());
            continue;
        };
        let added = relation
            .columns
            .iter()
            .filter(|column| earlier.column(&column.name).is_none());
        let table = relation.name.to_string();
        created.extend(added.map(|column| QualifiedName::new(table.clone(), &column.name)));
    }
    created
}
