//! JSON against the schema that is shipped.

use std::path::Path;

use humdrum::lint::Outcome;
use serde_json::Value;

use crate::made;

pub fn assert_valid(schema: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schema")
        .join(schema);
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}\n{document:#}", errors.join("\n"));
}

fn json(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    humdrum::report::json(&made::run(outcome), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_report_is_as_its_schema_says() {
    let text = json(&made::outcome());
    assert_valid("check.schema.json", &serde_json::from_str(&text).unwrap());
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn an_empty_report_is_as_its_schema_says() {
    let document: Value = serde_json::from_str(&json(&Outcome::default())).unwrap();
    assert_valid("check.schema.json", &document);
    assert_eq!(document["findings"], serde_json::json!([]));
    assert_eq!(document["problems"], serde_json::json!([]));
}

#[test]
fn the_schema_refuses_what_it_does_not_describe() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/check.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut document: Value = serde_json::from_str(&json(&made::outcome())).unwrap();
    document["findings"][0]["range"]["start"]["line"] = serde_json::json!(0);
    assert!(!jsonschema::is_valid(&schema, &document));
}
