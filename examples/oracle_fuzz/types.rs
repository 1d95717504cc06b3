//! Types that random columns have, with values, defaults and what they may be changed to.

pub struct ColumnType {
    pub name: &'static str,
    /// Of `g`, a number from 1 to some thousands.
    pub fill: &'static str,
    pub defaults: &'static [&'static str],
    /// Behind `ALTER COLUMN x TYPE`; `{c}` is the column.
    pub targets: &'static [&'static str],
}

const fn ty(
    name: &'static str,
    fill: &'static str,
    defaults: &'static [&'static str],
    targets: &'static [&'static str],
) -> ColumnType {
    ColumnType {
        name,
        fill,
        defaults,
        targets,
    }
}

/// Index of `int` in [`TYPES`].
pub const INT: usize = 0;
/// Index of `text` in [`TYPES`].
pub const TEXT: usize = 1;
/// Index of `date` in [`TYPES`].
pub const DATE: usize = 2;

pub const TYPES: &[ColumnType] = &[
    ty(
        "int",
        "g",
        &[
            "0",
            "f_imm(1)",
            "f_stable()",
            "f_vol()",
            "nextval('s1')",
            "(random() * 10)::int",
            "length('abc')",
            "'7'",
            "NULL",
        ],
        &[
            "bigint",
            "numeric",
            "text",
            "int",
            "varchar(20)",
            "varchar",
            "oid",
            "double precision",
            "numeric(12,0)",
            "d_plain",
            "d_check",
            "bigint USING {c}",
            "bigint USING {c}::bigint",
            "int USING {c} + 1",
            "text USING {c}::text",
            "date USING date '2024-01-01' + {c}",
            "boolean USING {c} > 5",
            "timestamptz USING to_timestamp({c})",
            "real",
            "int USING {c}",
            "int USING coalesce({c}, 0)",
            "d_nn",
        ],
    ),
    ty(
        "text",
        "'x' || g",
        &[
            "'x'",
            "now()::text",
            "current_user",
            "md5(random()::text)",
            "''",
            "NULL",
            "upper('a')",
        ],
        &[
            "varchar",
            "varchar(100)",
            "char(20)",
            "bytea USING {c}::bytea",
            "text",
            "text COLLATE \"C\"",
            "d_text",
            "name",
            "varchar(100) USING substr({c}, 1, 10)",
            "int USING length({c})",
            "text USING lower({c})",
            "text USING {c}",
            "varchar USING {c}",
            "jsonb USING to_jsonb({c})",
            "text[] USING ARRAY[{c}]",
            "varchar COLLATE \"POSIX\"",
        ],
    ),
    ty(
        "date",
        "date '2024-01-01' + g % 300",
        &[
            "'2024-01-01'",
            "current_date",
            "now()",
            "'2024-01-01'::date + 1",
            "clock_timestamp()::date",
        ],
        &[
            "timestamp",
            "timestamptz",
            "date",
            "text",
            "text USING to_char({c}, 'YYYY')",
            "int USING extract(year FROM {c})",
            "timestamp USING {c}",
        ],
    ),
    ty(
        "bigint",
        "g",
        &["0", "nextval('s1')", "1 + 1", "f_imm(3)"],
        &[
            "int",
            "numeric",
            "text",
            "bigint",
            "int USING {c}::int",
            "bigint USING {c} * 2",
            "double precision",
            "numeric(20,2)",
        ],
    ),
    ty(
        "smallint",
        "g % 3000",
        &["1", "f_imm(2)"],
        &["int", "bigint", "smallint", "text", "numeric(8,2)", "real"],
    ),
    ty(
        "numeric(12,2)",
        "g",
        &["0", "1.5", "random()"],
        &[
            "numeric(14,2)",
            "numeric(10,2)",
            "numeric(12,3)",
            "numeric",
            "int",
            "numeric(14,4)",
            "text",
            "double precision",
            "numeric(14,2) USING {c}",
            "numeric(12,2) USING {c} + 1",
        ],
    ),
    ty(
        "numeric",
        "g",
        &["0"],
        &["numeric(12,2)", "numeric", "numeric(30,0)", "int", "real"],
    ),
    ty(
        "varchar(50)",
        "'x' || g",
        &["'x'", "'y'::varchar(50)", "session_user", "f_text()"],
        &[
            "varchar(100)",
            "varchar(40)",
            "varchar",
            "text",
            "varchar(50)",
            "char(50)",
            "text USING {c}::text",
            "varchar(100) USING {c}",
            "varchar(100) USING {c}::varchar(100)",
            "varchar(60) COLLATE \"C\"",
            "d_text",
            "name",
        ],
    ),
    ty(
        "varchar",
        "'x' || g",
        &["'x'"],
        &["text", "varchar(100)", "varchar", "bpchar"],
    ),
    ty(
        "char(10)",
        "'x' || g",
        &["'x'"],
        &[
            "char(20)",
            "char(8)",
            "text",
            "varchar(20)",
            "bpchar",
            "char(10)",
        ],
    ),
    ty(
        "boolean",
        "g % 2 = 0",
        &["true", "false", "random() > 0.5", "1 = 1"],
        &[
            "int USING {c}::int",
            "text",
            "boolean",
            "boolean USING NOT {c}",
        ],
    ),
    ty(
        "timestamp",
        "timestamp '2024-01-01' + g * interval '1 hour'",
        &[
            "now()",
            "clock_timestamp()",
            "'2024-01-01'",
            "localtimestamp",
            "'now'",
        ],
        &[
            "timestamptz",
            "timestamp(3)",
            "timestamp(6)",
            "date",
            "timestamp",
            "timestamptz(3)",
            "timestamptz USING {c} AT TIME ZONE 'UTC'",
            "text",
            "time",
        ],
    ),
    ty(
        "timestamptz",
        "timestamptz '2024-01-01' + g * interval '1 hour'",
        &[
            "now()",
            "clock_timestamp()",
            "'2024-01-01 00:00+00'",
            "transaction_timestamp()",
            "now() + interval '1 day'",
        ],
        &[
            "timestamp",
            "timestamptz(3)",
            "timestamptz(6)",
            "date",
            "timestamptz",
            "timestamptz(0)",
            "timestamp(3)",
            "timestamp USING {c} AT TIME ZONE 'UTC'",
        ],
    ),
    ty(
        "timestamptz(3)",
        "timestamptz '2024-01-01' + g * interval '1 hour'",
        &["now()"],
        &[
            "timestamptz",
            "timestamptz(6)",
            "timestamptz(2)",
            "timestamp(3)",
        ],
    ),
    ty(
        "uuid",
        "md5(g::text)::uuid",
        &["'00000000-0000-0000-0000-000000000000'", "md5('x')::uuid"],
        &[
            "text",
            "uuid",
            "bytea USING decode(replace({c}::text, '-', ''), 'hex')",
            "varchar(36)",
        ],
    ),
    ty(
        "jsonb",
        "jsonb_build_object('a', g)",
        &["'{}'", "'{}'::jsonb", "jsonb_build_object('a', 1)"],
        &["json", "jsonb", "text"],
    ),
    ty("json", "'{}'", &["'{}'"], &["jsonb", "json", "text"]),
    ty(
        "int[]",
        "ARRAY[g]",
        &["'{}'", "ARRAY[1, 2]", "ARRAY[]::int[]"],
        &[
            "bigint[]",
            "int[]",
            "text[]",
            "int USING {c}[1]",
            "numeric[]",
        ],
    ),
    ty(
        "text[]",
        "ARRAY['x' || g]",
        &["'{}'"],
        &["varchar[]", "varchar(20)[]", "text[]", "text"],
    ),
    ty(
        "varchar(20)[]",
        "ARRAY['x' || g]",
        &["'{}'"],
        &[
            "text[]",
            "varchar(40)[]",
            "varchar(30)[]",
            "varchar[]",
            "varchar(10)[]",
        ],
    ),
    ty(
        "bytea",
        "'x'",
        &["''"],
        &["bytea", "text", "text USING encode({c}, 'hex')"],
    ),
    ty(
        "real",
        "g",
        &["0", "random()"],
        &["double precision", "real", "numeric", "int"],
    ),
    ty(
        "double precision",
        "g",
        &["0", "pi()"],
        &["real", "numeric(12,2)", "double precision"],
    ),
    ty(
        "inet",
        "'10.0.0.1'::inet + g",
        &["'127.0.0.1'"],
        &["cidr", "text", "inet"],
    ),
    ty(
        "cidr",
        "'10.0.0.0/24'",
        &["'10.0.0.0/8'"],
        &["inet", "cidr", "text"],
    ),
    ty(
        "interval",
        "g * interval '1 minute'",
        &["'1 day'"],
        &[
            "interval(3)",
            "interval",
            "interval(6)",
            "interval day",
            "text",
            "interval day to second(3)",
        ],
    ),
    ty(
        "interval(3)",
        "g * interval '1 minute'",
        &["'1 day'"],
        &["interval(6)", "interval(2)", "interval"],
    ),
    ty(
        "time",
        "'12:00'",
        &["'12:00'", "current_time"],
        &["time(3)", "interval", "timetz", "time(6)", "time"],
    ),
    ty(
        "time(2)",
        "'12:00'",
        &["localtime"],
        &["time(3)", "time", "time(1)", "timetz"],
    ),
    ty(
        "varbit(8)",
        "B'101'",
        &["B'1'"],
        &["varbit(16)", "varbit", "varbit(4)", "bit(3)"],
    ),
    ty(
        "bit(3)",
        "B'101'",
        &["B'111'"],
        &["bit(3)", "varbit(3)", "varbit", "bit(4) USING {c}::bit(4)"],
    ),
    ty(
        "name",
        "'x' || g",
        &["'x'"],
        &["text", "varchar(64)", "name"],
    ),
    ty("oid", "g", &["0"], &["bigint", "int", "oid", "regclass"]),
    ty(
        "int4range",
        "int4range(g * 10, g * 10 + 5)",
        &["'empty'", "int4range(1, 2)"],
        &[
            "int4range",
            "text",
            "int8range USING int8range(lower({c}), upper({c}))",
        ],
    ),
    ty(
        "e1",
        "(CASE g % 2 WHEN 0 THEN 'a' ELSE 'b' END)::e1",
        &["'a'", "'b'::e1", "enum_first(NULL::e1)"],
        &[
            "text",
            "e2 USING {c}::text::e2",
            "e1",
            "varchar(10)",
            "int USING length({c}::text)",
        ],
    ),
    ty(
        "c1",
        "ROW(g, 'x')::c1",
        &["ROW(1, 'x')", "NULL"],
        &["c1", "text"],
    ),
    ty(
        "d_plain",
        "g",
        &["0"],
        &["int", "bigint", "d_check", "d_plain"],
    ),
    ty(
        "d_check",
        "g",
        &["1", "f_imm(1)"],
        &["int", "bigint", "d_plain", "d_check", "int USING {c}"],
    ),
    ty(
        "d_text",
        "'x' || g",
        &["'x'"],
        &["text", "varchar(100)", "d_text"],
    ),
    ty("d_nn", "g", &["1"], &["int", "d_plain"]),
    ty("point", "point(g, g)", &["point(0, 0)"], &["text", "point"]),
    ty(
        "tsvector",
        "to_tsvector('simple', 'x' || g)",
        &["''", "to_tsvector('simple', 'a')"],
        &["text", "tsvector"],
    ),
];

impl ColumnType {
    /// Whether a btree index can have it.
    pub fn is_ordered(&self) -> bool {
        !matches!(self.name, "json" | "point")
    }

    pub fn is_number(&self) -> bool {
        matches!(
            self.name,
            "int"
                | "bigint"
                | "smallint"
                | "numeric"
                | "numeric(12,2)"
                | "real"
                | "double precision"
        )
    }

    pub fn is_text(&self) -> bool {
        matches!(self.name, "text" | "varchar" | "varchar(50)")
    }
}
