//! What of two schemas is different, and which differences a recipe may leave.

use std::collections::{BTreeMap, BTreeSet};

/// A difference that a way out cannot avoid, or that it is about.
struct Inherent {
    rule: &'static str,
    /// What such lines begin with.
    lines: &'static str,
    /// Why.
    #[allow(dead_code, reason = "for those who read the list")]
    because: &'static str,
}

const INHERENT: &[Inherent] = &[
    Inherent {
        rule: "alter-column-type",
        lines: "column order of ",
        because: "the new column stands at the end",
    },
    Inherent {
        rule: "add-column-constrained-domain",
        lines: "column ",
        because: "the column has the type under the domain",
    },
    Inherent {
        rule: "add-column-constrained-domain",
        lines: "constraint ",
        because: "the table has the domain's conditions",
    },
    Inherent {
        rule: "detach-partition-blocking",
        lines: "constraint ",
        because: "CONCURRENTLY leaves a CHECK of the old bounds on the partition",
    },
    Inherent {
        rule: "add-column-foreign-key",
        lines: "index CREATE INDEX ",
        because: "a foreign key without an index of its own is a finding",
    },
    Inherent {
        rule: "add-foreign-key-validated",
        lines: "index CREATE INDEX ",
        because: "a foreign key without an index of its own is a finding",
    },
    Inherent {
        rule: "foreign-key-without-index",
        lines: "index CREATE INDEX ",
        because: "the index is what was missing",
    },
    Inherent {
        rule: "refresh-blocking",
        lines: "index CREATE UNIQUE INDEX ",
        because: "REFRESH CONCURRENTLY needs it",
    },
];

/// Recipes whose values differ from run to run, as those of the original do.
const RANDOM: &[&str] = &["add-column-volatile-default"];

/// Of an ALTER TABLE with several parts, those without a recipe come first: its new columns stand in another order.
pub fn schemas(
    rules: &BTreeSet<String>,
    several_parts: bool,
    original: &BTreeSet<String>,
    recipe: &BTreeSet<String>,
) -> Vec<String> {
    let inherent = |line: &String| {
        several_parts && line.starts_with("column order of ")
            || INHERENT
                .iter()
                .any(|known| rules.contains(known.rule) && line.starts_with(known.lines))
    };
    let only = |these: &BTreeSet<String>, those: &BTreeSet<String>, whose: &str| -> Vec<String> {
        these
            .difference(those)
            .filter(|line| !inherent(line))
            .map(|line| format!("only {whose}: {line}"))
            .collect()
    };
    let mut found = only(original, recipe, "after the original");
    found.extend(only(recipe, original, "after the recipe"));
    found
}

pub fn rows(
    rules: &BTreeSet<String>,
    original: &BTreeMap<String, String>,
    recipe: &BTreeMap<String, String>,
) -> Vec<String> {
    if RANDOM.iter().any(|rule| rules.contains(*rule)) {
        return Vec::new();
    }
    let tables: BTreeSet<&String> = original.keys().chain(recipe.keys()).collect();
    tables
        .into_iter()
        .filter(|table| original.get(*table) != recipe.get(*table))
        .map(|table| {
            let shown = |rows: &BTreeMap<String, String>| {
                rows.get(table).cloned().unwrap_or("no table".to_owned())
            };
            format!(
                "rows of {table}: {} after the original, {} after the recipe",
                shown(original),
                shown(recipe)
            )
        })
        .collect()
}
