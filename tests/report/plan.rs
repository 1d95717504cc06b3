//! The plan, as text and JSON.

use std::sync::Arc;

use humdrum::catalog::{QualifiedName, RelationKind, TransactionId};
use humdrum::effects::{
    CertainError, Effects, Lock, LockMode, Reason, Target, TargetKind, Until, Work, WorkKind,
};
use humdrum::lint::{Plan, PlannedMigration, PlannedStatement};
use humdrum::project::{Direction, Problem, TransactionMode};
use humdrum::report::Screen;
use humdrum::session::Settings;
use humdrum::source::Source;
use humdrum::version::PgVersion;

use crate::machine::assert_valid;

const SQL: &str = "\
ALTER TABLE orders
    ADD COLUMN token uuid DEFAULT gen_random_uuid();
CREATE TABLE audit (id bigint);
CREATE INDEX orders_token_idx ON orders (token);
VACUUM customers;
";

fn target(name: &str, kind: TargetKind, new: bool) -> Target {
    Target {
        name: QualifiedName::new("public", name),
        oid: None,
        kind,
        new,
    }
}

fn table(name: &str, new: bool) -> Target {
    target(name, TargetKind::Relation(RelationKind::Table), new)
}

fn lock(target: Target, mode: LockMode, until: Until, because: Option<&str>) -> Lock {
    Lock {
        target,
        mode,
        until,
        span: 0..1,
        because: because.map(str::to_owned),
        by_foreign_key: false,
    }
}

fn work(name: &str, kind: WorkKind, index: Option<&str>, reason: Reason) -> Work {
    Work {
        target: table(name, false),
        kind,
        index: index.map(str::to_owned),
        reason,
        span: 0..1,
        under: None,
    }
}

fn statement(index: usize, sql: &str, kind: &'static str, effects: Effects) -> PlannedStatement {
    let start = SQL.find(sql).unwrap();
    PlannedStatement {
        index,
        span: start..start + sql.len(),
        sql: sql.to_owned(),
        kind,
        transaction: TransactionMode::File,
        transaction_block: true,
        transaction_id: TransactionId(7),
        settings: Settings::default(),
        effects,
        unanalysed: Vec::new(),
    }
}

fn plan() -> Plan {
    let alter = Effects {
        kind: "alter table",
        locks: vec![
            lock(
                table("customers", false),
                LockMode::ShareRowExclusive,
                Until::Transaction,
                Some("its foreign key is changed"),
            ),
            lock(
                table("orders", false),
                LockMode::AccessExclusive,
                Until::Transaction,
                None,
            ),
            lock(
                target("orders_pkey", TargetKind::Index, false),
                LockMode::AccessExclusive,
                Until::Transaction,
                None,
            ),
        ],
        work: vec![work(
            "orders",
            WorkKind::Rewrite,
            None,
            Reason::VolatileDefault {
                column: "token".to_owned(),
                expression: "gen_random_uuid()".to_owned(),
            },
        )],
        storage: vec![table("orders", false)],
        ..Effects::default()
    };
    let create = Effects {
        kind: "create table",
        locks: vec![lock(
            table("audit", true),
            LockMode::AccessExclusive,
            Until::Transaction,
            None,
        )],
        ..Effects::default()
    };
    let index = Effects {
        kind: "create index",
        locks: vec![lock(
            table("orders", false),
            LockMode::Share,
            Until::Transaction,
            None,
        )],
        work: vec![work(
            "orders",
            WorkKind::IndexBuild,
            Some("orders_token_idx"),
            Reason::CreateIndex {
                concurrently: false,
            },
        )],
        assumptions: vec!["column token: type unknown".to_owned()],
        ..Effects::default()
    };
    let vacuum = Effects {
        kind: "vacuum",
        locks: vec![lock(
            table("customers", false),
            LockMode::ShareUpdateExclusive,
            Until::Statement,
            None,
        )],
        error: Some(CertainError {
            sqlstate: "25001",
            message: "VACUUM cannot run inside a transaction block".to_owned(),
            span: 0..1,
            came_with: None,
        }),
        forbidden_in_transaction: Some("VACUUM"),
        ..Effects::default()
    };
    let source = Arc::new(Source::new("db/migrations/003_token.sql", SQL));
    Plan {
        postgres: PgVersion::new(17).unwrap(),
        migrations: vec![PlannedMigration {
            source,
            version: "003".to_owned(),
            direction: Direction::Up,
            layout: "plain",
            transaction: TransactionMode::File,
            statements: vec![
                statement(
                    0,
                    "ALTER TABLE orders\n    ADD COLUMN token uuid DEFAULT gen_random_uuid()",
                    "alter table",
                    alter,
                ),
                statement(1, "CREATE TABLE audit (id bigint)", "create table", create),
                statement(
                    2,
                    "CREATE INDEX orders_token_idx ON orders (token)",
                    "create index",
                    index,
                ),
                statement(3, "VACUUM customers", "vacuum", vacuum),
            ],
        }],
        problems: vec![Problem {
            path: "db/migrations/004.sql".into(),
            message: "permission denied".to_owned(),
        }],
    }
}

fn text(plan: &Plan, screen: Screen) -> String {
    let mut out = Vec::new();
    humdrum::report::plan_text(plan, screen, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_plan_as_text() {
    insta::assert_snapshot!(text(&plan(), Screen::PIPE));
}

#[test]
fn a_lock_that_ends_with_its_statement_is_no_chain() {
    let mut plan = plan();
    for statement in &mut plan.migrations[0].statements {
        statement.transaction_block = false;
    }
    let text = text(&plan, Screen::PIPE);
    let last = "longest block: reads and writes of orders wait while 1:1 runs, through a rewrite";
    assert!(text.contains(last), "{text}");
}

#[test]
fn a_long_statement_is_cut_to_the_width() {
    let screen = Screen {
        width: 50,
        ..Screen::PIPE
    };
    let text = text(&plan(), screen);
    assert!(
        text.contains("  1:1  ALTER TABLE orders ADD COLUMN token uuid D…\n"),
        "{text}"
    );
}

#[test]
fn the_plan_is_as_its_schema_says() {
    let mut out = Vec::new();
    humdrum::report::plan_json(&plan(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_valid("plan.schema.json", &serde_json::from_str(&text).unwrap());
    insta::assert_snapshot!(text);
}
