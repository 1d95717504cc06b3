//! Tables whose constraints imply a partition bound or NOT NULL, or seem to.

use crate::choose::Chooser;
use crate::schema::{Column, Item, Kind, Piece, Schema, Table, item};
use crate::types;

/// A partition key, and a row that belongs into each of the bounds. Every atom is true for that row.
struct Key {
    columns: &'static [(&'static str, &'static str, &'static str)],
    by: &'static str,
    bounds: &'static [&'static str],
    atoms: &'static [&'static str],
    /// A row of the default partition, outside all bounds, and what is true for it.
    outside: &'static [&'static str],
    outside_atoms: &'static [&'static str],
}

const INT_ATOMS: &[&str] = &[
    "k >= 100",
    "k >= 150",
    "k >= 50",
    "k > 99",
    "k > 100",
    "k > 50",
    "k < 200",
    "k <= 199",
    "k <= 200",
    "k < 201",
    "k < 250",
    "k <= 150",
    "k = 150",
    "k <> 50",
    "k <> 100",
    "k <> 200",
    "k IN (150)",
    "k IN (100, 150, 199)",
    "k IN (150, 250)",
    "k IN (150, NULL)",
    "k = ANY (ARRAY[150, 160])",
    "k = ANY ('{150,160}'::int[])",
    "k = ANY (ARRAY[150, NULL])",
    "k BETWEEN 100 AND 199",
    "k BETWEEN 100 AND 200",
    "NOT (k < 100)",
    "NOT (k < 100 OR k >= 200)",
    "k IS NOT NULL",
    "NOT (k IS NULL)",
    "k >= 100::bigint",
    "k < 200::bigint",
    "k >= 100.0",
    "k < 200.0",
    "k::bigint >= 100",
    "k >= 100::smallint",
    "k + 0 >= 100",
    "100 <= k",
    "200 > k",
    "200 >= k",
    "k >= '100'",
    "k < 100 + 100",
    "k >= 10 * 10",
    "abs(k) >= 100",
    "k NOT IN (50, 250)",
    "k <> ALL (ARRAY[50, 250])",
    "coalesce(k >= 100, true)",
    "coalesce(k, 150) >= 100",
    "(k >= 100) IS TRUE",
    "(k >= 100) IS NOT FALSE",
    "(k < 200) = true",
    "(k >= 100) IS NOT UNKNOWN",
    "CASE WHEN true THEN k >= 100 ELSE false END",
    "CASE WHEN k >= 100 THEN true ELSE false END",
    "id > 0",
    "k IS DISTINCT FROM 50",
    "k IS NOT DISTINCT FROM 150",
    "k >= 100 AND k < 200",
    "k IS NOT NULL AND k >= 100 AND k < 200",
    "k = 150 OR k = 160",
    "k >= 100 AND (k < 200 OR id > 0)",
    "k > 120 OR k = 110",
    "(k, id) > (99, 0)",
    "num_nonnulls(k) = 1",
    "k::text <> ''",
    "k >= length('x') * 100",
    "f_imm(1) = 2",
    "k = f_imm(149)",
    "k >= f_imm(99)",
    "true",
    "k = k",
    "k IN (k, 1)",
    "d_ok(k)",
    "NULLIF(k, 1) >= 100",
    "greatest(k, 1) >= 100",
    "k >= 0 + 100 AND NULL",
    "k < 1000 - 800",
    "k >= -(-100)",
];

