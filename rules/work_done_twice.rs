//! Two statements of one migration that each rewrite or read the same table, or an index that is built and then
//! built again by a rewrite.

use std::ops::Range;

use crate::catalog::QualifiedName;
use crate::effects::{ConstraintNoun, Effects, LockMode, Reason, Work, WorkKind};
use crate::lint::{Check, Finding, MigrationContext, Report, short_name};

pub const CHECK: Check = Check::Migration(check);

type Statement = (Range<usize>, Effects);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let mut spoken: Vec<&QualifiedName> = Vec::new();
    for (at, later) in cx.statements.iter().enumerate() {
        for table in tables(&later.1) {
            if spoken.contains(&table) {
                continue;
            }
            let twice = cx.statements[..at]
                .iter()
                .rev()
                .find_map(|earlier| Some((earlier, both(&earlier.1, &later.1, table)?)));
            if let Some((earlier, twice)) = twice {
                spoken.push(table);
                report.push(finding(table, earlier, later, &twice));
            }
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
    let mut tables = Vec::new();
    for work in effects.work.iter().filter(|work| !work.target.new) {
        if !tables.contains(&&work.target.name) {
            tables.push(&work.target.name);
        }
    }
    tables
}

fn both(earlier: &Effects, later: &Effects, table: &QualifiedName) -> Option<Twice> {
    let rewritten =
        |effects: &Effects| on(effects, table).any(|work| work.kind == WorkKind::Rewrite);
    if rewritten(later) {
        let built = on(earlier, table).find(|work| {
            work.kind == WorkKind::IndexBuild && matches!(work.reason, Reason::CreateIndex { .. })
        });
        if let Some(index) = built.and_then(|work| work.index.clone()) {
            return Some(Twice::Built(index));
        }
    }
    let alters = |effects: &Effects| effects.kind == "alter table";
    if !alters(earlier) || !alters(later) {
        return None;
    }
    if rewritten(earlier) && rewritten(later) {
        return Some(Twice::Rewritten);
    }
    let read = |effects: &Effects| on(effects, table).any(is_checked);
    (read(earlier) && read(later)).then_some(Twice::Read)
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
