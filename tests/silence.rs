//! What a careful engineer writes stays without a warning, on every version; and its mirror: what looks as harmless
//! and is not, is reported.

mod support;

use humdrum::lint::{LintConfig, Outcome, Severity, lint};
use humdrum::project::{Direction, TransactionMode};
use humdrum::version::PgVersion;
use support::{chain, history, migration, run_in, shown};

/// The schema that an earlier migration has made. All tables are in use and full of rows.
const GIVEN: &str = "
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION tax(total numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT total * 0.2';
CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(50) NOT NULL, mail text);
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL,
  status varchar(20) NOT NULL DEFAULT 'new',
  total numeric(10, 2),
  note text,
  placed_at timestamp,
  CONSTRAINT orders_total_sign CHECK (total >= 0)
);
CREATE INDEX orders_customer_idx ON orders (customer_id);
CREATE UNIQUE INDEX orders_note_key ON orders (note);
CREATE TABLE lines (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id bigint NOT NULL,
  CONSTRAINT lines_order_fk FOREIGN KEY (order_id) REFERENCES orders (id)
);
CREATE INDEX lines_order_idx ON lines (order_id);
CREATE TABLE events (id bigint NOT NULL, at date NOT NULL, kind text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE MATERIALIZED VIEW totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY customer_id;
CREATE UNIQUE INDEX totals_key ON totals (customer_id);
CREATE VIEW open_orders AS SELECT id, total FROM orders WHERE placed_at IS NULL;
";

/// Where a form is tried.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    /// Each statement by itself.
    Plain,
    /// In BEGIN ... COMMIT.
    Begin,
    /// In the transaction that dbmate opens.
    Dbmate,
}

const EVERYWHERE: &[Where] = &[Where::Plain, Where::Begin, Where::Dbmate];
const PLAIN: &[Where] = &[Where::Plain];

fn run(major: u8, place: Where, before: &str, sql: &str) -> Outcome {
    let sql = match place {
        Where::Begin => format!("BEGIN;\nSET LOCAL lock_timeout = '2s';\n{sql}\nCOMMIT;\n"),
        Where::Plain | Where::Dbmate => format!("SET lock_timeout = '2s';\n{sql}\n"),
    };
    let mode = match place {
        Where::Dbmate => TransactionMode::File,
        Where::Plain | Where::Begin => TransactionMode::None,
    };
    let layout = match place {
        Where::Dbmate => "dbmate",
        Where::Plain | Where::Begin => "plain",
    };
    let checked = run_in(mode, migration("3.sql", &sql));
    assert_eq!(checked.direction, Direction::Up);
    let given = format!("{GIVEN}\n{before}");
    let project = chain(layout, vec![history("1.sql", &given), checked]);
    let version = PgVersion::new(major).expect("a version that humdrum knows");
    lint(
        &project,
        &LintConfig {
            version,
            ..LintConfig::default()
        },
    )
}

