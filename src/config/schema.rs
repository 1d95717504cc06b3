//! The shape of `humdrum.toml` as types: editors get its JSON Schema from here (`schema/humdrum.schema.json`).
//! The file itself is read by `read.rs`, which knows the place of every mistake.

use std::collections::BTreeMap;

use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{FailOn, select};
use crate::lint::Category;
use crate::project::layouts;
use crate::rules;
use crate::version::PgVersion;

/// The JSON Schema of `humdrum.toml`.
pub fn json_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Humdrum);
    // Those of the types say nothing of the settings' own.
    RecursiveTransform(|schema: &mut Schema| {
        schema.remove("default");
    })
    .transform(&mut schema);
    schema.to_value()
}

/// Settings of humdrum for one project. Every key is optional.
#[derive(JsonSchema, Default)]
#[schemars(
    title = "humdrum.toml",
    default,
    rename_all = "kebab-case",
    deny_unknown_fields
)]
struct Humdrum {
    /// The PostgreSQL that the migrations will run on, such as 16 or "16.4". Without it, the newest that humdrum models.
    #[schemars(schema_with = "version")]
    pg_version: String,
    /// The migration tool of every directory, or of the directories below some. Without it, found from the files.
    #[schemars(schema_with = "layout")]
    layout: String,
    /// Files and directories that are neither checked nor history. Globs; relative to this file when they hold a `/`,
    /// else a name at any depth.
    exclude: Vec<Pattern>,
    /// The least severity that makes the exit code 1.
    #[schemars(schema_with = "fail_on")]
    fail_on: String,
    /// Only these rules, by id or category, also those that are off by default. `default` stands for all that are on by
    /// default, `all` for all.
    select: Vec<Selector>,
    /// Not these rules, by id or category.
    ignore: Vec<Selector>,
    /// One rule's severity. It outweighs `select` and `ignore`.
    rules: Rules,
    /// Rules of the files below some paths. A later one outweighs an earlier one, and each outweighs `rules`.
    overrides: Vec<Override>,
    /// Tables that stay small: work on them is a note. A name without a schema is meant in every schema.
    small_tables: Vec<Table>,
    /// An ignore comment must say why.
    require_reason: bool,
    /// Blocking that is known to end sooner is a note at most. Default 1s.
    blocking_budget: Time,
    /// A longer lock_timeout is what lock-timeout-too-long reports. Default 10s.
    lock_timeout_limit: Time,
    /// A longer statement_timeout is what statement-timeout-too-long reports. Default 1h.
    statement_timeout_limit: Time,
    /// A `pg_dump --schema-only` that is the schema before the first migration. Relative to this file.
    schema: String,
    /// Findings that are known and not reported, written by `check --write-baseline`. Relative to this file.
    baseline: String,
    /// What `${schema}`, `:schema`, `{{ .schema }}` and their like stand for.
    placeholders: BTreeMap<String, String>,
    /// What the program that applies the migrations does by itself.
    runner: Runner,
}

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only the shape is asked for")]
struct Override {
    /// Globs like those of `exclude`.
    paths: Vec<Pattern>,
    /// One rule's severity in these files.
    rules: Rules,
}

#[derive(JsonSchema, Default)]
#[schemars(inline, default, rename_all = "kebab-case", deny_unknown_fields)]
struct Runner {
    /// The lock_timeout that it sets, such as "5s", or "set" when the value is not known here.
    #[schemars(schema_with = "lock_timeout")]
    lock_timeout: String,
    /// The statement_timeout that it sets, such as "1min".
    #[schemars(schema_with = "timeout")]
    statement_timeout: String,
    /// Whether it opens a transaction around each plain SQL file. Migration tools that humdrum knows have their own
    /// conventions.
    #[schemars(schema_with = "transaction")]
    transaction: String,
}

/// A type that stands for what a function says.
macro_rules! shape {
    ($name:ident, $make:expr) => {
        #[derive(Default)]
        struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $make
            }
        }
    };
}

shape!(
    Pattern,
    json_schema!({ "type": "string", "pattern": r"[^\s/.]|\.\.|\.[^/]" })
);
shape!(
    Table,
    json_schema!({ "type": "string", "pattern": r"^[^.]+(\.[^.]+)?$" })
);
shape!(
    Time,
    json_schema!({ "type": "string", "pattern": format!(r"^\s*\d+{UNIT}$") })
);
shape!(
    Selector,
    json_schema!({ "type": "string", "enum": selectors() })
);
shape!(Rules, {
    let ids = rule_ids();
    let setting = json_schema!({ "type": "string", "enum": select::SETTINGS });
    let properties: serde_json::Map<String, serde_json::Value> = ids
        .into_iter()
        .map(|id| (id, setting.clone().to_value()))
        .collect();
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
});

/// What stands behind the number of a duration.
const UNIT: &str = r"\s*(us|ms|s|min|h|d)\s*";

fn rule_ids() -> Vec<String> {
    let mut ids: Vec<String> = rules::all()
        .iter()
        .map(|rule| rule.id().to_owned())
        .collect();
    ids.sort();
    ids
}

fn selectors() -> Vec<String> {
    let words = ["default", "all"].map(str::to_owned);
    let categories = Category::ALL.map(|category| category.name().to_owned());
    words
        .into_iter()
        .chain(categories)
        .chain(rule_ids())
        .collect()
}

fn version(_: &mut SchemaGenerator) -> Schema {
    let (oldest, newest) = (PgVersion::OLDEST.major(), PgVersion::NEWEST.major());
    let majors: Vec<String> = PgVersion::all()
        .map(|version| version.to_string())
        .collect();
    json_schema!({ "anyOf": [
        { "type": "number", "minimum": oldest, "exclusiveMaximum": newest + 1 },
        { "type": "string", "pattern": format!(r"^({})(\..*)?$", majors.join("|")) },
    ] })
}

fn layout(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = layouts::names().collect();
    let one = json_schema!({ "type": "string", "enum": names });
    json_schema!({ "anyOf": [one, { "type": "object", "additionalProperties": one }] })
}

fn fail_on(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": FailOn::NAMES })
}

fn transaction(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["file", "none"] })
}

fn lock_timeout(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [timeout(generator), { "const": "set" }] })
}

/// Not 0, which would wait for ever.
fn timeout(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": format!(r"^\s*0*[1-9]\d*{UNIT}$") })
}
