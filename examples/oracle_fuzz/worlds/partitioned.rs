//! A partitioned table with its partitions, and tables that may become some.

use super::shared::{Draft, adorn, groundwork};
use crate::choose::Chooser;
use crate::schema::{Kind, Schema, Table};
use crate::types::{self, TYPES};

/// How the rows of a strategy are told apart.
struct Layout {
    key_type: usize,
    strategy: &'static str,
    /// FOR VALUES, and what the key is in a row of that partition.
    partitions: &'static [(&'static str, &'static str)],
    free: &'static [(&'static str, &'static str)],
    default_key: Option<&'static str>,
}

const LAYOUTS: &[Layout] = &[
    Layout {
        key_type: types::INT,
        strategy: "RANGE (k)",
        partitions: &[
            ("FROM (0) TO (1000)", "g % 1000"),
            ("FROM (1000) TO (2000)", "1000 + g % 1000"),
        ],
        free: &[
            ("FROM (2000) TO (3000)", "2000 + g % 1000"),
            ("FROM (3000) TO (MAXVALUE)", "3000 + g"),
        ],
        default_key: Some("5000 + g"),
    },
    Layout {
        key_type: types::DATE,
        strategy: "RANGE (k)",
        partitions: &[
            (
                "FROM ('2024-01-01') TO ('2025-01-01')",
                "date '2024-01-01' + g % 300",
            ),
            (
                "FROM ('2025-01-01') TO ('2026-01-01')",
                "date '2025-01-01' + g % 300",
            ),
        ],
        free: &[(
            "FROM ('2026-01-01') TO ('2027-01-01')",
            "date '2026-01-01' + g % 300",
        )],
        default_key: Some("date '2030-01-01' + g % 300"),
    },
    Layout {
        key_type: types::TEXT,
        strategy: "LIST (k)",
        partitions: &[
            ("IN ('a', 'b')", "CASE g % 2 WHEN 0 THEN 'a' ELSE 'b' END"),
            ("IN ('c')", "'c'"),
        ],
        free: &[("IN ('d', 'e')", "'d'"), ("IN ('f', NULL)", "'f'")],
        default_key: Some("'z' || g"),
    },
    Layout {
        key_type: types::INT,
        strategy: "HASH (k)",
        partitions: &[
            ("WITH (MODULUS 3, REMAINDER 0)", ""),
            ("WITH (MODULUS 3, REMAINDER 1)", ""),
        ],
        free: &[],
        default_key: None,
    },
];

pub fn fill(c: &mut Chooser, schema: &mut Schema) {
    groundwork(schema);
    let layout = &LAYOUTS[c.below(LAYOUTS.len())];
    referenced(c, schema);
    let mut root = Draft::new("pt", Kind::Partitioned);
    root.column("id", types::INT, c.maybe(50, "NOT NULL"), true);
    root.column("k", layout.key_type, c.maybe(60, "NOT NULL"), true);
    root.any_columns(c, 1, 3);
    let columns = root.table.columns.clone();
    let rows = root.fill.clone();
    root.finish(
        schema,
        "",
        &format!("PARTITION BY {}", layout.strategy),
        None,
    );
    partitions(c, schema, layout, &columns, &rows);
    constraints(c, schema);
    let root = schema
        .tables
        .iter()
        .find(|table| table.name == "pt")
        .cloned();
    if let Some(root) = root {
        adorn(c, schema, &root);
    }
    if layout.strategy == "HASH (k)" {
        schema.plain("CREATE TABLE pt_h2 PARTITION OF pt FOR VALUES WITH (MODULUS 3, REMAINDER 2)");
        schema.plain("INSERT INTO pt (id, k) SELECT g, g FROM generate_series(1, 5000) g");
    }
    for (at, (bound, key)) in layout.free.iter().enumerate() {
        candidate(c, schema, &format!("n{at}"), bound, key);
    }
    statements(c, schema);
}

/// A table for foreign keys to point to.
fn referenced(c: &mut Chooser, schema: &mut Schema) {
    if !c.percent(40) {
        return;
    }
    let mut table = Draft::new("p", Kind::Plain);
    table.column("id", types::INT, "PRIMARY KEY", true);
    table.finish(schema, "", "", Some((0, 20000)));
    schema.index("p_pkey", "p");
}

fn partition_fill(rows: &[crate::schema::Item], key: &str) -> Vec<crate::schema::Item> {
    rows.iter()
        .map(|item| {
            let mut item = item.clone();
            if item.column == "k" {
                item.sql = key.to_owned();
            }
            item
        })
        .collect()
}

