//! Projects made of text, and what a run over them says.
#![allow(dead_code, reason = "each integration test uses a part of this")]

use std::path::Path;
use std::sync::Arc;

use humdrum::lint::{LintConfig, Outcome, Reported, lint};
use humdrum::project::{
    Chain, Direction, Includes, Migration, Project, Role, Rollback, Script, Standing,
    TransactionMode,
};
use humdrum::source::Source;

/// A migration under check that is the whole file, without a transaction around it. A path that
/// ends in `.down.sql` is a down migration.
pub fn migration(path: &str, sql: &str) -> Migration {
    let stem = Path::new(path)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or(path);
    Migration {
        version: stem.split(['_', '.']).next().unwrap_or(stem).to_owned(),
        direction: if path.ends_with(".down.sql") {
            Direction::Down
        } else {
            Direction::Up
        },
        source: Arc::new(Source::new(path, sql)),
        scripts: vec![Script::new(0..sql.len(), TransactionMode::None)],
        role: Role::Checked,
        rollback: Rollback::NotUsed,
        standing: Standing::default(),
        includes: Includes::new(),
        settings: None,
    }
}

pub fn history(path: &str, sql: &str) -> Migration {
    Migration {
        role: Role::History,
        ..migration(path, sql)
    }
}

/// With this transaction mode for every script.
pub fn run_in(mode: TransactionMode, migration: Migration) -> Migration {
    let mut migration = migration;
    for script in &mut migration.scripts {
        script.transaction = mode;
    }
    migration
}

/// One chain of these migrations, in this order.
pub fn chain(layout: &'static str, migrations: Vec<Migration>) -> Project {
    Project {
        chains: vec![Chain {
            tool: Default::default(),
            directory: "migrations".into(),
            layout,
            migrations,
        }],
        ..Project::default()
    }
}

/// All migrations under check, in the plain layout.
pub fn project(files: &[(&str, &str)]) -> Project {
    chain(
        "plain",
        files
            .iter()
            .map(|(path, sql)| migration(path, sql))
            .collect(),
    )
}

/// What a run with the default configuration reports on one migration: `rule@line:column`.
pub fn check(sql: &str) -> Vec<String> {
    shown(&lint(&project(&[("1.sql", sql)]), &LintConfig::default()))
}

/// `rule@line:column` of each finding, in order. Problems come first, as `problem: message`.
pub fn shown(outcome: &Outcome) -> Vec<String> {
    let problems = outcome
        .problems
        .iter()
        .map(|problem| format!("problem: {}", problem.message));
    problems.chain(outcome.findings.iter().map(place)).collect()
}

pub fn place(reported: &Reported) -> String {
    let at = reported.source.position(reported.finding.span.start);
    format!("{}@{}:{}", reported.rule, at.line, at.column)
}
