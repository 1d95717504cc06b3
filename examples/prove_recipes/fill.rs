//! Fills the tables of a database with rows that satisfy its constraints, and those that a migration will add.
//!
//! Every value is made of the row's number, so that keys are distinct and foreign keys find what they refer to;
//! the constraints themselves, as the server writes them down, sort out the rows that do not fit.

use std::collections::BTreeMap;

use postgres::Client;

type Oid = u32;
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// As many rows as a table gets, if so many fit.
const ROWS: usize = 3000;
/// As many are tried; with the dates that are made of them they reach over eight years.
const CANDIDATES: usize = 60_000;

/// Referencing columns, the referenced table and its columns.
type Reference = (Vec<String>, Oid, Vec<String>);

/// What the rows of a table have to satisfy.
#[derive(Debug, Clone, Default)]
pub struct Demands {
    /// Conditions over the columns, as SQL.
    pub conditions: BTreeMap<Oid, Vec<String>>,
    /// Columns that may not be null.
    pub required: BTreeMap<Oid, Vec<String>>,
    /// Columns that are keys, or parts of foreign keys on either side.
    pub keys: BTreeMap<Oid, Vec<String>>,
    /// Foreign keys.
    pub references: BTreeMap<Oid, Vec<Reference>>,
}

/// What the constraints of a database demand.
pub fn demands(client: &mut Client) -> Result<Demands> {
    let mut demands = Demands::default();
    for row in client.query(CONDITIONS, &[])? {
        let condition: Option<String> = row.get(1);
        if let Some(condition) = condition.filter(|condition| !condition.is_empty()) {
            demands
                .conditions
                .entry(row.get(0))
                .or_default()
                .push(condition);
        }
    }
    for row in client.query(REQUIRED, &[])? {
        demands
            .required
            .entry(row.get(0))
            .or_default()
            .push(row.get(1));
    }
    for row in client.query(KEYS, &[])? {
        demands.keys.entry(row.get(0)).or_default().push(row.get(1));
    }
    for row in client.query(REFERENCES, &[])? {
        let columns: Vec<String> = row.get(1);
        let (referenced, others): (Oid, Vec<String>) = (row.get(2), row.get(3));
        let (table, key): (Oid, _) = (row.get(0), (columns, referenced, others));
        let keys = demands.references.entry(table).or_default();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(demands)
}

impl Demands {
    pub fn and(mut self, other: Demands) -> Demands {
        merge(&mut self.conditions, other.conditions);
        merge(&mut self.required, other.required);
        merge(&mut self.keys, other.keys);
        merge(&mut self.references, other.references);
        self
    }
}

fn merge<T: PartialEq>(into: &mut BTreeMap<Oid, Vec<T>>, from: BTreeMap<Oid, Vec<T>>) {
    for (oid, list) in from {
        let known = into.entry(oid).or_default();
        for item in list {
            if !known.contains(&item) {
                known.push(item);
            }
        }
    }
}

struct Column {
    name: String,
    ty: String,
    base: String,
    category: char,
    kind: char,
    length: i32,
    element: Option<String>,
    required: bool,
}

/// Fills every table; the number of rows of each, by name. `words` are literals of the case: values that its own
/// conditions name.
pub fn fill(
    client: &mut Client,
    demands: &Demands,
    words: &[String],
) -> Result<BTreeMap<String, u64>> {
    Ok(fill_all(client, demands, words)?.0)
}

/// Fills every table, and gives the statements that did it.
pub fn inserts(client: &mut Client, demands: &Demands, words: &[String]) -> Result<String> {
    Ok(fill_all(client, demands, words)?.1)
}

fn fill_all(
    client: &mut Client,
    demands: &Demands,
    words: &[String],
) -> Result<(BTreeMap<String, u64>, String)> {
    client
        .batch_execute("SET session_replication_role = replica; SET client_min_messages = error")?;
    let tables: Vec<(Oid, String)> = client
        .query(TABLES, &[])?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let mut filled = BTreeMap::new();
    let mut script = String::new();
    for (oid, name) in in_order(tables, demands) {
        let rows = fill_table(client, oid, &name, demands, words, &mut script)
            .map_err(|error| format!("{name} cannot be filled: {error}"))?;
        filled.insert(name, rows);
    }
    for queries in [SEQUENCES, VIEWS] {
        for row in client.query(queries, &[])? {
            client.batch_execute(row.get(0))?;
            script += &format!("{};\n", row.get::<_, String>(0));
        }
    }
    client.batch_execute("RESET session_replication_role; ANALYZE")?;
    Ok((filled, script))
}

/// The short literals of texts: values that their conditions may name.
pub fn words(texts: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    for word in texts
        .iter()
        .flat_map(|text| text.split('\'').skip(1).step_by(2))
    {
        let short = word.len() < 20
            && word
                .chars()
                .all(|c| c.is_alphabetic() || c == '_' || c == ' ');
        if short && !word.is_empty() && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// Referenced tables before those that refer to them.
fn in_order(mut tables: Vec<(Oid, String)>, demands: &Demands) -> Vec<(Oid, String)> {
    let mut ordered: Vec<(Oid, String)> = Vec::new();
    while !tables.is_empty() {
        let waits = |oid: Oid| {
            demands.references.get(&oid).is_some_and(|keys| {
                keys.iter()
                    .any(|(_, to, _)| *to != oid && tables.iter().any(|(other, _)| other == to))
            })
        };
        let at = tables.iter().position(|(oid, _)| !waits(*oid)).unwrap_or(0);
        ordered.push(tables.remove(at));
    }
    ordered
}

fn fill_table(
    client: &mut Client,
    oid: Oid,
    name: &str,
    demands: &Demands,
    words: &[String],
    script: &mut String,
) -> Result<u64> {
    let columns = columns(client, oid)?;
    if columns.is_empty() {
        return Ok(0);
    }
    let is = |map: &BTreeMap<Oid, Vec<String>>, column: &Column| {
        map.get(&oid)
            .is_some_and(|names| names.contains(&column.name))
    };
    let mut conditions = demands.conditions.get(&oid).cloned().unwrap_or_default();
    let mut to_itself = Vec::new();
    for (own, referenced, others) in demands.references.get(&oid).into_iter().flatten() {
        if *referenced == oid {
            to_itself.extend(own.clone());
            continue;
        }
        let target: String = client
            .query_one("SELECT $1::oid::regclass::text", &[referenced])?
            .get(0);
        let pairs: Vec<String> = own
            .iter()
            .zip(others)
            .map(|(own, other)| format!("other.{} = candidate.{}", quote(other), quote(own)))
            .collect();
        conditions.push(format!(
            "EXISTS (SELECT FROM {target} AS other WHERE {})",
            pairs.join(" AND ")
        ));
    }
    // Some conditions are about columns that are not there yet.
    let list: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let mut written = 0;
    for words in [words, &[]] {
        let values: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let key = is(&demands.keys, column);
                let value = value(column, if key { &[] } else { words });
                match to_itself.contains(&column.name) && !column.required {
                    true => format!("NULL::{}", column.ty),
                    false if key || column.required || is(&demands.required, column) => value,
                    false => format!("CASE WHEN (i + {at}) % 7 = 0 THEN NULL ELSE {value} END"),
                }
            })
            .collect();
        let candidates = format!(
            "(SELECT {} FROM generate_series(1, {CANDIDATES}) AS i) AS candidate ({})",
            values.join(", "),
            list.join(", ")
        );
        let mut fitting = Vec::new();
        for condition in &conditions {
            let probe = format!("SELECT FROM {candidates} WHERE {condition} LIMIT 0");
            if client.batch_execute(&probe).is_ok() {
                fitting.push(format!("({condition})"));
            }
        }
        fitting.push("true".to_owned());
        let insert = format!(
            "INSERT INTO {name} ({}) OVERRIDING SYSTEM VALUE SELECT * FROM {candidates} WHERE {} LIMIT {} ON CONFLICT DO NOTHING",
            list.join(", "),
            fitting.join(" AND "),
            ROWS / 2
        );
        written += client.execute(&insert, &[])?;
        *script += &format!("{insert};\n");
    }
    Ok(written)
}

/// Does what a step asks the user for: `SELECT count(*) AS without_value FROM t WHERE c IS NULL` is to answer 0.
pub fn give_values(client: &mut Client, question: &str) -> Result<()> {
    let (_, place) = question.split_once(" FROM ").ok_or("no FROM")?;
    let (table, condition) = place
        .trim_end_matches(';')
        .split_once(" WHERE ")
        .ok_or("no WHERE")?;
    let name = condition.trim_end_matches(" IS NULL");
    let oid: Oid = client
        .query_one("SELECT $1::text::regclass::oid", &[&table])?
        .get(0);
    let column = columns(client, oid)?
        .into_iter()
        .find(|column| quote(&column.name) == name || column.name == name)
        .ok_or_else(|| format!("no column {name}"))?;
    let value = value(&column, &[]);
    client.batch_execute(&format!(
        "UPDATE {table} SET {name} = numbered.value FROM (SELECT place, {value} AS value FROM
             (SELECT ctid AS place, row_number() OVER ()::int AS i FROM {table}) AS rows) AS numbered
         WHERE {table}.ctid = numbered.place"
    ))?;
    Ok(())
}

