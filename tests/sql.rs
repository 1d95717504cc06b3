//! Text to statements: every trap of real and hostile files, with the exact place or shape expected.

use humdrum::source::Source;
use humdrum::sql::{Body, Parsed, Skim, SkimReason, SyntaxError, parse_script};

fn parse(text: &str) -> Parsed {
    parse_script(&Source::new("test.sql", text), 0..text.len())
}

/// One word for each statement's body.
fn shapes(parsed: &Parsed) -> Vec<&'static str> {
    parsed
        .statements
        .iter()
        .map(|statement| match statement.body {
            Body::Tree(_) => "tree",
            Body::Skimmed(_) => "skimmed",
            Body::Invalid(_) => "invalid",
            Body::Psql(_) => "psql",
        })
        .collect()
}

fn texts<'a>(text: &'a str, parsed: &Parsed) -> Vec<&'a str> {
    parsed
        .statements
        .iter()
        .map(|statement| &text[statement.span.clone()])
        .collect()
}

fn errors(parsed: &Parsed) -> Vec<SyntaxError> {
    parsed
        .statements
        .iter()
        .filter_map(|statement| match &statement.body {
            Body::Invalid(error) => Some(error.clone()),
            _ => None,
        })
        .collect()
}

fn error(message: &str, offset: usize) -> SyntaxError {
    SyntaxError {
        message: message.to_owned(),
        offset,
    }
}

/// Runs on a thread with as little stack as rayon's workers have.
fn on_a_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn_scoped(scope, work)
            .unwrap()
            .join()
            .unwrap()
    })
}

#[test]
fn one_syntax_error_leaves_the_others_alone() {
    let text = "CREATE TABLE ä (x int);\nCREATE TABEL b (x int);\nSELECT 1;";
    let parsed = parse(text);
    assert_eq!(shapes(&parsed), ["tree", "invalid", "tree"]);
    assert_eq!(
        errors(&parsed),
        [error(
            r#"syntax error at or near "TABEL""#,
            text.find("TABEL").unwrap()
        )]
    );
}

