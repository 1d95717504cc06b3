//! Functions and operators of contrib extensions that appear in expressions.

use std::error::Error;

use postgres::Client;

use crate::table::{Row, Table};

const EXTENSIONS: &[&str] = &[
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "earthdistance",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "ltree",
    "pg_trgm",
    "pgcrypto",
    "seg",
    "tablefunc",
    "unaccent",
    "uuid-ossp",
    "xml2",
];

pub fn functions() -> Table {
    Table::new(
        "extension_functions.tsv",
        "name\textension\targuments\tdefaults\treturns\tset\tvolatility\tstrict\tkind",
        |client| ask(client, FUNCTIONS),
    )
}

pub fn operators() -> Table {
    Table::new(
        "extension_operators.tsv",
        "name\textension\tleft\tright\tresult\tfunction\tvolatility\tstrict",
        |client| ask(client, OPERATORS),
    )
}

pub fn opclasses() -> Table {
    Table::new(
        "extension_opclasses.tsv",
        "method\textension\tname\tinput\tdefault\tfamily",
        |client| ask(client, OPCLASSES),
    )
}

fn ask(client: &mut Client, sql: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    for extension in EXTENSIONS {
        client.batch_execute(&format!(
            "CREATE EXTENSION IF NOT EXISTS \"{extension}\" CASCADE"
        ))?;
    }
    let rows = crate::catalogs::query(client, sql);
    for extension in EXTENSIONS {
        client.batch_execute(&format!("DROP EXTENSION IF EXISTS \"{extension}\" CASCADE"))?;
    }
    rows
}

/// Those with `internal` arguments serve indexes and types, not expressions.
const FUNCTIONS: &str = "
SELECT p.proname::text,
       e.extname::text,
       array_to_string(ARRAY(
           SELECT CASE WHEN p.provariadic <> 0 AND position = p.pronargs THEN '*' ELSE '' END || t.typname
           FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a(type, position)
           JOIN pg_type t ON t.oid = a.type
           ORDER BY position), ','),
       p.pronargdefaults::text,
       r.typname::text,
       p.proretset::int::text,
       p.provolatile::text,
       p.proisstrict::int::text,
       p.prokind::text
FROM pg_proc p
JOIN pg_type r ON r.oid = p.prorettype
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid
WHERE e.extname <> 'plpgsql'
  AND 'internal'::regtype <> ALL (p.proargtypes::oid[])
  AND p.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype)";

const OPERATORS: &str = "
SELECT o.oprname::text,
       e.extname::text,
       coalesce(l.typname::text, ''),
       coalesce(r.typname::text, ''),
       t.typname::text,
       p.proname::text,
       p.provolatile::text,
       p.proisstrict::int::text
FROM pg_operator o
JOIN pg_proc p ON p.oid = o.oprcode
JOIN pg_type t ON t.oid = o.oprresult
JOIN pg_depend d ON d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid
LEFT JOIN pg_type l ON l.oid = o.oprleft
LEFT JOIN pg_type r ON r.oid = o.oprright";

const OPCLASSES: &str = "
SELECT m.amname::text, e.extname::text, c.opcname::text, t.typname::text, c.opcdefault::int::text, f.opfname::text
FROM pg_opclass c
JOIN pg_am m ON m.oid = c.opcmethod
JOIN pg_type t ON t.oid = c.opcintype
JOIN pg_opfamily f ON f.oid = c.opcfamily
JOIN pg_depend d ON d.classid = 'pg_opclass'::regclass AND d.objid = c.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid";
