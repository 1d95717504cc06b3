//! Settings: what SET takes for each (`pg_settings`).

use std::error::Error;

use postgres::Client;

use crate::table::{Row, Table};

pub fn table() -> Table {
    Table::new("settings.tsv", "name\tcontext\tvalues", ask)
}

/// `values`: `bool`, `string`, `int MIN..MAX UNIT`, `real MIN..MAX UNIT`, `enum a,b,c`.
fn ask(client: &mut Client) -> Result<Vec<Row>, Box<dyn Error>> {
    let rows = client.query(
        "SELECT name, context,
             CASE vartype
                 WHEN 'integer' THEN 'int ' || min_val || '..' || max_val || coalesce(' ' || unit, '')
                 WHEN 'real' THEN 'real ' || min_val || '..' || max_val || coalesce(' ' || unit, '')
                 WHEN 'enum' THEN 'enum ' || array_to_string(enumvals, ',')
                 ELSE vartype
             END
         FROM pg_settings WHERE name NOT LIKE '%.%' ORDER BY name",
        &[],
    )?;
    let mut found: Vec<Row> = rows
        .iter()
        .map(|row| vec![row.get(0), row.get(1), row.get(2)])
        .collect();
    // Not shown, but there (GUC_NO_SHOW_ALL).
    for hidden in HIDDEN {
        let exists = client.simple_query(&format!("SHOW {hidden}")).is_ok();
        let listed = found.iter().any(|row| row[0] == *hidden);
        if exists && !listed {
            let row = [*hidden, "user", "string"];
            found.push(row.iter().map(|cell| (*cell).to_owned()).collect());
        }
    }
    Ok(found)
}

/// Settings that `pg_settings` leaves out, from the lists in src/backend/utils/misc/guc_tables.c.
const HIDDEN: &[&str] = &[
    "default_with_oids",
    "is_superuser",
    "role",
    "seed",
    "session_authorization",
    "ssl_renegotiation_limit",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
    "zero_damaged_pages",
    "debug_deadlocks",
    "trace_lock_oidmin",
];
