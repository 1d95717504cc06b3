//! The lines of a file that a finding shows, cut down to what a person can read.
//!
//! miette looks for lines from the start of the text for each label; with thousands of findings in one
//! file that is quadratic, and a line of 5 MB would be printed whole. An excerpt holds copies of the
//! few lines in question, and translates places in the file to places in those copies.

use std::collections::BTreeMap;
use std::ops::Range;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::clean;
use super::wrap::wrapped;
use crate::source::Source;

/// Longer lines are cut.
const LONGEST_LINE: usize = 240;
/// What a cut line shows on both sides of a label.
const MARGIN: usize = 60;
const ELLIPSIS: &str = "…";
/// Windows with no more lines than this between them are one.
const GAP: usize = 2;

/// Lines of one file around labels, as a source for miette. Offsets count through the excerpt's own
/// text, in which windows follow one another.
#[derive(Debug)]
pub struct Excerpt {
    path: String,
    /// Of the screen, in columns.
    width: usize,
    text: String,
    windows: Vec<Window>,
    labels: Vec<Label>,
}

/// Neighbouring lines.
#[derive(Debug)]
struct Window {
    /// 1-based, in the file.
    first_line: usize,
    lines: usize,
    /// In [`Excerpt::text`].
    range: Range<usize>,
}

#[derive(Debug)]
struct Label {
    text: String,
    /// In [`Excerpt::text`].
    range: Range<usize>,
    primary: bool,
    /// 1-based, in the file.
    line: usize,
    column: usize,
}

/// What miette draws to the left of a label: line numbers and the hook.
const GUTTER: usize = 12;
const NARROWEST_LABEL: usize = 30;

/// As wide as miette draws it: tabs reach to the next multiple of 4.
fn shown_width(text: &str) -> usize {
    text.chars().fold(0, |column, c| match c {
        '\t' => column + 4 - column % 4,
        _ => column + 1,
    })
}

/// A label in the file, before it is placed in the excerpt.
struct Wanted<'a> {
    text: &'a str,
    /// In the file; on one line, not empty unless the line is.
    range: Range<usize>,
    primary: bool,
    column: usize,
}

impl Excerpt {
    /// The first of the labels is the primary one.
    pub fn new<'a>(
        source: &Source,
        path: String,
        width: usize,
        labels: impl IntoIterator<Item = (&'a Range<usize>, &'a str)>,
    ) -> Self {
        let mut by_line: BTreeMap<usize, Vec<Wanted<'_>>> = BTreeMap::new();
        for (index, (range, text)) in labels.into_iter().enumerate() {
            let place = source.position(range.start);
            let line = source.line_range(place.line).unwrap_or_default();
            by_line.entry(place.line).or_default().push(Wanted {
                text,
                range: first_line_of(source.text(), range, &line),
                primary: index == 0,
                column: place.column,
            });
        }
        let mut excerpt = Excerpt {
            path,
            width,
            text: String::new(),
            windows: Vec::new(),
            labels: Vec::new(),
        };
        for line in shown_lines(source, by_line.keys().copied()) {
            let wanted = by_line.remove(&line).unwrap_or_default();
            excerpt.push_line(source, line, wanted);
        }
        excerpt
    }

    /// For [`miette::Diagnostic::labels`].
    pub fn labels(&self) -> impl Iterator<Item = LabeledSpan> {
        self.labels.iter().map(|label| {
            let span = SourceSpan::from((label.range.start, label.range.len()));
            let text = (!label.text.is_empty()).then(|| label.text.clone());
            if label.primary {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })
    }

    fn push_line(&mut self, source: &Source, line: usize, wanted: Vec<Wanted<'_>>) {
        let start = self.text.len();
        match self.windows.last_mut() {
            Some(window) if window.first_line + window.lines == line => window.lines += 1,
            Some(_) | None => self.windows.push(Window {
                first_line: line,
                lines: 1,
                range: start..start,
            }),
        }
        let whole = source.line_range(line).unwrap_or_default();
        let shown = cut(source.text(), &whole, &wanted);
        if shown.start > whole.start {
            self.text.push_str(ELLIPSIS);
        }
        let base = self.text.len();
        let text = &source.text()[shown.clone()];
        self.text.push_str(&clean::line(text));
        for label in wanted {
            if label.range.start < shown.start || label.range.end > shown.end {
                continue;
            }
            // Cleaning may change lengths.
            let before = clean::line(&text[..label.range.start - shown.start]).len();
            let length = clean::line(&source.text()[label.range.clone()]).len();
            let middle = shown_width(&self.text[start..base + before]) + length / 2;
            self.labels.push(Label {
                text: self.label_text(label.text, middle),
                range: base + before..base + before + length,
                primary: label.primary,
                line,
                column: label.column,
            });
        }
        if shown.end < whole.end {
            self.text.push_str(ELLIPSIS);
        }
        self.make_room_for_empty_labels();
        self.text.push('\n');
        if let Some(window) = self.windows.last_mut() {
            window.range.end = self.text.len();
        }
    }

    /// miette does not wrap labels, but draws those of several lines. They start behind the middle of
    /// what they point at.
    fn label_text(&self, text: &str, middle: usize) -> String {
        let room = self
            .width
            .saturating_sub(middle + GUTTER)
            .max(NARROWEST_LABEL);
        wrapped(&clean::line(text), room).join("\n")
    }

    /// A label at the end of a line points at a blank behind it.
    fn make_room_for_empty_labels(&mut self) {
        let end = self.text.len();
        for label in &mut self.labels {
            if !label.range.is_empty() {
                continue;
            }
            label.range.end += 1;
            if label.range.start == end && self.text.len() == end {
                self.text.push(' ');
            }
        }
    }
}

