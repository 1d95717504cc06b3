//! Compares what the model says of a case with what a server did.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use humdrum::catalog::QualifiedName;
use humdrum::effects::{LockMode, TargetKind, WorkKind};
use humdrum::lint::{LintConfig, PlannedStatement};
use humdrum::project::{
    Chain, Direction, Includes, Migration, Project, Role, Rollback, Script, Standing,
    TransactionMode,
};
use humdrum::source::Source;
use humdrum::version::PgVersion;

use crate::cases::{Case, Mode, Observed};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    Locks,
    Work,
    Errors,
}

#[derive(Debug, Default)]
pub struct Verdict {
    /// Each a sentence; empty when model and server agree.
    pub disagreements: Vec<String>,
    pub wrong: BTreeSet<Aspect>,
    /// The model misses a lock, work or an error that the server showed.
    pub unsafe_called_safe: bool,
}

/// The effects of all statements of the case together, in the oracle's terms.
#[derive(Debug, Default, Clone)]
struct Modelled {
    error: Option<String>,
    locks: BTreeMap<String, LockMode>,
    index_locks: BTreeMap<String, LockMode>,
    storage: BTreeSet<String>,
    scans: BTreeSet<String>,
    /// Relations that a foreign key is validated against or for: how they are read is the planner's choice.
    validated: BTreeSet<String>,
    index_builds: BTreeSet<String>,
    forbidden: bool,
}

pub fn judge(case: &Case, observed: &Observed, version: PgVersion) -> Verdict {
    let model = model(case, version);
    let mut verdict = Verdict::default();
    if let Some(sqlstate) = &observed.error {
        // Class 23: the rows decide.
        if !sqlstate.starts_with("23") && model.error.as_ref() != Some(sqlstate) {
            verdict.wrong(
                Aspect::Errors,
                format!("error {sqlstate}, the model says {:?}", model.error),
            );
        }
        return verdict;
    }
    if let Some(error) = &model.error {
        verdict.wrong(Aspect::Errors, format!("no error, the model says {error}"));
        return verdict;
    }
    let sampled = case.mode == Mode::NoTx;
    verdict.locks(
        "lock",
        observed.locks.as_ref().unwrap_or(&BTreeMap::new()),
        &model.locks,
        sampled,
    );
    verdict.locks(
        "index lock",
        &observed.index_locks,
        &model.index_locks,
        sampled,
    );
    verdict.sets("new storage", &observed.new_storage, &model.storage, |_| {
        false
    });
    verdict.sets(
        "index build",
        &observed.index_builds,
        &model.index_builds,
        |_| false,
    );
    let filled = filled(&case.setup);
    // A relation that is gone cannot be asked any more.
    verdict.sets("scan", &observed.scans, &model.scans, |name| {
        !filled.contains(name)
            || model.validated.contains(name)
            || observed.dropped.iter().any(|gone| gone == name)
    });
    if sampled && observed.no_transaction != model.forbidden {
        verdict.wrong(
            Aspect::Errors,
            format!(
                "25001 in a block: {}, the model says {}",
                observed.no_transaction, model.forbidden
            ),
        );
    }
    verdict
}

impl Verdict {
    fn wrong(&mut self, aspect: Aspect, sentence: String) {
        self.wrong.insert(aspect);
        self.disagreements.push(sentence);
    }

    fn locks(
        &mut self,
        what: &str,
        observed: &BTreeMap<String, String>,
        model: &BTreeMap<String, LockMode>,
        sampled: bool,
    ) {
        for (name, mode) in observed {
            let seen = LockMode::ALL.into_iter().find(|known| known.name() == mode);
            let said = model.get(name).copied();
            if said < seen {
                self.unsafe_called_safe |= seen.is_some_and(|seen| seen.blocks_writes());
            }
            if said < seen || said != seen && !sampled {
                let said = said.map_or("none", LockMode::name);
                self.wrong(
                    Aspect::Locks,
                    format!("{what} {name} {mode}, the model says {said}"),
                );
            }
        }
        if sampled {
            return;
        }
        for (name, mode) in model {
            if !observed.contains_key(name) {
                self.wrong(
                    Aspect::Locks,
                    format!("no {what} on {name}, the model says {}", mode.name()),
                );
            }
        }
    }

    fn sets(
        &mut self,
        what: &str,
        observed: &[String],
        model: &BTreeSet<String>,
        unjudged: impl Fn(&str) -> bool,
    ) {
        let observed: BTreeSet<String> = observed
            .iter()
            .map(|name| name.trim_end_matches(" (sequence)").to_owned())
            .collect();
        for name in observed.difference(model) {
            if unjudged(name) {
                continue;
            }
            self.unsafe_called_safe = true;
            self.wrong(
                Aspect::Work,
                format!("{what} of {name}, the model says none"),
            );
        }
        for name in model.difference(&observed) {
            if !unjudged(name) {
                self.wrong(
                    Aspect::Work,
                    format!("no {what} of {name}, the model says one"),
                );
            }
        }
    }
}

