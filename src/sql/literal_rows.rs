//! INSERT ... VALUES with rows of plain literals, as seed data is written: the rows after the first
//! few are like them, and a tree of them all would only cost time and memory.

use super::scan::{Kind, Scanner, Token};

/// How many rows the tree shall have.
const KEPT: usize = 2;

/// Where the text may be cut: after [`KEPT`] rows, when only literals follow up to the end, in rows
/// that are as long as the first. Such rows are certainly valid; the tree of the text before the cut
/// differs from that of the whole in the number of rows alone.
pub fn cut(text: &str) -> Option<usize> {
    let first = text.get(..6)?;
    if !first.eq_ignore_ascii_case("insert") {
        return None;
    }
    let mut rows = Rows {
        text,
        scanner: Scanner::new(text),
    };
    rows.skip_to_values()?;
    let mut length = None;
    let mut cut = None;
    for count in 1.. {
        let row = rows.row()?;
        if *length.get_or_insert(row.length) != row.length {
            return None;
        }
        if count == KEPT {
            cut = Some(row.end);
        }
        match rows.scanner.next_code() {
            Some(token) if token.kind == Kind::Comma => {}
            Some(token) if token.kind != Kind::Semicolon => return None,
            // More than one statement.
            Some(_) if rows.scanner.next_code().is_some() => return None,
            // Nothing is gained where the last row is one that is kept.
            _ => return cut.filter(|_| count > KEPT),
        }
    }
    None
}

struct Row {
    /// How many values it has.
    length: usize,
    end: usize,
}

struct Rows<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
}

impl Rows<'_> {
    /// Moves past `INSERT INTO name (columns) VALUES`. None where anything else stands before the rows.
    fn skip_to_values(&mut self) -> Option<()> {
        let mut inside = false;
        loop {
            let token = self.scanner.next_code()?;
            match token.kind {
                Kind::Open if !inside => inside = true,
                Kind::Close if inside => inside = false,
                Kind::Word if token.is(self.text, "values") => {
                    return (!inside).then_some(());
                }
                Kind::Word | Kind::QuotedName | Kind::Dot => {}
                Kind::Comma if inside => {}
                _ => return None,
            }
        }
    }

    /// `(literal, literal ...)`
    fn row(&mut self) -> Option<Row> {
        self.next(Kind::Open)?;
        let mut length = 0;
        loop {
            self.literal()?;
            length += 1;
            let after = self.scanner.next_code()?;
            match after.kind {
                Kind::Comma => {}
                Kind::Close => {
                    return Some(Row {
                        length,
                        end: after.end,
                    });
                }
                _ => return None,
            }
        }
    }

    fn literal(&mut self) -> Option<()> {
        let mut token = self.scanner.next_code()?;
        let sign = token.kind == Kind::Operator && token.text(self.text) == "-";
        if sign {
            token = self.scanner.next_code()?;
        }
        let plain = match token.kind {
            Kind::Number => is_plain_number(token.text(self.text)),
            Kind::Text => !sign && token.text(self.text).starts_with('\''),
            Kind::Word => {
                let words = ["null", "true", "false", "default"];
                !sign && words.iter().any(|word| token.is(self.text, word))
            }
            _ => false,
        };
        plain.then_some(())
    }

    fn next(&mut self, kind: Kind) -> Option<Token> {
        self.scanner.next_code().filter(|token| token.kind == kind)
    }
}

/// `12` or `1.50`: nothing that some version reads differently, such as `0x1F`, `1_000` or `1e5`.
fn is_plain_number(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.bytes().filter(|&byte| byte == b'.').count() <= 1
        && text.len() < 100
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::cut;
    use crate::sql::tree;

    fn kept(text: &str) -> Option<&str> {
        cut(text).map(|end| &text[..end])
    }

    #[test]
    fn rows_of_literals_are_cut_after_the_second() {
        assert_eq!(
            kept(
                "INSERT INTO a.\"t\" (x, y) VALUES (1, 'a'), (-2, NULL), -- note\n (3.5, ');'), (DEFAULT, TRUE);"
            ),
            Some("INSERT INTO a.\"t\" (x, y) VALUES (1, 'a'), (-2, NULL)")
        );
        assert_eq!(
            kept("insert into t values (1), (2), (3)"),
            Some("insert into t values (1), (2)")
        );
    }

    #[test]
    fn anything_else_stays_whole() {
        for text in [
            "INSERT INTO t VALUES (1), (2)",
            "INSERT INTO t VALUES (1), (2), (now())",
            "INSERT INTO t VALUES (1), (2), (3) ON CONFLICT DO NOTHING",
            "INSERT INTO t VALUES (1), (2), (3) RETURNING id",
            "INSERT INTO t VALUES (1), (2), (3, 4)",
            "INSERT INTO t VALUES (1), (2), ()",
            "INSERT INTO t VALUES (1), (2), (3",
            "INSERT INTO t VALUES (1), (2), (3),",
            "INSERT INTO t VALUES ('a'), ('a'), (1.5); (1)",
            "INSERT INTO t VALUES (1), (2), (E'\\x')",
            "INSERT INTO t VALUES (1), (2), ('a' 'b')",
            "INSERT INTO t VALUES (1), (2), (1abc)",
            "INSERT INTO t VALUES (1), (2), (0x1F)",
            "INSERT INTO t VALUES (1), (2), (- 'a')",
            "INSERT INTO t SELECT * FROM (VALUES (1), (2), (3)) v",
            "SELECT 1",
            "INSERT INTO t OVERRIDING SYSTEM VALUE VALUE (1), (2), (3)",
            "",
        ] {
            assert_eq!(kept(text), None, "{text}");
        }
    }

    proptest! {
        /// What is cut off never hides a syntax error.
        #[test]
        fn what_is_cut_parses_as_a_whole(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "(1)", "(1, 2)", "('a')", "(null)", "(-1)", ",", ",", ",", "(", ")", "(1.5)", "('a''b')",
                    "('\\')", "(.5)", "(1.)", "(--x\n1)", "/* c */", "(default)", "('a'\n'b')", "(1a)", ";", "::int",
                ]),
                1..12,
            )
        ) {
            let text = format!("INSERT INTO t VALUES {}", parts.concat());
            if let Some(end) = cut(&text) {
                prop_assert!(tree::parse(&text, false).is_ok(), "{text}");
                prop_assert!(tree::parse(&text[..end], false).is_ok(), "{text}");
            }
        }
    }
}