/// First version, where, what earlier migrations did besides, the form.
type Form = (u8, &'static [Where], &'static str, &'static str);

const HARMLESS: &[Form] = &[
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ADD COLUMN remark text;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE IF EXISTS orders ADD COLUMN IF NOT EXISTS remark text;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ADD COLUMN priority integer NOT NULL DEFAULT 0;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ADD COLUMN tags text[] NOT NULL DEFAULT '{}', ADD COLUMN flag boolean DEFAULT false;",
    ),
    (
        18,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (total * 1.2) VIRTUAL;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ALTER COLUMN status TYPE varchar(40);",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE customers ALTER COLUMN name TYPE text;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE customers ALTER COLUMN name TYPE varchar;",
    ),
    (
        12,
        EVERYWHERE,
        "ALTER TABLE orders DROP CONSTRAINT orders_total_sign; DROP MATERIALIZED VIEW totals; DROP VIEW open_orders;",
        "ALTER TABLE orders ALTER COLUMN total TYPE numeric(12, 2);",
    ),
    (
        12,
        PLAIN,
        "DROP VIEW open_orders;",
        "SET timezone = 'UTC'; ALTER TABLE orders ALTER COLUMN placed_at TYPE timestamptz;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ADD CONSTRAINT orders_note_short CHECK (length(note) < 500) NOT VALID;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;",
    ),
    (
        12,
        EVERYWHERE,
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (length(note) < 500) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT c;",
    ),
    (
        12,
        EVERYWHERE,
        "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT f;",
    ),
    (
        12,
        EVERYWHERE,
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT c;",
        "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
    ),
    (
        12,
        PLAIN,
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT c; ALTER TABLE orders ALTER COLUMN note SET NOT NULL; ALTER TABLE orders DROP CONSTRAINT c;",
    ),
    (
        18,
        PLAIN,
        "",
        "ALTER TABLE orders ADD CONSTRAINT c NOT NULL note NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT c;",
    ),
    (
        12,
        PLAIN,
        "",
        "CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status);",
    ),
    (
        12,
        PLAIN,
        "",
        "DROP INDEX CONCURRENTLY orders_customer_idx;",
    ),
    (
        12,
        PLAIN,
        "",
        "REINDEX INDEX CONCURRENTLY orders_customer_idx;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ADD CONSTRAINT orders_note_key UNIQUE USING INDEX orders_note_key;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY totals;",
    ),
    (12, PLAIN, "", "ALTER TYPE mood ADD VALUE 'happy';"),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders SET (fillfactor = 80);",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ALTER COLUMN customer_id SET STATISTICS 500;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'open';",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "COMMENT ON TABLE orders IS 'what was ordered'; COMMENT ON COLUMN orders.note IS 'free text';",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "UPDATE orders SET status = 'void' WHERE id = 17;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "DELETE FROM orders WHERE id IN (17, 18);",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "INSERT INTO customers (name) VALUES ('house account');",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "CREATE TABLE countries (code text PRIMARY KEY, name text); INSERT INTO countries VALUES ('de', 'Germany'), ('fr', 'France'); UPDATE countries SET name = upper(name);",
    ),
    (
        12,
        &[Where::Begin, Where::Dbmate],
        "",
        "CREATE TABLE copy AS SELECT 1 AS id; ALTER TABLE copy ADD PRIMARY KEY (id);",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "CREATE TABLE copy AS SELECT 1 AS id; DROP TABLE copy;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "CREATE TEMPORARY TABLE work AS SELECT id FROM orders WHERE id < 100; CREATE INDEX ON work (id); DROP TABLE work;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "CREATE TABLE audit (id bigint PRIMARY KEY, at timestamptz); CREATE INDEX audit_at_idx ON audit (at); ALTER TABLE audit ADD CONSTRAINT audit_c CHECK (id > 0);",
    ),
    (
        12,
        PLAIN,
        "",
        "BEGIN; ALTER TABLE orders ADD COLUMN a text; COMMIT; BEGIN; ALTER TABLE customers ADD COLUMN a text; COMMIT;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "CREATE OR REPLACE FUNCTION tax(total numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT total * 0.21';",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "CREATE VIEW big_orders AS SELECT id FROM orders WHERE total > 100;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "CREATE OR REPLACE VIEW open_orders AS SELECT id, total, note FROM orders WHERE placed_at IS NULL;",
    ),
    (
        12,
        EVERYWHERE,
        "CREATE TABLE events_2025 (LIKE events INCLUDING ALL); ALTER TABLE events_2025 ADD CONSTRAINT c CHECK (at >= '2025-01-01' AND at < '2026-01-01'); ALTER TABLE events_rest ADD CONSTRAINT d CHECK (at < '2024-01-01' OR at >= '2026-01-01');",
        "ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "CREATE SCHEMA reports; CREATE TYPE size AS ENUM ('s', 'm'); CREATE DOMAIN code AS text; CREATE SEQUENCE numbers;",
    ),
    (
        12,
        EVERYWHERE,
        "",
        "GRANT SELECT ON orders TO reader; ANALYZE orders;",
    ),
];

#[test]
fn harmless_forms_are_at_most_notes_on_every_version() {
    let mut loud = Vec::new();
    let mut tried = 0;
    for (since, places, before, sql) in HARMLESS {
        for major in *since..=18 {
            for &place in *places {
                let outcome = run(major, place, before, sql);
                tried += 1;
                let above = outcome
                    .findings
                    .iter()
                    .filter(|it| it.severity > Severity::Note);
                loud.extend(
                    above.map(|it| {
                        format!("{major}: {sql}\n    {}: {}", it.rule, it.finding.message)
                    }),
                );
                loud.extend(outcome.problems.iter().map(|it| it.message.clone()));
            }
        }
    }
    loud.sort();
    loud.dedup();
    assert!(tried > 500, "{tried}");
    assert!(
        loud.is_empty(),
        "{} of {tried}:\n{}",
        loud.len(),
        loud.join("\n")
    );
}