fn columns(client: &mut Client, table: Oid) -> Result<Vec<Column>> {
    let rows = client.query(COLUMNS, &[&table])?;
    let columns = rows.iter().map(|row| Column {
        name: row.get(0),
        ty: row.get(1),
        base: row.get(2),
        category: char::from(row.get::<_, i8>(3).unsigned_abs()),
        kind: char::from(row.get::<_, i8>(4).unsigned_abs()),
        length: row.get(5),
        element: row.get(6),
        required: row.get(7),
    });
    Ok(columns.collect())
}

/// The column's value of row `i`.
fn value(column: &Column, words: &[String]) -> String {
    let plain = match (column.kind, column.category) {
        ('e', _) => {
            let values = format!("enum_range(NULL::{})", column.base);
            format!("({values})[1 + i % cardinality({values})]")
        }
        (_, 'A') => match &column.element {
            Some(element) => format!("ARRAY[{}::{element}]", scalar(element, 0, words)),
            None => "NULL".to_owned(),
        },
        _ => scalar(&column.base, column.length, words),
    };
    format!("({plain})::{}", column.ty)
}

fn scalar(ty: &str, length: i32, words: &[String]) -> String {
    let bare = ty.split('(').next().unwrap_or(ty);
    match bare {
        "boolean" => "i % 2 = 0".to_owned(),
        "smallint" => "i % 30000".to_owned(),
        "integer" | "bigint" | "real" | "double precision" | "oid" | "money" => "i".to_owned(),
        "numeric" if length > 0 => {
            let (precision, scale) = ((length - 4) >> 16, (length - 4) & 0x7ff);
            format!("i % (10::numeric ^ {})::bigint", (precision - scale).clamp(0, 15))
        }
        "numeric" => "i".to_owned(),
        "uuid" => "md5(i::text)".to_owned(),
        "date" => "date '2018-01-01' + (i % 3100)".to_owned(),
        "timestamp without time zone" => "timestamp '2018-01-01' + i * interval '75 minutes'".to_owned(),
        "timestamp with time zone" => "timestamptz '2018-01-01 UTC' + i * interval '75 minutes'".to_owned(),
        "time without time zone" | "time with time zone" | "interval" => {
            "(i % 80000) * interval '1 second'".to_owned()
        }
        "json" | "jsonb" => "jsonb_build_object('i', i)".to_owned(),
        "bytea" => "decode(md5(i::text), 'hex')".to_owned(),
        "inet" | "cidr" => "inet '10.0.0.0' + i".to_owned(),
        "point" => "point(i, i)".to_owned(),
        "int4range" | "int8range" | "numrange" => format!("{bare}(i * 10, i * 10 + 5)"),
        "daterange" => "daterange(date '2018-01-01' + i * 10, date '2018-01-01' + i * 10 + 5)".to_owned(),
        "tsrange" => "tsrange(timestamp '2018-01-01' + i * interval '2 hours', timestamp '2018-01-01' + i * interval '2 hours' + interval '1 hour')".to_owned(),
        "tstzrange" => "tstzrange(timestamptz '2018-01-01 UTC' + i * interval '2 hours', timestamptz '2018-01-01 UTC' + i * interval '2 hours' + interval '1 hour')".to_owned(),
        "text" | "character varying" | "character" | "name" | "citext" | "tsvector" => text(length, words),
        _ => "NULL".to_owned(),
    }
}

