//! The text and compact formats.

use humdrum::lint::{Finding, Outcome, Severity};
use humdrum::report::Screen;
use humdrum::source::Source;
use humdrum::version::PgVersion;

use crate::made;

#[test]
fn findings_problems_and_the_summary() {
    insta::assert_snapshot!(made::text(&made::outcome(), Screen::PIPE));
}

#[test]
fn one_line_for_each_finding() {
    let mut out = Vec::new();
    let outcome = made::outcome();
    humdrum::report::compact(&made::run(&outcome), Screen::PIPE, &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

#[test]
fn a_narrow_ascii_terminal() {
    let screen = Screen {
        color: false,
        width: 60,
        unicode: false,
    };
    let text = made::text(&made::outcome(), screen);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn colours_come_only_when_asked_for_and_leave_the_text_alone() {
    let color = Screen {
        color: true,
        ..Screen::PIPE
    };
    let colored = made::text(&made::outcome(), color);
    let plain = made::text(&made::outcome(), Screen::PIPE);
    assert!(colored.contains("\u{1b}[1;31merror[create-index-blocking]\u{1b}[0m"));
    assert!(!plain.contains('\u{1b}'));
    assert_eq!(without_escapes(&colored), plain);
}

fn without_escapes(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once('m').map_or("", |(_, rest)| rest)
    })
}

#[test]
fn the_summary_counts_in_proper_grammar() {
    let mut outcome = Outcome {
        postgres: PgVersion::new(17).unwrap(),
        ..Outcome::default()
    };
    outcome.counts.migrations = 1;
    outcome.counts.statements = 1;
    let mut run = made::run(&outcome);
    run.files_read = 2;
    assert_eq!(
        humdrum::report::summary(&run),
        "1 migration, 1 statement checked for PostgreSQL 17: no findings"
    );
    run.versions.insert(PgVersion::new(14).unwrap());
    run.files_read = 3;
    run.files_left_out = 1;
    assert_eq!(
        humdrum::report::summary(&run),
        "1 migration, 1 statement checked for PostgreSQL 14 and 17 (of 3 files read): no findings; 1 file left out"
    );
}

#[test]
fn a_label_over_many_lines_shows_its_first() {
    let body = "  PERFORM 1;\n".repeat(300);
    let text = format!("DO $$\nBEGIN\n{body}END $$;\n");
    let finding = Finding::new(
        0..text.len() - 2,
        "all row locks last to the end",
        "a message",
    );
    let text = made::text(
        &made::single(Source::new("x.sql", text), finding),
        Screen::PIPE,
    );
    assert!(text.lines().count() < 15, "{text}");
    assert!(
        text.contains("DO $$") && text.contains("all row locks"),
        "{text}"
    );
}

#[test]
fn an_absurdly_long_line_is_cut_around_the_place() {
    let row = "(1, 'é'), ".repeat(400_000);
    let sql = format!("-- before\nINSERT INTO t VALUES {row}(2, 'here'), {row};\n-- after\n");
    let place = made::span(&sql, "'here'");
    let finding = Finding::new(place, "this one", "a message").also(0..9, "the start");
    let text = made::text(
        &made::single(Source::new("x.sql", sql), finding),
        Screen::PIPE,
    );
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest < Some(200), "{longest:?}");
    insta::assert_snapshot!(text);
}

#[test]
fn places_at_the_edges_of_a_file_can_be_shown() {
    for sql in [
        "",
        "\n",
        "SELECT (",
        "SELECT (\n",
        "SELECT (\r\n\r\n",
        "é",
        "\u{feff}SELECT 1;\n\n\n",
    ] {
        for start in 0..=sql.len() + 1 {
            for end in [start, start + 1, sql.len()] {
                let finding = Finding::new(start..end.max(start), "label", "a message");
                let outcome = made::single(Source::new("x.sql", sql), finding);
                let text = made::text(&outcome, Screen::PIPE);
                assert!(text.contains("label"), "{sql:?} {start}..{end}: {text}");
                assert!(!text.contains("Failed to read"), "{text}");
            }
        }
    }
}

#[test]
fn a_place_at_the_end_of_the_text_has_its_line_and_column() {
    let sql = "SELECT 1;\nSELECT (";
    let finding = Finding::new(
        sql.len()..sql.len(),
        "the statement ends here",
        "syntax error",
    );
    let text = made::text(
        &made::single(Source::new("x.sql", sql), finding),
        Screen::PIPE,
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_migration_cannot_write_to_the_terminal() {
    let sql = "SELECT '\u{1b}[2J\u{202e}', 1;";
    let finding = Finding::new(
        made::span(sql, "1;"),
        "\u{1b}[31mred",
        "evil \u{1b}]0;title\u{7}",
    )
    .help("\u{9b}31m");
    let outcome = made::single(Source::new("\u{1b}[2Jx.sql", sql), finding);
    let mut compact = Vec::new();
    humdrum::report::compact(&made::run(&outcome), Screen::PIPE, &mut compact).unwrap();
    let text = made::text(&outcome, Screen::PIPE) + &String::from_utf8(compact).unwrap();
    let forged = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(forged), "{text:?}");
    assert!(text.contains('┬'), "the label points at its place: {text}");
}

#[test]
fn two_places_on_neighbouring_and_distant_lines() {
    let sql =
        "BEGIN;\nALTER TABLE a ADD x int;\n\nUPDATE a SET x = 1;\n\n\n\n\n\nSELECT 1;\nCOMMIT;\n";
    let finding = Finding::new(
        made::span(sql, "UPDATE a SET x = 1"),
        "runs while a is locked",
        "a message",
    )
    .also(made::span(sql, "ALTER TABLE a"), "locks a")
    .also(made::span(sql, "COMMIT"), "until here");
    let text = made::text(
        &made::single(Source::new("x.sql", sql), finding),
        Screen::PIPE,
    );
    insta::assert_snapshot!(text);
}

/// The findings stand at the end of a big file: reading from its start for each takes minutes, and this runs into the
/// time that `.config/nextest.toml` gives a test.
#[test]
fn thousands_of_findings_in_one_file_come_to_an_end() {
    const FINDINGS: usize = 4_000;
    let one_line = format!(
        "{}{}",
        " ".repeat(2_000_000),
        "UPDATE t SET a = 1; ".repeat(FINDINGS)
    );
    let many_lines = format!(
        "{}{}",
        " \n".repeat(1_000_000),
        "UPDATE t SET a = 1;\n".repeat(FINDINGS)
    );
    for sql in [one_line, many_lines] {
        let source = std::sync::Arc::new(Source::new("x.sql", sql));
        let findings = (0..FINDINGS).map(|index| {
            let start = 2_000_000 + index * 20;
            let finding = Finding::new(start..start + 6, "here", "a message");
            made::reported(&source, Severity::Warning, "unbatched-update", finding)
        });
        let outcome = Outcome {
            findings: findings.collect(),
            ..Outcome::default()
        };
        let text = made::text(&outcome, Screen::PIPE);
        assert!(text.matches("here").count() == FINDINGS);
    }
}
