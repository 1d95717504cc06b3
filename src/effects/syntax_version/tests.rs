//! Each piece of syntax with the first version that takes it, as the servers of 12 to 18 answered.

use crate::catalog::Catalog;
use crate::effects::{Collector, Input};
use crate::session::{Session, Settings};
use crate::version::PgVersion;

const CASES: &[(u8, &str)] = &[
    (13, "ALTER TABLE t ALTER COLUMN a DROP EXPRESSION"),
    (13, "ALTER STATISTICS st SET STATISTICS 100"),
    (13, "ALTER VIEW v RENAME COLUMN a TO b"),
    (13, "DROP DATABASE nope WITH (FORCE)"),
    (13, "ALTER INDEX i1 NO DEPENDS ON EXTENSION plpgsql"),
    (13, "SELECT a FROM t ORDER BY a FETCH FIRST 1 ROW WITH TIES"),
    (13, "ALTER TYPE ty SET (STORAGE = extended)"),
    (13, "SELECT 'x' IS NORMALIZED"),
    (
        13,
        "CREATE INDEX ix ON t USING gist (b gist_trgm_ops(siglen = 32))",
    ),
    (13, "EXPLAIN (WAL, ANALYZE) SELECT 1"),
    (
        13,
        "CREATE PUBLICATION p2 FOR TABLE t WITH (publish_via_partition_root = true)",
    ),
    (
        14,
        "CREATE OR REPLACE TRIGGER tr BEFORE INSERT ON t EXECUTE FUNCTION trg()",
    ),
    (14, "ALTER TABLE t ALTER COLUMN b SET COMPRESSION pglz"),
    (14, "CREATE TABLE n (b text COMPRESSION pglz)"),
    (14, "CREATE TABLE n (LIKE t INCLUDING COMPRESSION)"),
    (14, "ALTER TABLE pt DETACH PARTITION pt1 CONCURRENTLY"),
    (14, "ALTER TABLE pt DETACH PARTITION pt1 FINALIZE"),
    (14, "CREATE FUNCTION f9() RETURNS int RETURN 1"),
    (
        14,
        "CREATE FUNCTION f9() RETURNS int BEGIN ATOMIC SELECT 1; END",
    ),
    (14, "REINDEX (TABLESPACE ts1) INDEX i1"),
    (14, "REINDEX (CONCURRENTLY) INDEX i1"),
    (14, "CLUSTER (VERBOSE) t USING i1"),
    (
        14,
        "WITH RECURSIVE w AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM w WHERE n < 3) SEARCH DEPTH FIRST BY n SET o SELECT * FROM w",
    ),
    (
        14,
        "WITH RECURSIVE w AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM w WHERE n < 3) CYCLE n SET c USING p SELECT * FROM w",
    ),
    (14, "SELECT a FROM t GROUP BY DISTINCT a"),
    (14, "SELECT * FROM t JOIN t AS t2 USING (id) AS u"),
    (14, "DECLARE q ASENSITIVE CURSOR FOR SELECT 1"),
    (14, "GRANT SELECT ON t TO r1 GRANTED BY CURRENT_USER"),
    (14, "ALTER TABLE t OWNER TO CURRENT_ROLE"),
    (14, "ALTER SUBSCRIPTION sub ADD PUBLICATION p9"),
    (
        14,
        "CREATE TYPE ra AS RANGE (subtype = int4, multirange_type_name = ram)",
    ),
    (
        15,
        "MERGE INTO t USING (VALUES (1)) s(i) ON t.id = s.i WHEN MATCHED THEN DO NOTHING",
    ),
    (15, "CREATE UNIQUE INDEX ix ON t (a) NULLS NOT DISTINCT"),
    (
        15,
        "ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a)",
    ),
    (15, "ALTER TABLE t SET ACCESS METHOD heap"),
    (15, "CREATE PUBLICATION p2 FOR TABLES IN SCHEMA public"),
    (15, "CREATE PUBLICATION p2 FOR TABLE t WHERE (id > 5)"),
    (15, "CREATE PUBLICATION p2 FOR TABLE t (id)"),
    (15, "ALTER DATABASE postgres REFRESH COLLATION VERSION"),
    (
        15,
        "CREATE TABLE n (a int, b int, FOREIGN KEY (a, b) REFERENCES p2k (x, y) ON DELETE SET NULL (a))",
    ),
    (15, "GRANT SET ON PARAMETER work_mem TO r1"),
    (15, "ALTER SUBSCRIPTION sub SKIP (lsn = NONE)"),
    (15, "COPY t FROM '/dev/null' (FORMAT csv, HEADER match)"),
    (16, "SELECT JSON_OBJECT('a': 1)"),
    (16, "SELECT JSON_OBJECTAGG(a: b) FROM t"),
    (16, "SELECT '{}' IS JSON"),
    (16, "ALTER TABLE t ALTER COLUMN b SET STORAGE DEFAULT"),
    (16, "CREATE TABLE n (b text STORAGE EXTERNAL)"),
    (16, "SELECT * FROM (SELECT 1)"),
    (16, "CREATE STATISTICS ON a, c FROM t"),
    (16, "REINDEX DATABASE"),
    (16, "COPY t FROM '/dev/null' (FORMAT csv, DEFAULT 'x')"),
    (16, "GRANT r1 TO r2 WITH INHERIT TRUE"),
    (16, "EXPLAIN (GENERIC_PLAN) SELECT 1"),
    (
        16,
        "SELECT XMLSERIALIZE(DOCUMENT '<a/>'::xml AS text INDENT)",
    ),
    (
        17,
        "MERGE INTO t USING (VALUES (1)) s(i) ON t.id = s.i WHEN MATCHED THEN DO NOTHING RETURNING id",
    ),
    (
        17,
        "MERGE INTO t USING (VALUES (1)) s(i) ON t.id = s.i WHEN NOT MATCHED BY SOURCE THEN DO NOTHING",
    ),
    (17, "ALTER TABLE t ALTER COLUMN a SET EXPRESSION AS (1)"),
    (17, "ALTER TABLE t SET ACCESS METHOD DEFAULT"),
    (17, "ALTER TABLE t ALTER COLUMN a SET STATISTICS DEFAULT"),
    (17, "ALTER STATISTICS st SET STATISTICS DEFAULT"),
    (
        17,
        "SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (x int PATH '$')) j",
    ),
    (17, "SELECT JSON('{}' WITH UNIQUE KEYS)"),
    (17, "SELECT JSON_VALUE('{}', '$.a' RETURNING int)"),
    (17, "SELECT JSON_SERIALIZE('{}' RETURNING text)"),
    (17, "COPY t FROM '/dev/null' (ON_ERROR ignore)"),
    (17, "SELECT now() AT LOCAL"),
    (17, "EXPLAIN (MEMORY) SELECT 1"),
    (17, "GRANT MAINTAIN ON t TO r1"),
    (17, "CLUSTER (VERBOSE)"),
    (17, "ALTER DOMAIN d ADD CONSTRAINT nn NOT NULL"),
    (
        18,
        "CREATE TABLE n (a int, b int GENERATED ALWAYS AS (a) VIRTUAL)",
    ),
    (18, "CREATE TABLE n (a int, b int GENERATED ALWAYS AS (a))"),
    (
        18,
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED",
    ),
    (18, "CREATE TABLE n (a int CHECK (a > 0) NOT ENFORCED)"),
    (18, "CREATE TABLE n (a int CHECK (a > 0) ENFORCED)"),
    (18, "ALTER TABLE t ADD CONSTRAINT nn NOT NULL a"),
    (18, "CREATE TABLE n (a int, NOT NULL a)"),
    (18, "CREATE TABLE n (a int NOT NULL NO INHERIT)"),
    (18, "ALTER TABLE t ALTER CONSTRAINT k ENFORCED"),
    (18, "ALTER TABLE t ALTER CONSTRAINT k INHERIT"),
    (16, "SELECT JSON_ARRAY(SELECT 1)"),
    (16, "SELECT JSON_ARRAY(1 RETURNING jsonb)"),
    (
        18,
        "CREATE TABLE n (a int4range, r daterange, PRIMARY KEY (a, r WITHOUT OVERLAPS))",
    ),
    (
        18,
        "CREATE TABLE n (a int, r daterange, FOREIGN KEY (a, PERIOD r) REFERENCES p2k (x, PERIOD y))",
    ),
    (
        18,
        "UPDATE t SET a = 1 WHERE id = 1 RETURNING WITH (OLD AS o) o.a",
    ),
    (18, "ANALYZE ONLY t"),
    (18, "VACUUM ONLY t"),
    (
        18,
        "COPY t FROM '/dev/null' (ON_ERROR ignore, REJECT_LIMIT 5)",
    ),
    (
        18,
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO r1",
    ),
    (
        18,
        "CREATE PUBLICATION p2 FOR TABLE t WITH (publish_generated_columns = stored)",
    ),
];

