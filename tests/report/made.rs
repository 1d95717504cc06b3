//! Outcomes to render.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use humdrum::catalog::QualifiedName;
use humdrum::lint::{
    Category, Counts, Finding, Outcome, Recipe, Reported, Severity, Step, StepTransaction,
};
use humdrum::project::{Direction, Problem};
use humdrum::report::{Run, Screen};
use humdrum::source::Source;
use humdrum::version::PgVersion;

pub const INDEX: &str = "\
SET lock_timeout = '5s';

-- orders of a customer, newest first
CREATE INDEX orders_customer_idx
    ON orders (customer_id, created_at DESC);
ALTER TABLE orders ADD COLUMN note text;
";

pub fn reported(
    source: &Arc<Source>,
    severity: Severity,
    rule: &str,
    finding: Finding,
) -> Reported {
    Reported {
        rule: rule.to_owned(),
        category: Category::Locking,
        severity,
        finding,
        source: Arc::clone(source),
        migration: "003".to_owned(),
        direction: Direction::Up,
        fingerprint: "0f1e2d3c4b5a6978".to_owned(),
    }
}

/// The byte range of a part of the text.
pub fn span(text: &str, part: &str) -> std::ops::Range<usize> {
    let start = text
        .find(part)
        .unwrap_or_else(|| panic!("{part:?} is not in the text"));
    start..start + part.len()
}

/// An error with a recipe, a warning with two places, a note without help, a problem.
pub fn outcome() -> Outcome {
    let source = Arc::new(Source::new("db/migrations/003_index.sql", INDEX));
    let orders = QualifiedName::new("public", "orders");
    let index = Finding::new(
        span(INDEX, "CREATE INDEX orders_customer_idx\n    ON orders (customer_id, created_at DESC)"),
        "SHARE lock on orders until the index is built",
        "Writes to orders wait until orders_customer_idx is built: CREATE INDEX reads the whole table under a SHARE lock",
    )
    .about(&orders)
    .help("Build it with CONCURRENTLY, outside a transaction.")
    .recipe(Recipe {
            place: Default::default(),
        title: "build the index without blocking writes".to_owned(),
        steps: vec![
            Step {
                title: "Build it beside the traffic".to_owned(),
                sql: "CREATE INDEX CONCURRENTLY orders_customer_idx\n    ON orders (customer_id, created_at DESC);".to_owned(),
                transaction: StepTransaction::None,
            },
            Step {
                title: "Add the column".to_owned(),
                sql: "ALTER TABLE orders ADD COLUMN note text;".to_owned(),
                transaction: StepTransaction::Own,
            },
        ],
    });
    let held = Finding::new(
        span(INDEX, "ADD COLUMN note text"),
        "takes ACCESS EXCLUSIVE",
        "orders is locked by two statements of one transaction",
    )
    .also(span(INDEX, "SET lock_timeout"), "in force since here")
    .help("Commit in between.");
    let note = Finding::new(span(INDEX, "'5s'"), "", "the timeout is 5 s");
    Outcome {
        findings: vec![
            reported(
                &source,
                Severity::Warning,
                "many-locks-in-one-transaction",
                held,
            ),
            reported(&source, Severity::Error, "create-index-blocking", index),
            reported(&source, Severity::Note, "lock-timeout-too-long", note),
        ],
        problems: vec![Problem {
            path: PathBuf::from("db/migrations/004_latin1.sql"),
            message: "not UTF-8 (byte 0xe9 at line 2)".to_owned(),
        }],
        counts: Counts {
            migrations: 2,
            statements: 3,
            errors: 1,
            warnings: 1,
            notes: 1,
            ignored: 1,
            known: 0,
        },
        postgres: PgVersion::new(17).unwrap(),
    }
}

pub fn single(source: Source, finding: Finding) -> Outcome {
    let source = Arc::new(source);
    Outcome {
        findings: vec![reported(&source, Severity::Error, "a-rule", finding)],
        ..Outcome::default()
    }
}

pub fn run(outcome: &Outcome) -> Run<'_> {
    Run {
        outcome,
        files_checked: 2,
        files_read: 40,
        files_left_out: 0,
        versions: BTreeSet::from([outcome.postgres]),
        fixed: 0,
    }
}

pub fn text(outcome: &Outcome, screen: Screen) -> String {
    let mut out = Vec::new();
    humdrum::report::text(&run(outcome), screen, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
