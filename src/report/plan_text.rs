//! `humdrum plan` for people: statement by statement what is locked, who waits, what is done.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::plan_chain::{Blocked, longest};
use super::range::slashed;
use super::summary::{count, listed};
use super::wrap::wrapped;
use super::{Screen, clean};
use crate::effects::{Lock, LockMode, TargetKind, Until, Work, WorkKind};
use crate::lint::{Plan, PlannedMigration, PlannedStatement, Severity, short_name};
use crate::project::{Direction, TransactionMode};

/// Names longer than this do not widen their column.
const NAME_COLUMN: usize = 40;

/// Each migration with its statements, then the paths that could not be read, then a summary line.
///
/// # Errors
/// What writing to `out` answers.
pub fn plan_text(plan: &Plan, screen: Screen, out: &mut impl Write) -> io::Result<()> {
    for planned in &plan.migrations {
        migration(planned, screen, out)?;
    }
    for problem in &plan.problems {
        writeln!(
            out,
            "{}: {}: {}\n",
            screen.severity(Severity::Error, "error"),
            clean::line(&slashed(&problem.path)),
            clean::line(&problem.message)
        )?;
    }
    let statements = plan.migrations.iter().map(|it| it.statements.len()).sum();
    let summary = format!(
        "{}, {} planned for PostgreSQL {}",
        count(plan.migrations.len(), "migration"),
        count(statements, "statement"),
        plan.postgres
    );
    writeln!(out, "{}", screen.bold(summary))
}

fn migration(planned: &PlannedMigration, screen: Screen, out: &mut impl Write) -> io::Result<()> {
    let direction = match planned.direction {
        Direction::Up => "",
        Direction::Down => "rollback, ",
    };
    let transaction = match planned.transaction {
        TransactionMode::File => "in one transaction",
        TransactionMode::None => "each statement by itself",
        TransactionMode::Message => "sent as one message",
        TransactionMode::Split | TransactionMode::Detect | TransactionMode::DetectAny => {
            "in one transaction where PostgreSQL allows it"
        }
    };
    writeln!(
        out,
        "{} {}\n",
        screen.bold(clean::line(&slashed(planned.source.path()))),
        screen.dim(format_args!("({direction}{transaction})"))
    )?;
    let widths = Widths::of(planned);
    let mut said = BTreeMap::new();
    for statement in &planned.statements {
        let place = place(planned, statement);
        writeln!(
            out,
            "  {:<width$}  {}",
            place,
            clean::line(&one_line(
                &statement.sql,
                screen.width.saturating_sub(widths.place + 4)
            )),
            width = widths.place
        )?;
        details(statement, &place, &mut said, &widths, screen, out)?;
    }
    if let Some(blocked) = longest(planned) {
        writeln!(out, "\n  {}", longest_block(planned, &blocked, screen))?;
    }
    writeln!(out)
}

/// Column widths, in characters, the same for a whole migration.
struct Widths {
    place: usize,
    name: usize,
    mode: usize,
    waits: usize,
}

impl Widths {
    fn of(planned: &PlannedMigration) -> Self {
        let statements = &planned.statements;
        let locks = || statements.iter().flat_map(|it| shown_locks(it));
        let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
        Widths {
            place: widest(&mut statements.iter().map(|it| place(planned, it).len())),
            name: widest(&mut locks().map(|it| lock_name(it).chars().count())).min(NAME_COLUMN),
            mode: widest(&mut locks().map(|it| it.mode.sql().len())),
            waits: widest(&mut locks().map(|it| waits(it.mode).len())),
        }
    }
}

