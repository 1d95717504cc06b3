//! What the formats print for a real project.

use std::path::Path;

use serde_json::Value;

use crate::project::{INDEX, ORDERS, Project};

/// An error with a recipe, a warning, an ignored finding, a syntax error, a path that is missing.
fn project() -> Project {
    Project::with_orders(
        "\
-- migrate the orders
CREATE INDEX orders_customer_idx ON orders (customer_id);

-- humdrum: ignore create-index-blocking: at night, nobody writes
CREATE INDEX orders_old_idx
    ON orders (old);

ALTER TABLE orders ADD COLUM x int;
",
    )
}

#[test]
fn text() {
    let run = project()
        .run(&["check", "--pg-version", "17", "db", "nope.sql"])
        .expect(2);
    insta::assert_snapshot!(run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn compact() {
    let run = project()
        .run(&["check", "--pg-version", "17", "--format", "compact", "db"])
        .expect(1);
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn plan() {
    let sql = "\
-- migrate:up
ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();
CREATE TABLE audit (id bigint PRIMARY KEY, order_id bigint REFERENCES orders);
CREATE INDEX orders_token_idx ON orders (token);
CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id);

-- migrate:down
ALTER TABLE orders DROP COLUMN token;
";
    let first = format!("-- migrate:up\n{ORDERS}\n-- migrate:down\nDROP TABLE orders;\n");
    let project = Project::new(&[
        ("db/migrations/20240101000000_orders.sql", &first),
        ("db/migrations/20240102000000_token.sql", sql),
    ]);
    let file = "db/migrations/20240102000000_token.sql";
    let run = project.run(&["plan", "--pg-version", "17", file]).expect(0);
    insta::assert_snapshot!(run.stdout);
}

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schema")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[track_caller]
fn assert_valid(name: &str, document: &Value) {
    let validator = jsonschema::validator_for(&schema(name)).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|it| it.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
}

#[test]
fn the_json_report_is_as_its_schema_says() {
    let document = project()
        .run(&["check", "--format", "json", "db", "nope.sql"])
        .expect(2)
        .json();
    assert_valid("check.schema.json", &document);
    let findings = document["findings"].as_array().unwrap();
    let index = findings
        .iter()
        .find(|it| it["rule"] == "create-index-blocking")
        .unwrap();
    assert_eq!(index["path"], "db/migrations/002_next.sql");
    assert_eq!(index["range"]["start"]["line"], 2);
    assert_eq!(index["relations"], serde_json::json!(["public.orders"]));
    assert_eq!(document["summary"]["ignored"], 1);
    assert_eq!(document["problems"][0]["path"], "nope.sql");
}

#[test]
fn the_json_plan_is_as_its_schema_says() {
    let document = project()
        .run(&["plan", "--format", "json", "db", "nope.sql"])
        .expect(2)
        .json();
    assert_valid("plan.schema.json", &document);
    let statement = &document["migrations"][1]["statements"][0];
    assert_eq!(statement["kind"], "create index");
    assert_eq!(statement["locks"][0]["mode"], "ShareLock");
    let work = statement["work"].as_array().unwrap();
    assert!(
        work.iter().any(|it| it["index"] == "orders_customer_idx"),
        "{work:?}"
    );
    assert_eq!(document["problems"][0]["path"], "nope.sql");
}

#[test]
fn two_runs_print_the_same() {
    let project = project();
    for format in ["text", "compact", "json"] {
        let once = project.run(&["check", "--format", format, "db"]);
        let again = project.run(&["check", "--format", format, "db"]);
        assert_eq!(once.stdout, again.stdout);
    }
}

#[test]
fn a_report_is_written_to_a_file_and_summed_up_on_standard_error() {
    let project = Project::with_orders(INDEX);
    let printed = project.run(&["check", "--format", "json", "db"]).expect(1);
    let run = project
        .run(&["check", "--format", "json", "--output", "report.json", "db"])
        .expect(1);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains(": 1 error"), "{}", run.stderr);
    let written = std::fs::read_to_string(project.path().join("report.json")).unwrap();
    assert_eq!(written, printed.stdout);
    let run = project
        .run(&["check", "--output", "no/such/report.txt", "db"])
        .expect(2);
    assert!(
        run.stderr
            .starts_with("error: no/such/report.txt: cannot be written"),
        "{}",
        run.stderr
    );
}
