//! The fixes of a run, put together: what fits is applied, what overlaps waits for the next round.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Applicability, Edit, Fix};
use crate::lint::Reported;
use crate::source::Source;

/// What one round of fixes comes to.
#[derive(Debug, Default)]
pub struct Combined {
    /// The new texts of the files that change, by path.
    pub texts: BTreeMap<PathBuf, String>,
    /// Indexes of the findings whose fixes were applied.
    pub applied: Vec<usize>,
}

/// Applies the fixes of the findings that are allowed. A fix that overlaps one before it is left out. `rank`
/// orders the rules: of two fixes that exclude each other, the one of the lower rank counts.
pub fn combine(
    findings: &[Reported],
    allowed: Applicability,
    rank: impl Fn(&str) -> usize,
) -> Combined {
    let mut candidates: Vec<(usize, &Reported, &Fix)> = findings
        .iter()
        .enumerate()
        .filter_map(|(at, found)| Some((at, found, found.finding.fix.as_ref()?)))
        .filter(|(_, _, fix)| fix.applicability <= allowed && !fix.edits.is_empty())
        .collect();
    candidates.sort_by_key(|(at, found, _)| (rank(&found.rule), *at));
    let mut taken = Taken::default();
    let mut combined = Combined::default();
    for (at, found, fix) in candidates {
        if taken.take(found.source.path(), fix) {
            combined.applied.push(at);
        }
    }
    combined.texts = taken.texts();
    combined.applied.sort_unstable();
    combined
}

/// The edits that were taken so far, by file.
#[derive(Default)]
struct Taken {
    files: BTreeMap<PathBuf, File>,
}

struct File {
    source: Arc<Source>,
    edits: Vec<(Range<usize>, String)>,
    /// What the fixes rely on, each with the edits of its own fix.
    relied_on: Vec<(Range<usize>, Vec<Range<usize>>)>,
}

impl Taken {
    /// Takes all edits of the fix, or none.
    fn take(&mut self, path: &Path, fix: &Fix) -> bool {
        let own: Vec<Range<usize>> = of_file(fix, path).map(|edit| edit.range.clone()).collect();
        let sound = fix.edits.iter().all(is_sound) && !overlap_each_other(&fix.edits);
        let relies = |file: &File| {
            let others = file.edits.iter().filter(|(range, _)| !own.contains(range));
            others
                .map(|(range, _)| range)
                .any(|range| fix.relies_on.iter().any(|it| touches(it, range)))
        };
        let disturbed = self.files.get(path).is_some_and(relies);
        if !sound || disturbed || !fix.edits.iter().all(|edit| self.has_room(edit)) {
            return false;
        }
        for edit in &fix.edits {
            let file = self.file(&edit.source);
            let new = (edit.range.clone(), edit.text.clone());
            if !file.edits.contains(&new) {
                file.edits.push(new);
            }
        }
        if let Some(edit) = of_file(fix, path).next() {
            let relied_on = fix.relies_on.iter().cloned();
            let relied_on: Vec<_> = relied_on.map(|range| (range, own.clone())).collect();
            self.file(&edit.source).relied_on.extend(relied_on);
        }
        true
    }

    fn file(&mut self, source: &Arc<Source>) -> &mut File {
        self.files
            .entry(source.path().to_path_buf())
            .or_insert_with(|| File {
                source: Arc::clone(source),
                edits: Vec::new(),
                relied_on: Vec::new(),
            })
    }

    fn has_room(&self, edit: &Edit) -> bool {
        let Some(file) = self.files.get(edit.source.path()) else {
            return true;
        };
        let same =
            |(range, text): &(Range<usize>, String)| *range == edit.range && *text == edit.text;
        if file.edits.iter().any(same) {
            return true;
        }
        file.edits
            .iter()
            .all(|(range, _)| !touches(range, &edit.range))
            && file
                .relied_on
                .iter()
                .all(|(range, own)| own.contains(&edit.range) || !touches(range, &edit.range))
    }

    fn texts(self) -> BTreeMap<PathBuf, String> {
        self.files
            .into_iter()
            .map(|(path, mut file)| {
                file.edits
                    .sort_by_key(|(range, _)| (range.start, range.end));
                (path, edited(file.source.text(), &file.edits))
            })
            .collect()
    }
}

fn of_file<'f>(fix: &'f Fix, path: &'f Path) -> impl Iterator<Item = &'f Edit> {
    fix.edits
        .iter()
        .filter(move |edit| edit.source.path() == path)
}

/// The range is one of the text.
fn is_sound(edit: &Edit) -> bool {
    edit.source.text().get(edit.range.clone()).is_some()
}

fn overlap_each_other(edits: &[Edit]) -> bool {
    edits.iter().enumerate().any(|(at, edit)| {
        edits[..at].iter().any(|other| {
            edit.source.path() == other.source.path() && touches(&edit.range, &other.range)
        })
    })
}

/// Whether two ranges share a byte, or one is a place inside or at the border of the other: what comes first
/// could not be told.
fn touches(a: &Range<usize>, b: &Range<usize>) -> bool {
    if a.is_empty() || b.is_empty() {
        a.start <= b.end && b.start <= a.end
    } else {
        a.start < b.end && b.start < a.end
    }
}

/// `edits` are sorted and do not overlap.
fn edited(text: &str, edits: &[(Range<usize>, String)]) -> String {
    let mut new = String::with_capacity(text.len());
    let mut from = 0;
    for (range, instead) in edits {
        new.push_str(text.get(from..range.start).unwrap_or_default());
        new.push_str(instead);
        from = range.end;
    }
    new.push_str(text.get(from..).unwrap_or_default());
    new
}
