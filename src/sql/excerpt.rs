//! Text that was cut out of a statement, unquoted or partly replaced, and where its bytes came from.

use std::ops::Range;

use super::scan::Kind;
use super::scan::Scanner;

/// A piece of a statement's text, such as the SQL inside a function's body. Offsets in it translate
/// to offsets in the statement's text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Excerpt {
    text: String,
    /// In order of `at`; the first is at 0.
    runs: Vec<Run>,
    /// The end in the statement's text.
    end: usize,
}

/// From `at` on, the text is the statement's from `origin` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    at: usize,
    origin: usize,
    /// Otherwise the text was made up, and all of it stands for the place `origin`.
    verbatim: bool,
}

impl Excerpt {
    /// The statement's own text from `origin` on.
    pub fn verbatim(text: &str, origin: usize) -> Self {
        let mut excerpt = Excerpt::default();
        excerpt.push(text, origin, true);
        excerpt.end = origin + text.len();
        excerpt
    }

    /// A text that stands for a part of the statement, but is not found there letter by letter.
    pub fn made_up(text: &str, origin: Range<usize>) -> Self {
        let mut excerpt = Excerpt::default();
        excerpt.push(text, origin.start, false);
        excerpt.end = origin.end;
        excerpt
    }

    /// The text from `origin` on, with other texts in the place of some of its parts, which are in order.
    pub fn filled(text: &str, origin: usize, parts: &[(Range<usize>, String)]) -> Self {
        let mut excerpt = Excerpt::default();
        let mut from = 0;
        for (part, instead) in parts {
            excerpt.push(&text[from..part.start], origin + from, true);
            excerpt.push(instead, origin + part.start, false);
            from = part.end;
        }
        excerpt.push(&text[from..], origin + from, true);
        excerpt.end = origin + text.len();
        excerpt
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part of the statement's text that this stands for.
    pub fn span(&self) -> Range<usize> {
        let start = self.offset(0);
        start..self.end.max(start)
    }

    /// Where the byte `at` of this text is in the statement's text.
    pub fn offset(&self, at: usize) -> usize {
        let run = self.runs.partition_point(|run| run.at <= at);
        let Some(run) = run.checked_sub(1).and_then(|run| self.runs.get(run)) else {
            return self.end;
        };
        let distance = if run.verbatim { at - run.at } else { 0 };
        (run.origin + distance).min(self.end)
    }

    /// The part of the statement's text that `range` of this text stands for.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        let start = self.offset(range.start);
        let end = match range.end.checked_sub(1) {
            Some(last) if range.end > range.start => self.after(last),
            _ => start,
        };
        start..end.max(start)
    }

    /// The part of the statement's text that has `range` of this text letter by letter, in one piece.
    pub fn exactly(&self, range: Range<usize>) -> Option<Range<usize>> {
        let index = self.runs.partition_point(|run| run.at <= range.start);
        // At a border, a place belongs to the text on either side of it.
        let fits =
            |run: &Run, end: usize| run.verbatim && range.start >= run.at && range.end <= end;
        let end_of = |index: usize| {
            self.runs
                .get(index + 1)
                .map_or(self.text.len(), |run| run.at)
        };
        let candidates = [index.checked_sub(1), index.checked_sub(2)];
        candidates.into_iter().flatten().find_map(|index| {
            let run = self.runs.get(index)?;
            let start = run.origin + range.start.checked_sub(run.at)?;
            fits(run, end_of(index)).then(|| start..start + range.len())
        })
    }

    /// The end of what the byte `at` stands for.
    fn after(&self, at: usize) -> usize {
        let run = self.runs.partition_point(|run| run.at <= at);
        match run.checked_sub(1).and_then(|run| self.runs.get(run)) {
            Some(run) if run.verbatim => (run.origin + (at - run.at) + 1).min(self.end),
            _ => self.runs.get(run).map_or(self.end, |next| next.origin),
        }
    }

    pub fn slice(&self, range: Range<usize>) -> Excerpt {
        let mut slice = Excerpt::default();
        slice.push_from(self, range);
        slice
    }

    /// Puts blanks or other text of the same length in the place of `range`.
    pub fn overwrite(&mut self, range: Range<usize>, with: &str) {
        if range.len() == with.len() {
            self.text.replace_range(range, with);
        }
    }

    /// This text with words before it that the statement does not have.
    pub fn after_words(&self, words: &str) -> Excerpt {
        let mut longer = Excerpt::default();
        longer.push(words, self.offset(0), false);
        longer.push_from(self, 0..self.text.len());
        longer
    }

    fn push(&mut self, text: &str, origin: usize, verbatim: bool) {
        self.runs.push(Run {
            at: self.text.len(),
            origin,
            verbatim,
        });
        self.text.push_str(text);
    }

    fn push_from(&mut self, source: &Excerpt, range: Range<usize>) {
        let shift = |at: usize| at - range.start + self.text.len();
        let first = source
            .runs
            .partition_point(|run| run.at <= range.start)
            .saturating_sub(1);
        let runs: Vec<Run> = source.runs[first.min(source.runs.len())..]
            .iter()
            .take_while(|run| run.at < range.end || run.at <= range.start)
            .map(|run| Run {
                at: shift(run.at.max(range.start)),
                origin: match run.verbatim {
                    true => run.origin + range.start.saturating_sub(run.at),
                    false => run.origin,
                },
                verbatim: run.verbatim,
            })
            .collect();
        self.runs.extend(runs);
        self.text.push_str(&source.text[range.clone()]);
        self.end = source.origin(range).end;
    }