/// Version, where, what earlier migrations did besides, the form, the rule that must speak of it.
type Trap = (u8, Where, &'static str, &'static str, &'static str);

const TRAPS: &[Trap] = &[
    // VALIDATE alone scans under a weak lock; with another subcommand it scans under the strongest.
    (
        18,
        Where::Plain,
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (length(note) < 500) NOT VALID;",
        "ALTER TABLE orders VALIDATE CONSTRAINT c, ADD COLUMN bio text;",
        "validate-under-lock",
    ),
    // The NOT VALID is there, and the same transaction takes it back.
    (
        18,
        Where::Begin,
        "",
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (length(note) < 500) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT c;",
        "validate-under-lock",
    ),
    (
        18,
        Where::Dbmate,
        "",
        "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT f;",
        "validate-under-lock",
    ),
    // A foreign key of a partitioned table cannot be NOT VALID before 18.
    (
        17,
        Where::Plain,
        "",
        "ALTER TABLE events ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES customers (id) NOT VALID;",
        "statement-fails",
    ),
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE events ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES customers (id);",
        "add-foreign-key-validated",
    ),
    (
        18,
        Where::Plain,
        "",
        "CREATE INDEX CONCURRENTLY events_kind_idx ON events (kind);",
        "statement-fails",
    ),
    (
        18,
        Where::Plain,
        "",
        "CREATE INDEX events_kind_idx ON events (kind);",
        "create-index-blocking",
    ),
    // IF NOT EXISTS only looks at the name.
    (
        18,
        Where::Plain,
        "",
        "CREATE INDEX IF NOT EXISTS orders_status_idx ON orders (status);",
        "create-index-blocking",
    ),
    (
        18,
        Where::Plain,
        "",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_status_idx ON orders (status);",
        "invalid-index-kept",
    ),
    (
        18,
        Where::Plain,
        "",
        "CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY, brand_new text);",
        "if-not-exists-no-op",
    ),
    // A default that looks constant, and is computed for each row.
    (
        12,
        Where::Plain,
        "",
        "ALTER TABLE orders ADD COLUMN seen_at timestamptz DEFAULT clock_timestamp();",
        "add-column-volatile-default",
    ),
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE orders ADD COLUMN code uuid NOT NULL DEFAULT gen_random_uuid();",
        "add-column-volatile-default",
    ),
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE orders ADD COLUMN rank positive;",
        "add-column-constrained-domain",
    ),
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE orders ADD COLUMN rank integer CHECK (rank > 0);",
        "add-column-check",
    ),
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE orders ADD COLUMN parent bigint DEFAULT NULL REFERENCES customers (id);",
        "add-column-foreign-key",
    ),
    (
        17,
        Where::Plain,
        "",
        "ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (total * 1.2) STORED;",
        "add-column-generated-stored",
    ),
    // Widenings that are none.
    (
        18,
        Where::Plain,
        "DROP VIEW open_orders; DROP MATERIALIZED VIEW totals;",
        "ALTER TABLE orders ALTER COLUMN total TYPE numeric(12, 4);",
        "alter-column-type",
    ),
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE customers ALTER COLUMN name TYPE char(50);",
        "alter-column-type",
    ),
    (
        18,
        Where::Plain,
        "DROP VIEW open_orders;",
        "ALTER TABLE orders ALTER COLUMN placed_at TYPE timestamptz USING placed_at AT TIME ZONE 'UTC';",
        "alter-column-type",
    ),
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE customers ALTER COLUMN mail TYPE text COLLATE \"C\", ALTER COLUMN name TYPE varchar(40);",
        "narrowing-type-change",
    ),
    // A proof that proves something else.
    (
        18,
        Where::Plain,
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID;",
        "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
        "set-not-null-scan",
    ),
    (
        18,
        Where::Plain,
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (note <> ''); ",
        "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
        "set-not-null-scan",
    ),
    (
        18,
        Where::Plain,
        "CREATE UNIQUE INDEX k ON customers (mail);",
        "ALTER TABLE customers DROP CONSTRAINT customers_pkey, ADD PRIMARY KEY USING INDEX k;",
        "add-primary-key",
    ),
    // The other table of a foreign key.
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE lines DROP CONSTRAINT lines_order_fk;",
        "foreign-key-locks-other-table",
    ),
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE lines DROP COLUMN order_id;",
        "foreign-key-locks-other-table",
    ),
    // Tables of one name, and what stands behind them.
    (
        18,
        Where::Plain,
        "",
        "CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
        "attach-partition-scan",
    ),
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE events DETACH PARTITION events_2024 CONCURRENTLY;",
        "statement-fails",
    ),
    (
        18,
        Where::Plain,
        "",
        "CREATE TABLE e (LIKE events); ALTER TABLE events ATTACH PARTITION e FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
        "attach-partition-scan",
    ),
    // Rows that somebody else needs.
    (
        18,
        Where::Plain,
        "",
        "WITH gone AS (UPDATE orders SET status = 'void' WHERE status = 'new' RETURNING id) SELECT count(*) FROM gone;",
        "unbatched-update",
    ),
    (
        18,
        Where::Begin,
        "",
        "ALTER TABLE orders ADD COLUMN remark text; UPDATE orders SET remark = note WHERE remark IS NULL;",
        "backfill-with-schema-change",
    ),
    (
        18,
        Where::Begin,
        "",
        "ALTER TABLE orders ADD COLUMN remark text; SELECT count(*) FROM lines WHERE id > 0;",
        "lock-held-during-work",
    ),
    (
        18,
        Where::Begin,
        "",
        "ALTER TYPE mood ADD VALUE 'happy'; CREATE TABLE moods (m mood PRIMARY KEY); INSERT INTO moods VALUES ('happy');",
        "enum-value-used-too-early",
    ),
    (
        18,
        Where::Plain,
        "",
        "DO $$ BEGIN ALTER TABLE orders ALTER COLUMN status TYPE text COLLATE \"C\"; CREATE INDEX i ON orders (total); END $$;",
        "create-index-blocking",
    ),
    (
        18,
        Where::Plain,
        "",
        "DO $$ BEGIN EXECUTE 'CREATE INDEX i ON ' || 'orders' || ' (total)'; END $$;",
        "create-index-blocking",
    ),
    (
        18,
        Where::Plain,
        "",
        "REFRESH MATERIALIZED VIEW totals;",
        "refresh-blocking",
    ),
    (
        18,
        Where::Plain,
        "",
        "DROP TABLE customers; CREATE TABLE customers (id bigint PRIMARY KEY);",
        "recreate-table",
    ),
    (
        18,
        Where::Plain,
        "",
        "ALTER TABLE customers DROP COLUMN mail, ADD COLUMN mail text;",
        "drop-column",
    ),
    (
        18,
        Where::Plain,
        "",
        "SET lock_timeout = 0; ALTER TABLE orders ADD COLUMN remark text;",
        "lock-timeout-ineffective",
    ),
    (
        18,
        Where::Plain,
        "",
        "RESET lock_timeout; SET LOCAL lock_timeout = '2s'; ALTER TABLE orders ADD COLUMN remark text;",
        "lock-timeout-ineffective",
    ),
    (
        18,
        Where::Plain,
        "",
        "SET statement_timeout = '5s'; CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status);",
        "statement-timeout-kills-build",
    ),
    (
        18,
        Where::Dbmate,
        "",
        "CREATE INDEX CONCURRENTLY orders_status_idx ON orders (status);",
        "forbidden-in-transaction",
    ),
    (
        18,
        Where::Plain,
        "CREATE TABLE ranks (r positive);",
        "ALTER DOMAIN positive ADD CHECK (VALUE < 1000);",
        "domain-constraint-scan",
    ),
    (
        18,
        Where::Plain,
        "",
        "DROP OWNED BY app CASCADE;",
        "drop-object",
    ),
];

#[test]
fn what_looks_harmless_and_is_not_is_reported() {
    let mut silent = Vec::new();
    for (major, place, before, sql, rule) in TRAPS {
        let outcome = run(*major, *place, before, sql);
        let said = outcome.findings.iter().any(|it| it.rule == *rule);
        if !said {
            silent.push(format!(
                "{major}: {sql}\n    {rule} is missing: {:?}",
                shown(&outcome)
            ));
        }
    }
    assert!(
        silent.is_empty(),
        "{} of {}:\n{}",
        silent.len(),
        TRAPS.len(),
        silent.join("\n")
    );
}