/// What older versions do not call a syntax error, with their answer.
const OTHERWISE: &[(u8, &str, &str)] = &[
    (13, "42703", "SELECT NORMALIZE('x', NFC)"),
    (13, "42883", "SELECT NORMALIZE('x')"),
    (14, "0A000", "CREATE STATISTICS st2 ON (a + 1), c FROM t"),
    (16, "42883", "SELECT JSON_ARRAY(1, 2)"),
    (16, "42883", "SELECT JSON_ARRAYAGG(a) FROM t"),
    (16, "42703", "SELECT SYSTEM_USER"),
    (
        16,
        "0A000",
        "ALTER TABLE t ADD COLUMN x text DEFAULT SYSTEM_USER",
    ),
    (
        16,
        "0A000",
        "ALTER TABLE t ALTER COLUMN b SET DEFAULT SYSTEM_USER",
    ),
    (17, "42883", "SELECT JSON_VALUE('{}', '$.a')"),
    (17, "42883", "SELECT JSON_SCALAR(1)"),
    (17, "42883", "SELECT JSON_SERIALIZE('{}')"),
    (
        17,
        "22023",
        "COPY t FROM '/dev/null' (FORMAT csv, FORCE_NULL *)",
    ),
    (18, "0A000", "ALTER TABLE t ALTER CONSTRAINT k NO INHERIT"),
];

