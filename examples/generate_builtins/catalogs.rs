//! Functions, casts, types and operators: read from the system catalogs of a fresh database.

use std::error::Error;

use postgres::Client;

use crate::table::{Row, Table};

pub fn functions() -> Table {
    Table::new(
        "functions.tsv",
        "name\targuments\tdefaults\treturns\tset\tvolatility\tstrict\tkind",
        |client| query(client, FUNCTIONS),
    )
}

pub fn casts() -> Table {
    Table::new(
        "casts.tsv",
        "source\ttarget\tmethod\tcontext\tfunction\tvolatility",
        |client| query(client, CASTS),
    )
}

pub fn types() -> Table {
    Table::new(
        "types.tsv",
        "name\tkind\tcategory\tpreferred\tlength\telement\tarray\tsubtype\tinput\toutput\tcollatable\tmodifiers",
        |client| query(client, TYPES),
    )
}

pub fn operators() -> Table {
    Table::new(
        "operators.tsv",
        "name\tleft\tright\tresult\tfunction\tvolatility\tstrict",
        |client| query(client, OPERATORS),
    )
}

pub fn opclasses() -> Table {
    Table::new(
        "opclasses.tsv",
        "method\tname\tinput\tdefault\tfamily",
        |client| query(client, OPCLASSES),
    )
}

pub fn equalities() -> Table {
    Table::new("equalities.tsv", "family\tleft\tright", |client| {
        query(client, EQUALITIES)
    })
}

/// Runs a query whose columns are all text.
pub fn query(client: &mut Client, sql: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let rows = client.query(sql, &[])?;
    rows.iter()
        .map(|row| {
            (0..row.len())
                .map(|column| Ok(row.try_get(column)?))
                .collect()
        })
        .collect()
}

/// A variadic argument is the last one and is marked `*`; its type is the array's.
const FUNCTIONS: &str = "
SELECT p.proname::text,
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
FROM pg_proc p JOIN pg_type r ON r.oid = p.prorettype
WHERE p.pronamespace = 'pg_catalog'::regnamespace";

/// A cast through the types' text form is as volatile as the worse of the two functions that do it.
const CASTS: &str = "
SELECT s.typname::text,
       t.typname::text,
       c.castmethod::text,
       c.castcontext::text,
       coalesce(f.proname::text, ''),
       CASE c.castmethod
           WHEN 'f' THEN f.provolatile::text
           WHEN 'i' THEN CASE WHEN 'v' IN (o.provolatile, i.provolatile) THEN 'v'
                              WHEN 's' IN (o.provolatile, i.provolatile) THEN 's'
                              ELSE 'i' END
           ELSE 'i'
       END
FROM pg_cast c
JOIN pg_type s ON s.oid = c.castsource
JOIN pg_type t ON t.oid = c.casttarget
JOIN pg_proc o ON o.oid = s.typoutput
JOIN pg_proc i ON i.oid = t.typinput
LEFT JOIN pg_proc f ON f.oid = c.castfunc
WHERE s.typnamespace = 'pg_catalog'::regnamespace AND t.typnamespace = 'pg_catalog'::regnamespace";

/// An array type has the kind `a` here (PostgreSQL says `b`); int2vector and oidvector are none. Arrays of catalog rows are left out.
/// The subtype is a range's, or the range of a multirange. `to_jsonb` hides the columns that old versions lack.
const TYPES: &str = "
SELECT t.typname::text,
       CASE WHEN e.typarray = t.oid THEN 'a' ELSE t.typtype::text END,
       t.typcategory::text,
       t.typispreferred::int::text,
       t.typlen::text,
       coalesce(e.typname::text, ''),
       coalesce(a.typname::text, ''),
       coalesce((SELECT s.typname::text FROM pg_range g JOIN pg_type s ON s.oid = g.rngsubtype WHERE g.rngtypid = t.oid),
                (SELECT s.typname::text FROM pg_range g JOIN pg_type s ON s.oid = g.rngtypid
                 WHERE to_jsonb(g) ->> 'rngmultitypid' = t.oid::text),
                ''),
       i.provolatile::text,
       o.provolatile::text,
       (t.typcollation <> 0)::int::text,
       (t.typmodin <> 0)::int::text
FROM pg_type t
JOIN pg_proc i ON i.oid = t.typinput
JOIN pg_proc o ON o.oid = t.typoutput
LEFT JOIN pg_type e ON e.oid = t.typelem
LEFT JOIN pg_type a ON a.oid = t.typarray
WHERE t.typnamespace = 'pg_catalog'::regnamespace
  AND NOT (t.typelem <> 0 AND e.typtype = 'c')";

/// The left operand's type is empty for a prefix operator, the right one's for a postfix operator (until 13).
const OPERATORS: &str = "
SELECT o.oprname::text,
       coalesce(l.typname::text, ''),
       coalesce(r.typname::text, ''),
       t.typname::text,
       p.proname::text,
       p.provolatile::text,
       p.proisstrict::int::text
FROM pg_operator o
JOIN pg_proc p ON p.oid = o.oprcode
JOIN pg_type t ON t.oid = o.oprresult
LEFT JOIN pg_type l ON l.oid = o.oprleft
LEFT JOIN pg_type r ON r.oid = o.oprright
WHERE o.oprnamespace = 'pg_catalog'::regnamespace";

const OPCLASSES: &str = "
SELECT m.amname::text, c.opcname::text, t.typname::text, c.opcdefault::int::text, f.opfname::text
FROM pg_opclass c
JOIN pg_am m ON m.oid = c.opcmethod
JOIN pg_type t ON t.oid = c.opcintype
JOIN pg_opfamily f ON f.oid = c.opcfamily
WHERE c.opcnamespace = 'pg_catalog'::regnamespace";

/// The equality operators of btree operator families, which foreign keys use.
const EQUALITIES: &str = "
SELECT f.opfname::text, l.typname::text, r.typname::text
FROM pg_amop a
JOIN pg_opfamily f ON f.oid = a.amopfamily
JOIN pg_am m ON m.oid = f.opfmethod
JOIN pg_type l ON l.oid = a.amoplefttype
JOIN pg_type r ON r.oid = a.amoprighttype
WHERE m.amname = 'btree' AND a.amopstrategy = 3 AND f.opfnamespace = 'pg_catalog'::regnamespace";
