//! How each migration tool is told what a step needs: not to open a transaction, where a rollback goes.

use std::path::Path;

use crate::lint::Context;
use crate::session::OpenedBy;

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
        "prairielearn" => {
            "put it into a migration of its own that begins with `-- prairielearn:migrations NO TRANSACTION`".to_owned()
        }
        "morph" => {
            "put it into a migration of its own that begins with `-- morph:nontransactional`, at the very first byte of the file"
                .to_owned()
        }
        "pop" => "put it into a migration of its own, named `<version>_<name>.autocommit.up.sql`".to_owned(),
        "drizzle" => {
            "Drizzle runs all pending migrations in one transaction, with no way out but a `COMMIT;` and a `--> statement-breakpoint` before this statement; or run it by hand"
                .to_owned()
        }
        "hasura" | "refinery" | "river" | "graphile-worker" | "concourse" => format!(
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
