//! Order, rollbacks and roles of one chain's migrations.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::layouts::{Directory, Layout, Unit, markers};
use super::{Direction, Migration, Role, Rollback};

/// What the caller wants of a chain.
pub struct Wanted<'a> {
    /// For each file of the directory: was it named?
    pub named: &'a [bool],
    pub no_history: bool,
}

/// The migrations of a chain in the tool's order, without what comes after the last checked one.
/// The down migration of the last checked one stays, as history: its rollback can be compared.
pub fn migrations(
    mut units: Vec<Unit>,
    directory: &Directory,
    layout: &dyn Layout,
    wanted: &Wanted,
) -> Vec<Migration> {
    let rank = |unit: &Unit| match unit.direction {
        Direction::Up => 0,
        Direction::Down => 1,
    };
    let relative = |unit: &Unit| directory.files[unit.file].relative.as_str();
    units.sort_by(|a, b| {
        layout
            .compare(&a.key, &b.key)
            .then_with(|| rank(a).cmp(&rank(b)))
            .then_with(|| relative(a).cmp(relative(b)))
    });

    let down_keys: BTreeSet<String> = of_downs(&units).map(|unit| unit.key.clone()).collect();
    let rollbacks_used = of_downs(&units).any(|unit| {
        let text = directory.files[unit.file].source.text();
        let mut ranges = unit.scripts.iter().map(|script| script.range.clone());
        // A down migration without scripts has its SQL where only the tool sees it.
        unit.scripts.is_empty() || ranges.any(|range| markers::has_substance(&text[range]))
    });
    let rollback = |unit: &Unit| match unit.direction {
        Direction::Down => Rollback::NotUsed,
        Direction::Up if down_keys.contains(&unit.key) => Rollback::Present,
        Direction::Up if rollbacks_used && layout.can_have_rollback(&unit.key) => Rollback::Missing,
        Direction::Up => Rollback::NotUsed,
    };

    let last = units.iter().rposition(|unit| wanted.named[unit.file]);
    let end = last.map_or(0, |last| {
        let same = units[last..]
            .iter()
            .take_while(|unit| unit.key == units[last].key);
        last + same.count()
    });
    units.truncate(end);
    if wanted.no_history {
        units.retain(|unit| wanted.named[unit.file]);
    }
    let migration = |unit: Unit| Migration {
        rollback: rollback(&unit),
        role: if wanted.named[unit.file] {
            Role::Checked
        } else {
            Role::History
        },
        source: Arc::clone(&directory.files[unit.file].source),
        version: unit.version,
        direction: unit.direction,
        scripts: unit.scripts,
    };
    units.into_iter().map(migration).collect()
}

fn of_downs(units: &[Unit]) -> impl Iterator<Item = &Unit> {
    units
        .iter()
        .filter(|unit| unit.direction == Direction::Down)
}
