//! Real PostgreSQL servers on this machine, started by `tools/postgres-servers`.

use std::path::Path;
use std::process::{Command, Stdio};

use postgres::{Client, Config, NoTls};

/// A running server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    pub major: u8,
    pub port: u16,
}

impl Server {
    /// Connects as the superuser `postgres`, who needs no password.
    pub fn connect(&self, database: &str) -> Result<Client, postgres::Error> {
        self.config(database).connect(NoTls)
    }

    /// The connection settings, for callers that add to them.
    pub fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(self.port)
            .user("postgres")
            .dbname(database);
        config
    }
}

/// Starts the servers of these majors, or finds them running. They are left running.
pub fn start(majors: &[u8]) -> Result<Vec<Server>, String> {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/postgres-servers");
    let output = Command::new(&tool)
        .arg("start")
        .args(majors.iter().map(u8::to_string))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run {}: {error}", tool.display()))?;
    if !output.status.success() {
        return Err(format!("{} failed: {}", tool.display(), output.status));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| parse_line(line).ok_or_else(|| format!("no `MAJOR PORT` line: `{line}`")))
        .collect()
}

fn parse_line(line: &str) -> Option<Server> {
    let (major, port) = line.split_once(' ')?;
    Some(Server {
        major: major.parse().ok()?,
        port: port.parse().ok()?,
    })
}
