//! Policies, row security, grants and owners.

use super::Written;
use crate::schema::Kind;

pub const WORLD: Written = Written {
    family: "security",
    setup: &[
        "CREATE TABLE t1 (id int PRIMARY KEY, o text, a int)",
        "INSERT INTO t1 SELECT g, 'o', g FROM generate_series(1, 1000) g",
        "CREATE TABLE t2 (id int, f int)",
        "INSERT INTO t2 SELECT g, g FROM generate_series(1, 1000) g",
        "CREATE POLICY p1 ON t1 «|AS RESTRICTIVE|FOR SELECT|FOR DELETE|TO r1» USING («true|a > 0|o = current_user|id IN (SELECT f FROM t2)|EXISTS (SELECT 1 FROM t2 WHERE f = t1.id)»)",
        "?CREATE POLICY p2 ON t1 FOR INSERT WITH CHECK (a > 0)",
        "?ALTER TABLE t1 ENABLE ROW LEVEL SECURITY",
        "?ALTER TABLE t1 FORCE ROW LEVEL SECURITY",
        "CREATE FUNCTION ok(int) RETURNS bool LANGUAGE sql STABLE AS 'SELECT $1 > 0'",
        "?CREATE POLICY p3 ON t2 USING (ok(f))",
        "CREATE VIEW v1 «|WITH (security_barrier)|WITH (security_invoker)» AS SELECT id, a FROM t1",
        "?ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r1",
        "CREATE SCHEMA s2",
        "CREATE TABLE s2.t3 (id int)",
    ],
    tables: &[
        (
            "t1",
            Kind::Plain,
            &[
                ("id", "int", false),
                ("o", "text", true),
                ("a", "int", true),
            ],
        ),
        (
            "t2",
            Kind::Plain,
            &[("id", "int", true), ("f", "int", true)],
        ),
    ],
    statements: &[
        "CREATE POLICY «z|p1» ON «t1|t2|v1|nope» «|FOR ALL|FOR SELECT|FOR UPDATE|FOR INSERT» «|TO r1|TO PUBLIC|TO nope» USING («true|id > 0|nope > 0|id IN (SELECT f FROM t2)|ok(id)|5»)",
        "CREATE POLICY z ON t1 FOR INSERT WITH CHECK («true|a > 0|id IN (SELECT id FROM t2)»)",
        "ALTER POLICY «p1|p3|nope» ON «t1|t2» «RENAME TO z|USING (false)|TO r1|USING (id IN (SELECT id FROM t2))|WITH CHECK (true)»",
        "DROP POLICY «|IF EXISTS» «p1|p2|p3|nope» ON «t1|t2|nope»",
        "ALTER TABLE «t1|t2|v1» «ENABLE|DISABLE|FORCE|NO FORCE» ROW LEVEL SECURITY",
        "ALTER TABLE t1 ALTER COLUMN «a|id|o» TYPE «bigint|text|varchar»",
        "ALTER TABLE t1 DROP COLUMN «a|o|id» «|CASCADE»",
        "ALTER TABLE t2 «DROP COLUMN f|DROP COLUMN f CASCADE|ALTER COLUMN f TYPE bigint|RENAME COLUMN f TO z|RENAME TO z»",
        "DROP TABLE «t1|t2|t1, t2» «|CASCADE»",
        "DROP FUNCTION ok(int) «|CASCADE»",
        "CREATE OR REPLACE FUNCTION ok(«int|q int|bigint») RETURNS «bool|int» LANGUAGE sql AS 'SELECT true'",
        "ALTER FUNCTION ok(int) «RENAME TO z|OWNER TO r1|IMMUTABLE|SET SCHEMA s2|SECURITY DEFINER»",
        "GRANT «SELECT|ALL|INSERT, UPDATE|SELECT (id)|REFERENCES» ON «t1|v1|t2|ALL TABLES IN SCHEMA public|s2.t3» TO «r1|PUBLIC|nope» «|WITH GRANT OPTION»",
        "REVOKE «SELECT|ALL» ON «t1|v1|ALL TABLES IN SCHEMA s2» FROM «r1|PUBLIC» «|CASCADE»",
        "GRANT «USAGE|CREATE» ON SCHEMA «public|s2|nope» TO r1",
        "GRANT EXECUTE ON FUNCTION «ok(int)|nope()» TO r1",
        "ALTER DEFAULT PRIVILEGES «|IN SCHEMA s2» «GRANT|REVOKE» SELECT ON TABLES «TO|FROM» r1",
        "ALTER «TABLE t1|VIEW v1|SCHEMA s2|FUNCTION ok(int)|TABLE s2.t3» OWNER TO «r1|CURRENT_USER|nope»",
        "SET ROLE «r1|nope|NONE»",
        "SELECT count(*) FROM «t1|v1|t2»",
        "UPDATE t1 SET a = 5",
        "DELETE FROM «t1|t2»",
        "INSERT INTO t1 VALUES (5000, 'o', 5)",
        "ALTER VIEW v1 «SET (security_barrier = false)|SET (security_invoker = true)|RESET (security_barrier)|SET (nope = 1)|OWNER TO r1»",
        "COMMENT ON «POLICY p1 ON t1|POLICY nope ON t1|TABLE t1|SCHEMA s2|FUNCTION ok(int)|COLUMN t1.a|COLUMN t1.nope» IS 'x'",
    ],
};