/// The part of a label's range that is on its first line, without trailing blanks.
fn first_line_of(text: &str, range: &Range<usize>, line: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(range.start.min(line.end));
    let end = text.floor_char_boundary(range.end.clamp(start, line.end));
    let mut shown = start..start + text[start..end].trim_end().len();
    if shown.len() > LONGEST_LINE {
        shown.end = text.floor_char_boundary(shown.start + LONGEST_LINE);
    }
    // An empty label gets the character that it stands before.
    if shown.is_empty() && shown.start < line.end {
        let next = text[shown.start..].chars().next().map_or(0, char::len_utf8);
        shown.end += next;
    }
    shown
}

/// The lines with labels and their neighbours, without blank ones at the edges.
fn shown_lines(source: &Source, labelled: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut lines = Vec::new();
    for line in labelled {
        lines.extend(
            line.checked_sub(1)
                .filter(|&before| has_text(source, before)),
        );
        lines.push(line);
        lines.extend(Some(line + 1).filter(|&after| has_text(source, after)));
    }
    lines.sort_unstable();
    lines.dedup();
    let gaps: Vec<usize> = lines
        .windows(2)
        .filter(|pair| pair[1] - pair[0] - 1 <= GAP)
        .flat_map(|pair| pair[0] + 1..pair[1])
        .collect();
    lines.extend(gaps);
    lines.sort_unstable();
    lines
}

fn has_text(source: &Source, line: usize) -> bool {
    source
        .line_range(line)
        .is_some_and(|range| source.text()[range].contains(|c: char| !c.is_whitespace()))
}

/// What is shown of a line: all of it, or the surroundings of its labels. Of labels too far apart for
/// one line, those near the first (or the primary) stay.
fn cut(text: &str, line: &Range<usize>, labels: &[Wanted<'_>]) -> Range<usize> {
    if line.len() <= LONGEST_LINE {
        return line.clone();
    }
    let anchor = labels
        .iter()
        .find(|label| label.primary)
        .or(labels.first())
        .map_or(line.start..line.start, |label| label.range.clone());
    let mut shown = anchor;
    for label in labels {
        let start = shown.start.min(label.range.start);
        let end = shown.end.max(label.range.end);
        if end - start <= LONGEST_LINE {
            shown = start..end;
        }
    }
    let start = text.floor_char_boundary(shown.start.saturating_sub(MARGIN).max(line.start));
    let end = text.ceil_char_boundary((shown.end + MARGIN).min(line.end));
    start..end
}

impl SourceCode for Excerpt {
    /// Without context lines miette asks for a label's line and column; else for the window around it.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        _context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let window = self
            .windows
            .iter()
            .find(|window| window.range.start <= start && end <= window.range.end)
            .ok_or(MietteError::OutOfBounds)?;
        let label = self
            .labels
            .iter()
            .find(|label| label.range.start == start)
            .filter(|_| context_lines_before == 0);
        let (shown, line, column, lines) = match label {
            Some(label) => (start..end, label.line - 1, label.column - 1, 1),
            None => (window.range.clone(), window.first_line - 1, 0, window.lines),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            &self.text.as_bytes()[shown.clone()],
            (shown.start, shown.len()).into(),
            line,
            column,
            lines,
        )))
    }
}
