//! Asks the `git` program what a revision holds. Nothing is written, no hook runs, no network is used.

#![expect(
    clippy::disallowed_types,
    reason = "this is where git is called, and nothing else is"
)]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A work tree.
#[derive(Debug)]
pub struct Repository {
    /// Canonical.
    root: PathBuf,
}

impl Repository {
    /// The repository that a path lies in.
    ///
    /// # Errors
    /// There is none, or git cannot be run: a sentence for the user.
    pub fn around(path: &Path) -> Result<Self, String> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let directory = path
            .ancestors()
            .find(|it| it.is_dir())
            .unwrap_or(Path::new("."));
        let output = run(directory, &["rev-parse", "--show-toplevel"], &[])?;
        if !output.status.success() {
            return Err(format!(
                "{} is in no git repository: {}",
                directory.display(),
                complaint(&output)
            ));
        }
        let root = PathBuf::from(text(&output).trim_end_matches(['\n', '\r']));
        let root = root.canonicalize().unwrap_or(root);
        Ok(Repository { root })
    }

    /// The commit that a revision stands for.
    ///
    /// # Errors
    /// There is none of that name: a sentence that says what to do.
    pub fn commit(&self, revision: &str) -> Result<String, String> {
        let wanted = format!("{revision}^{{commit}}");
        let output = run(
            &self.root,
            &["rev-parse", "--verify", "--end-of-options", &wanted],
            &[],
        )?;
        if output.status.success() {
            return Ok(text(&output).trim().to_string());
        }
        let shallow = run(&self.root, &["rev-parse", "--is-shallow-repository"], &[])?;
        let advice = if text(&shallow).trim() == "true" {
            "; this clone is shallow: fetch the revision first (`git fetch origin <branch>`, or `fetch-depth: 0` in the CI job)"
        } else {
            ""
        };
        Err(format!("git knows no revision `{revision}`{advice}"))
    }

    /// The commit at which the work that is checked out left a commit's history, if git knows it.
    pub fn parting(&self, commit: &str) -> Option<String> {
        let output = run(&self.root, &["merge-base", commit, "HEAD"], &[]).ok()?;
        output
            .status
            .success()
            .then(|| text(&output).trim().to_string())
    }

    /// The objects of a commit's `.sql` files, by their paths on disk.
    ///
    /// # Errors
    /// What git says.
    pub fn sql_files(&self, commit: &str) -> Result<BTreeMap<PathBuf, String>, String> {
        let output = run(
            &self.root,
            &["ls-tree", "-r", "-z", "--full-tree", commit],
            &[],
        )?;
        if !output.status.success() {
            return Err(format!("git ls-tree: {}", complaint(&output)));
        }
        let mut files = BTreeMap::new();
        for entry in output.stdout.split(|&byte| byte == 0) {
            // <mode> <type> <object>\t<path>
            let entry = String::from_utf8_lossy(entry);
            let Some((facts, path)) = entry.split_once('\t') else {
                continue;
            };
            let mut facts = facts.split(' ').skip(1);
            let (kind, object) = (facts.next(), facts.next());
            let path = self.root.join(path);
            if let (Some("blob"), Some(object)) = (kind, object)
                && super::tree::is_sql(&path)
            {
                files.insert(path, object.to_string());
            }
        }
        Ok(files)
    }

    /// The contents of objects, in their order.
    ///
    /// # Errors
    /// What git says.
    pub fn contents(&self, objects: &[&str]) -> Result<Vec<Vec<u8>>, String> {
        let mut input = objects.join("\n");
        input.push('\n');
        let output = run(&self.root, &["cat-file", "--batch"], input.as_bytes())?;
        if !output.status.success() {
            return Err(format!("git cat-file: {}", complaint(&output)));
        }
        let mut rest = output.stdout.as_slice();
        let mut contents = Vec::new();
        for object in objects {
            // <object> <type> <size>\n<content>\n
            let end = rest.iter().position(|&byte| byte == b'\n');
            let head = String::from_utf8_lossy(&rest[..end.unwrap_or(rest.len())]).into_owned();
            let size = head
                .rsplit(' ')
                .next()
                .and_then(|size| size.parse::<usize>().ok());
            let start = end.map_or(rest.len(), |end| end + 1);
            let content = size.and_then(|size| rest.get(start..start + size));
            let Some(content) = content else {
                return Err(format!("git cat-file: {object} cannot be read"));
            };
            contents.push(content.to_vec());
            rest = rest.get(start + content.len() + 1..).unwrap_or_default();
        }
        Ok(contents)
    }
}

fn run(directory: &Path, arguments: &[&str], input: &[u8]) -> Result<Output, String> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            "the program `git` is needed for this and was not found".to_string()
        }
        _ => format!("git cannot be run: {}", super::read::plain(&error)),
    };
    let mut git = Command::new("git");
    // A hook's GIT_DIR makes git take any directory that it is told for the top of the work tree.
    if std::env::var_os("GIT_WORK_TREE").is_none() {
        for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            git.env_remove(name);
        }
    }
    let mut child = git
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    // git answers while it still reads: writing must not wait for somebody to read the answer.
    std::thread::scope(|scope| {
        let writer = stdin.map(|mut stdin| scope.spawn(move || stdin.write_all(input)));
        let output = child.wait_with_output().map_err(failed);
        if let Some(writer) = writer {
            // A git that stops early says why itself.
            let _ = writer.join();
        }
        output
    })
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The first line of what git complains of.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().next().unwrap_or("no reason given");
    line.trim_start_matches("fatal: ").to_string()
}
