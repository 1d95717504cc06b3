//! The catalog after scripts, as a listing.

mod dump;

use humdrum::catalog::{Catalog, TransactionId};
use humdrum::session::{Session, Settings};
use humdrum::version::PgVersion;
use pg_query::NodeEnum;

fn session(version: u8) -> Session {
    let mut session = Session::new(PgVersion::new(version).unwrap(), Settings::default());
    session.transaction_id = TransactionId(1);
    session.migration = 1;
    session
}

fn statements(sql: &str) -> Vec<NodeEnum> {
    pg_query::split_with_parser(sql)
        .unwrap()
        .into_iter()
        .flat_map(|statement| {
            pg_query::parse(statement, pg_query::ParserOptions::default())
                .unwrap()
                .protobuf
                .stmts
        })
        .filter_map(|stmt| stmt.stmt?.node)
        .collect()
}

/// The catalog after a script on an empty database. Every statement must be one that PostgreSQL accepts.
fn replay(version: u8, sql: &str) -> Catalog {
    let mut catalog = Catalog::new();
    catalog.complete = true;
    let mut session = session(version);
    for node in statements(sql) {
        let applied = catalog.applied(&node, &session);
        let refusal = applied.refusal;
        assert_eq!(refusal, None, "{:?}", node.deparse(Default::default()));
        catalog = applied.catalog;
        session.transaction_id.0 += 1;
    }
    catalog
}

fn listing(version: u8, sql: &str) -> String {
    dump::dump(&replay(version, sql))
}

#[test]
fn create_table_makes_up_postgresqls_names() {
    insta::assert_snapshot!(listing(
        18,
        "CREATE TABLE p (id serial PRIMARY KEY, k int UNIQUE);
         CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int CHECK (a > 0), b text NOT NULL,
            p int REFERENCES p, q int REFERENCES p (k) ON DELETE CASCADE, CHECK (a > p), UNIQUE (a, b),
            EXCLUDE USING gist (b WITH =));
         CREATE INDEX ON t (a); CREATE INDEX ON t (a); CREATE INDEX ON t (lower(b), a) INCLUDE (p) WHERE a > 0;"
    ));
}
