//! Two statements of one migration that each rewrite or read the same table, or an index that is built and then
//! built again by a rewrite.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::catalog::QualifiedName;
use crate::effects::{ConstraintNoun, Effects, LockMode, Reason, Work, WorkKind};
use crate::lint::{Check, Finding, MigrationContext, Report, short_name};

pub const CHECK: Check = Check::Migration(check);

type Statement = (Range<usize>, Effects);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let mut spoken: BTreeSet<&QualifiedName> = BTreeSet::new();
    let mut done: BTreeMap<&QualifiedName, Latest> = BTreeMap::new();
    for (at, later) in cx.statements.iter().enumerate() {
        for table in tables(&later.1) {
            let latest = done.entry(table).or_default();
            let earlier = latest.before(&later.1, table);
            latest.note(at, &later.1, table);
            let Some(earlier) = earlier.map(|at| &cx.statements[at]) else {
                continue;
            };
            if let Some(twice) = both(&earlier.1, &later.1, table)
                && spoken.insert(table)
            {
                report.push(finding(table, earlier, later, &twice));
            }
        }
    }
}

/// The latest statements that did something to a table which another one may do again.
#[derive(Default)]
struct Latest {
    built: Option<usize>,
    rewritten: Option<usize>,
    read: Option<usize>,
}

impl Latest {
    /// The one that this statement does the work of again, if any.
    fn before(&self, later: &Effects, table: &QualifiedName) -> Option<usize> {
        let rewrites = is_rewritten(later, table);
        let built = self.built.filter(|_| rewrites);
        let rewritten = self.rewritten.filter(|_| alters(later) && rewrites);
        let read = self.read.filter(|_| alters(later) && is_read(later, table));
        built.max(rewritten).max(read)
    }

    fn note(&mut self, at: usize, effects: &Effects, table: &QualifiedName) {
        if built_index(effects, table).is_some() {
            self.built = Some(at);
        }
        if alters(effects) && is_rewritten(effects, table) {
            self.rewritten = Some(at);
        }
        if alters(effects) && is_read(effects, table) {
            self.read = Some(at);
        }
    }
}

enum Twice {
    Rewritten,
    Read,
    Built(String),
}

fn finding(
    table: &QualifiedName,
    earlier: &Statement,
    later: &Statement,
    twice: &Twice,
) -> Finding {
    let name = short_name(table);
    let (message, first, second, help) = match twice {
        Twice::Rewritten => (
            format!("{name} is locked and copied twice, where once would do"),
            "copies the table".to_owned(),
            "copies it again",
            "put both changes into one ALTER TABLE: the table is copied once",
        ),
        Twice::Read => (
            format!("{name} is locked and read twice, where once would do"),
            "reads the table".to_owned(),
            "reads it again",
            "put both changes into one ALTER TABLE: one pass checks everything",
        ),
        Twice::Built(index) => (
            format!("index {index} is built, and then built again when {name} is rewritten"),
            format!("builds {index}"),
            "rewrites the table and builds all its indexes again",
            "build the index after the rewrite",
        ),
    };
    Finding::new(later.0.clone(), second, message)
        .also(earlier.0.clone(), first)
        .help(help)
        .about(table)
}

/// The existing tables that a statement works on, each once.
fn tables(effects: &Effects) -> Vec<&QualifiedName> {
    let mut seen = BTreeSet::new();
    let names = effects
        .work
        .iter()
        .filter(|work| !work.target.new)
        .map(|work| &work.target.name);
    names.filter(|name| seen.insert(*name)).collect()
}

fn both(earlier: &Effects, later: &Effects, table: &QualifiedName) -> Option<Twice> {
    if is_rewritten(later, table)
        && let Some(index) = built_index(earlier, table)
    {
        return Some(Twice::Built(index.to_owned()));
    }
    if !alters(earlier) || !alters(later) {
        return None;
    }
    if is_rewritten(earlier, table) && is_rewritten(later, table) {
        return Some(Twice::Rewritten);
    }
    (is_read(earlier, table) && is_read(later, table)).then_some(Twice::Read)
}

fn alters(effects: &Effects) -> bool {
    effects.kind == "alter table"
}

fn is_rewritten(effects: &Effects, table: &QualifiedName) -> bool {
    on(effects, table).any(|work| work.kind == WorkKind::Rewrite)
}

fn is_read(effects: &Effects, table: &QualifiedName) -> bool {
    on(effects, table).any(is_checked)
}

fn built_index<'e>(effects: &'e Effects, table: &QualifiedName) -> Option<&'e str> {
    let built = on(effects, table).find(|work| {
        work.kind == WorkKind::IndexBuild && matches!(work.reason, Reason::CreateIndex { .. })
    });
    built.and_then(|work| work.index.as_deref())
}

fn on<'e>(effects: &'e Effects, table: &QualifiedName) -> impl Iterator<Item = &'e Work> {
    effects
        .work
        .iter()
        .filter(move |work| !work.target.new && work.target.name == *table)
}

/// A pass over all rows under a lock, which one ALTER TABLE would make once for everything it has to check.
fn is_checked(work: &Work) -> bool {
    work.kind == WorkKind::Scan
        && work.under.is_some_and(LockMode::blocks_writes)
        && matches!(
            work.reason,
            Reason::SetNotNull { .. }
                | Reason::AddColumnNotNull { .. }
                | Reason::TypeChange { .. }
                | Reason::AddConstraint {
                    constraint: ConstraintNoun::Check | ConstraintNoun::NotNull,
                    ..
                }
        )
}
