//! One connection to the database of a case: it runs statements and tells what changed under it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::{Arc, Mutex};

use postgres::error::SqlState;
use postgres::{Client, NoTls};

use super::servers::Server;

pub type Oid = u32;

/// A relation that was there before the statement under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Without the schema where that is `public`.
    pub name: String,
    /// `pg_class.relkind`.
    pub kind: char,
    /// Zero for relations without storage.
    pub filenode: Oid,
    /// Rows that this session read sequentially and that its statistics still hold.
    pub rows_read: i64,
}

impl Relation {
    pub fn is_index(&self) -> bool {
        matches!(self.kind, 'i' | 'I')
    }

    pub fn is_sequence(&self) -> bool {
        self.kind == 'S'
    }
}

pub struct Session {
    client: Client,
    pub backend: i32,
    built: Arc<Mutex<BTreeSet<String>>>,
}

impl Session {
    pub fn open(server: Server, database: &str) -> Result<Self, postgres::Error> {
        let built = Arc::new(Mutex::new(BTreeSet::new()));
        let sink = Arc::clone(&built);
        let mut config = server.config(database);
        config.notice_callback(move |notice| {
            if let Some(index) = built_index(notice.message()) {
                sink.lock()
                    .expect("no panic while holding it")
                    .insert(index);
            }
        });
        let mut client = config.connect(NoTls)?;
        let row = client.query_one("SELECT pg_backend_pid()", &[])?;
        Ok(Session {
            client,
            backend: row.get(0),
            built,
        })
    }

    /// Has the server tell of index builds, and end a statement that waits for something for ever.
    pub fn watch(&mut self) -> Result<(), postgres::Error> {
        self.client
            .batch_execute("SET client_min_messages = debug1; SET statement_timeout = '60s'")
    }

    pub fn run(&mut self, sql: &str) -> Result<(), postgres::Error> {
        self.client.batch_execute(sql)
    }

    /// Runs statements one by one; the SQLSTATE of the first that fails.
    /// The outer error is the connection's.
    pub fn run_all(&mut self, statements: &[&str]) -> Result<Result<(), SqlState>, Box<dyn Error>> {
        for statement in statements {
            if let Err(error) = self.client.batch_execute(statement) {
                return match error.code() {
                    Some(code) => Ok(Err(code.clone())),
                    None => Err(format!("{statement}: {error}").into()),
                };
            }
        }
        Ok(Ok(()))
    }

    /// The relations of the database by OID, as this session sees them.
    pub fn relations(&mut self) -> Result<BTreeMap<Oid, Relation>, postgres::Error> {
        let rows = self.client.query(RELATIONS, &[])?;
        let relations = rows.iter().map(|row| {
            let kind: i8 = row.get(3);
            let schema: &str = row.get(1);
            let name: &str = row.get(2);
            let relation = Relation {
                name: match schema {
                    "public" => name.to_owned(),
                    _ => format!("{schema}.{name}"),
                },
                kind: char::from(kind.unsigned_abs()),
                filenode: row.get(4),
                rows_read: row.get(5),
            };
            (row.get(0), relation)
        });
        Ok(relations.collect())
    }

    /// Changes with everything that outlives ROLLBACK and that a later statement could notice: sizes (dead rows),
    /// the planner's row counts, sequences.
    pub fn fingerprint(&mut self) -> Result<String, postgres::Error> {
        let row = self.client.query_one(FINGERPRINT, &[])?;
        Ok(row.get(0))
    }

    /// The table of an index, by the index's name alone.
    #[allow(
        dead_code,
        reason = "for the recipes: the oracle knows indexes by their names"
    )]
    pub fn table_of(&mut self, index: &str) -> Result<Option<Oid>, postgres::Error> {
        let query = "SELECT i.indrelid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                     WHERE c.relname = $1";
        Ok(self
            .client
            .query_opt(query, &[&index])?
            .map(|row| row.get(0)))
    }

    /// The indexes that were built since the last call.
    pub fn take_built(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.built.lock().expect("no panic while holding it"))
    }
}

/// Reads no relation but the catalogs', and none of the recorded ones is locked by it.
const RELATIONS: &str = "
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind, c.relfilenode, pg_stat_get_xact_tuples_returned(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v', 'S', 'i', 'I')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'";

const FINGERPRINT: &str = "
SELECT coalesce(string_agg(concat_ws(' ', c.oid, c.relfilenode, c.relpages, c.reltuples, c.relhasindex,
    pg_relation_size(c.oid), CASE WHEN c.relkind = 'S' THEN pg_sequence_last_value(c.oid) END), ',' ORDER BY c.oid), '')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')";

/// `building index "t_pkey" on table "t" serially` (index_build in src/backend/catalog/index.c).
fn built_index(message: &str) -> Option<String> {
    let (index, _) = message
        .strip_prefix("building index \"")?
        .split_once("\" on table \"")?;
    (!index.starts_with("pg_toast_")).then(|| index.to_owned())
}
