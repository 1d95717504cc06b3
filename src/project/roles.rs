//! Order, rollbacks, roles and standing of one chain's migrations.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::layouts::{Directory, Layout, Unit, markers};
use super::released::{Known, Match};
use super::{Direction, Includes, Migration, Release, Role, Rollback, Standing};

/// What the caller wants of a chain.
pub struct Wanted<'a> {
    /// For each file of the directory: was it named?
    pub named: &'a [bool],
    pub no_history: bool,
    /// What was released of the chain, if anybody asked.
    pub released: Option<&'a Known>,
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

    let rollbacks = rollbacks(&units, directory, layout);
    let context = Context {
        units: &units,
        directory,
        layout,
        released: wanted.released,
    };
    let mut standings = context.standings();
    let checked: Vec<bool> = units
        .iter()
        .zip(&standings)
        .map(|(unit, standing)| wanted.named[unit.file] && standing.release != Release::Same)
        .collect();

    let last = checked.iter().rposition(|&checked| checked);
    let end = last.map_or(0, |last| {
        let same = units[last..]
            .iter()
            .take_while(|unit| unit.key == units[last].key);
        last + same.count()
    });
    units.truncate(end);
    standings.truncate(end);
    let migration =
        |(((unit, standing), checked), rollback): (((Unit, Standing), bool), Rollback)| Migration {
            rollback,
            role: if checked {
                Role::Checked
            } else {
                Role::History
            },
            source: Arc::clone(&directory.files[unit.file].source),
            version: unit.version,
            direction: unit.direction,
            scripts: unit.scripts,
            standing,
            includes: Includes::new(),
            settings: None,
        };
    units
        .into_iter()
        .zip(standings)
        .zip(checked)
        .zip(rollbacks)
        .filter(|(((unit, _), _), _)| !wanted.no_history || wanted.named[unit.file])
        .map(migration)
        .collect()
}

/// Which unit has a rollback, and which one lacks the rollback that its neighbours have.
fn rollbacks(units: &[Unit], directory: &Directory, layout: &dyn Layout) -> Vec<Rollback> {
    let with: BTreeSet<&str> = of_downs(units).map(|unit| unit.key.as_str()).collect();
    let used = of_downs(units).any(|unit| {
        let text = directory.files[unit.file].source.text();
        let mut ranges = unit.scripts.iter().map(|script| script.range.clone());
        // A down migration without scripts has its SQL where only the tool sees it.
        unit.scripts.is_empty() || ranges.any(|range| markers::has_substance(&text[range]))
    });
    let counts = |unit: &&Unit| unit.direction == Direction::Up && !layout.is_repeatable(&unit.key);
    let versioned = units.iter().filter(counts);
    let have: Vec<bool> = versioned
        .map(|unit| with.contains(unit.key.as_str()))
        .collect();
    let mut at = 0;
    let mut rollback = |unit: &Unit| {
        if unit.direction == Direction::Down {
            return Rollback::NotUsed;
        }
        let versioned = counts(&unit);
        let here = at;
        at += usize::from(versioned);
        if with.contains(unit.key.as_str()) {
            Rollback::Present
        } else if versioned && used && neighbours_have(&have, here) {
            Rollback::Missing
        } else {
            Rollback::NotUsed
        }
    };
    units.iter().map(&mut rollback).collect()
}

/// Whether half of the migrations before this one have a rollback, or of those behind it where it is the first.
/// Only the nearest count: a project may have begun to write rollbacks, or have given them up.
fn neighbours_have(have: &[bool], at: usize) -> bool {
    const NEAREST: usize = 10;
    let before = &have[at.saturating_sub(NEAREST)..at];
    let behind = &have[at + 1..(at + 1 + NEAREST).min(have.len())];
    let asked = if before.is_empty() { behind } else { before };
    let with = asked.iter().filter(|&&has| has).count();
    with > 0 && with * 2 >= asked.len()
}