fn partitions(
    c: &mut Chooser,
    schema: &mut Schema,
    layout: &Layout,
    columns: &[crate::schema::Column],
    rows: &[crate::schema::Item],
) {
    let add = |schema: &mut Schema, name: &str, definition: &str, key: &str, leaf: bool| {
        schema.plain(format!("CREATE TABLE {name} PARTITION OF {definition}"));
        if leaf && !key.is_empty() {
            schema.pieces.push(crate::schema::Piece::Fill {
                table: name.to_owned(),
                items: partition_fill(rows, key),
                first: 1,
                last: 1000,
            });
        }
        schema.tables.push(Table {
            name: name.to_owned(),
            kind: if leaf {
                Kind::Partition
            } else {
                Kind::Partitioned
            },
            columns: columns.to_vec(),
        });
    };
    for (at, (bound, key)) in layout.partitions.iter().enumerate() {
        let name = format!("pt{}", at + 1);
        // The last one may be partitioned itself.
        if at == 1 && c.percent(40) && !key.is_empty() {
            add(
                schema,
                &name,
                &format!("pt FOR VALUES {bound} PARTITION BY RANGE (id)"),
                key,
                false,
            );
            add(
                schema,
                "pt2a",
                "pt2 FOR VALUES FROM (0) TO (10000)",
                key,
                true,
            );
            if c.percent(50) {
                add(schema, "pt2d", "pt2 DEFAULT", "", true);
            }
            continue;
        }
        add(schema, &name, &format!("pt FOR VALUES {bound}"), key, true);
    }
    if let (Some(key), true) = (layout.default_key, c.percent(60)) {
        add(schema, "ptd", "pt DEFAULT", key, true);
        if c.percent(50) {
            let check = match layout.key_type {
                types::INT => c.pick(&[
                    "k >= 5000",
                    "k IS NOT NULL AND k >= 5000",
                    "k IS NULL OR k >= 5000",
                    "k > 3000",
                ]),
                types::DATE => c.pick(&["k >= '2030-01-01'", "k IS NOT NULL AND k > '2028-01-01'"]),
                _ => c.pick(&[
                    "k <> 'd' AND k <> 'e'",
                    "k IS NOT NULL AND k NOT IN ('d', 'e', 'f')",
                    "k > 'x'",
                ]),
            };
            let not_valid = c.maybe(15, " NOT VALID");
            schema.plain(format!(
                "ALTER TABLE ptd ADD CONSTRAINT ptd_ck CHECK ({check}){not_valid}"
            ));
            schema.constraint("ptd_ck", "ptd", !not_valid.is_empty());
        }
    }
}

fn constraints(c: &mut Chooser, schema: &mut Schema) {
    if c.percent(40) {
        schema.plain("ALTER TABLE pt ADD CONSTRAINT pt_un UNIQUE (id, k)");
        schema.constraint("pt_un", "pt", false);
        schema.index("pt_un", "pt");
        if c.percent(40) {
            schema.plain("CREATE TABLE ref (id int, k text, a int)");
            schema.tables.push(Table {
                name: "ref".to_owned(),
                kind: Kind::Plain,
                columns: vec![crate::schema::Column {
                    name: "id".to_owned(),
                    ty: types::INT,
                    nullable: true,
                }],
            });
            let key = schema
                .tables
                .iter()
                .find(|table| table.name == "pt")
                .map_or(types::TEXT, |table| table.columns[1].ty);
            schema.plain(format!(
                "ALTER TABLE ref ALTER k TYPE {0} USING NULL::{0}",
                TYPES[key].name
            ));
            schema.plain(
                "ALTER TABLE ref ADD CONSTRAINT ref_fk FOREIGN KEY (id, k) REFERENCES pt (id, k)",
            );
            schema.constraint("ref_fk", "ref", false);
        }
    }
    if schema.tables.iter().any(|table| table.name == "p") && c.percent(60) {
        schema.plain("ALTER TABLE pt ADD CONSTRAINT pt_fk FOREIGN KEY (id) REFERENCES p (id)");
        schema.constraint("pt_fk", "pt", false);
    }
    if c.percent(30) {
        schema.plain("ALTER TABLE pt ADD CONSTRAINT pt_ck CHECK (id > 0)");
        schema.constraint("pt_ck", "pt", false);
    }
}

