//! Text that a DO block or procedure runs and that does not stand letter by letter in the file: where
//! its places are.

use std::ops::Range;

use crate::effects::Effects;
use crate::fix::Fix;
use crate::lint::finding::Finding;
use crate::sql::excerpt::Excerpt;

/// Gives such a text a place of its own behind the end of the file while it is looked at, and takes
/// the places of what was found back to the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Where the text pretends to start: behind the end of the file.
    start: usize,
    excerpt: Excerpt,
    /// Where the statement that the excerpt was cut from starts in the file.
    base: usize,
}

impl Origin {
    /// The place to look at an excerpt, and what is needed to come back; none where the file has the
    /// text as it is.
    pub fn of(excerpt: &Excerpt, base: usize, file_length: usize) -> (usize, Option<Origin>) {
        let span = excerpt.span();
        let last = excerpt.text().len().saturating_sub(1);
        let as_it_is =
            span.len() == excerpt.text().len() && excerpt.offset(last) == span.start + last;
        if as_it_is {
            return (base + span.start, None);
        }
        let start = file_length + 1;
        let origin = Origin {
            start,
            excerpt: excerpt.clone(),
            base,
        };
        (start, Some(origin))
    }

    /// The place in the file. A place that is in the file already stays.
    pub fn real(&self, span: Range<usize>) -> Range<usize> {
        if span.start < self.start {
            return span;
        }
        let length = self.excerpt.text().len();
        let inside = |at: usize| (at - self.start).min(length);
        let found = self
            .excerpt
            .origin(inside(span.start)..inside(span.end.max(span.start)));
        self.base + found.start..self.base + found.end
    }

    pub fn take_back(&self, effects: &mut Effects) {
        let spans = effects
            .locks
            .iter_mut()
            .map(|lock| &mut lock.span)
            .chain(effects.work.iter_mut().map(|work| &mut work.span))
            .chain(effects.changes.iter_mut().map(|change| &mut change.span))
            .chain(effects.error.iter_mut().map(|error| &mut error.span));
        for span in spans {
            *span = self.real(span.clone());
        }
    }

    /// The place in the file whose text is this one letter by letter; a place that is in the file already stays.
    fn exact(&self, range: &Range<usize>) -> Option<Range<usize>> {
        if range.start < self.start {
            return Some(range.clone());
        }
        let inside = range.start - self.start..range.end.checked_sub(self.start)?;
        let found = self.excerpt.exactly(inside)?;
        Some(self.base + found.start..self.base + found.end)
    }

    /// Edits where the file has the text as it is. Quotes would have to be doubled in the quotes around it: such an edit
    /// is none.
    fn take_back_fix(&self, fix: &Fix) -> Option<Fix> {
        let mut fix = fix.clone();
        for edit in &mut fix.edits {
            if edit.range.start >= self.start && edit.text.contains(['\'', '\\', '$']) {
                return None;
            }
            edit.range = self.exact(&edit.range)?;
        }
        Some(fix)
    }

    pub fn take_back_finding(&self, finding: &mut Finding) {
        finding.fix = finding.fix.as_ref().and_then(|fix| self.take_back_fix(fix));
        finding.span = self.real(finding.span.clone());
        for (span, _) in &mut finding.labels {
            *span = self.real(span.clone());
        }
    }
}
