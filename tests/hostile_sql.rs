//! Hostile input: byte soup, truncated and shuffled SQL. Nothing may panic, and every span must be
//! in order, inside the script and between characters.

use humdrum::source::Source;
use humdrum::sql::scan::{Kind, Scanner};
use humdrum::sql::{Body, parse_script};
use proptest::prelude::*;

/// SQL with every kind of token and every construct that may hold a `;`.
const SAMPLE: &str = r#"-- migrate:up
CREATE TABLE "Bestell ""ung" (id int PRIMARY KEY, "größe" text DEFAULT 'it''s', n numeric(10, 2) CHECK (n > 1.5e3));
/* a /* nested */ ; comment */ ALTER TABLE t ADD COLUMN x text DEFAULT E'\'; \\' COLLATE "C", DROP COLUMN y;
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN a; END $body$;
CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 ELSE 2 END; END;
CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; INSERT INTO b VALUES (1));
\set name 'a;b'
SELECT :name, :'text', x::int, a[1:2], U&"d\0061t", $1, b'01', x'1F' FROM ${schema}.t WHERE a @> '{1}'::int[] \gset
COPY t (a, b) FROM stdin;
1	it's; $$
\.
# --- !Downs
DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'x'); END $$;
INSERT INTO t VALUES (1, 'a'), (2, N'b') ON CONFLICT DO NOTHING; {{ if .x }} DROP TABLE t {{ end }};
\i other.sql
SET standard_conforming_strings = off; SELECT 'a\'b;';
"#;

fn check(text: &str, range: std::ops::Range<usize>) {
    let source = Source::new("hostile.sql", text);
    let parsed = parse_script(&source, range.clone());
    let fits = |span: &std::ops::Range<usize>| {
        assert!(span.start <= span.end, "{span:?} is backwards");
        assert!(
            range.start <= span.start && span.end <= range.end,
            "{span:?} is outside"
        );
        assert!(
            text.get(span.clone()).is_some(),
            "{span:?} cuts a character"
        );
    };
    let mut end = range.start;
    for statement in &parsed.statements {
        fits(&statement.span);
        assert!(end <= statement.span.start, "{:?} overlaps", statement.span);
        let mut place = end;
        for comment in &statement.leading_comments {
            fits(comment);
            assert!(place <= comment.start && comment.end <= statement.span.start);
            place = comment.end;
        }
        end = statement.span.end;
        let mut place = statement.span.start;
        for placeholder in &statement.placeholders {
            fits(placeholder);
            assert!(place <= placeholder.start, "{placeholder:?} overlaps");
            place = placeholder.end;
        }
        if let Body::Invalid(error) = &statement.body {
            fits(&(error.offset..error.offset));
            assert!(statement.span.start <= error.offset);
            assert!(!error.message.is_empty());
        }
    }
    let mut end = range.start;
    for comment in &parsed.comments {
        fits(comment);
        assert!(end <= comment.start);
        end = comment.end;
    }
}

fn boundary(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at % (text.len() + 1))
}

/// Pieces of the sample that are whole tokens, so that shuffling makes more than noise.
fn sample_tokens() -> Vec<&'static str> {
    SAMPLE.split_inclusive([' ', '\n']).collect()
}