    /// The contents of the string that is the token `literal` of this text. None if it is written
    /// in a way that is not understood here (`U&'\0041'`, `E'\x41'`).
    pub fn unquote(&self, literal: Range<usize>) -> Option<Excerpt> {
        let raw = &self.text[literal.clone()];
        if let Some(tagged) = raw.strip_prefix('$') {
            let tag = tagged.find('$')? + 2;
            let inside = literal.start + tag..literal.end.checked_sub(tag)?;
            return (inside.start <= inside.end).then(|| self.slice(inside));
        }
        let open = raw.find('\'')?;
        let escapes = match &raw[..open] {
            "" | "n" | "N" => false,
            "e" | "E" => true,
            _ => return None,
        };
        self.unescape(literal.start + open + 1..literal.end - 1, escapes)
    }

    /// The inside of a quoted string, without its escapes.
    fn unescape(&self, inside: Range<usize>, escapes: bool) -> Option<Excerpt> {
        let bytes = self.text.as_bytes();
        let mut result = Excerpt::default();
        let mut from = inside.start;
        let mut at = inside.start;
        while at < inside.end {
            let replacement = match (bytes[at], bytes.get(at + 1)) {
                (b'\'', Some(b'\'')) => "'",
                (b'\'', _) => return None,
                (b'\\', Some(&escaped)) if escapes => simple_escape(escaped)?,
                _ => {
                    at += 1;
                    continue;
                }
            };
            result.push_from(self, from..at);
            result.push(replacement, self.offset(at), false);
            at += 2;
            from = at;
        }
        result.push_from(self, from..inside.end);
        result.end = self.origin(inside).end;
        Some(result)
    }

    /// The contents, if the text is one string and nothing else.
    pub fn as_one_string(&self) -> Option<Excerpt> {
        let mut scanner = Scanner::new(&self.text);
        let literal = scanner.next_code()?;
        if literal.kind != Kind::Text || scanner.next_code().is_some() {
            return None;
        }
        self.unquote(literal.start..literal.end)
    }
}

fn simple_escape(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'\'' => "'",
        b'\\' => "\\",
        b'"' => "\"",
        b'n' => "\n",
        b't' => "\t",
        b'r' => "\r",
        b'b' => "\u{8}",
        b'f' => "\u{c}",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::Excerpt;

    #[test]
    fn a_slice_of_a_slice_knows_its_place() {
        let whole = Excerpt::verbatim("abcdef", 100);
        let part = whole.slice(1..5).slice(1..3);
        assert_eq!(part.text(), "cd");
        assert_eq!(part.span(), 102..104);
        assert_eq!(part.offset(1), 103);
        assert_eq!(part.offset(9), 104);
    }

    #[test]
    fn strings_are_unquoted_and_keep_their_places() {
        for (text, inside) in [
            ("'a''b''c'", "a'b'c"),
            ("$$a'b$$", "a'b"),
            ("$x$a$$b$x$", "a$$b"),
            (r"E'a\'b''c\\n\n'", "a'b'c\\n\n"),
            ("N'x'", "x"),
            ("''", ""),
            ("$$$$", ""),
        ] {
            let excerpt = Excerpt::verbatim(text, 10).as_one_string().unwrap();
            assert_eq!(excerpt.text(), inside);
            for (at, character) in inside.char_indices().filter(|(_, c)| c.is_alphabetic()) {
                let original = text[excerpt.offset(at) - 10..].chars().next().unwrap();
                assert_eq!(original, character, "{text} at {at}");
            }
        }
        assert_eq!(Excerpt::verbatim(r"E'\x41'", 0).as_one_string(), None);
        assert_eq!(Excerpt::verbatim("'a' || b", 0).as_one_string(), None);
    }

    #[test]
    fn strings_in_strings_keep_their_places() {
        let text = "'x ''a''''b'' y'";
        let outer = Excerpt::verbatim(text, 0).as_one_string().unwrap();
        assert_eq!(outer.text(), "x 'a''b' y");
        let inner = outer.unquote(2..8).unwrap();
        assert_eq!(inner.text(), "a'b");
        assert_eq!(inner.offset(2), text.find('b').unwrap());
        assert_eq!(inner.span(), 5..text.find('b').unwrap() + 1);
    }

    #[test]
    fn words_before_a_text_do_not_move_it() {
        let longer = Excerpt::verbatim("a > 1", 50).after_words("SELECT ");
        assert_eq!(longer.text(), "SELECT a > 1");
        assert_eq!(longer.offset(9), 52);
        assert_eq!(longer.offset(3), 50);
        assert_eq!(longer.span(), 50..55);
    }

    #[test]
    fn a_filled_text_knows_the_places_around_its_parts() {
        let parts = [(2..6, "schema_name".to_owned())];
        let filled = Excerpt::filled("a ${s}.t b", 100, &parts);
        assert_eq!(filled.text(), "a schema_name.t b");
        assert_eq!(filled.offset(0), 100);
        assert_eq!(filled.offset(5), 102);
        assert_eq!(filled.origin(2..15), 102..108);
        assert_eq!(filled.offset(filled.text().len() - 1), 109);
        assert_eq!(filled.span(), 100..110);
    }

    #[test]
    fn a_made_up_text_is_one_place() {
        let made_up = Excerpt::made_up("DROP TABLE t", 7..20);
        assert_eq!(made_up.span(), 7..20);
        assert_eq!(made_up.offset(5), 7);
        assert_eq!(made_up.slice(5..10).span(), 7..20);
    }
}