const KEYS: &[Key] = &[
    Key {
        columns: &[("k", "int", "150")],
        by: "RANGE (k)",
        bounds: &[
            "FROM (100) TO (200)",
            "FROM (MINVALUE) TO (200)",
            "FROM (100) TO (MAXVALUE)",
            "FROM (MINVALUE) TO (MAXVALUE)",
            "FROM (150) TO (151)",
        ],
        atoms: INT_ATOMS,
        outside: &["5000"],
        outside_atoms: &[
            "k >= 200",
            "k > 199",
            "k > 200",
            "k >= 199",
            "k < 100 OR k >= 200",
            "k <= 100 OR k >= 200",
            "NOT (k >= 100 AND k < 200)",
            "k IS NULL OR k >= 200",
            "k IS NOT NULL",
            "k <> 150",
            "k >= 200 OR k IS NULL",
            "k IN (5000, 6000)",
            "k IN (5000, 150)",
            "k = 5000",
            "NOT (k IS NOT NULL AND k >= 100 AND k < 200)",
            "k >= 200::bigint",
            "k IS NOT NULL AND (k < 100 OR k >= 200)",
            "k NOT BETWEEN 100 AND 199",
            "k < 50 OR k > 300",
            "k >= 5000 OR k = 150",
            "k NOT IN (150)",
        ],
    },
    Key {
        columns: &[("k", "int", "150")],
        by: "LIST (k)",
        bounds: &[
            "IN (150)",
            "IN (150, 160)",
            "IN (150, NULL)",
            "IN (150, 160, 100, 199)",
            "IN (150, 160, NULL)",
        ],
        atoms: INT_ATOMS,
        outside: &["5000"],
        outside_atoms: &[
            "k <> 150",
            "k <> 150 AND k <> 160",
            "k NOT IN (150, 160)",
            "k NOT IN (150, 160, 100, 199)",
            "k >= 200",
            "k > 160",
            "k = 5000",
            "k IN (5000)",
            "k IS NOT NULL AND k > 200",
            "k IS NULL OR k NOT IN (150, 160)",
            "k <> ALL ('{150,160}')",
            "NOT (k = 150 OR k = 160)",
            "k IS NOT NULL",
            "k IS DISTINCT FROM 150",
            "k > 160 OR k < 150",
            "k NOT IN (150, 160, NULL) OR k = 5000",
            "k IS NOT NULL AND k NOT IN (150, 160)",
        ],
    },
    Key {
        columns: &[("k", "text", "'d'")],
        by: "LIST (k)",
        bounds: &[
            "IN ('d')",
            "IN ('d', 'e')",
            "IN ('d', NULL)",
            "IN ('d', 'e', NULL)",
        ],
        atoms: &[
            "k = 'd'",
            "k IN ('d', 'e')",
            "k IN ('d')",
            "k IN ('d', 'f')",
            "k IS NOT NULL",
            "k = ANY (ARRAY['d', 'e'])",
            "k = ANY (ARRAY['d', 'e']::text[])",
            "k = 'd' OR k = 'e'",
            "k = 'd' OR k IS NULL",
            "k IN ('d', 'e', NULL)",
            "k::varchar IN ('d', 'e')",
            "k = 'd'::varchar",
            "k = 'd'::text",
            "lower(k) = 'd'",
            "k COLLATE \"C\" = 'd'",
            "k = 'd' COLLATE \"C\"",
            "k > 'c' AND k < 'f'",
            "k >= 'd' AND k <= 'd'",
            "k LIKE 'd'",
            "k ~ '^d$'",
            "k = 'D' OR k = 'd'",
            "k = lower('D')",
            "'d' = k",
            "k = 'd'::name",
            "k = 'd'::char(1)",
            "k NOT IN ('x')",
            "k <> 'x'",
            "upper(k) = 'D'",
            "k = concat('d')",
            "k = 'd' || ''",
            "k || '' = 'd'",
            "char_length(k) = 1",
            "k = ANY ('{d,e}')",
            "k = btrim(' d ')",
        ],
        outside: &["'z'"],
        outside_atoms: &[
            "k <> 'd'",
            "k <> 'd' AND k <> 'e'",
            "k NOT IN ('d', 'e')",
            "k IS NOT NULL AND k NOT IN ('d', 'e')",
            "k = 'z'",
            "k > 'x'",
            "k > 'e'",
            "k IS NOT NULL",
            "k NOT IN ('d', 'e', NULL) OR k = 'z'",
            "k COLLATE \"C\" <> 'd'",
            "k IN ('z', 'y')",
            "NOT (k = 'd')",
            "k NOT LIKE 'd%'",
        ],
    },
    Key {
        columns: &[("k", "text COLLATE \"C\"", "'d'")],
        by: "RANGE (k)",
        bounds: &[
            "FROM ('c') TO ('f')",
            "FROM ('C') TO ('f')",
            "FROM (MINVALUE) TO ('f')",
            "FROM ('c') TO (MAXVALUE)",
        ],
        atoms: &[
            "k >= 'c'",
            "k < 'f'",
            "k >= 'd'",
            "k > 'c'",
            "k <= 'e'",
            "k < 'e'",
            "k = 'd'",
            "k IN ('d', 'e')",
            "k IS NOT NULL",
            "k >= 'C'",
            "k > 'Z'",
            "k COLLATE \"POSIX\" >= 'c'",
            "k COLLATE \"C\" < 'f'",
            "k >= 'c' COLLATE \"POSIX\"",
            "k::varchar < 'f'",
            "k ~>=~ 'c'",
            "k ~<~ 'f'",
            "k BETWEEN 'c' AND 'e'",
            "k <= 'f'",
            "k < 'g'",
            "k >= 'b'",
            "lower(k) >= 'c'",
            "k <= 'd' COLLATE \"C\"",
            "k >= 'c' AND k < 'f'",
        ],
        outside: &["'z'"],
        outside_atoms: &[
            "k >= 'f'",
            "k > 'f'",
            "k > 'e'",
            "k IS NOT NULL",
            "k = 'z'",
            "k < 'C' OR k >= 'f'",
            "k >= 'f' COLLATE \"POSIX\"",
            "k ~>=~ 'f'",
        ],
    },
    Key {
        columns: &[("k", "text", "'d'")],
        by: "RANGE (k COLLATE \"POSIX\")",
        bounds: &["FROM ('c') TO ('f')", "FROM (MINVALUE) TO ('f')"],
        atoms: &[
            "k >= 'c'",
            "k < 'f'",
            "k COLLATE \"POSIX\" >= 'c'",
            "k COLLATE \"POSIX\" < 'f'",
            "k COLLATE \"C\" >= 'c'",
            "k COLLATE \"C\" < 'f'",
            "k IS NOT NULL",
            "k = 'd'",
            "k COLLATE \"POSIX\" = 'd'",
            "k IN ('d', 'e')",
            "k >= 'c' COLLATE \"POSIX\"",
        ],
        outside: &["'z'"],
        outside_atoms: &[
            "k >= 'f'",
            "k COLLATE \"POSIX\" >= 'f'",
            "k COLLATE \"C\" > 'g'",
        ],
    },
    Key {
        columns: &[("k", "text", "'d'")],
        by: "RANGE (k text_pattern_ops)",
        bounds: &["FROM ('c') TO ('f')", "FROM (MINVALUE) TO ('f')"],
        atoms: &[
            "k >= 'c'",
            "k < 'f'",
            "k ~>=~ 'c'",
            "k ~<~ 'f'",
            "k IS NOT NULL",
            "k = 'd'",
            "k ~>=~ 'd'",
            "k IN ('d', 'e')",
            "k ~<=~ 'e'",
        ],
        outside: &["'z'"],
        outside_atoms: &["k >= 'f'", "k ~>=~ 'f'", "k ~>~ 'g'", "k > 'g'"],
    },
    Key {
        columns: &[("k", "text", "'d'")],
        by: "LIST (k COLLATE \"C\")",
        bounds: &["IN ('d')", "IN ('d', 'e')"],
        atoms: &[
            "k = 'd'",
            "k IN ('d', 'e')",
            "k COLLATE \"C\" = 'd'",
            "k IS NOT NULL",
            "k COLLATE \"C\" IN ('d', 'e')",
            "k = 'd' COLLATE \"C\"",
            "k COLLATE \"POSIX\" = 'd'",
        ],
        outside: &["'z'"],
        outside_atoms: &[
            "k <> 'd'",
            "k COLLATE \"C\" <> 'd'",
            "k NOT IN ('d', 'e')",
            "k COLLATE \"C\" NOT IN ('d', 'e')",
        ],
    },
    Key {
        columns: &[("k", "varchar(50)", "'d'")],
        by: "LIST (k)",
        bounds: &["IN ('d')", "IN ('d', 'e')"],
        atoms: &[
            "k = 'd'",
            "k::text = 'd'",
            "k IN ('d', 'e')",
            "k::text IN ('d', 'e')",
            "k IS NOT NULL",
            "k = ANY (ARRAY['d', 'e']::varchar[])",
            "k = ANY (ARRAY['d', 'e'])",
            "k = ANY ('{d,e}'::text[])",
            "k = 'd'::varchar",
            "k = 'd'::text",
            "k::varchar(50) = 'd'",
            "k::varchar(3) = 'd'",
            "k::char(5) = 'd'",
        ],
        outside: &["'z'"],
        outside_atoms: &[
            "k <> 'd'",
            "k NOT IN ('d', 'e')",
            "k::text <> 'd'",
            "k = 'z'",
            "k IS NOT NULL AND k <> ALL ('{d,e}')",
        ],
    },
    Key {
        columns: &[("k", "char(3)", "'d'")],
        by: "LIST (k)",
        bounds: &["IN ('d')", "IN ('d  ', 'e')"],
        atoms: &[
            "k = 'd'",
            "k = 'd  '",
            "k IN ('d', 'e')",
            "k IS NOT NULL",
            "k::text = 'd'",
            "k = 'd'::text",
            "k = 'd'::char(3)",
            "k = 'd'::bpchar",
        ],
        outside: &["'z'"],
        outside_atoms: &["k <> 'd'", "k NOT IN ('d', 'e')", "k = 'z'"],
    },
    Key {
        columns: &[("k", "date", "date '2026-06-15'")],
        by: "RANGE (k)",
        bounds: &[
            "FROM ('2026-01-01') TO ('2027-01-01')",
            "FROM (MINVALUE) TO ('2027-01-01')",
            "FROM ('2026-06-01') TO ('2026-07-01')",
        ],
        atoms: &[
            "k >= '2026-01-01'",
            "k < '2027-01-01'",
            "k <= '2026-12-31'",
            "k >= '2026-06-01'",
            "k < '2026-07-01'",
            "k <= '2026-06-30'",
            "k IS NOT NULL",
            "k >= '2026-01-01'::date",
            "k >= '2026-01-01'::timestamp",
            "k < '2027-01-01'::timestamp",
            "k < timestamp '2026-12-31 12:00'",
            "k >= '2026-01-01'::timestamptz",
            "k < '2027-01-01'::timestamptz",
            "extract(year FROM k) = 2026",
            "date_trunc('year', k) = '2026-01-01'",
            "k BETWEEN '2026-01-01' AND '2026-12-31'",
            "k BETWEEN '2026-06-01' AND '2026-06-30'",
            "k = '2026-06-15'",
            "k > 'epoch'",
            "k < 'infinity'",
            "k >= date '2026-01-01' + 0",
            "k < date '2026-01-01' + 365",
            "k >= to_date('2026-01-01', 'YYYY-MM-DD')",
            "k >= make_date(2026, 1, 1)",
            "k::timestamp >= '2026-01-01'",
            "k < '2027-01-01 00:00:00'",
            "k >= 'January 1, 2026'",
            "k < '20270101'",
            "k >= '2026-1-1'",
            "k <= '2027-01-01'",
            "k < date '2027-01-01' - interval '1 day'",
            "k < '2027-01-01'::date + interval '0'",
        ],
        outside: &["date '2030-01-01'"],
        outside_atoms: &[
            "k >= '2027-01-01'",
            "k > '2026-12-31'",
            "k >= '2028-01-01'",
            "k < '2026-01-01' OR k >= '2027-01-01'",
            "k IS NOT NULL",
            "k >= '2027-01-01'::timestamp",
            "k > timestamp '2026-12-31 12:00'",
            "extract(year FROM k) > 2026",
            "k = '2030-01-01'",
        ],
    },
    Key {
        columns: &[("k", "timestamptz", "timestamptz '2026-06-15 12:00+00'")],
        by: "RANGE (k)",
        bounds: &[
            "FROM ('2026-01-01') TO ('2027-01-01')",
            "FROM ('2026-01-01 00:00+00') TO ('2027-01-01 00:00+00')",
            "FROM ('2026-01-01 00:00+02') TO ('2027-01-01 00:00-02')",
        ],
        atoms: &[
            "k >= '2026-01-01'",
            "k < '2027-01-01'",
            "k >= '2026-01-01 00:00+00'",
            "k < '2027-01-01 00:00+00'",
            "k >= '2026-01-01Z'",
            "k >= '2026-01-01'::date",
            "k < '2027-01-01'::date",
            "k >= '2026-01-01'::timestamp",
            "k < '2027-01-01'::timestamp",
            "k IS NOT NULL",
            "k < '2026-12-31 23:00+00'",
            "k >= '2026-01-01 02:00+02'",
            "k >= '2026-01-01 00:00 UTC'",
            "k >= '2026-01-01 00:00 Europe/Berlin'",
            "k >= '2025-12-31 22:00+00'",
            "k < '2027-01-01 02:00+00'",
            "k >= '2026-02-01'",
            "date_trunc('year', k) = '2026-01-01'",
            "k > '2026-01-01 03:00+02'",
        ],
        outside: &["timestamptz '2030-01-01 00:00+00'"],
        outside_atoms: &[
            "k >= '2027-01-01'",
            "k >= '2027-01-01 00:00+00'",
            "k > '2028-01-01'",
            "k >= '2027-01-01'::date",
            "k IS NOT NULL",
        ],
    },
    Key {
        columns: &[("k", "timestamp", "timestamp '2026-06-15 12:00'")],
        by: "RANGE (k)",
        bounds: &[
            "FROM ('2026-01-01') TO ('2027-01-01')",
            "FROM ('2026-06-15 12:00') TO ('2026-06-15 12:00:00.000001')",
        ],
        atoms: &[
            "k >= '2026-01-01'",
            "k < '2027-01-01'",
            "k < '2027-01-01'::date",
            "k >= '2026-01-01'::date",
            "k >= '2026-01-01'::timestamptz",
            "k < '2027-01-01'::timestamptz",
            "k IS NOT NULL",
            "k = '2026-06-15 12:00'",
            "k = '2026-06-15T12:00:00'",
            "k::date = '2026-06-15'",
            "k BETWEEN '2026-01-01' AND '2026-12-31 23:59:59.999999'",
            "k <= '2026-06-15 12:00:00'",
            "k >= '2026-01-01 00:00:00+05'",
            "k >= timestamp(0) '2026-01-01 00:00:00.4'",
        ],
        outside: &["timestamp '2030-01-01'"],
        outside_atoms: &[
            "k >= '2027-01-01'",
            "k > '2026-12-31 23:59:59.999999'",
            "k >= '2027-01-01'::date",
            "k IS NOT NULL",
        ],
    },
    Key {
        columns: &[("k", "bigint", "150")],
        by: "RANGE (k)",
        bounds: &[
            "FROM (100) TO (200)",
            "FROM ('100') TO ('200')",
            "FROM (100::bigint) TO (10 * 20)",
        ],
        atoms: &[
            "k >= 100",
            "k < 200",
            "k >= 100::bigint",
            "k < 200::bigint",
            "k >= 100::smallint",
            "k < 200::numeric",
            "k >= '100'",
            "k < '200'",
            "k = 150",
            "k IN (150, 160)",
            "k = ANY (ARRAY[150, 160])",
            "k = ANY (ARRAY[150, 160]::bigint[])",
            "k IS NOT NULL",
            "k <= 199",
            "k < 200.0",
            "k::int < 200",
            "k::int >= 100",
            "k >= 100::oid::int",
            "k <= 200",
        ],
        outside: &["5000"],
        outside_atoms: &[
            "k >= 200",
            "k >= 200::bigint",
            "k > 199",
            "k < 100 OR k >= 200",
            "k IS NOT NULL",
            "k >= 200.0",
        ],
    },
    Key {
        columns: &[("k", "smallint", "150")],
        by: "RANGE (k)",
        bounds: &["FROM (100) TO (200)"],
        atoms: &[
            "k >= 100",
            "k < 200",
            "k < 200::bigint",
            "k >= 100::smallint",
            "k IN (150)",
            "k IN (150, 160)",
            "k IS NOT NULL",
            "k BETWEEN 100 AND 199",
            "k <= 200",
            "k::int >= 100",
            "k > 99",
        ],
        outside: &["5000"],
        outside_atoms: &["k >= 200", "k >= 200::smallint", "k > 199", "k <> 150"],
    },
    Key {
        columns: &[("k", "numeric", "150")],
        by: "RANGE (k)",
        bounds: &["FROM (100) TO (200)", "FROM (99.5) TO (200.00)"],
        atoms: &[
            "k >= 100",
            "k < 200",
            "k < 200.0",
            "k < 199.99",
            "k <= 199",
            "k <= 199.999",
            "k >= 100::numeric",
            "k >= 100::float8",
            "k = 150.0",
            "k IN (150, 160.5)",
            "k IS NOT NULL",
            "k < 1e2 * 2",
            "k > 99.5",
            "k >= 99.50",
            "k < 'NaN'",
            "k < '200'",
        ],
        outside: &["5000"],
        outside_atoms: &[
            "k >= 200",
            "k >= 200.00",
            "k > 199.999",
            "k = 'NaN' OR k >= 200",
            "k IS NOT NULL",
        ],
    },
    Key {
        columns: &[("k", "double precision", "150")],
        by: "RANGE (k)",
        bounds: &["FROM (100) TO (200)", "FROM (0.1) TO (200.5)"],
        atoms: &[
            "k >= 100",
            "k < 200",
            "k < 200::real",
            "k >= 0.1",
            "k > 0.1::real",
            "k < 200.5",
            "k <= 199",
            "k IS NOT NULL",
            "k = 150",
            "k < 'Infinity'",
            "k >= 100::real",
            "k < 2e2",
        ],
        outside: &["5000"],
        outside_atoms: &[
            "k >= 200.5",
            "k >= 200",
            "k > 300::real",
            "k = 'NaN' OR k > 300",
        ],
    },
    Key {
        columns: &[("k", "boolean", "true")],
        by: "LIST (k)",
        bounds: &["IN (true)", "IN ('t', NULL)", "IN (true, false)"],
        atoms: &[
            "k",
            "k = true",
            "k IS TRUE",
            "k IS NOT FALSE",
            "k IS NOT NULL",
            "NOT (NOT k)",
            "k <> false",
            "k IN (true)",
            "k = 't'",
            "k OR k",
            "k IS NOT UNKNOWN",
            "coalesce(k, true)",
            "k::int = 1",
            "k > false",
        ],
        outside: &["false"],
        outside_atoms: &[
            "NOT k",
            "k = false",
            "k IS FALSE",
            "k IS NOT TRUE",
            "k <> true",
            "k IN (false)",
        ],
    },
    Key {
        columns: &[("k", "e1", "'b'")],
        by: "LIST (k)",
        bounds: &["IN ('b')", "IN ('b', 'c')", "IN ('b', NULL)"],
        atoms: &[
            "k = 'b'",
            "k IN ('b', 'c')",
            "k IS NOT NULL",
            "k = 'b'::e1",
            "k > 'a'",
            "k >= 'b'",
            "k::text = 'b'",
            "k <> 'a'",
            "k = ANY ('{b,c}'::e1[])",
            "k BETWEEN 'b' AND 'b'",
        ],
        outside: &["'a'"],
        outside_atoms: &[
            "k = 'a'",
            "k < 'b'",
            "k <> 'b'",
            "k NOT IN ('b', 'c')",
            "k::text <> 'b'",
        ],
    },
    Key {
        columns: &[("k", "e1", "'b'")],
        by: "RANGE (k)",
        bounds: &["FROM ('b') TO ('c')", "FROM (MINVALUE) TO ('c')"],
        atoms: &[
            "k = 'b'",
            "k >= 'b'",
            "k < 'c'",
            "k > 'a'",
            "k <= 'b'",
            "k IS NOT NULL",
            "k IN ('a', 'b')",
        ],
        outside: &["'c'"],
        outside_atoms: &["k >= 'c'", "k = 'c'", "k > 'b'", "k <> 'a'"],
    },
    Key {
        columns: &[("k", "uuid", "'22222222-2222-2222-2222-222222222222'")],
        by: "RANGE (k)",
        bounds: &[
            "FROM ('20000000-0000-0000-0000-000000000000') TO ('30000000-0000-0000-0000-000000000000')",
        ],
        atoms: &[
            "k >= '20000000-0000-0000-0000-000000000000'",
            "k < '30000000-0000-0000-0000-000000000000'",
            "k IS NOT NULL",
            "k >= '20000000000000000000000000000000'",
            "k < '2f000000-0000-0000-0000-000000000000'",
            "k < '2F000000-0000-0000-0000-000000000000'",
            "k >= '{20000000-0000-0000-0000-000000000000}'::uuid",
            "k::text < '3'",
        ],
        outside: &["'99999999-2222-2222-2222-222222222222'"],
        outside_atoms: &[
            "k >= '30000000-0000-0000-0000-000000000000'",
            "k >= '40000000-0000-0000-0000-000000000000'",
        ],
    },
    Key {
        columns: &[("k", "d_check", "150")],
        by: "RANGE (k)",
        bounds: &["FROM (100) TO (200)"],
        atoms: &[
            "k >= 100",
            "k < 200",
            "k::int >= 100",
            "k::int < 200",
            "k >= 100::d_check",
            "k IS NOT NULL",
            "k = 150",
            "k IN (150, 160)",
            "k > 99",
            "k < 200::d_plain",
        ],
        outside: &["5000"],
        outside_atoms: &["k >= 200", "k::int >= 200", "k <> 150"],
    },
    Key {
        columns: &[("k", "d_nn", "150")],
        by: "LIST (k)",
        bounds: &["IN (150)", "IN (150, 160)"],
        atoms: &[
            "k = 150",
            "k IN (150, 160)",
            "k IN (150)",
            "k IS NOT NULL",
            "k::int = 150",
            "k >= 150 AND k <= 150",
        ],
        outside: &["5000"],
        outside_atoms: &["k <> 150", "k NOT IN (150, 160)", "k > 160"],
    },
    Key {
        columns: &[("k", "int", "150"), ("j", "int", "7")],
        by: "RANGE (k, j)",
        bounds: &[
            "FROM (100, 5) TO (200, 5)",
            "FROM (100, MINVALUE) TO (200, MAXVALUE)",
            "FROM (100, MINVALUE) TO (200, MINVALUE)",
            "FROM (150, 5) TO (150, 9)",
            "FROM (150, MINVALUE) TO (150, MAXVALUE)",
            "FROM (MINVALUE, MINVALUE) TO (150, 8)",
            "FROM (100, 5) TO (MAXVALUE, MAXVALUE)",
            "FROM (150, 7) TO (151, MINVALUE)",
        ],
        atoms: &[
            "k >= 100",
            "k > 100",
            "k < 200",
            "k <= 200",
            "k <= 199",
            "k = 150",
            "j >= 5",
            "j < 9",
            "j = 7",
            "j >= 5 AND j < 9",
            "k IS NOT NULL",
            "j IS NOT NULL",
            "k > 100 OR (k = 100 AND j >= 5)",
            "k < 200 OR (k = 200 AND j < 5)",
            "(k, j) >= (100, 5)",
            "(k, j) < (200, 5)",
            "k = 150 AND j = 7",
            "k IS NOT NULL AND j IS NOT NULL",
            "k < 150 OR (k = 150 AND j < 8)",
            "k > 100 OR (k = 100 AND j > 5)",
            "k > 100 OR j >= 5",
            "k >= 150",
            "k <= 150",
            "j < 8",
            "j >= 7",
        ],
        outside: &["5000", "7"],
        outside_atoms: &[
            "k > 200",
            "k >= 200",
            "k > 200 OR (k = 200 AND j >= 5)",
            "k <> 150",
            "k IS NOT NULL AND j IS NOT NULL",
            "k > 151",
            "j IS NULL OR k > 200",
        ],
    },
    Key {
        columns: &[("k", "int", "150"), ("j", "text", "'d'")],
        by: "RANGE (j, k)",
        bounds: &[
            "FROM ('d', 100) TO ('d', 200)",
            "FROM ('c', MINVALUE) TO ('e', MAXVALUE)",
        ],
        atoms: &[
            "j = 'd'",
            "j IN ('d')",
            "k >= 100",
            "k < 200",
            "k >= 100 AND k < 200",
            "j >= 'c'",
            "j <= 'e'",
            "j < 'e'",
            "j IS NOT NULL",
            "k IS NOT NULL",
            "j > 'c'",
            "j COLLATE \"C\" = 'd'",
        ],
        outside: &["5000", "'z'"],
        outside_atoms: &["j > 'e'", "j = 'z'", "j <> 'd'", "k > 200"],
    },
    Key {
        columns: &[("k", "text", "'D'")],
        by: "LIST (lower(k))",
        bounds: &["IN ('d')", "IN ('d', 'e')", "IN ('d', NULL)"],
        atoms: &[
            "lower(k) = 'd'",
            "lower(k) IN ('d', 'e')",
            "lower(k) IS NOT NULL",
            "k = 'D'",
            "k IS NOT NULL",
            "lower(k) IN ('d')",
            "lower(k::varchar) = 'd'",
            "lower(k) = ANY (ARRAY['d'])",
        ],
        outside: &["'Z'"],
        outside_atoms: &[
            "lower(k) <> 'd'",
            "lower(k) NOT IN ('d', 'e')",
            "lower(k) = 'z'",
            "k = 'Z'",
        ],
    },
    Key {
        columns: &[("k", "int", "150"), ("j", "int", "7")],
        by: "RANGE ((k + j))",
        bounds: &["FROM (100) TO (200)"],
        atoms: &[
            "k + j >= 100",
            "k + j < 200",
            "(k + j) IS NOT NULL",
            "k IS NOT NULL AND j IS NOT NULL",
            "j + k < 200",
            "(k + j) <= 199",
            "(k + j) BETWEEN 100 AND 199",
            "k + j IN (157)",
            "k = 150 AND j = 7",
            "(k + j)::bigint < 200",
        ],
        outside: &["5000", "7"],
        outside_atoms: &["k + j >= 200", "j + k >= 200", "k + j <> 157", "k >= 200"],
    },
    Key {
        columns: &[("k", "timestamp", "timestamp '2026-06-15 12:00'")],
        by: "RANGE ((k::date))",
        bounds: &["FROM ('2026-01-01') TO ('2027-01-01')"],
        atoms: &[
            "k::date >= '2026-01-01'",
            "k::date < '2027-01-01'",
            "date(k) >= '2026-01-01'",
            "k >= '2026-01-01'",
            "k < '2027-01-01'",
            "k::date IS NOT NULL",
            "k IS NOT NULL",
            "CAST(k AS date) <= '2026-12-31'",
        ],
        outside: &["timestamp '2030-01-01'"],
        outside_atoms: &["k::date >= '2027-01-01'", "k >= '2027-01-01'"],
    },
    Key {
        columns: &[("k", "inet", "'10.0.0.5'")],
        by: "RANGE (k)",
        bounds: &["FROM ('10.0.0.0') TO ('10.0.1.0')"],
        atoms: &[
            "k >= '10.0.0.0'",
            "k < '10.0.1.0'",
            "k IS NOT NULL",
            "k <<= '10.0.0.0/24'",
            "k < '10.0.0.128'",
            "k = '10.0.0.5'",
            "k >= '10.0.0.0/32'",
        ],
        outside: &["'10.9.0.5'"],
        outside_atoms: &["k >= '10.0.1.0'", "k > '10.0.1.0'", "k <> '10.0.0.5'"],
    },
    Key {
        columns: &[("k", "int[]", "'{150}'")],
        by: "LIST (k)",
        bounds: &["IN ('{150}')", "IN ('{150}', '{160}')"],
        atoms: &[
            "k = '{150}'",
            "k = ARRAY[150]",
            "k IN ('{150}', '{160}')",
            "k IS NOT NULL",
            "k = ANY (ARRAY[ARRAY[150]]) OR k = '{150}'",
            "k @> '{150}'",
        ],
        outside: &["'{5000}'"],
        outside_atoms: &[
            "k <> '{150}'",
            "k NOT IN ('{150}', '{160}')",
            "k = '{5000}'",
        ],
    },
];

