//! WITHOUT OVERLAPS and PERIOD (18), ranges and exclusion constraints before.

use super::Written;
use crate::schema::Kind;

pub const WORLD: Written = Written {
    family: "temporal",
    setup: &[
        "CREATE EXTENSION btree_gist",
        "CREATE TABLE t1 (id int «NOT NULL|», d daterange «NOT NULL|», a text)",
        "INSERT INTO t1 SELECT g, daterange(date '2024-01-01' + g, date '2024-01-02' + g), 'a' FROM generate_series(1, 1000) g",
        "?ALTER TABLE t1 ADD CONSTRAINT t1_pk «PRIMARY KEY|UNIQUE» (id, d WITHOUT OVERLAPS)",
        "?ALTER TABLE t1 ADD CONSTRAINT t1_ex EXCLUDE USING gist (id WITH =, d WITH &&)",
        "CREATE TABLE t2 (id int, f int, d daterange)",
        "INSERT INTO t2 SELECT g, g, daterange(date '2024-01-01' + g, date '2024-01-02' + g) FROM generate_series(1, 1000) g",
        "?ALTER TABLE t2 ADD CONSTRAINT t2_fk FOREIGN KEY (f, PERIOD d) REFERENCES t1 (id, PERIOD d)",
        "?CREATE INDEX t1_i ON t1 USING gist (d)",
    ],
    tables: &[
        (
            "t1",
            Kind::Plain,
            &[("id", "int", true), ("a", "text", true)],
        ),
        (
            "t2",
            Kind::Plain,
            &[("id", "int", true), ("f", "int", true)],
        ),
    ],
    statements: &[
        "ALTER TABLE t1 ADD CONSTRAINT z «PRIMARY KEY|UNIQUE» («id, d WITHOUT OVERLAPS|id, a, d WITHOUT OVERLAPS|d WITHOUT OVERLAPS|id, a WITHOUT OVERLAPS|id») «|DEFERRABLE|INCLUDE (a)»",
        "ALTER TABLE t2 ADD CONSTRAINT z «PRIMARY KEY|UNIQUE» («id, d WITHOUT OVERLAPS|id|f, d WITHOUT OVERLAPS»)",
        "ALTER TABLE t2 ADD CONSTRAINT z FOREIGN KEY (f, PERIOD d) REFERENCES t1 «(id, PERIOD d)|» «|NOT VALID|ON DELETE CASCADE|DEFERRABLE»",
        "ALTER TABLE t2 ADD FOREIGN KEY (f, d) REFERENCES t1 (id, d)",
        "ALTER TABLE «t1|t2» DROP CONSTRAINT «t1_pk|t1_ex|t2_fk» «|CASCADE»",
        "ALTER TABLE t1 ADD CONSTRAINT z EXCLUDE USING gist («id WITH =, d WITH &&|d WITH &&|id WITH =|a WITH =|d WITH -|-») «|WHERE (id > 5)|DEFERRABLE»",
        "ALTER TABLE t1 ALTER COLUMN «d|id» TYPE «daterange|int4range|int|bigint|text|tstzrange»",
        "ALTER TABLE t1 ALTER COLUMN «d|id» «SET|DROP» NOT NULL",
        "ALTER TABLE t1 DROP COLUMN «d|id|a» «|CASCADE»",
        "ALTER TABLE t2 DROP COLUMN «d|f» «|CASCADE»",
        "CREATE TABLE z (id int, d daterange, «PRIMARY KEY (id, d WITHOUT OVERLAPS)|UNIQUE (id, d WITHOUT OVERLAPS)|EXCLUDE USING gist (id WITH =, d WITH &&)|PRIMARY KEY (d WITHOUT OVERLAPS)»)",
        "CREATE TABLE z (id int, d daterange, FOREIGN KEY (id, PERIOD d) REFERENCES t1 (id, PERIOD d))",
        "CREATE TABLE z (LIKE t1 INCLUDING «ALL|INDEXES|CONSTRAINTS»)",
        "DROP INDEX «t1_i|t1_pk|t1_ex»",
        "DROP TABLE «t1|t2» «|CASCADE»",
        "TRUNCATE «t1|t2|t1, t2» «|CASCADE»",
        "DELETE FROM «t1|t2»",
        "UPDATE «t1|t2» SET id = 5",
        "INSERT INTO t2 (id, f) VALUES (1, 2)",
        "INSERT INTO t1 (id, a) VALUES (1, 'x')",
        "REINDEX TABLE t1",
        "DROP EXTENSION btree_gist «|CASCADE»",
        "ALTER TABLE t1 RENAME «TO z|COLUMN d TO z|CONSTRAINT t1_pk TO z»",
        "ALTER TABLE t1 «REPLICA IDENTITY USING INDEX t1_pk|CLUSTER ON t1_pk|CLUSTER ON t1_ex»",
        "ALTER TABLE «t1|t2» ADD COLUMN z «daterange|int» «|NOT NULL»",
    ],
};
