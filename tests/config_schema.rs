//! The JSON Schema of `humdrum.toml` is what the configuration's types make of it, and agrees with the reader.

use std::path::Path;

use humdrum::config::{Config, Known, json_schema};
use humdrum::project::layouts;
use serde_json::Value;

fn shipped() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/humdrum.schema.json");
    let text = std::fs::read_to_string(path).expect("schema/humdrum.schema.json is there");
    serde_json::from_str(&text).expect("schema/humdrum.schema.json is JSON")
}

/// `UPDATE_SCHEMA=1 cargo test --test config_schema` writes it anew.
#[test]
fn the_shipped_schema_is_current() {
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/humdrum.schema.json");
        let text = serde_json::to_string_pretty(&json_schema()).expect("a value is JSON");
        std::fs::write(path, format!("{text}\n"))
            .expect("schema/humdrum.schema.json can be written");
    }
    assert!(
        shipped() == json_schema(),
        "schema/humdrum.schema.json is not what src/config/schema.rs says: UPDATE_SCHEMA=1 writes it anew"
    );
}

fn reader_accepts(text: &str) -> bool {
    let rules = humdrum::rules::all();
    let names: Vec<&str> = layouts::names().collect();
    let known = Known {
        rules: &rules,
        layouts: &names,
    };
    Config::parse(Path::new("humdrum.toml"), text, &known).is_ok()
}

fn schema_accepts(text: &str) -> bool {
    let document: Value = toml::from_str(text).expect("the text is TOML");
    jsonschema::is_valid(&shipped(), &document)
}

/// Every key, in every form that it has.
const GOOD: &[&str] = &[
    "",
    "pg-version = 16",
    "pg-version = 16.4",
    "pg-version = \"12.22\"",
    "layout = \"dbmate\"",
    "layout = { \"services/a\" = \"dbmate\", \"services/b\" = \"flyway\" }",
    "exclude = []",
    "exclude = [\"db/seeds\", \"**/*_seed.sql\", \"./x\", \".git\", \"..\"]",
    "fail-on = \"never\"",
    "select = [\"default\", \"all\", \"locking\", \"drop-column\"]",
    "ignore = [\"compatibility\", \"prefer-text\"]",
    "[rules]\n\"drop-column\" = \"off\"\ntruncate = \"note\"",
    "[[overrides]]\npaths = [\"db/legacy/**\"]\nrules = { drop-column = \"off\" }\n[[overrides]]\npaths = [\"a\", \"b\"]\n[overrides.rules]\ntruncate = \"error\"",
    "overrides = []",
    "small-tables = [\"countries\", \"app.settings\", \"Mixed Case\"]",
    "require-reason = true",
    "blocking-budget = \"500ms\"",
    "blocking-budget = \"0s\"",
    "lock-timeout-limit = \" 10 s \"",
    "statement-timeout-limit = \"2h\"",
    "schema = \"db/structure.sql\"",
    "baseline = \"humdrum-baseline.json\"",
    "[placeholders]\nschema = \"app\"",
    "[runner]\nlock-timeout = \"set\"",
    "[runner]\nlock-timeout = \"5s\"\nstatement-timeout = \"1min\"\ntransaction = \"file\"",
    "[runner]",
];

/// A mistake of each kind.
const BAD: &[&str] = &[
    "pg-version = 11",
    "pg-version = 19",
    "pg-version = \"new\"",
    "pg-version = true",
    "pg_version = 16",
    "layout = \"rails\"",
    "layout = { a = \"rails\" }",
    "layout = [\"dbmate\"]",
    "exclude = \"db/seeds\"",
    "exclude = [\"\"]",
    "exclude = [\"/\"]",
    "exclude = [\"./\"]",
    "exclude = [1]",
    "fail-on = \"fatal\"",
    "select = [\"lokcing\"]",
    "select = \"locking\"",
    "ignore = [\"no-such-rule\"]",
    "rules = [\"drop-column\"]",
    "[rules]\n\"drop-colum\" = \"off\"",
    "[rules]\nlocking = \"off\"",
    "[rules]\ndrop-column = \"fatal\"",
    "[rules]\ndrop-column = true",
    "overrides = { paths = [\"a\"], rules = {} }",
    "[[overrides]]\npaths = [\"a\"]",
    "[[overrides]]\nrules = { drop-column = \"off\" }",
    "[[overrides]]\npaths = [\"a\"]\nrules = { drop-colum = \"off\" }",
    "[[overrides]]\npaths = [\"a\"]\nrules = {}\nseverity = \"off\"",
    "small-tables = \"countries\"",
    "small-tables = [\"\"]",
    "small-tables = [\"a.b.c\"]",
    "small-tables = [\".b\"]",
    "require-reason = \"yes\"",
    "blocking-budget = \"5\"",
    "blocking-budget = 5",
    "blocking-budget = \"soon\"",
    "blocking-budget = \"5 seconds\"",
    "schema = [\"a\"]",
    "baseline = 1",
    "placeholders = \"a\"",
    "[placeholders]\na = 1",
    "[runner]\nlock-timeout = \"0s\"",
    "[runner]\nlock-timeout = \"Set\"",
    "[runner]\nstatement-timeout = \"set\"",
    "[runner]\ntransaction = \"statement\"",
    "[runner]\nidle = \"5s\"",
    "colour = \"auto\"",
];

#[test]
fn schema_and_reader_accept_the_same() {
    for text in GOOD {
        assert!(reader_accepts(text), "the reader refuses {text}");
        assert!(schema_accepts(text), "the schema refuses {text}");
    }
}

#[test]
fn schema_and_reader_refuse_the_same() {
    for text in BAD {
        assert!(!reader_accepts(text), "the reader accepts {text}");
        assert!(!schema_accepts(text), "the schema accepts {text}");
    }
}

#[test]
fn every_key_is_described() {
    let schema = shipped();
    let keys = schema["properties"].as_object().expect("keys");
    for (key, shape) in keys {
        assert!(shape["description"].is_string(), "{key} has no description");
        let used = |text: &&&str| {
            toml::from_str::<toml::Table>(text).is_ok_and(|table| table.contains_key(key))
        };
        assert!(GOOD.iter().any(|text| used(&text)), "no example has {key}");
    }
}
