//! Options in parentheses that a version does not know and answers with 42601.

use pg_query::Node;
use pg_query::NodeRef as R;

use super::Newer;
use crate::effects::options::{self, Value};

/// Name and first version, for each kind of statement.
type Table = &'static [(&'static str, u8)];

/// src/backend/commands/explain_state.c
const EXPLAIN: Table = &[
    ("wal", 13),
    ("generic_plan", 16),
    ("memory", 17),
    ("serialize", 17),
];

/// src/backend/commands/copy.c
const COPY: Table = &[
    ("default", 16),
    ("on_error", 17),
    ("log_verbosity", 17),
    ("reject_limit", 18),
];

/// src/backend/commands/publicationcmds.c
const PUBLICATION: Table = &[
    ("publish_via_partition_root", 13),
    ("publish_generated_columns", 18),
];

/// src/backend/commands/subscriptioncmds.c
const SUBSCRIPTION: Table = &[
    ("binary", 14),
    ("streaming", 14),
    ("two_phase", 15),
    ("disable_on_error", 15),
    ("password_required", 16),
    ("run_as_owner", 16),
    ("origin", 16),
    ("failover", 17),
];

/// src/backend/commands/dbcommands.c
const DATABASE: Table = &[
    ("locale", 13),
    ("strategy", 15),
    ("oid", 15),
    ("locale_provider", 15),
    ("icu_locale", 15),
    ("collation_version", 15),
    ("icu_rules", 16),
    ("builtin_locale", 17),
];

/// src/backend/commands/typecmds.c
const RANGE: Table = &[("multirange_type_name", 14)];

pub(super) fn newer(node: R<'_>) -> Vec<Newer> {
    match node {
        R::ExplainStmt(stmt) => in_list(&stmt.options, EXPLAIN, "EXPLAIN"),
        R::CopyStmt(stmt) => {
            let mut found = in_list(&stmt.options, COPY, "COPY");
            found.extend(copy_values(&stmt.options));
            found
        }
        R::CreatePublicationStmt(stmt) => in_list(&stmt.options, PUBLICATION, "the publication"),
        R::AlterPublicationStmt(stmt) => in_list(&stmt.options, PUBLICATION, "the publication"),
        R::CreateSubscriptionStmt(stmt) => in_list(&stmt.options, SUBSCRIPTION, "the subscription"),
        R::AlterSubscriptionStmt(stmt) => in_list(&stmt.options, SUBSCRIPTION, "the subscription"),
        R::CreatedbStmt(stmt) => in_list(&stmt.options, DATABASE, "CREATE DATABASE"),
        R::CreateRangeStmt(stmt) => in_list(&stmt.params, RANGE, "the range type"),
        _ => Vec::new(),
    }
}

fn in_list(list: &[Node], known: Table, of: &str) -> Vec<Newer> {
    let newer = options::options(list).filter_map(|option| {
        let (name, since) = known.iter().find(|(name, _)| *name == option.name)?;
        Newer::new(*since, format!("option {name} of {of}"), option.location)
    });
    newer.collect()
}

/// `HEADER match` (15); `FORCE_NULL *` and `FORCE_NOT_NULL *` (17).
fn copy_values(list: &[Node]) -> Option<Newer> {
    options::options(list).find_map(|option| match option.name {
        "header" if option.value == Value::Text("match") => {
            Newer::new(15, "HEADER match", option.location)
        }
        "force_null" | "force_not_null" if option.value == Value::Star => {
            let what = format!("{} *", option.name.to_uppercase());
            Newer::refused("22023", 17, what, option.location)
        }
        _ => None,
    })
}