#[test]
fn a_statement_that_stops_short_is_an_error_at_its_semicolon() {
    let text = "DROP TABLE ;\nCREATE VIEW v AS";
    assert_eq!(
        errors(&parse(text)),
        [
            error(r#"syntax error at or near ";""#, 11),
            error("syntax error at end of input", text.len())
        ]
    );
}

#[test]
fn only_the_range_is_read_and_offsets_are_the_files() {
    let text = "-- up\nSELECT ö, FROM;\n-- down\nDROP TABEL t;";
    let down = text.find("-- down").unwrap();
    let source = Source::new("test.sql", text);
    let parsed = parse_script(&source, down..text.len());
    assert_eq!(texts(text, &parsed), ["DROP TABEL t"]);
    assert_eq!(parsed.statements[0].leading_comments.len(), 1);
    assert_eq!(parsed.statements[0].leading_comments[0], down..down + 7);
    assert_eq!(
        errors(&parsed),
        [error(
            r#"syntax error at or near "TABEL""#,
            text.find("TABEL").unwrap()
        )]
    );
    for (start, end) in [(5, 3), (100, 200), (0, 1000), (15, 16)] {
        parse_script(&source, start..end);
    }
}

#[test]
fn tree_locations_count_from_the_statement() {
    let text = "-- é\nSELECT 1;\n/* ü */ DROP TABLE t; ALTER TABLE a ADD é int";
    let parsed = parse(text);
    let Body::Tree(node) = &parsed.statements[2].body else {
        panic!("no tree");
    };
    let pg_query::NodeEnum::AlterTableStmt(alter) = node.as_ref() else {
        panic!("no ALTER TABLE");
    };
    let location = alter.relation.as_ref().unwrap().location;
    assert_eq!(
        parsed.statements[2].offset(location),
        Some(text.find("a ADD").unwrap())
    );
}

#[test]
fn a_nul_byte_spoils_one_statement() {
    let parsed = parse("SELECT 1; SELECT \0; SELECT 3");
    assert_eq!(shapes(&parsed), ["tree", "invalid", "tree"]);
    assert_eq!(errors(&parsed), [error("NUL byte", 17)]);
}

#[test]
fn statements_before_an_unterminated_string_are_parsed() {
    let text = "SELECT 1; COMMENT ON TABLE t IS 'it; SELECT 2;";
    let parsed = parse(text);
    assert_eq!(shapes(&parsed), ["tree", "invalid"]);
    assert_eq!(
        errors(&parsed),
        [error(
            "unterminated quoted string",
            text.find('\'').unwrap()
        )]
    );
}

#[test]
fn byte_order_mark_and_line_ends_do_not_matter() {
    for text in [
        "\u{feff}SELECT 1;\r\nSELECT 2;\r\n",
        "SELECT 1;\r-- a\rSELECT 2\r",
        "SELECT 1;\u{a0}\n\u{a0}SELECT 2;\u{a0}",
    ] {
        assert_eq!(shapes(&parse(text)), ["tree", "tree"], "{text:?}");
    }
}

#[test]
fn nothing_but_blanks_and_comments_is_no_statement() {
    for text in ["", "\n", "-- nothing", "/* /* */ */ ;", "\u{feff}"] {
        assert!(parse(text).statements.is_empty(), "{text:?}");
    }
    assert_eq!(parse("SELECT /* a */ 1; -- b").comments, [7..14, 18..22]);
}

#[test]
fn backslashes_follow_the_setting() {
    let parsed = parse(r"SET standard_conforming_strings = off; SELECT 'it\'s;'; SELECT 1");
    assert_eq!(shapes(&parsed), ["tree", "tree", "tree"]);
}

#[test]
fn psql_commands_within_a_statement_are_blanked() {
    let text = "SELECT 1\n\\echo ;'\n, a FROM FROM;\n\\connect x";
    let parsed = parse(text);
    assert_eq!(shapes(&parsed), ["invalid", "psql"]);
    assert_eq!(errors(&parsed)[0].offset, text.rfind("FROM").unwrap());
}

#[test]
fn many_rows_are_checked_but_not_decoded() {
    let rows = "(1, f('a;b')),\n".repeat(10_000);
    let text = format!("INSERT INTO app.\"Big\" VALUES {rows} (2, 'c'); SELECT 1");
    let parsed = parse(&text);
    let Body::Skimmed(skim) = &parsed.statements[0].body else {
        panic!("{:?}", shapes(&parsed));
    };
    assert_eq!(
        *skim,
        Skim {
            command: "insert".into(),
            relation: vec!["app".into(), "Big".into()],
            reason: SkimReason::ManyRows,
        }
    );
    assert_eq!(shapes(&parsed)[1], "tree");

    let text = format!("INSERT INTO t VALUES {rows} (2 'c'); SELECT 1");
    let parsed = parse(&text);
    assert_eq!(shapes(&parsed), ["invalid", "tree"]);
    assert_eq!(errors(&parsed)[0].offset, text.find("'c'").unwrap());
}

#[test]
fn deep_nesting_is_skimmed_and_never_crashes() {
    let deep = [
        format!("SELECT 1{}", " || a".repeat(5_000)),
        format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("SELECT {}1", "- ".repeat(100_000)),
        format!("SELECT {}1{}", "f(".repeat(3_000), ")".repeat(3_000)),
        format!("SELECT {}1{}", "(SELECT ".repeat(1_000), ")".repeat(1_000)),
        format!("SELECT {} true", "NOT ".repeat(4_000)),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(4_000)),
        format!(
            "SELECT {}1{}",
            "CASE WHEN a THEN ".repeat(2_000),
            " END".repeat(2_000)
        ),
    ];
    for text in deep {
        let text = format!("SELECT 1; {text}; SELECT 2");
        let shapes = on_a_small_stack(|| shapes(&parse(&text)));
        assert_eq!(shapes, ["tree", "skimmed", "tree"], "{}", &text[..80]);
    }
}

#[test]
fn ordinary_nesting_has_a_tree() {
    let nested = [
        format!("SELECT 1{}", " || a".repeat(450)),
        format!("SELECT {}1{}", "(".repeat(1_000), ")".repeat(1_000)),
        format!("SELECT {}1{}", "(SELECT ".repeat(100), ")".repeat(100)),
        format!("SELECT 1{}", " OR a".repeat(20_000)),
        format!(
            "SELECT {}1{}",
            "CASE WHEN a THEN ".repeat(100),
            " END".repeat(100)
        ),
    ];
    for text in nested {
        let shapes = on_a_small_stack(|| shapes(&parse(&text)));
        assert_eq!(shapes, ["tree"], "{}", &text[..80]);
    }
}

