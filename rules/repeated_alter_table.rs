//! Several ALTER TABLE of one table that could be one.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::catalog::QualifiedName;
use crate::effects::{Effects, Reason};
use crate::fix::alter_table::join;
use crate::lint::{Check, Finding, MigrationContext, Report, short_name};

pub const CHECK: Check = Check::Migration(check);

fn check(cx: &MigrationContext<'_>, report: &mut Report<'_>) {
    let mut first: BTreeMap<&QualifiedName, Range<usize>> = BTreeMap::new();
    let mut spoken: Vec<&QualifiedName> = Vec::new();
    for (span, effects) in cx.statements {
        let Some(table) = altered(effects) else {
            continue;
        };
        if stands_alone(
            effects,
            cx.migration.migration.source.text().get(span.clone()),
        ) {
            first.remove(table);
            continue;
        }
        let Some(earlier) = first.get(table).cloned() else {
            first.insert(table, span.clone());
            continue;
        };
        if spoken.contains(&table) {
            continue;
        }
        spoken.push(table);
        let name = short_name(table);
        let finding = Finding::new(
            span.clone(),
            "locks it again",
            format!("{name} is locked more than once: each ALTER TABLE waits in the queue again"),
        )
        .also(earlier.clone(), format!("locks {name}"))
        .help("put the changes into one ALTER TABLE, separated by commas")
        .about(table)
        .fix(join(cx, &earlier, span));
        report.push(finding);
    }
}

/// The existing table that an ALTER TABLE is about.
fn altered(effects: &Effects) -> Option<&QualifiedName> {
    let lock = effects.locks.first()?;
    let alters = effects.kind == "alter table" && effects.error.is_none() && !lock.target.new;
    alters.then_some(&lock.target.name)
}

/// What cannot be a part of a larger ALTER TABLE, or should not be: renames, partitions, and the two steps of a
/// constraint.
fn stands_alone(effects: &Effects, text: Option<&str>) -> bool {
    let validates = effects
        .work
        .iter()
        .any(|work| matches!(work.reason, Reason::ValidateConstraint { .. }));
    let text = text.unwrap_or_default().to_ascii_lowercase();
    let words = [
        "rename",
        "partition",
        "not valid",
        "set schema",
        "set not null",
    ];
    validates || words.iter().any(|word| text.contains(word))
}