/// Syntax that all of them take, close to syntax that some do not.
const OLD: &[&str] = &[
    "CREATE TABLE n (a int CONSTRAINT nn NOT NULL, b int GENERATED ALWAYS AS (a) STORED, CHECK (a > 0), UNIQUE (a), FOREIGN KEY (a) REFERENCES t)",
    "ALTER TABLE t ALTER COLUMN a SET STORAGE external, ALTER COLUMN a SET STATISTICS 100, ALTER COLUMN a SET NOT NULL",
    "CREATE TABLE n (LIKE t INCLUDING ALL)",
    "REINDEX INDEX CONCURRENTLY i1",
    "REINDEX (VERBOSE) INDEX i1",
    "CLUSTER VERBOSE t USING i1",
    "CREATE TRIGGER tr BEFORE INSERT ON t EXECUTE FUNCTION trg()",
    "CREATE STATISTICS st2 ON a, c FROM t",
    "CREATE PUBLICATION p2 FOR TABLE t, ONLY q",
    "SELECT a FROM (SELECT a FROM t) s GROUP BY a LIMIT 1",
    "SELECT * FROM t JOIN q USING (id)",
    "SELECT JSON('{}')",
    "SELECT now() AT TIME ZONE 'UTC', position('a' IN 'b'), extract(year FROM now())",
    "GRANT SELECT ON t TO CURRENT_USER WITH GRANT OPTION",
    "GRANT r1 TO r2 WITH ADMIN OPTION",
    "UPDATE t SET a = 1 RETURNING id",
    "ANALYZE t",
    "COPY t FROM '/dev/null' (FORMAT csv, HEADER, FORCE_NULL (a))",
    "EXPLAIN (ANALYZE, BUFFERS) SELECT 1",
    "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID",
    "WITH RECURSIVE w AS (SELECT 1) SELECT * FROM w",
    "CREATE FUNCTION f9() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE t ALTER CONSTRAINT k DEFERRABLE",
];

fn sqlstate(sql: &str, major: u8) -> Option<&'static str> {
    let parsed = pg_query::parse(sql, 0).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let node = parsed.protobuf.stmts[0]
        .stmt
        .as_ref()
        .and_then(|stmt| stmt.node.as_ref())
        .unwrap();
    let catalog = Catalog::new();
    let session = Session::new(PgVersion::new(major).unwrap(), Settings::default());
    let mut collector = Collector::new(
        Input {
            node,
            text: sql,
            start: 0,
            before: &catalog,
            after: &catalog,
            refusal: None,
            session: &session,
            foreign_names: false,
        },
        "",
    );
    super::check(&mut collector);
    collector.finish().error.map(|error| error.sqlstate)
}

#[test]
fn newer_syntax_is_refused_before_the_version_that_brought_it() {
    let syntax_errors = CASES.iter().map(|(since, sql)| (*since, "42601", *sql));
    for (since, answer, sql) in syntax_errors.chain(OTHERWISE.iter().copied()) {
        for major in 12..=18 {
            let expected = (major < since).then_some(answer);
            assert_eq!(sqlstate(sql, major), expected, "on {major}: {sql}");
        }
    }
}

#[test]
fn old_syntax_is_no_error_anywhere() {
    for sql in OLD {
        for major in 12..=18 {
            assert_eq!(sqlstate(sql, major), None, "on {major}: {sql}");
        }
    }
}