/// A CHECK that is true for the row: one atom or a few.
fn check(c: &mut Chooser, atoms: &[&'static str]) -> String {
    let one = c.pick(atoms);
    match c.below(12) {
        0 => format!("({one}) OR ({})", c.pick(atoms)),
        1 => format!("({one}) OR k IS NULL"),
        2 => format!("k IS NULL OR ({one})"),
        3 => format!("k IS NOT NULL AND ({one}) AND ({})", c.pick(atoms)),
        4 | 5 => format!("({one}) AND ({})", c.pick(atoms)),
        6 => format!(
            "(({one}) AND ({})) OR (({one}) AND ({}))",
            c.pick(atoms),
            c.pick(atoms)
        ),
        7 => format!("NOT (NOT ({one}))"),
        _ => one.to_owned(),
    }
}

fn groundwork(schema: &mut Schema) {
    super::shared::groundwork(schema);
    schema.plain(
        "CREATE FUNCTION d_ok(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 >= 100'",
    );
}

fn table(schema: &mut Schema, name: &str, key: &Key, values: &[&str], not_null: &str) {
    let mut items: Vec<Item> = vec![item(name, "id", "id int")];
    let mut fill = vec![item(name, "id", "g")];
    for (at, (column, ty, _)) in key.columns.iter().enumerate() {
        items.push(item(
            name,
            column,
            format!("{column} {ty} {not_null}").trim_end(),
        ));
        fill.push(item(name, column, values[at]));
    }
    schema.pieces.push(Piece::Table {
        head: name.to_owned(),
        items,
        tail: String::new(),
    });
    schema.pieces.push(Piece::Fill {
        table: name.to_owned(),
        items: fill,
        first: 1,
        last: 1000,
    });
}

fn checks(c: &mut Chooser, schema: &mut Schema, name: &str, atoms: &[&'static str], most: usize) {
    for at in 0..=c.below(most) {
        let trouble = match c.below(16) {
            0 => "NOT VALID",
            1 => "NO INHERIT",
            _ => "",
        };
        let check = check(c, atoms);
        schema.plain(
            format!("ALTER TABLE {name} ADD CONSTRAINT {name}_{at} CHECK ({check}) {trouble}")
                .trim_end(),
        );
    }
}

/// ATTACH PARTITION of tables with CHECKs, and new partitions beside a default partition with some.
pub fn attach(c: &mut Chooser, schema: &mut Schema) {
    groundwork(schema);
    let key = &KEYS[if c.percent(25) {
        c.below(2)
    } else {
        c.below(KEYS.len())
    }];
    let columns: Vec<String> = key
        .columns
        .iter()
        .map(|(name, ty, _)| format!("{name} {ty}"))
        .collect();
    let inside: Vec<&str> = key.columns.iter().map(|(_, _, value)| *value).collect();
    schema.plain(format!(
        "CREATE TABLE pt (id int, {}) PARTITION BY {}",
        columns.join(", "),
        key.by
    ));
    for at in 0..14 {
        let name = format!("n{at}");
        let not_null = c.maybe(50, "NOT NULL");
        table(schema, &name, key, &inside, not_null);
        checks(c, schema, &name, key.atoms, 3);
        let bound = c.pick(key.bounds);
        schema.made(
            "partition",
            format!("ALTER TABLE pt ATTACH PARTITION {name} FOR VALUES {bound}"),
        );
    }
    for at in 0..6 {
        let (name, default) = (format!("q{at}"), format!("q{at}d"));
        schema.plain(format!(
            "CREATE TABLE {name} (id int, {}) PARTITION BY {}",
            columns.join(", "),
            key.by
        ));
        let not_null = c.maybe(50, "NOT NULL");
        table(schema, &default, key, key.outside, not_null);
        schema.plain(format!(
            "ALTER TABLE {name} ATTACH PARTITION {default} DEFAULT"
        ));
        checks(c, schema, &default, key.outside_atoms, 2);
        let bound = c.pick(key.bounds);
        schema.made(
            "partition",
            format!("CREATE TABLE {name}n PARTITION OF {name} FOR VALUES {bound}"),
        );
        // A default partition that comes later.
        let bound = c.pick(key.bounds);
        schema.plain(format!(
            "CREATE TABLE later{at} (id int, {}) PARTITION BY {}",
            columns.join(", "),
            key.by
        ));
        schema.plain(format!(
            "CREATE TABLE later{at}p PARTITION OF later{at} FOR VALUES {bound}"
        ));
        let later = format!("later{at}d");
        table(schema, &later, key, key.outside, c.maybe(50, "NOT NULL"));
        checks(c, schema, &later, key.outside_atoms, 2);
        schema.made(
            "partition",
            format!("ALTER TABLE later{at} ATTACH PARTITION {later} DEFAULT"),
        );
    }
}

/// SET NOT NULL on columns with CHECKs.
pub fn not_null(c: &mut Chooser, schema: &mut Schema) {
    groundwork(schema);
    for at in 0..20 {
        let key = &KEYS[c.below(KEYS.len())];
        let inside: Vec<&str> = key.columns.iter().map(|(_, _, value)| *value).collect();
        let name = format!("n{at}");
        table(schema, &name, key, &inside, "");
        checks(c, schema, &name, key.atoms, 2);
        if c.percent(50) {
            checks_not_null(c, schema, &name);
        }
        schema.tables.push(Table {
            name: name.clone(),
            kind: Kind::Plain,
            columns: vec![Column {
                name: "id".to_owned(),
                ty: types::INT,
                nullable: true,
            }],
        });
        let also = match c.below(10) {
            0 => ", ADD COLUMN z int DEFAULT 1",
            1 => ", ALTER COLUMN id SET NOT NULL",
            2 => ", ALTER COLUMN id TYPE bigint",
            3 => ", DROP COLUMN id",
            _ => "",
        };
        let statement = match c.below(8) {
            0 if !matches!(key.columns[0].1, "int[]") => {
                format!("ALTER TABLE {name} ADD CONSTRAINT zz CHECK (k IS NOT NULL){also}")
            }
            1 => format!(
                "ALTER TABLE {name} ADD CONSTRAINT zz CHECK (k IS NOT NULL) NOT VALID, ALTER COLUMN k SET NOT NULL"
            ),
            _ => format!("ALTER TABLE {name} ALTER COLUMN k SET NOT NULL{also}"),
        };
        schema.made("alter_column", statement);
    }
}

fn checks_not_null(c: &mut Chooser, schema: &mut Schema, name: &str) {
    let check = c.pick(&[
        "k IS NOT NULL",
        "k IS NOT NULL AND id > 0",
        "id > 0 AND k IS NOT NULL",
        "NOT (k IS NULL)",
        "NOT (k IS NULL OR id IS NULL)",
        "k IS NOT NULL OR id IS NULL",
        "(k IS NOT NULL) IS TRUE",
        "(k IS NOT NULL) = true",
        "num_nulls(k) = 0",
        "coalesce(k IS NOT NULL, false)",
        "(k, id) IS NOT NULL",
        "ROW(k) IS NOT NULL",
        "k IS DISTINCT FROM NULL",
        "NOT (k IS NOT DISTINCT FROM NULL)",
        "CASE WHEN k IS NULL THEN false ELSE true END",
        "(k IS NOT NULL AND id > 0) OR (k IS NOT NULL AND id < 0)",
        "(k IS NOT NULL AND id > 0) OR k IS NOT NULL",
        "k IS NOT NULL AND NULL",
        "true AND k IS NOT NULL",
        "(k IS NULL) IS FALSE",
        "(k IS NULL) <> true",
    ]);
    let trouble = match c.below(10) {
        0 => " NOT VALID",
        1 => " NO INHERIT",
        _ => "",
    };
    schema.plain(format!(
        "ALTER TABLE {name} ADD CONSTRAINT {name}_nn CHECK ({check}){trouble}"
    ));
}
