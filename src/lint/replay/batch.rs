//! Parsing ahead of the replay: in parallel, and never much text at a time, since a parse tree is
//! many times as large as its text.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::project::{Migration, Problem};
use crate::sql::{self, Parsed, Values};

/// Text that is parsed at once, in bytes: enough to keep a few cores busy, and so little that its trees stay in
/// the processor's cache.
const BATCH: usize = 64 << 10;

/// Trees may be nested a thousand levels deep and everything that walks them may recurse. Only what
/// is used of a stack becomes memory.
const STACK: usize = 256 << 20;

/// Runs `work` where the stack is large enough for any tree that the parser hands out.
pub fn with_large_stacks<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        ThreadPoolBuilder::new()
            .stack_size(STACK)
            .thread_name(|index| format!("humdrum-{index}"))
            .build()
            .ok()
    });
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// The scripts of a migration, or why they could not be parsed.
pub type Scripts = Result<Vec<Parsed>, Problem>;

/// Shows `replay` each migration with its parsed scripts, in order. The next batch is parsed while
/// one is replayed; that takes longer, so the trees of the batch before are dropped by whoever parses.
pub fn in_batches<'a>(
    migrations: &[&'a Migration],
    values: &Values,
    mut replay: impl FnMut(&'a Migration, &Scripts) + Send,
) {
    let mut batches = batches(migrations).into_iter();
    let mut parsed = batches
        .next()
        .map(|batch| parse_all(batch, values))
        .unwrap_or_default();
    let mut replayed = Vec::new();
    while !parsed.is_empty() {
        let next = batches.next();
        let replay = &mut replay;
        let (following, ()) = rayon::join(
            || {
                drop(replayed);
                next.map(|batch| parse_all(batch, values))
                    .unwrap_or_default()
            },
            || {
                for (migration, scripts) in &parsed {
                    replay(migration, scripts);
                }
            },
        );
        replayed = parsed;
        parsed = following;
    }
}

fn batches<'a, 'b>(migrations: &'b [&'a Migration]) -> Vec<&'b [&'a Migration]> {
    let mut batches = Vec::new();
    let mut rest = migrations;
    while !rest.is_empty() {
        let mut size = 0;
        let length = rest
            .iter()
            .take_while(|migration| {
                let fits = size < BATCH;
                size += text_length(migration);
                fits
            })
            .count();
        let (batch, after) = rest.split_at(length);
        batches.push(batch);
        rest = after;
    }
    batches
}

fn text_length(migration: &Migration) -> usize {
    migration
        .scripts
        .iter()
        .map(|script| script.range.len())
        .sum()
}

fn parse_all<'a>(migrations: &[&'a Migration], values: &Values) -> Vec<(&'a Migration, Scripts)> {
    migrations
        .par_iter()
        .map(|&migration| (migration, parse(migration, values)))
        .collect()
}

/// The scripts of one migration, parsed.
pub fn parse(migration: &Migration, values: &Values) -> Scripts {
    let parse = || {
        migration
            .scripts
            .iter()
            .map(|script| {
                let file = migration.source.text();
                let text = match &script.text {
                    Some(text) => text,
                    None => file.get(script.range.clone()).unwrap_or_default(),
                };
                sql::parse_with(&migration.source, text, script.range.start, values)
            })
            .collect()
    };
    catch_unwind(AssertUnwindSafe(parse))
        .map_err(|panic| internal_error(migration.source.path(), &*panic))
}

/// What a panic becomes: the file is named, the others go on.
pub fn internal_error(path: &Path, panic: &(dyn std::any::Any + Send)) -> Problem {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no further message");
    Problem {
        path: path.to_path_buf(),
        message: format!(
            "internal error: {text}. This file was not checked to its end; please report it with the file."
        ),
    }
}