/// `here` is the statement's place, `said` has the notes of the migration so far with theirs.
fn details(
    statement: &PlannedStatement,
    here: &str,
    said: &mut BTreeMap<String, String>,
    widths: &Widths,
    screen: Screen,
    out: &mut impl Write,
) -> io::Result<()> {
    let indent = " ".repeat(widths.place + 4);
    let effects = &statement.effects;
    for lock in shown_locks(statement) {
        let until = match lock.until {
            Until::Transaction if statement.transaction_block => "until commit",
            Until::Transaction | Until::Statement => "while it runs",
        };
        writeln!(
            out,
            "{indent}lock   {:<name$}  {}  {:<waits$}  {until}",
            clean::line(&lock_name(lock)),
            colored_mode(lock.mode, widths.mode, screen),
            waits(lock.mode),
            name = widths.name,
            waits = widths.waits
        )?;
        if let Some(because) = &lock.because {
            let because = wrap(&clean::line(because), screen.width, indent.len() + 7);
            writeln!(out, "{indent}       {}", screen.dim(because))?;
        }
    }
    let new: Vec<String> = effects
        .locks
        .iter()
        .filter(|lock| lock.target.new && lock.target.kind != TargetKind::Index)
        .map(|lock| short_name(&lock.target.name))
        .collect();
    let mut more = |label: String, text: &str| {
        let text = wrap(&clean::line(text), screen.width, indent.len() + 7);
        writeln!(out, "{indent}{label} {text}")
    };
    if !new.is_empty() {
        more("new   ".to_owned(), &new.join(", "))?;
    }
    for work in shown_work(statement) {
        let all = &effects.work;
        let indexes = all
            .iter()
            .filter(|it| it.kind == WorkKind::IndexBuild && is_part(it, work));
        let with = match indexes.count() {
            0 => String::new(),
            number => format!(" with {}", indexes_of(number)),
        };
        let line = format!("{}{with}: {}", describe(work), work.reason);
        more(screen.yellow("work  ").to_string(), &line)?;
    }
    if let Some(error) = &effects.error {
        let line = format!("{}: {}", error.sqlstate, error.message);
        more(screen.red("fails ").to_string(), &line)?;
    }
    for assumption in effects.assumptions.iter().chain(&statement.unanalysed) {
        let first = said
            .entry(assumption.clone())
            .or_insert_with(|| here.to_owned());
        if first == here {
            more(screen.cyan("note  ").to_string(), assumption)?;
        } else {
            more(screen.cyan("note  ").to_string(), &format!("as at {first}"))?;
        }
    }
    Ok(())
}

fn indexes_of(number: usize) -> String {
    if number == 1 {
        "its index".to_owned()
    } else {
        format!("its {number} indexes")
    }
}

/// A text that continues below itself, from column `indent` on.
fn wrap(text: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(20);
    wrapped(text, room).join(&format!("\n{}", " ".repeat(indent)))
}

/// Work on relations that others use. The scan for an index build, and the scan and the index builds
/// for a rewrite, are parts of that.
fn shown_work(statement: &PlannedStatement) -> impl Iterator<Item = &Work> {
    let all = &statement.effects.work;
    all.iter()
        .filter(|work| !work.target.new && !all.iter().any(|whole| is_part(work, whole)))
}

fn is_part(part: &Work, whole: &Work) -> bool {
    let kinds = match whole.kind {
        WorkKind::Rewrite => matches!(part.kind, WorkKind::Scan | WorkKind::IndexBuild),
        WorkKind::IndexBuild => part.kind == WorkKind::Scan,
        WorkKind::Scan | WorkKind::ForeignKeyValidation | WorkKind::RowsWritten => false,
    };
    kinds && part.target.name == whole.target.name && part.reason == whole.reason
}

/// Locks that somebody may wait for: existing relations, the strongest first. Of indexes only those
/// that make queries wait while their table does not.
fn shown_locks(statement: &PlannedStatement) -> Vec<&Lock> {
    let locks = &statement.effects.locks;
    let is_index = |lock: &Lock| lock.target.kind == TargetKind::Index;
    let table_blocked = locks
        .iter()
        .any(|lock| !is_index(lock) && lock.mode.blocks_reads());
    let mut shown: Vec<&Lock> = locks
        .iter()
        .filter(|lock| !lock.target.new)
        .filter(|lock| !is_index(lock) || (lock.mode.blocks_reads() && !table_blocked))
        .collect();
    shown.sort_by_key(|lock| (is_index(lock), std::cmp::Reverse(lock.mode)));
    shown
}

