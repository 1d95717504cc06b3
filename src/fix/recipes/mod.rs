//! Advice that several rules give: batches, a migration tool's way out of its transaction, where rollbacks go.

use std::path::Path;

use crate::catalog::{ConstraintKind, QualifiedName};
use crate::effects::ChangeKind;
use crate::lint::Context;
use crate::lint::wording::{derived_name, ident, sql_name};
use crate::lint::{Recipe, Step, StepTransaction};
use crate::session::OpenedBy;

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

/// A step in a transaction of its own.
pub fn own(title: &str, sql: String) -> Step {
    Step {
        title: title.to_owned(),
        sql,
        transaction: StepTransaction::Own,
    }
}

/// A step outside any transaction.
pub fn outside(title: &str, sql: String) -> Step {
    Step {
        title: title.to_owned(),
        sql,
        transaction: StepTransaction::None,
    }
}

/// A constraint that is promised first and checked in another transaction. `clause` is what follows ADD.
pub fn promise(table: &str, name: &str, clause: &str) -> [Step; 2] {
    [
        own(
            "holds for new rows at once; short",
            format!("ALTER TABLE {table} ADD CONSTRAINT {name} {clause} NOT VALID;"),
        ),
        own(
            "reads the table while reads and writes go on",
            format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};"),
        ),
    ]
}

/// NOT NULL for a column of a table in use: proved first, then required. `bare` is the table's name without quotes.
pub fn require(table: &str, bare: &str, column: &str) -> Vec<Step> {
    let quoted = ident(column);
    let proof = derived_name(&[bare, column, "not_null"]);
    let mut steps = promise(table, &proof, &format!("CHECK ({quoted} IS NOT NULL)")).to_vec();
    steps.push(own(
        "no scan: the valid CHECK proves it",
        format!("ALTER TABLE {table} ALTER COLUMN {quoted} SET NOT NULL;"),
    ));
    steps.push(own(
        "the CHECK has done its work; not in the same statement",
        format!("ALTER TABLE {table} DROP CONSTRAINT {proof};"),
    ));
    steps
}

/// The default of a new column for the rows that were there before it.
pub fn fill(table: &str, column: &str) -> Step {
    own(
        "repeat until no row is left, a transaction each time",
        format!(
            "UPDATE {table} SET {column} = DEFAULT WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {column} IS NULL LIMIT 10000));"
        ),
    )
}

/// How a migration tool is told not to open a transaction.
pub fn opt_out(layout: &str) -> String {
    match layout {
        "dbmate" => "write `-- migrate:up transaction:false` at the head of this section".to_owned(),
        "goose" => "write `-- +goose NO TRANSACTION` at the head of the file; it counts for both directions".to_owned(),
        "sql-migrate" => {
            "write `-- +migrate Up notransaction` (or `Down notransaction`) at the head of this section".to_owned()
        }
        "sqlx" => {
            "put it into a migration of its own that begins with `-- no-transaction`, at the very first byte of the file"
                .to_owned()
        }
        "diesel" => {
            "put it into a migration of its own, with `run_in_transaction = false` in a metadata.toml beside up.sql"
                .to_owned()
        }
        "flyway" => {
            "put it into a migration of its own, or write `executeInTransaction=false` into a file of the same name with `.conf` behind it"
                .to_owned()
        }
        "atlas" => "write `-- atlas:txmode none` as the first line of the file, with an empty line below".to_owned(),
        "liquibase" => "write `runInTransaction:false` behind this `--changeset`".to_owned(),
        "tern" => "write `---- tern: disable-tx ----` as a line of its own".to_owned(),
        "graphile-migrate" => {
            "put it into a migration of its own that begins with `--! no-transaction`".to_owned()
        }
        "postgres-migrations" => {
            "put it into a migration of its own that begins with `-- postgres-migrations disable-transaction`".to_owned()
        }
        "pop" => "put it into a migration of its own, named `<version>_<name>.autocommit.up.sql`".to_owned(),
        "drizzle" => {
            "Drizzle runs all pending migrations in one transaction, with no way out but a `COMMIT;` and a `--> statement-breakpoint` before this statement; or run it by hand"
                .to_owned()
        }
        "hasura" | "refinery" => format!(
            "{layout} has no way out of its transaction: run this statement by hand or from a script of your own"
        ),
        "supabase" => {
            "the Supabase CLI has no way out of its transaction: run this statement by hand or from a script of your own"
                .to_owned()
        }
        _ => "run this migration outside a transaction; if your runner already does, say so in humdrum.toml (`[runner] transaction = \"none\"`)"
            .to_owned(),
    }
}

/// Where to put a statement that cannot run inside the transaction that it stands in.
pub fn way_out(cx: &Context<'_>) -> String {
    match cx.session.block().map(|block| block.opened_by) {
        Some(OpenedBy::Script) => {
            "put it before the BEGIN or after the COMMIT, or into a migration of its own".to_owned()
        }
        Some(OpenedBy::Statement) => {
            "take it out of the block, into a migration of its own".to_owned()
        }
        Some(OpenedBy::Message) => {
            "put it into a migration of its own, as the only statement".to_owned()
        }
        Some(OpenedBy::Tool) => opt_out(cx.migration.layout),
        None => "put it into a migration of its own".to_owned(),
    }
}

/// ADD COLUMN of this statement without one of the column's constraints: `ALTER TABLE t ADD COLUMN c integer DEFAULT 1;`
pub fn column_alone(cx: &Context<'_>, table: &str, constraint: &std::ops::Range<usize>) -> Step {
    let added = cx.effects.changes.iter().find(|change| {
        matches!(change.kind, ChangeKind::ColumnAdded { .. })
            && change.span.start <= constraint.start
            && constraint.end <= change.span.end
    });
    let clause = match added {
        Some(added) => {
            let (head, tail) = (
                cx.text_of(&(added.span.start..constraint.start)).trim_end(),
                cx.text_of(&(constraint.end..added.span.end)).trim(),
            );
            format!("{head} {tail}").trim_end().to_owned()
        }
        None => "ADD COLUMN ...".to_owned(),
    };
    own("free", format!("ALTER TABLE {table} {clause};"))
}

/// Where a rollback for this migration belongs.
pub fn where_rollbacks_live(layout: &str, path: &Path) -> String {
    let section = match layout {
        "dbmate" => Some("-- migrate:down"),
        "goose" => Some("-- +goose Down"),
        "sql-migrate" => Some("-- +migrate Down"),
        "tern" => Some("---- create above / drop below ----"),
        "play" => Some("# --- !Downs"),
        _ => None,
    };
    if let Some(marker) = section {
        return format!("add a `{marker}` section that undoes it");
    }
    match layout {
        "liquibase" => return "add a `--rollback` line that undoes it".to_owned(),
        "sqitch" => return "add a script of the same name below `revert`".to_owned(),
        _ => {}
    }
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    match name.as_str() {
        "up.sql" => "add a `down.sql` beside it".to_owned(),
        _ => match name.strip_suffix(".up.sql") {
            Some(stem) => format!("add `{stem}.down.sql` beside it"),
            None if layout == "flyway" && name.starts_with('V') => {
                format!("add `U{}` beside it", &name[1..])
            }
            None => format!(
                "add `{}_rollback.sql` beside it",
                name.strip_suffix(".sql").unwrap_or(&name)
            ),
        },
    }
}