fn of_downs(units: &[Unit]) -> impl Iterator<Item = &Unit> {
    units
        .iter()
        .filter(|unit| unit.direction == Direction::Down)
}

/// The units of a chain in order, and what was released of it.
struct Context<'a> {
    units: &'a [Unit],
    directory: &'a Directory<'a>,
    layout: &'a dyn Layout,
    released: Option<&'a Known>,
}

impl Context<'_> {
    fn standings(&self) -> Vec<Standing> {
        let releases: Vec<Release> = self.units.iter().map(|unit| self.release(unit)).collect();
        let standing = |at: usize| Standing {
            released_later: self.released_later(at, &releases),
            twin: self.twin(at, &releases),
            release: releases[at].clone(),
        };
        (0..self.units.len()).map(standing).collect()
    }

    fn present(&self, relative: &str) -> bool {
        self.directory
            .files
            .iter()
            .any(|file| file.relative == relative)
    }

    fn release(&self, unit: &Unit) -> Release {
        let Some(known) = self.released else {
            return Release::Unknown;
        };
        let file = &self.directory.files[unit.file];
        let found = known.of(unit, &file.relative, file.source.text(), |it| {
            self.present(it)
        });
        match found {
            Match::New => Release::New,
            Match::Same => Release::Same,
            // The tool runs it again when its text changes.
            Match::Other(_) if self.layout.is_repeatable(&unit.key) => Release::New,
            Match::Other(text) => Release::Edited(Arc::from(text)),
        }
    }

    /// For a new migration: the last released one that the tool sorts after it.
    fn released_later(&self, at: usize, releases: &[Release]) -> Option<String> {
        let unit = &self.units[at];
        let counts = |key: &str| self.layout.order_matters() && !self.layout.is_repeatable(key);
        if releases[at] != Release::New || unit.direction == Direction::Down || !counts(&unit.key) {
            return None;
        }
        let own = self.layout.identity(unit);
        // One with the same version is a twin, not a later one.
        let other = |identity: Option<String>| own.is_none() || identity != own;
        let later = |key: &str| self.layout.compare(&unit.key, key).is_lt();
        let known = self.released?;
        let gone = known
            .absent(|it| self.present(it))
            .filter(|it| counts(&it.key) && later(&it.key) && other(it.identity.clone()));
        let gone = gone.map(|it| (it.key.as_str(), it.version.as_str()));
        let here = self.units[at..].iter().zip(&releases[at..]);
        let here = here
            .filter(|(it, release)| {
                matches!(release, Release::Same | Release::Edited(_))
                    && it.direction == Direction::Up
            })
            .filter(|(it, _)| counts(&it.key) && later(&it.key) && other(self.layout.identity(it)))
            .map(|(it, _)| (it.key.as_str(), it.version.as_str()));
        let last = here
            .chain(gone)
            .max_by(|a, b| self.layout.compare(a.0, b.0));
        last.map(|(_, version)| version.to_string())
    }

    /// The file of another up migration with the same version, unless it is that one that must give way
    /// because it is new and this one is not.
    fn twin(&self, at: usize, releases: &[Release]) -> Option<PathBuf> {
        let unit = &self.units[at];
        let identity = self.layout.identity(unit)?;
        if unit.direction == Direction::Down {
            return None;
        }
        let released = |release: &Release| matches!(release, Release::Same | Release::Edited(_));
        let others = self.units.iter().enumerate().filter(|(other, it)| {
            *other != at
                && it.direction == Direction::Up
                && self.layout.identity(it).as_ref() == Some(&identity)
        });
        let mut twins =
            others.filter(|(other, _)| !released(&releases[at]) || released(&releases[*other]));
        if let Some((_, twin)) = twins.next() {
            return Some(self.directory.files[twin.file].source.path().to_path_buf());
        }
        let known = self.released.filter(|_| releases[at] == Release::New)?;
        let mut gone = known.absent(|it| self.present(it));
        let twin = gone.find(|it| it.identity.as_ref() == Some(&identity))?;
        Some(PathBuf::from(&twin.relative))
    }
}
