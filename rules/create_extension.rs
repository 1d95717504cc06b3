//! CREATE EXTENSION of what is not there already.

use pg_query::NodeEnum;

use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

/// Trusted ones of PostgreSQL's own, from 13 on: CREATE on the database is enough (`trusted = true` in
/// their control files).
const TRUSTED: [&str; 20] = [
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dict_int",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "pg_trgm",
    "pgcrypto",
    "seg",
    "tablefunc",
    "tcn",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
];

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let NodeEnum::CreateExtensionStmt(stmt) = cx.node else {
        return;
    };
    let name = stmt.extname.as_str();
    // plpgsql is installed by initdb.
    if name == "plpgsql" || cx.before.extensions.contains(name) || cx.fails() {
        return;
    }
    let right = if TRUSTED.contains(&name) && cx.version().major() >= 13 {
        "the role needs CREATE on the database"
    } else {
        "the role must be a superuser, unless the extension is marked as trusted"
    };
    report.push(
        Finding::new(
            cx.span.clone(),
            "needs files on the server",
            format!("the migration fails where {name} is not installed on the server, or where the role may not create it: {right}"),
        )
        .help(format!("have {name} installed and created when the database is set up")),
    );
}