/// Every second value is a word of the case, if it has any.
fn text(length: i32, words: &[String]) -> String {
    let plain = match length {
        5.. => format!("right('v' || i, {})", length - 4),
        _ => "'v' || i".to_owned(),
    };
    if words.is_empty() {
        return plain;
    }
    let list: Vec<String> = words
        .iter()
        .map(|word| format!("'{}'", word.replace('\'', "''")))
        .collect();
    format!(
        "CASE WHEN i % 2 = 0 THEN (ARRAY[{}]::text[])[1 + (i / 2) % {}] ELSE {plain} END",
        list.join(", "),
        list.len()
    )
}

pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

const TABLES: &str = "
SELECT c.oid, c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_t%'
ORDER BY c.oid";

const CONDITIONS: &str = "
SELECT conrelid, pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0
UNION ALL
SELECT c.oid, pg_get_partition_constraintdef(c.oid) FROM pg_class c WHERE relispartition AND relkind = 'r'";

const REQUIRED: &str = "
SELECT a.attrelid, a.attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relkind = 'r' AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped";

const KEYS: &str = "
SELECT a.attrelid, a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indisunique OR i.indisexclusion
UNION
SELECT a.attrelid, a.attname::text FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
WHERE c.contype = 'f'
UNION
SELECT a.attrelid, a.attname::text FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = ANY (c.confkey)
WHERE c.contype = 'f'";

const REFERENCES: &str = "
SELECT c.conrelid,
    (SELECT array_agg(a.attname::text ORDER BY k.at) FROM unnest(c.conkey) WITH ORDINALITY k(num, at)
     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num),
    c.confrelid,
    (SELECT array_agg(a.attname::text ORDER BY k.at) FROM unnest(c.confkey) WITH ORDINALITY k(num, at)
     JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num)
FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid WHERE c.contype = 'f' AND r.relkind = 'r'";

const COLUMNS: &str = "
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), format_type(b.oid, NULL), b.typcategory, b.typtype,
    CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
    CASE WHEN b.typelem <> 0 THEN format_type(b.typelem, NULL) END, a.attnotnull
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum";

const SEQUENCES: &str = "
SELECT format('SELECT setval(%L, (SELECT coalesce(max(%I), 0) + 1 FROM %s))', d.objid::regclass, a.attname, d.refobjid::regclass)
FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')";

const VIEWS: &str = "
SELECT format('REFRESH MATERIALIZED VIEW %s', oid::regclass) FROM pg_class WHERE relkind = 'm' AND relispopulated ORDER BY oid";