#[test]
fn placeholders_are_recorded_and_offsets_stay_true() {
    let text =
        "-- é\nGRANT ALL ON SCHEMA :\"a b\" TO :owner;\nALTER TABLE ${schema}.t DROP COLUMN FROM;";
    let parsed = parse(text);
    assert_eq!(shapes(&parsed), ["tree", "invalid"]);
    let placeholders: Vec<_> = parsed
        .statements
        .iter()
        .flat_map(|statement| &statement.placeholders)
        .map(|range| &text[range.clone()])
        .collect();
    assert_eq!(placeholders, [":\"a b\"", ":owner", "${schema}"]);
    assert_eq!(errors(&parsed)[0].offset, text.rfind("FROM").unwrap());
}

#[test]
fn what_parses_has_no_placeholders() {
    let parsed = parse("SELECT a::text, b[1:2], '${x}', JSON_OBJECT('k':v), c -> '{d}'");
    assert_eq!(shapes(&parsed), ["tree"]);
    assert!(parsed.statements[0].placeholders.is_empty());
}

#[test]
fn a_statement_that_is_a_placeholder_brings_sql_from_elsewhere() {
    let text = "{{ template \"shared/x.sql\" . }};\nSELECT 1;\n:do_it /* now */;";
    let parsed = parse(text);
    assert_eq!(shapes(&parsed), ["psql", "tree", "psql"]);
    assert_eq!(texts(text, &parsed)[0], "{{ template \"shared/x.sql\" . }}");
}

#[test]
fn a_forgotten_semicolon_hides_nothing() {
    let text = "CREATE TABLE a (x int)\n-- next\nALTER TABLE b ADD y int;\nSELECT 1;";
    let parsed = parse(text);
    assert_eq!(shapes(&parsed), ["invalid", "tree", "tree"]);
    assert_eq!(
        errors(&parsed),
        [error(
            r#"syntax error at or near "ALTER""#,
            text.find("ALTER").unwrap()
        )]
    );
    assert_eq!(texts(text, &parsed)[0], "CREATE TABLE a (x int)");
    assert_eq!(texts(text, &parsed)[1], "ALTER TABLE b ADD y int");
    assert_eq!(
        &text[parsed.statements[1].leading_comments[0].clone()],
        "-- next"
    );
}

#[test]
fn several_forgotten_semicolons_are_several_errors() {
    let text = "DROP TABLE a\nDROP TABLE b\nDROP TABLE c FROM d;";
    let parsed = parse(text);
    assert_eq!(shapes(&parsed), ["invalid", "invalid", "invalid"]);
    assert_eq!(
        errors(&parsed)[1].offset,
        text.find("DROP TABLE c").unwrap()
    );
    assert_eq!(errors(&parsed)[2].offset, text.find("FROM").unwrap());
    let many = "SELECT 1\n".repeat(20_000);
    assert!(shapes(&parse(&many)).len() <= 21);
}

#[test]
fn stray_text_does_not_hide_the_statement_after_it() {
    let text = "```sql\nCREATE TABLE a (x int);\n```";
    let parsed = parse(text);
    assert_eq!(shapes(&parsed), ["invalid", "tree", "invalid"]);
    assert_eq!(errors(&parsed)[0].offset, 0);
}

#[test]
fn a_psql_variable_that_the_script_sets_is_filled_in() {
    let text = "\\set table orders\n\\set note 'it''s'\nSELECT 1;\nCOMMENT ON TABLE :table IS :'note';\n\\set table `date`\nDROP TABLE :table;\n";
    let source = Source::new("x.sql", text);
    let parsed = parse_script(&source, 0..text.len());
    let filled: Vec<Option<&str>> = parsed
        .statements
        .iter()
        .map(|it| it.filled.as_ref().map(|filled| filled.text()))
        .collect();
    assert_eq!(
        filled,
        [None, Some("COMMENT ON TABLE orders IS 'it''s';"), None]
    );
    assert_eq!(parsed.statements[2].placeholders.len(), 1);
}
