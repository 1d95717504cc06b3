//! Files that nobody wants to meet, one at a time in the place of each file of each layout's project: no panic, the
//! file is named where it cannot be used, and the others keep what is said of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use humdrum::lint::{LintConfig, Outcome, lint};
use humdrum::project::{Options, load};
use tempfile::TempDir;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => fs::write(&target, fs::read(&path).unwrap()).unwrap(),
        }
    }
}

fn sql_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sql_files(&path, found),
            false if path.extension().is_some_and(|it| it == "sql") => found.push(path),
            false => {}
        }
    }
    found.sort();
}

fn check(root: &Path) -> Outcome {
    let project = load(&[root.to_path_buf()], &Options::default());
    lint(&project, &LintConfig::default())
}

type Deed = fn(&[u8]) -> Vec<u8>;

/// What is done to a file, given its own bytes.
const DEEDS: [(&str, Deed); 12] = [
    ("UTF-16 with a mark", |text| {
        let text = String::from_utf8_lossy(text).into_owned();
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }),
    ("UTF-16 without one", |text| {
        let text = String::from_utf8_lossy(text).into_owned();
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }),
    ("a byte that is no UTF-8", |text| {
        [text, b"-- \xFF\n"].concat()
    }),
    ("a NUL", |text| [text, b"SELECT '\0';\n"].concat()),
    ("a byte order mark", |text| [b"\xEF\xBB\xBF", text].concat()),
    ("CRLF", |text| {
        String::from_utf8_lossy(text)
            .replace('\n', "\r\n")
            .into_bytes()
    }),
    ("CR", |text| {
        String::from_utf8_lossy(text)
            .replace('\n', "\r")
            .into_bytes()
    }),
    ("no line end at the end", |text| {
        text.trim_ascii_end().to_vec()
    }),
    ("nothing", |_| Vec::new()),
    ("a string without an end", |text| {
        [text, b"SELECT 'x;\n$$ (((\n"].concat()
    }),
    ("a long line", |text| {
        [text, b"SELECT 1", &b", 1;".repeat(2_000), b"\n"].concat()
    }),
    ("markers of all tools", |text| {
        let markers = b"-- +goose Down\n-- +migrate Down\n-- migrate:down\n# --- !Downs\n---- create above / drop below ----\n--> statement-breakpoint\n--rollback x\n-- +goose StatementBegin\n";
        [text, markers].concat()
    }),
];

#[test]
fn no_file_of_any_layout_harms_the_others() {
    let mut layouts: Vec<PathBuf> = fs::read_dir("fixtures/layouts")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    layouts.sort();
    for (number, layout) in layouts.into_iter().enumerate() {
        let directory = TempDir::new().unwrap();
        let root = directory.path().join(layout.file_name().unwrap());
        copy(&layout, &root);
        let mut files = Vec::new();
        sql_files(&root, &mut files);
        let project = load(std::slice::from_ref(&root), &Options::default());
        let migrations: BTreeSet<PathBuf> = project
            .chains
            .iter()
            .flat_map(|chain| &chain.migrations)
            .map(|it| it.source.path().to_path_buf())
            .collect();
        let before = check(&root);
        // Each layout meets half of the deeds, its neighbour the others.
        let deeds = DEEDS
            .iter()
            .enumerate()
            .filter(|(deed, _)| (deed + number) % 2 == 0);
        for (at, (deed, change)) in deeds {
            let Some(file) = files.get((at * 5 + number) % files.len().max(1)) else {
                continue;
            };
            let text = fs::read(file).unwrap();
            fs::write(file, change(&text)).unwrap();
            let after = check(&root);
            let shown = format!("{deed} in {}", file.display());
            for problem in &after.problems {
                assert!(
                    !problem.message.contains("internal error"),
                    "{shown}: {}",
                    problem.message
                );
            }
            let unreadable = deed.starts_with("UTF-16 with") || deed.contains("no UTF-8");
            if unreadable && migrations.contains(file) {
                let named: BTreeSet<&Path> =
                    after.problems.iter().map(|it| it.path.as_path()).collect();
                assert!(
                    named.contains(file.as_path()),
                    "{shown} is not named: {:?}",
                    after.problems
                );
            }
            let gone = before
                .findings
                .iter()
                .map(|it| it.source.path())
                .filter(|it| *it != file);
            let still: BTreeSet<&Path> = after.findings.iter().map(|it| it.source.path()).collect();
            let gone: BTreeSet<&Path> = gone.filter(|it| !still.contains(it)).collect();
            // A layout may be told by the very file that was spoilt, and a table may be created in it.
            assert!(
                gone.len() <= files.len() / 2,
                "{shown}: nothing is said any more of {gone:?}"
            );
            fs::write(file, &text).unwrap();
        }
        // A directory with a file's name, and a file that may not be read.
        let Some(file) = files.first() else { continue };
        let text = fs::read(file).unwrap();
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
        let _ = check(&root);
        fs::remove_dir(file).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", file).unwrap();
            let after = check(&root);
            let named = |it: &humdrum::project::Problem| it.path == *file;
            let known = !migrations.contains(file);
            assert!(
                known || after.problems.iter().any(named),
                "{}",
                file.display()
            );
            fs::remove_file(file).unwrap();
        }
        fs::write(file, text).unwrap();
        assert_eq!(check(&root).findings.len(), before.findings.len());
    }
}
