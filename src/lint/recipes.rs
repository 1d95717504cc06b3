//! Advice that several rules give: batches, a migration tool's way out of its transaction, where rollbacks go.

use std::path::Path;

use super::context::Context;
use super::finding::{Recipe, Step, StepTransaction};
use super::wording::{ident, sql_name};
use crate::catalog::{ConstraintKind, QualifiedName};

/// The statement's rows in batches of its table's key, each committed.
pub fn batches(cx: &Context<'_>, table: &QualifiedName) -> Recipe {
    let key = key_column(cx, table).unwrap_or_else(|| "id".to_owned());
    let name = sql_name(table);
    let change = change(cx, &name);
    Recipe {
        title: "batches that commit".to_owned(),
        steps: vec![Step {
            title: "outside a transaction, so that COMMIT works".to_owned(),
            sql: format!(
                "DO $$\nDECLARE\n  last bigint := 0;\n  top bigint;\nBEGIN\n  SELECT max({key}) INTO top FROM {name};\n  WHILE last < top LOOP\n    {change} {key} > last AND {key} <= last + 10000;\n    last := last + 10000;\n    COMMIT;\n  END LOOP;\nEND $$;"
            ),
            transaction: StepTransaction::None,
        }],
    }
}

/// The statement up to where the key range goes.
fn change(cx: &Context<'_>, name: &str) -> String {
    let text = cx.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let verb = text.split(' ').next().unwrap_or("").to_ascii_lowercase();
    if verb != "update" && verb != "delete" || text.len() > 400 {
        return format!("UPDATE {name} SET ... WHERE");
    }
    let lower = text.to_ascii_lowercase();
    match (lower.rfind(" where "), lower.find(" returning ")) {
        (_, Some(_)) => format!("UPDATE {name} SET ... WHERE"),
        (Some(at), None) => format!(
            "{} WHERE ({}) AND",
            &text[..at],
            text[at + " where ".len()..].trim()
        ),
        (None, None) => format!("{text} WHERE"),
    }
}

/// The table's primary key, when it is one column.
fn key_column(cx: &Context<'_>, table: &QualifiedName) -> Option<String> {
    let relation = cx.before.relation_named(table)?;
    let ConstraintKind::PrimaryKey { index } = relation.primary_key()?.kind else {
        return None;
    };
    match crate::effects::key_columns(cx.before.index(index)?).as_slice() {
        [only] => Some(ident(only)),
        _ => None,
    }
}

/// How a migration tool is told not to open a transaction.
pub fn opt_out(layout: &str) -> String {
    match layout {
        "dbmate" => "write `-- migrate:up transaction:false` at the head of this section".to_owned(),
        "supabase" => {
            "the Supabase CLI has no way out of its transaction: run this statement by hand or from a script of your own"
                .to_owned()
        }
        _ => "run this migration outside a transaction; if your runner already does, say so in humdrum.toml (`[runner] transaction = \"none\"`)"
            .to_owned(),
    }
}

/// Where a rollback for this migration belongs.
pub fn where_rollbacks_live(layout: &str, path: &Path) -> String {
    if layout == "dbmate" {
        return "add a `-- migrate:down` section that undoes it".to_owned();
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    match name.as_str() {
        "up.sql" => "add a `down.sql` beside it".to_owned(),
        _ => match name.strip_suffix(".up.sql") {
            Some(stem) => format!("add `{stem}.down.sql` beside it"),
            None => format!(
                "add `{}_rollback.sql` beside it",
                name.strip_suffix(".sql").unwrap_or(&name)
            ),
        },
    }
}