/// Texts of characters that mean something to the scanner, and some that do not.
fn soup() -> impl Strategy<Value = String> {
    let alphabet = prop::sample::select(vec![
        "'",
        "\"",
        "$",
        "$$",
        "$a$",
        "\\",
        "\\.",
        "\\g",
        "\\i",
        ";",
        "--",
        "/*",
        "*/",
        "(",
        ")",
        "[",
        "]",
        "\n",
        "\r",
        " ",
        ":",
        "::",
        ":a",
        "E'",
        "e",
        "U&",
        "&",
        "N'",
        "b'",
        "1",
        "1e",
        ".",
        "0x",
        "ä",
        "\u{a0}",
        "\u{feff}",
        "\0",
        "{{",
        "}}",
        "${",
        "}",
        "%(",
        ")s",
        "#",
        "copy",
        "from stdin",
        "create",
        "rule",
        "function",
        "begin",
        "atomic",
        "end",
        "case",
        "select",
        "a",
        "_",
        ",",
        "=",
        "set standard_conforming_strings = off",
        "insert into",
        "values",
        "table",
        "drop",
    ]);
    prop::collection::vec(alphabet, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_taken(text in any::<String>()) {
        check(&text, 0..text.len());
    }

    #[test]
    fn soup_is_taken(text in soup()) {
        check(&text, 0..text.len());
    }

    #[test]
    fn soup_of_words_is_taken(words in prop::collection::vec(soup(), 0..6)) {
        let text = words.join(" ; ");
        check(&text, 0..text.len());
    }

    #[test]
    fn any_part_of_a_script_is_taken(a in any::<usize>(), b in any::<usize>()) {
        let (a, b) = (boundary(SAMPLE, a), boundary(SAMPLE, b));
        check(SAMPLE, a.min(b)..a.max(b));
    }

    #[test]
    fn shuffled_sql_is_taken(order in prop::collection::vec(any::<prop::sample::Index>(), 1..120)) {
        let tokens = sample_tokens();
        let text: String = order.iter().map(|index| *index.get(&tokens)).collect();
        check(&text, 0..text.len());
    }

    #[test]
    fn damaged_sql_is_taken(at in any::<usize>(), length in 0..20usize, insert in soup()) {
        let from = boundary(SAMPLE, at);
        let to = boundary(SAMPLE, (from + length).min(SAMPLE.len()));
        let text = [&SAMPLE[..from], &insert, &SAMPLE[to.max(from)..]].concat();
        check(&text, 0..text.len());
    }

    /// PostgreSQL's own scanner judges ours: where it takes a text, both see the same strings,
    /// comments, names and semicolons.
    #[test]
    fn tokens_are_those_of_postgres(text in soup()) {
        compare_with_postgres(&text)?;
    }

    #[test]
    fn tokens_of_damaged_sql_are_those_of_postgres(
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
    ) {
        let tokens = sample_tokens();
        let text: String = order.iter().map(|index| *index.get(&tokens)).collect();
        compare_with_postgres(&text)?;
    }
}

fn compare_with_postgres(text: &str) -> Result<(), TestCaseError> {
    let Ok(theirs) = pg_query::scan(text) else {
        return Ok(());
    };
    use pg_query::protobuf::Token as T;
    let theirs: Vec<_> = theirs
        .tokens
        .iter()
        .filter_map(|token| {
            let kind = match token.token() {
                T::Sconst | T::Usconst | T::Bconst | T::Xconst => Kind::Text,
                T::SqlComment | T::CComment => Kind::Comment,
                T::Ascii59 => Kind::Semicolon,
                _ => return None,
            };
            Some((kind, token.start as usize, token.end as usize))
        })
        .collect();
    let ours: Vec<_> = Scanner::new(text)
        .filter(|token| matches!(token.kind, Kind::Text | Kind::Comment | Kind::Semicolon))
        .map(|token| (token.kind, token.start, token.end))
        .collect();
    // PostgreSQL joins strings that continue on another line, and takes the N of N'...' for a
    // token of its own.
    let starts = |tokens: &[(Kind, usize, usize)]| -> Vec<(Kind, usize)> {
        tokens
            .iter()
            .filter(|(kind, ..)| *kind != Kind::Text)
            .map(|&(kind, start, _)| (kind, start))
            .collect()
    };
    prop_assert_eq!(starts(&ours), starts(&theirs), "{:?}", text);
    for (_, start, end) in theirs.iter().filter(|(kind, ..)| *kind == Kind::Text) {
        prop_assert!(
            ours.iter().any(|(kind, from, to)| *kind == Kind::Text
                && (from == start || from + 1 == *start)
                && to <= end),
            "{:?}: no string at {}",
            text,
            start
        );
    }
    Ok(())
}