fn lock_name(lock: &Lock) -> String {
    let name = short_name(&lock.target.name);
    match lock.target.kind {
        TargetKind::Index => format!("{name} (index)"),
        TargetKind::Relation(_) => name,
    }
}

fn colored_mode(mode: LockMode, width: usize, screen: Screen) -> String {
    let padded = format!("{:<width$}", mode.sql());
    if mode.blocks_reads() {
        screen.red(padded).to_string()
    } else if mode.blocks_writes() {
        screen.yellow(padded).to_string()
    } else {
        padded
    }
}

/// Every mode makes some DDL wait.
fn waits(mode: LockMode) -> &'static str {
    match (mode.blocks_reads(), mode.blocks_writes()) {
        (true, _) => "reads, writes, DDL wait",
        (false, true) => "writes, DDL wait",
        (false, false) => "DDL waits",
    }
}

fn describe(work: &Work) -> String {
    let name = short_name(&work.target.name);
    match (work.kind, &work.index) {
        (WorkKind::Rewrite, _) => format!("rewrite of {name}"),
        (WorkKind::Scan, _) => format!("scan of {name}"),
        (WorkKind::IndexBuild, Some(index)) => format!("build of index {index} on {name}"),
        (WorkKind::IndexBuild, None) => format!("index build on {name}"),
        (WorkKind::ForeignKeyValidation, _) => format!("foreign key validation of {name}"),
        (WorkKind::RowsWritten, _) => format!("rows of {name} written"),
    }
}

fn longest_block(planned: &PlannedMigration, blocked: &Blocked<'_>, screen: Screen) -> String {
    let what = if blocked.mode.blocks_reads() {
        "reads and writes"
    } else {
        "writes"
    };
    let relation = short_name(blocked.relation);
    let statements = &planned.statements[blocked.first..=blocked.last];
    let from = place(planned, &statements[0]);
    let when = if blocked.first == blocked.last {
        format!("while {from} runs")
    } else {
        let last = place(planned, &statements[statements.len() - 1]);
        format!("from {from} to {last} ({} statements)", statements.len())
    };
    let mut kinds: Vec<(WorkKind, usize)> = Vec::new();
    for work in statements.iter().flat_map(shown_work) {
        match kinds.iter_mut().find(|(kind, _)| *kind == work.kind) {
            Some((_, number)) => *number += 1,
            None => kinds.push((work.kind, 1)),
        }
    }
    let kinds: Vec<String> = kinds
        .into_iter()
        .map(|(kind, number)| counted(kind, number))
        .collect();
    let through = if kinds.is_empty() {
        String::new()
    } else {
        format!(", through {}", listed(kinds))
    };
    let line = format!("{what} of {relation} wait {when}{through}");
    let line = wrap(&clean::line(&line), screen.width, "  longest block: ".len());
    format!("{} {line}", screen.bold("longest block:"))
}

fn counted(kind: WorkKind, number: usize) -> String {
    let noun = match kind {
        WorkKind::RowsWritten => "write of rows",
        WorkKind::Rewrite
        | WorkKind::Scan
        | WorkKind::IndexBuild
        | WorkKind::ForeignKeyValidation => kind.name(),
    };
    match (kind, number) {
        (WorkKind::IndexBuild, 1) => format!("an {noun}"),
        (_, 1) => format!("a {noun}"),
        (WorkKind::RowsWritten, _) => format!("{number} writes of rows"),
        (_, _) => format!("{number} {noun}s"),
    }
}

fn place(planned: &PlannedMigration, statement: &PlannedStatement) -> String {
    let place = planned.source.position(statement.span.start);
    format!("{}:{}", place.line, place.column)
}

/// The statement on one line, cut to the width.
fn one_line(sql: &str, width: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in sql.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
            length += 1;
        }
        for c in word.chars() {
            if length + 1 >= width {
                line.push('…');
                return line;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}
