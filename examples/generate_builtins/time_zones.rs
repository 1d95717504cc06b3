//! Time zones under which `timestamp` and `timestamptz` are the same bits: measured by altering a column's
//! type and looking for a new relfilenode (`TimestampTimestampTzRequiresRewrite` in
//! src/backend/utils/adt/timestamp.c).

use std::error::Error;

use postgres::Client;

use crate::table::{Row, Table};

/// Values of `TimeZone` that are no zone's name: numbers and POSIX rules.
const FORMS: &[&str] = &[
    "0",
    "+0",
    "-0",
    "00",
    "+00",
    "-00",
    "0.0",
    "0x0",
    "00:00",
    "+00:00",
    "1",
    "<+00>-00",
    "<UTC>0",
    "<UTC>-0",
    "UTC0",
    "UTC+0",
    "UTC-0",
    "UTC00",
    "UTC0:00",
    "UTC0:00:00",
    "GMT0BST",
    "XYZ0",
    "XYZ+00:00",
    "XY0",
    "XYZ",
    "<X>0",
    "utc0",
    " UTC",
    "UTC ",
];

pub fn table() -> Table {
    Table::new("time_zones.tsv", "zero_offset", ask)
}

fn ask(client: &mut Client) -> Result<Vec<Row>, Box<dyn Error>> {
    client.batch_execute("CREATE TABLE zone_probe (x timestamp)")?;
    let names = client.query(
        "SELECT name FROM pg_timezone_names UNION SELECT abbrev FROM pg_timezone_abbrevs",
        &[],
    )?;
    let mut candidates: Vec<String> = names.iter().map(|row| row.get(0)).collect();
    candidates.extend(FORMS.iter().map(|&form| form.to_owned()));
    let mut rows = Vec::new();
    for zone in candidates {
        if keeps_storage(client, &zone)? {
            rows.push(vec![zone.to_lowercase()]);
        }
    }
    client.batch_execute("DROP TABLE zone_probe")?;
    Ok(rows)
}

/// False too when the server does not take the value as a time zone.
fn keeps_storage(client: &mut Client, zone: &str) -> Result<bool, postgres::Error> {
    let mut transaction = client.transaction()?;
    let set = transaction.query("SELECT set_config('TimeZone', $1, true)", &[&zone]);
    if set.is_err() {
        return Ok(false);
    }
    let filenode = "SELECT pg_relation_filenode('zone_probe')";
    let before: Option<u32> = transaction.query_one(filenode, &[])?.get(0);
    transaction.batch_execute("ALTER TABLE zone_probe ALTER COLUMN x TYPE timestamptz")?;
    let after: Option<u32> = transaction.query_one(filenode, &[])?.get(0);
    Ok(before == after)
}
