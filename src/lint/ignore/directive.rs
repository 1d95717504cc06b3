//! What an ignore comment says.

use std::ops::Range;

/// Written with a small or a capital first letter.
const TOOL: &str = "umdrum:";

/// A comment that speaks to humdrum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// The comment, in the file.
    pub span: Range<usize>,
    /// None: it begins like one, but is none that humdrum knows.
    pub scope: Option<Scope>,
    pub rules: Vec<Named>,
    /// What stands behind the colon.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Statement,
    File,
}

/// A rule that a comment names, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub id: String,
    pub span: Range<usize>,
}

impl Directive {
    /// What to delete so that the comment no longer names a rule: the comment where it names no other, with its line if it
    /// stands there alone.
    pub fn without(&self, named: &Named, text: &str) -> Range<usize> {
        let at = self.rules.iter().position(|it| it == named);
        let previous = at
            .and_then(|at| at.checked_sub(1))
            .and_then(|at| self.rules.get(at));
        if let Some(previous) = previous {
            return previous.span.end..named.span.end;
        }
        if let Some(next) = at.and_then(|at| self.rules.get(at + 1)) {
            return named.span.start..next.span.start;
        }
        let Range { start, end } = self.span;
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let rest = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        if !text[end..rest].trim().is_empty() {
            let blanks = text[end..rest].len() - text[end..rest].trim_start().len();
            return start..end + blanks;
        }
        let before = text[line..start].trim_end_matches([' ', '\t']);
        match before {
            "" => line..rest,
            before => line + before.len()..end,
        }
    }
}

/// Whether a text may hold such a comment.
pub fn may_speak(text: &str) -> bool {
    text.contains(TOOL)
}

/// Reads a comment with its `--` or `/*`. None when it is not for humdrum.
pub fn parse(comment: &str, start: usize) -> Option<Directive> {
    let inside = comment
        .strip_prefix("--")
        .or_else(|| comment.strip_prefix("/*"))?;
    let inside = inside.strip_suffix("*/").unwrap_or(inside);
    let body = inside.trim_start_matches(['-', '*', ' ', '\t', '\r', '\n']);
    let rest = body.strip_prefix(['h', 'H'])?.strip_prefix(TOOL)?;
    let rest = rest.trim_start();
    let span = start..start + comment.trim_end().len();
    let word = rest.len() - rest.trim_start_matches(is_id_char).len();
    let scope = match &rest[..word] {
        "ignore" => Some(Scope::Statement),
        "ignore-file" => Some(Scope::File),
        _ => None,
    };
    // Both are slices of the comment, so their distance is an offset in it.
    let at = start + (rest.as_ptr() as usize - comment.as_ptr() as usize) + word;
    let (rules, behind) = named(&rest[word..], at);
    let reason = behind
        .trim_start()
        .strip_prefix(':')
        .map(str::trim)
        .filter(|reason| !reason.is_empty());
    Some(Directive {
        span,
        scope,
        rules,
        reason: reason.map(str::to_owned),
    })
}

/// Rules separated by commas, up to the colon of the reason, and what stands behind them.
fn named(text: &str, start: usize) -> (Vec<Named>, &str) {
    let mut rules = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let length = rest.len() - rest.trim_start_matches(is_id_char).len();
        if length == 0 {
            return (rules, rest);
        }
        let at = start + text.len() - rest.len();
        rules.push(Named {
            id: rest[..length].to_owned(),
            span: at..at + length,
        });
        let behind = &rest[length..];
        match behind.trim_start().strip_prefix(',') {
            Some(after) => rest = after,
            None => return (rules, behind),
        }
    }
}

fn is_id_char(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::{Scope, parse};

    fn read(comment: &str) -> Option<(Option<Scope>, Vec<&str>)> {
        let directive = parse(comment, 0)?;
        let rules = directive
            .rules
            .iter()
            .map(|rule| &comment[rule.span.clone()])
            .collect();
        Some((directive.scope, rules))
    }

    #[test]
    fn rules_and_reasons() {
        let cases: [(&str, &[&str]); 8] = [
            ("-- humdrum: ignore drop-table", &["drop-table"]),
            (
                "-- humdrum: ignore drop-table: old, unused",
                &["drop-table"],
            ),
            ("--humdrum:ignore drop-table:x", &["drop-table"]),
            ("-- Humdrum: ignore a-b , c-d,e : why", &["a-b", "c-d", "e"]),
            ("/* humdrum: ignore drop-table: why */", &["drop-table"]),
            ("/* humdrum: ignore a,\n   b */", &["a", "b"]),
            ("/**\n * humdrum: ignore a */", &["a"]),
            ("-- humdrum: ignore drop-table because", &["drop-table"]),
        ];
        for (comment, rules) in cases {
            let expected = Some((Some(Scope::Statement), rules.to_vec()));
            assert_eq!(read(comment), expected, "{comment}");
        }
    }

    #[test]
    fn the_reason_stands_behind_a_colon() {
        for (comment, reason) in [
            ("-- humdrum: ignore a: small table", Some("small table")),
            ("/* humdrum: ignore a, b : why */", Some("why")),
            ("-- humdrum: ignore-file a:x", Some("x")),
            ("-- humdrum: ignore a", None),
            ("-- humdrum: ignore a:  ", None),
            ("-- humdrum: ignore a because", None),
        ] {
            let directive = parse(comment, 0).unwrap();
            assert_eq!(directive.reason.as_deref(), reason, "{comment}");
        }
    }

    #[test]
    fn a_whole_file() {
        assert_eq!(
            read("-- humdrum: ignore-file drop-table"),
            Some((Some(Scope::File), vec!["drop-table"]))
        );
    }

    #[test]
    fn what_speaks_to_humdrum_and_is_not_understood_is_kept() {
        assert_eq!(
            read("-- humdrum: ignore"),
            Some((Some(Scope::Statement), vec![]))
        );
        assert_eq!(
            read("-- humdrum: ignore: why"),
            Some((Some(Scope::Statement), vec![]))
        );
        assert_eq!(read("-- humdrum: ignroe x"), Some((None, vec!["x"])));
    }

    #[test]
    fn other_comments_are_not_for_humdrum() {
        for comment in [
            "-- this is humdrum: ignore it",
            "-- humdrum",
            "--",
            "/**/",
            "-- é",
        ] {
            assert_eq!(read(comment), None, "{comment}");
        }
    }

    #[test]
    fn spans_count_from_the_start_of_the_file() {
        let directive = parse("-- humdrum: ignore ab  ", 100).unwrap();
        assert_eq!(directive.span, 100..121);
        assert_eq!(directive.rules[0].span, 119..121);
    }
}
