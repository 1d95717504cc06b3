//! Hostile files among good ones, in one run: no crash, no hang, the good files' findings unchanged, each bad
//! file named.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const GOOD_FILES: usize = 20;

/// Twenty migrations, every second one with a finding.
fn write_good_files(directory: &Path) {
    for number in 1..=GOOD_FILES {
        let sql = if number % 2 == 0 {
            format!("CREATE INDEX t{0}_idx ON t{0} (n);\n", number - 1)
        } else {
            format!("CREATE TABLE t{number} (id bigint PRIMARY KEY, n integer);\n")
        };
        fs::write(directory.join(format!("{number:03}_good.sql")), sql).unwrap();
    }
}

/// Each hostile file: its name and its bytes.
fn hostile_files() -> Vec<(&'static str, Vec<u8>)> {
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain("SELECT 1;".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let rows: String = (0..120_000)
        .map(|n| format!("({n}, 'row number {n} of many, with text')"))
        .collect::<Vec<_>>()
        .join(",\n");
    let copy: String = (0..110_000)
        .map(|n| format!("{n}\tsome text of row {n}; it's not SQL -- at all\n"))
        .collect();
    let text = |text: String| text.into_bytes();
    vec![
        ("101_invalid_utf8.sql", b"SELECT 'caf\xe9';\n".to_vec()),
        ("102_utf16.sql", utf16),
        (
            "103_nul.sql",
            b"SELECT 1;\nSELECT '\0';\nSELECT 2;\n".to_vec(),
        ),
        (
            "104_bom.sql",
            text("\u{feff}CREATE TABLE bom (id bigint PRIMARY KEY);\n".into()),
        ),
        (
            "105_crlf.sql",
            text("CREATE TABLE crlf (\r\n  id bigint PRIMARY KEY\r\n);\r\n".into()),
        ),
        ("106_empty.sql", Vec::new()),
        (
            "107_comment_only.sql",
            text("-- nothing\n/* to see */\n".into()),
        ),
        (
            "108_unterminated_string.sql",
            text("SELECT 1;\nSELECT 'abc;\n".into()),
        ),
        (
            "109_unterminated_dollar.sql",
            text("SELECT 1;\nDO $$ BEGIN NULL; END\n".into()),
        ),
        (
            "110_unterminated_comment.sql",
            text("SELECT 1;\n/* never closed\n".into()),
        ),
        (
            "111_operands.sql",
            text(format!("SELECT {};\n", vec!["1"; 5_000].join(" + "))),
        ),
        (
            "112_parentheses.sql",
            text(format!(
                "SELECT {}1{};\n",
                "(".repeat(10_000),
                ")".repeat(10_000)
            )),
        ),
        (
            "113_minus_signs.sql",
            text(format!("SELECT {}1;\n", "- ".repeat(100_000))),
        ),
        (
            "114_rows.sql",
            text(format!(
                "CREATE TABLE big (id bigint PRIMARY KEY, t text);\nINSERT INTO big VALUES {rows};\n"
            )),
        ),
        (
            "115_copy.sql",
            text(format!(
                "CREATE TABLE copied (id bigint PRIMARY KEY, t text);\nCOPY copied FROM stdin;\n{copy}\\.\nSELECT 1;\n"
            )),
        ),
    ]
}

fn humdrum(directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_humdrum"))
        .args(["check", "--format", "json", "migrations"])
        .current_dir(directory)
        .env_remove("NO_COLOR")
        .output()
        .unwrap()
}

fn report(output: &Output) -> serde_json::Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Findings and problems of each file, as `rule` or `problem: message`.
fn by_file(report: &serde_json::Value) -> BTreeMap<String, Vec<String>> {
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let name = |value: &serde_json::Value| {
        let path = value["path"].as_str().unwrap();
        path.rsplit('/').next().unwrap().to_owned()
    };
    for finding in report["findings"].as_array().unwrap() {
        files
            .entry(name(finding))
            .or_default()
            .push(finding["rule"].as_str().unwrap().to_owned());
    }
    for problem in report["problems"].as_array().unwrap() {
        files
            .entry(name(problem))
            .or_default()
            .push(format!("problem: {}", problem["message"].as_str().unwrap()));
    }
    files
}

fn good(files: &BTreeMap<String, Vec<String>>) -> BTreeMap<&String, &Vec<String>> {
    files
        .iter()
        .filter(|(name, _)| name.contains("_good"))
        .collect()
}

#[test]
fn bad_files_neither_crash_nor_silence_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let migrations = directory.path().join("migrations");
    fs::create_dir(&migrations).unwrap();
    write_good_files(&migrations);
    let alone = humdrum(directory.path());
    let expected = by_file(&report(&alone));
    assert_eq!(expected.len(), GOOD_FILES / 2, "{expected:?}");

    for (name, bytes) in hostile_files() {
        fs::write(migrations.join(name), bytes).unwrap();
    }
    fs::create_dir(migrations.join("116_directory.sql")).unwrap();
    // Root reads whatever has no permission, so a link to nowhere stands for the unreadable file.
    std::os::unix::fs::symlink(
        "/nonexistent/nowhere.sql",
        migrations.join("117_unreadable.sql"),
    )
    .unwrap();

    let output = humdrum(directory.path());
    assert_eq!(
        output.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report = report(&output);
    let files = by_file(&report);
    assert_eq!(good(&files), good(&expected));

    let said = |name: &str| {
        files
            .get(name)
            .map(|said| said.join("; "))
            .unwrap_or_default()
    };
    for (name, needle) in [
        ("101_invalid_utf8.sql", "UTF-8"),
        ("102_utf16.sql", "UTF-16"),
        ("103_nul.sql", "syntax-error"),
        ("108_unterminated_string.sql", "syntax-error"),
        ("109_unterminated_dollar.sql", "syntax-error"),
        ("110_unterminated_comment.sql", "syntax-error"),
        ("111_operands.sql", "unanalysed-statement"),
        ("112_parentheses.sql", "unanalysed-statement"),
        ("113_minus_signs.sql", "unanalysed-statement"),
        ("117_unreadable.sql", "problem"),
    ] {
        assert!(said(name).contains(needle), "{name}: `{}`", said(name));
    }
    for name in [
        "104_bom.sql",
        "105_crlf.sql",
        "106_empty.sql",
        "107_comment_only.sql",
        "115_copy.sql",
    ] {
        assert_eq!(said(name), "", "{name} is not bad");
    }
    assert_eq!(said("114_rows.sql"), "", "rows of a new table");
}

#[test]
fn a_directory_with_the_name_of_a_file_is_not_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let migrations = directory.path().join("migrations");
    fs::create_dir_all(migrations.join("x.sql")).unwrap();
    write_good_files(&migrations);
    let output = humdrum(directory.path());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(by_file(&report(&output)).len(), GOOD_FILES / 2);
}