/// The set-up as history, the case as the migration under check.
fn model(case: &Case, version: PgVersion) -> Modelled {
    let transaction = match case.mode {
        Mode::Tx => TransactionMode::File,
        Mode::NoTx => TransactionMode::None,
    };
    let project = Project {
        chains: vec![Chain {
            tool: Default::default(),
            directory: PathBuf::from("oracle"),
            layout: "plain",
            migrations: vec![
                migration(
                    "001_setup.sql",
                    &case.setup,
                    Role::History,
                    TransactionMode::None,
                ),
                migration("002_case.sql", &case.sql, Role::Checked, transaction),
            ],
        }],
        ..Project::default()
    };
    let config = LintConfig {
        version,
        ..LintConfig::default()
    };
    let plan = humdrum::lint::plan(&project, &config);
    assert!(plan.problems.is_empty(), "{}: {:?}", case.id, plan.problems);
    let mut model = Modelled::default();
    let mut savepoints: Vec<(String, Modelled)> = Vec::new();
    // The servers' answers have the names from before the case.
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    for statement in plan
        .migrations
        .iter()
        .flat_map(|migration| &migration.statements)
    {
        let words: Vec<&str> = statement.sql.split_whitespace().collect();
        match words.as_slice() {
            ["SAVEPOINT", name] => {
                model.add(statement, &renamed);
                savepoints.push(((*name).to_owned(), model.clone()));
            }
            // What was locked since is given back; what was read and built stays done.
            ["ROLLBACK", "TO", name] => {
                let back = savepoints.iter().rev().find(|(known, _)| known == name);
                if let Some((_, then)) = back {
                    model = Modelled {
                        locks: then.locks.clone(),
                        index_locks: then.index_locks.clone(),
                        storage: then.storage.clone(),
                        ..model
                    };
                }
            }
            _ => model.add(statement, &renamed),
        }
        if let ["ALTER", _, old, "RENAME", "TO", new] = words.as_slice() {
            let first = renamed.remove(*old).unwrap_or_else(|| (*old).to_owned());
            renamed.insert((*new).to_owned(), first);
        }
    }
    model
}

fn migration(path: &str, text: &str, role: Role, transaction: TransactionMode) -> Migration {
    Migration {
        version: path[..3].to_owned(),
        direction: Direction::Up,
        source: Arc::new(Source::new(path, text)),
        scripts: vec![Script::new(0..text.len(), transaction)],
        role,
        rollback: Rollback::NotUsed,
        standing: Standing::default(),
        includes: Includes::new(),
        settings: None,
    }
}

impl Modelled {
    fn add(&mut self, statement: &PlannedStatement, renamed: &BTreeMap<String, String>) {
        let effects = &statement.effects;
        let name = |name: &QualifiedName| {
            let now = humdrum::lint::short_name(name);
            renamed.get(&now).cloned().unwrap_or(now)
        };
        if self.error.is_none() {
            self.error = effects
                .error
                .as_ref()
                .map(|error| error.sqlstate.to_owned());
        }
        self.forbidden |= effects.forbidden_in_transaction.is_some();
        for lock in &effects.locks {
            if lock.target.new {
                continue;
            }
            let locks = match lock.target.kind {
                TargetKind::Index => &mut self.index_locks,
                TargetKind::Relation(humdrum::catalog::RelationKind::CompositeType) => continue,
                TargetKind::Relation(_) => &mut self.locks,
            };
            let held = locks.entry(name(&lock.target.name)).or_insert(lock.mode);
            *held = (*held).max(lock.mode);
        }
        for work in &effects.work {
            let relation = name(&work.target.name);
            match work.kind {
                WorkKind::IndexBuild => {
                    self.index_builds.extend(work.index.clone());
                }
                WorkKind::Scan if !work.target.new => {
                    self.scans.insert(relation);
                }
                WorkKind::ForeignKeyValidation => {
                    self.validated.insert(relation);
                }
                WorkKind::Scan | WorkKind::Rewrite | WorkKind::RowsWritten => {}
            }
        }
        if effects
            .work
            .iter()
            .any(|work| work.kind == WorkKind::ForeignKeyValidation)
        {
            // Both sides are read as the planner likes.
            self.validated
                .extend(effects.work.iter().map(|work| name(&work.target.name)));
        }
        for storage in effects.storage.iter().filter(|storage| !storage.new) {
            self.storage.insert(name(&storage.name));
        }
    }
}

/// The relations into which the set-up puts enough rows for a scan of them to be seen: those that an INSERT
/// with generate_series names, and their partitions, which the set-ups name with the table's name in front.
fn filled(setup: &str) -> BTreeSet<String> {
    let mut filled = BTreeSet::new();
    for statement in setup.split(';') {
        let statement = statement.trim();
        if let Some(rest) = statement.strip_prefix("INSERT INTO ")
            && rest.contains("generate_series")
        {
            filled.extend(words(rest).next().map(str::to_owned));
        }
        if let Some(table) = statement.strip_prefix("TRUNCATE ") {
            filled.remove(table);
        }
        if let Some(rest) = statement.strip_prefix("CREATE MATERIALIZED VIEW ")
            && !rest.contains("NO DATA")
            && words(rest).any(|word| word == "generate_series" || filled.contains(word))
        {
            filled.extend(words(rest).next().map(str::to_owned));
        }
    }
    // In the order of the set-up, so partitions of partitions follow.
    for rest in setup.split("CREATE TABLE ").skip(1) {
        let mut words = rest.split_whitespace();
        if let (Some(child), Some("PARTITION"), Some("OF"), Some(parent)) =
            (words.next(), words.next(), words.next(), words.next())
            && filled.contains(parent)
        {
            filled.insert(child.to_owned());
        }
    }
    filled
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .filter(|word| !word.is_empty())
}