/// A table that fits, more or less.
fn candidate(c: &mut Chooser, schema: &mut Schema, name: &str, bound: &str, key: &str) {
    let including = c.pick(&[
        "INCLUDING ALL",
        "INCLUDING CONSTRAINTS INCLUDING INDEXES",
        "INCLUDING CONSTRAINTS",
        "",
    ]);
    schema.plain(format!("CREATE TABLE {name} (LIKE pt {including})"));
    let checked = match key.chars().next() {
        Some('2' | '3') => c.pick(&[
            "k >= 2000 AND k < 3000",
            "k >= 3000",
            "k IS NOT NULL AND k >= 2000 AND k < 3000",
            "k BETWEEN 2000 AND 2999",
        ]),
        Some('d') => c.pick(&[
            "k >= '2026-01-01' AND k < '2027-01-01'",
            "k >= '2026-01-01'::timestamp AND k < '2027-01-01'::timestamp",
        ]),
        _ => c.pick(&[
            "k IN ('d', 'e')",
            "k = 'd'",
            "k IS NOT NULL AND k IN ('d')",
            "k = ANY (ARRAY['f'])",
        ]),
    };
    if c.percent(60) {
        let not_valid = c.maybe(20, " NOT VALID");
        schema.plain(format!(
            "ALTER TABLE {name} ADD CHECK ({checked}) {not_valid}"
        ));
    }
    if c.percent(40) {
        schema.plain(format!("ALTER TABLE {name} ALTER COLUMN k SET NOT NULL"));
    }
    schema.plain(format!(
        "INSERT INTO {name} (id, k) SELECT g, {key} FROM generate_series(1, 1000) g"
    ));
    schema.made(
        "partition",
        format!("ALTER TABLE pt ATTACH PARTITION {name} FOR VALUES {bound}"),
    );
    schema.made(
        "partition",
        format!("CREATE TABLE new_{name} PARTITION OF pt FOR VALUES {bound}"),
    );
    if c.percent(40) {
        schema.made(
            "partition",
            format!("ALTER TABLE pt ATTACH PARTITION {name} DEFAULT"),
        );
    }
}

fn statements(c: &mut Chooser, schema: &mut Schema) {
    let leaf = c.pick(&["pt1", "pt2"]);
    for statement in [
        format!("ALTER TABLE pt DETACH PARTITION {leaf}"),
        format!("ALTER TABLE pt DETACH PARTITION {leaf} CONCURRENTLY"),
        format!("DROP TABLE {leaf}"),
        format!("TRUNCATE {leaf}"),
        "DROP TABLE pt CASCADE".to_owned(),
        "TRUNCATE pt".to_owned(),
        "ALTER TABLE pt ADD PRIMARY KEY (id, k)".to_owned(),
        "ALTER TABLE pt ADD UNIQUE (k)".to_owned(),
        "ALTER TABLE pt ALTER COLUMN id SET NOT NULL".to_owned(),
        "ALTER TABLE pt ALTER COLUMN k SET NOT NULL".to_owned(),
        "ALTER TABLE pt ALTER COLUMN id TYPE bigint".to_owned(),
        "ALTER TABLE ONLY pt ADD CONSTRAINT zz CHECK (id > 1)".to_owned(),
        "ALTER TABLE pt ADD CONSTRAINT zz CHECK (id > 0) NOT VALID".to_owned(),
        format!("ALTER TABLE {leaf} ADD CONSTRAINT zz CHECK (id > 0)"),
        "CREATE INDEX zi ON ONLY pt (id)".to_owned(),
        "CREATE INDEX zi ON pt (id)".to_owned(),
        "CREATE UNIQUE INDEX zu ON pt (id, k)".to_owned(),
        format!("ALTER TABLE {leaf} RENAME TO leaf2"),
        "ALTER TABLE pt RENAME COLUMN id TO id2".to_owned(),
        "ALTER TABLE pt DROP COLUMN id".to_owned(),
        "REINDEX TABLE pt".to_owned(),
        "VACUUM pt".to_owned(),
        "ANALYZE pt".to_owned(),
        "CREATE TRIGGER zt AFTER INSERT ON pt FOR EACH ROW EXECUTE FUNCTION tf()".to_owned(),
        "ALTER TABLE pt DISABLE TRIGGER ALL".to_owned(),
        "UPDATE pt SET id = id + 1".to_owned(),
        "DELETE FROM pt".to_owned(),
        "SELECT count(*) FROM pt".to_owned(),
        "LOCK TABLE pt IN SHARE MODE".to_owned(),
        "LOCK TABLE ONLY pt".to_owned(),
    ] {
        if c.percent(35) {
            schema.made("partition", statement);
        }
    }
}
