//! The words of steps: where each runs, what it costs, and the SQL that many ways out share.

use crate::catalog::{QualifiedName, Relation};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Context, Recipe, Step, StepTransaction};

/// A step in a transaction of its own.
pub fn own(title: impl Into<String>, sql: impl Into<String>) -> Step {
    Step {
        title: title.into(),
        sql: sql.into(),
        transaction: StepTransaction::Own,
    }
}

/// A step outside any transaction.
pub fn outside(title: impl Into<String>, sql: impl Into<String>) -> Step {
    Step {
        title: title.into(),
        sql: sql.into(),
        transaction: StepTransaction::None,
    }
}

/// Steps in the place of the statement, or of the part of it that the finding is about.
pub fn recipe(title: &str, steps: Vec<Step>) -> Recipe {
    Recipe {
        title: title.to_owned(),
        place: crate::lint::Place::Instead,
        steps,
    }
}

/// `VALIDATE CONSTRAINT`, which lets reads and writes go on.
pub fn validate(table: &QualifiedName, name: &str) -> Step {
    own(
        "reads the table while reads and writes go on",
        format!(
            "ALTER TABLE {} VALIDATE CONSTRAINT {};",
            sql_name(table),
            ident(name)
        ),
    )
}

/// A table constraint that holds for new rows at once, and is checked in another transaction. `clause` is what
/// follows its name.
pub fn promise(table: &QualifiedName, name: &str, clause: &str) -> Vec<Step> {
    vec![
        own(
            "holds for new rows at once; short",
            format!(
                "ALTER TABLE {} ADD CONSTRAINT {} {clause} NOT VALID;",
                sql_name(table),
                ident(name)
            ),
        ),
        validate(table, name),
    ]
}

/// Copies of a foreign key that is there already: what is to be said of it was to be said before.
pub fn copied_key(steps: Vec<Step>, unindexed: bool, mismatched: bool) -> Vec<Step> {
    let mut quiet = String::new();
    for (rule, applies) in [
        ("foreign-key-without-index", unindexed),
        ("foreign-key-type-mismatch", mismatched),
    ] {
        if applies {
            quiet +=
                &format!("-- humdrum: ignore {rule}: a copy of the foreign key that is there\n");
        }
    }
    let mut steps = steps;
    if let Some(first) = steps.first_mut() {
        first.sql.insert_str(0, &quiet);
    }
    steps
}

/// A name for a new constraint that no other constraint of the schema has.
pub fn constraint_name(
    cx: &Context<'_>,
    table: &QualifiedName,
    column: Option<&str>,
    label: &str,
) -> String {
    cx.before
        .choose_constraint_name(&table.name, column, label, &table.schema, &[])
}

/// A name for a new relation or index that none has.
pub fn relation_name(
    cx: &Context<'_>,
    table: &QualifiedName,
    middle: Option<&str>,
    label: &str,
) -> String {
    cx.before
        .choose_relation_name(&table.name, middle, label, &table.schema, false)
}

/// A name that no column has yet, cut to what PostgreSQL keeps.
pub fn column_name(relation: Option<&Relation>, base: &str, ending: &str) -> String {
    let taken = |name: &str| relation.is_some_and(|relation| relation.column(name).is_some());
    (0..)
        .map(|number| match number {
            0 => format!("_{ending}"),
            number => format!("_{ending}{number}"),
        })
        .map(|ending| {
            let room = crate::sql::names::MAX_NAME_BYTES.saturating_sub(ending.len());
            format!("{}{ending}", &base[..base.floor_char_boundary(room)])
        })
        .find(|name| !taken(name))
        .unwrap_or_else(|| base.to_owned())
}

/// In the schema of a table.
pub fn beside(table: &QualifiedName, name: &str) -> QualifiedName {
    QualifiedName::new(table.schema.clone(), name)
}

/// A string literal.
pub fn literal(text: &str) -> String {
    match text.contains('\\') {
        true => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}

/// `DO` with a body, quoted by dollars that the body does not hold.
pub fn do_block(body: &str) -> String {
    let tag = (0..)
        .map(|number| match number {
            0 => "$$".to_owned(),
            number => format!("$batch{number}$"),
        })
        .find(|tag| !body.contains(tag.as_str()))
        .unwrap_or_default();
    format!("DO {tag}\n{body}\n{tag};")
}
