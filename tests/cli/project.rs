//! A project on disk, and humdrum run in it with nothing of the tester's environment.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A table of an earlier migration, so that later ones meet an existing relation.
pub const ORDERS: &str = "\
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, old text);
";
/// An error and a warning: blocks writes, without a lock_timeout.
pub const INDEX: &str = "CREATE INDEX orders_customer_idx ON orders (customer_id);\n";
/// Nothing to say.
pub const FINE: &str = "\
SET lock_timeout = '5s';
ALTER TABLE orders ADD COLUMN note text;
";
/// A warning and nothing else: no lock_timeout.
pub const WARNING: &str = "ALTER TABLE orders ADD COLUMN note text;\n";

pub struct Project {
    directory: TempDir,
}

pub struct Run {
    pub code: i32,
    pub stdout: String,
    /// Without the note on directories whose migration tool is not known.
    pub stderr: String,
    assumption: String,
}

impl Project {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let project = Project {
            directory: tempfile::tempdir().unwrap(),
        };
        for (path, text) in files {
            project.file(path, text.as_bytes());
        }
        project
    }

    /// `db/migrations/001.sql` with the table orders, and `002.sql` with this.
    pub fn with_orders(second: &str) -> Self {
        Project::new(&[
            ("db/migrations/001_orders.sql", ORDERS),
            ("db/migrations/002_next.sql", second),
        ])
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn file(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_humdrum"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        finish(self, self.command(arguments).spawn().unwrap())
    }

    /// Runs a command of [`Project::command`] that was changed since.
    pub fn finish(&self, mut command: Command) -> Run {
        finish(self, command.spawn().unwrap())
    }

    pub fn run_with_stdin(&self, arguments: &[&str], stdin: &[u8]) -> Run {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin).unwrap();
        finish(self, child)
    }
}

fn finish(project: &Project, child: std::process::Child) -> Run {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        let real = project.path().canonicalize().unwrap();
        text.replace(real.to_str().unwrap(), "[DIRECTORY]")
    };
    let stderr = text(output.stderr);
    let (assumption, stderr): (Vec<&str>, Vec<&str>) = stderr
        .split_inclusive('\n')
        .partition(|line| line.starts_with("note: no migration tool is recognised"));
    Run {
        code: output
            .status
            .code()
            .expect("humdrum was killed by a signal"),
        stdout: text(output.stdout),
        stderr: stderr.concat(),
        assumption: assumption.concat(),
    }
}

impl Run {
    /// # Panics
    /// When the code is another one; shows what was printed.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The note on directories whose migration tool is not known.
    pub fn assumption(&self) -> &str {
        &self.assumption
    }

    pub fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}", self.stdout))
    }
}
