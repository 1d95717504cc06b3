//! Storage parameters: which kinds of relation know them and which lock ALTER ... SET takes on the relation.
//! Measured by setting each of them (`AlterTableGetRelOptionsLockLevel` in src/backend/access/common/reloptions.c).

use std::error::Error;

use postgres::Client;

use crate::table::{Row, Table};

/// Every name that a version from 12 to 18 knows, from the lists in reloptions.c.
const NAMES: &[&str] = &[
    "autosummarize",
    "autovacuum_analyze_scale_factor",
    "autovacuum_analyze_threshold",
    "autovacuum_enabled",
    "autovacuum_freeze_max_age",
    "autovacuum_freeze_min_age",
    "autovacuum_freeze_table_age",
    "autovacuum_multixact_freeze_max_age",
    "autovacuum_multixact_freeze_min_age",
    "autovacuum_multixact_freeze_table_age",
    "autovacuum_vacuum_cost_delay",
    "autovacuum_vacuum_cost_limit",
    "autovacuum_vacuum_insert_scale_factor",
    "autovacuum_vacuum_insert_threshold",
    "autovacuum_vacuum_max_threshold",
    "autovacuum_vacuum_scale_factor",
    "autovacuum_vacuum_threshold",
    "buffering",
    "check_option",
    "deduplicate_items",
    "effective_io_concurrency",
    "fastupdate",
    "fillfactor",
    "gin_pending_list_limit",
    "log_autovacuum_min_duration",
    "maintenance_io_concurrency",
    "n_distinct",
    "n_distinct_inherited",
    "oids",
    "pages_per_range",
    "parallel_workers",
    "random_page_cost",
    "security_barrier",
    "security_invoker",
    "seq_page_cost",
    "toast_tuple_target",
    "user_catalog_table",
    "vacuum_cleanup_index_scale_factor",
    "vacuum_index_cleanup",
    "vacuum_max_eager_freeze_failure_rate",
    "vacuum_truncate",
];

/// One of these is a valid value of every parameter.
const VALUES: &[&str] = &["on", "0.5", "64", "1000", "200000000", "auto", "local"];

/// The kind, how it is set (`$o` is the parameter and its value), and the relation that is locked.
const KINDS: &[(&str, &str, &str)] = &[
    ("heap", "ALTER TABLE t SET ($o)", "t"),
    ("partitioned table", "ALTER TABLE p SET ($o)", "p"),
    ("toast", "ALTER TABLE t SET (toast.$o)", "t"),
    ("column", "ALTER TABLE t ALTER COLUMN i SET ($o)", "t"),
    ("view", "ALTER VIEW v SET ($o)", "v"),
    ("btree", "ALTER INDEX t_btree SET ($o)", "t_btree"),
    ("hash", "ALTER INDEX t_hash SET ($o)", "t_hash"),
    ("gist", "ALTER INDEX t_gist SET ($o)", "t_gist"),
    ("spgist", "ALTER INDEX t_spgist SET ($o)", "t_spgist"),
    ("gin", "ALTER INDEX t_gin SET ($o)", "t_gin"),
    ("brin", "ALTER INDEX t_brin SET ($o)", "t_brin"),
];

const SCHEMA: &str = "
CREATE TABLE t (i int, a int[], s text, g point);
CREATE TABLE p (i int) PARTITION BY RANGE (i);
CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
CREATE VIEW v AS SELECT i FROM t;
CREATE INDEX t_btree ON t (i);
CREATE INDEX t_hash ON t USING hash (i);
CREATE INDEX t_gist ON t USING gist (g);
CREATE INDEX t_spgist ON t USING spgist (g);
CREATE INDEX t_gin ON t USING gin (a);
CREATE INDEX t_brin ON t USING brin (i);";

pub fn table() -> Table {
    Table::new("reloptions.tsv", "name\tkind\tlock\tvalues", ask)
}

fn ask(client: &mut Client) -> Result<Vec<Row>, Box<dyn Error>> {
    client.batch_execute(SCHEMA)?;
    let mut rows = Vec::new();
    for name in NAMES {
        check_materialized_view(client, name)?;
        for (kind, template, relation) in KINDS {
            if let Some(lock) = lock_of(client, name, template, relation)? {
                let values = values_of(client, name, template)?;
                rows.push(vec![name.to_string(), kind.to_string(), lock, values]);
            }
        }
    }
    Ok(rows)
}

/// The table has no rows for materialized views since they are heaps; this makes sure that they are.
fn check_materialized_view(client: &mut Client, name: &str) -> Result<(), Box<dyn Error>> {
    let heap = lock_of(client, name, "ALTER TABLE t SET ($o)", "t")?;
    let view = lock_of(client, name, "ALTER MATERIALIZED VIEW m SET ($o)", "m")?;
    if heap == view {
        return Ok(());
    }
    Err(format!("{name}: {heap:?} on a table, {view:?} on a materialized view").into())
}

/// What the parameter takes, as the server says when it is given something else: `bool`, `int 10..100`,
/// `real 0..100`, `on,off,auto`.
fn values_of(client: &mut Client, name: &str, template: &str) -> Result<String, Box<dyn Error>> {
    let answer = |client: &mut Client, value: &str| -> Result<(String, String), Box<dyn Error>> {
        let mut transaction = client.transaction()?;
        let sql = template.replace("$o", &format!("{name} = {value}"));
        let Err(error) = transaction.batch_execute(&sql) else {
            return Err(format!("{sql} is taken").into());
        };
        let error = error.as_db_error().ok_or("no answer of the server")?;
        let detail = error.detail().unwrap_or_default();
        Ok((error.message().to_owned(), detail.to_owned()))
    };
    let quoted = |detail: &str| -> Vec<String> {
        let words = detail.split('"').skip(1).step_by(2);
        words.map(str::to_owned).collect()
    };
    let (message, detail) = answer(client, "'nonsense'")?;
    let number = if message.contains("boolean") {
        return Ok("bool".to_owned());
    } else if message.contains("integer") {
        ("int", "-2147483648")
    } else if message.contains("floating point") {
        ("real", "-1e300")
    } else {
        return Ok(quoted(&detail).join(","));
    };
    let (_, detail) = answer(client, number.1)?;
    match quoted(&detail).as_slice() {
        [low, high] => Ok(format!("{} {low}..{high}", number.0)),
        other => Err(format!("{name}: {detail}: {other:?}").into()),
    }
}

/// None when that kind of relation does not have the parameter.
fn lock_of(
    client: &mut Client,
    name: &str,
    template: &str,
    relation: &str,
) -> Result<Option<String>, Box<dyn Error>> {
    for value in VALUES {
        let mut transaction = client.transaction()?;
        let sql = template.replace("$o", &format!("{name} = {value}"));
        let Err(error) = transaction.batch_execute(&sql) else {
            let row = transaction.query_one(
                "SELECT string_agg(mode, ',') FROM pg_locks
                 WHERE pid = pg_backend_pid() AND relation = $1::text::regclass AND mode <> 'AccessShareLock'",
                &[&relation],
            )?;
            return Ok(Some(row.get(0)));
        };
        let error = error.as_db_error().ok_or("no answer of the server")?;
        match error.message() {
            message
                if message.starts_with("invalid value for")
                    || message.contains("out of bounds") =>
            {
                continue;
            }
            message if message.starts_with("unrecognized parameter") => return Ok(None),
            message
                if message
                    .contains("cannot specify storage parameters for a partitioned table") =>
            {
                return Ok(None);
            }
            message => return Err(format!("{sql}: {message}").into()),
        }
    }
    Err(format!("no valid value known for {name} of {relation}").into())
}
