//! Where the next statement starts inside a statement that does not parse: after a forgotten `;`.
//! Without it one mistake would hide the statement that follows as well.

use super::scan::{Kind, Scanner, Token};

/// First words of statements that nobody writes at the start of a line for another reason, and the
/// second words that make the ambiguous ones clear (`DROP COLUMN` is none).
const STARTS: [(&str, &[&str]); 16] = [
    ("create", OBJECTS),
    ("alter", OBJECTS),
    ("drop", OBJECTS),
    ("comment", &["on"]),
    ("grant", &[]),
    ("revoke", &[]),
    ("insert", &["into"]),
    ("update", &[]),
    ("delete", &["from"]),
    ("select", &[]),
    ("with", &[]),
    ("truncate", &[]),
    ("do", &[]),
    ("reindex", &[]),
    ("refresh", &["materialized"]),
    ("vacuum", &[]),
];

const OBJECTS: &[&str] = &[
    "aggregate",
    "collation",
    "constraint",
    "database",
    "default",
    "domain",
    "event",
    "extension",
    "foreign",
    "function",
    "global",
    "index",
    "local",
    "materialized",
    "operator",
    "or",
    "policy",
    "procedure",
    "publication",
    "role",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "table",
    "temp",
    "temporary",
    "text",
    "trigger",
    "type",
    "unique",
    "unlogged",
    "user",
    "view",
];

/// A place in the text where another statement probably starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restart {
    /// The end of the last token before it.
    pub end: usize,
    pub start: usize,
    /// The parser stumbled over exactly this word. Otherwise the text between is broken, and only a
    /// rest that parses proves the guess.
    pub exact: bool,
}

/// The first such place at or after the offset of the error.
pub fn restart(text: &str, error: usize) -> Option<Restart> {
    let mut scanner = Scanner::new(text);
    let mut depth = 0usize;
    let mut end = 0;
    while let Some(token) = scanner.next_code() {
        let exact = token.start == error;
        let possible = exact || token.start > error && depth == 0;
        if token.start > 0
            && possible
            && starts_line(text, token.start)
            && starts_statement(text, token, scanner, exact)
        {
            return Some(Restart {
                end,
                start: token.start,
                exact,
            });
        }
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        end = token.end;
    }
    None
}

/// Whether a rest that does not parse either is worth its own error: the error is not at its very
/// start, which would only show that the guess was wrong.
pub fn is_past_the_start(rest: &str, error: usize) -> bool {
    let mut scanner = Scanner::new(rest);
    let fourth = std::iter::from_fn(|| scanner.next_code()).nth(3);
    fourth.is_some_and(|token| error >= token.start)
}

fn starts_line(text: &str, offset: usize) -> bool {
    text[..offset]
        .trim_end_matches([' ', '\t'])
        .ends_with(['\n', '\r'])
}

fn starts_statement(text: &str, token: Token, mut after: Scanner, exact: bool) -> bool {
    let Some((first, seconds)) = STARTS.iter().find(|(first, _)| token.is(text, first)) else {
        return false;
    };
    // Queries and data changes are parts of other statements too.
    if !exact && !matches!(*first, "create" | "alter" | "drop" | "comment") {
        return false;
    }
    let Some(next) = after.next_code() else {
        return false;
    };
    seconds.is_empty() || seconds.iter().any(|second| next.is(text, second))
}

#[cfg(test)]
mod tests {
    use super::restart;

    fn rest(text: &str, error: &str) -> Option<(String, bool)> {
        restart(text, text.find(error).unwrap())
            .map(|restart| (text[restart.start..].to_owned(), restart.exact))
    }

    #[test]
    fn a_statement_at_the_error_is_the_next_one() {
        assert_eq!(
            rest("CREATE TABLE a (x int)\n  ALTER TABLE b ADD y int", "ALTER"),
            Some(("ALTER TABLE b ADD y int".into(), true))
        );
        assert_eq!(
            rest("CREATE TABLE a (x int\nSELECT 1", "SELECT"),
            Some(("SELECT 1".into(), true))
        );
    }

    #[test]
    fn a_definition_after_the_error_may_be_the_next_one() {
        assert_eq!(
            rest("```sql\nCREATE TABLE b ()", "```"),
            Some(("CREATE TABLE b ()".into(), false))
        );
        assert_eq!(rest("CREATE TABEL x AS\nSELECT 1", "TABEL"), None);
        assert_eq!(rest("a (\nDROP TABLE x)", "("), None);
    }

    #[test]
    fn clauses_are_no_statements() {
        assert_eq!(rest("ALTER TABLE a ADD x int\nDROP COLUMN y", "DROP"), None);
        assert_eq!(rest("ALTER TABLE a b DROP TABLE c", "DROP"), None);
    }
}
