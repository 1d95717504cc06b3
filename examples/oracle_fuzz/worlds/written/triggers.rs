//! Triggers of all kinds, their states, rules and event order.

use super::Written;
use crate::schema::Kind;

pub const WORLD: Written = Written {
    family: "trigger",
    setup: &[
        // What a trigger BEFORE DELETE gives back must not be null, or no row goes.
        "CREATE OR REPLACE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN coalesce(NEW, OLD); END'",
        "CREATE TABLE t1 (id int PRIMARY KEY, a int, b text)",
        "INSERT INTO t1 SELECT g, g, 'b' FROM generate_series(1, 1000) g",
        "CREATE TABLE t2 (id int, f int REFERENCES t1 «|ON DELETE CASCADE|DEFERRABLE»)",
        "INSERT INTO t2 SELECT g, g FROM generate_series(1, 1000) g",
        "CREATE TRIGGER tr1 «BEFORE|AFTER» «INSERT|UPDATE|UPDATE OF a|DELETE|INSERT OR UPDATE OF a, b» ON t1 FOR EACH «ROW|STATEMENT» EXECUTE FUNCTION tf()",
        "?CREATE TRIGGER tr2 BEFORE UPDATE ON t1 FOR EACH ROW WHEN (OLD.a IS DISTINCT FROM NEW.a) EXECUTE FUNCTION tf()",
        "?CREATE CONSTRAINT TRIGGER tr3 AFTER INSERT ON t1 «DEFERRABLE INITIALLY DEFERRED|» FOR EACH ROW EXECUTE FUNCTION tf()",
        "?CREATE TRIGGER tr4 AFTER UPDATE ON t1 REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION tf()",
        "?ALTER TABLE t1 DISABLE TRIGGER tr1",
        "CREATE TABLE pt (id int, k int) PARTITION BY RANGE (k)",
        "CREATE TRIGGER ptr AFTER INSERT ON pt FOR EACH ROW EXECUTE FUNCTION tf()",
        "CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (5000)",
        "INSERT INTO pt1 SELECT g, g FROM generate_series(1, 1000) g",
        "CREATE VIEW v1 AS SELECT id, a FROM t1",
        "?CREATE TRIGGER vtr INSTEAD OF INSERT ON v1 FOR EACH ROW EXECUTE FUNCTION tf()",
        "CREATE RULE r1 AS ON «UPDATE|INSERT|DELETE» TO t2 «DO ALSO NOTHING|DO ALSO SELECT 1|DO INSTEAD NOTHING»",
        "CREATE FUNCTION tf2() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    ],
    tables: &[
        (
            "t1",
            Kind::Plain,
            &[
                ("id", "int", false),
                ("a", "int", true),
                ("b", "text", true),
            ],
        ),
        (
            "pt",
            Kind::Partitioned,
            &[("id", "int", true), ("k", "int", true)],
        ),
    ],
    statements: &[
        "CREATE «|OR REPLACE» «|CONSTRAINT» TRIGGER «z|tr1|ptr» «BEFORE|AFTER|INSTEAD OF» «INSERT|UPDATE OF a|DELETE|TRUNCATE|UPDATE OF nope» ON «t1|pt|pt1|v1|t2» «FOR EACH ROW|FOR EACH STATEMENT|» EXECUTE FUNCTION «tf|tf2|nope|f_imm»()",
        "CREATE TRIGGER z AFTER UPDATE ON «t1|pt|pt1» REFERENCING «OLD TABLE AS o|NEW TABLE AS n» FOR EACH «ROW|STATEMENT» EXECUTE FUNCTION tf()",
        "CREATE TRIGGER z «BEFORE|AFTER» «UPDATE|INSERT|DELETE» ON t1 FOR EACH ROW WHEN («NEW.a > 5|OLD.a > 5|OLD.* IS DISTINCT FROM NEW.*|NEW.nope > 5|true») EXECUTE FUNCTION tf()",
        "CREATE CONSTRAINT TRIGGER z AFTER INSERT ON «t1|pt|t2» «|FROM t2» «|DEFERRABLE|DEFERRABLE INITIALLY DEFERRED|NOT DEFERRABLE» FOR EACH ROW EXECUTE FUNCTION tf()",
        "DROP TRIGGER «|IF EXISTS» «tr1|tr2|tr3|ptr|vtr|nope» ON «t1|pt|pt1|v1» «|CASCADE»",
        "ALTER TRIGGER «tr1|tr2|ptr|nope» ON «t1|pt|pt1» RENAME TO «z|tr3»",
        "ALTER TABLE «t1|pt|pt1|ONLY pt» «DISABLE|ENABLE|ENABLE ALWAYS|ENABLE REPLICA» TRIGGER «tr1|ptr|tr2|nope»",
        "ALTER TABLE «t1|t2|pt» «DISABLE|ENABLE» TRIGGER «ALL|USER»",
        "ALTER TABLE t2 «DISABLE|ENABLE|ENABLE ALWAYS» RULE «r1|nope»",
        "CREATE «|OR REPLACE» RULE «z|r1» AS ON «INSERT|UPDATE|DELETE» TO «t1|t2|v1» «|WHERE OLD.id > 5» DO «ALSO|INSTEAD» «NOTHING|INSERT INTO t2 VALUES (1, 1)|DELETE FROM t2|UPDATE t1 SET b = 'x'|SELECT 1|NOTIFY z»",
        "DROP RULE «|IF EXISTS» «r1|nope» ON «t2|t1»",
        "ALTER RULE r1 ON t2 RENAME TO z",
        "DROP FUNCTION «tf|tf2»() «|CASCADE»",
        "CREATE OR REPLACE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "ALTER TABLE t1 DROP COLUMN «a|b|id» «|CASCADE»",
        "ALTER TABLE t1 ALTER COLUMN «a|b|id» TYPE «bigint|text|varchar»",
        "ALTER TABLE t1 RENAME «COLUMN a TO z|TO z»",
        "CREATE TABLE z PARTITION OF pt FOR VALUES FROM (5000) TO (6000)",
        "CREATE TABLE z (LIKE pt); ALTER TABLE pt ATTACH PARTITION z FOR VALUES FROM (5000) TO (6000)",
        "ALTER TABLE pt DETACH PARTITION pt1",
        "COMMENT ON TRIGGER «tr1|nope» ON t1 IS 'x'",
        "COMMENT ON RULE r1 ON t2 IS 'x'",
        "INSERT INTO «t1|t2|pt|v1» VALUES (5000, 5)",
        "UPDATE «t1 SET a = 5|t2 SET f = 5|pt SET id = 5|t1 SET b = 'x'|v1 SET a = 5»",
        "DELETE FROM «t1|t2|pt|v1»",
        "TRUNCATE «t1|t2|pt» «|CASCADE»",
        "SET CONSTRAINTS «ALL|tr3|nope» «DEFERRED|IMMEDIATE»",
    ],
};
