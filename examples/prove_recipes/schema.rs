//! A database's schema as lines of text, by PostgreSQL's own `pg_get_*def` functions, and its rows as sums.

use std::collections::{BTreeMap, BTreeSet};

use postgres::Client;

/// One line a property, without OIDs and file nodes.
pub fn lines(client: &mut Client) -> Result<BTreeSet<String>, postgres::Error> {
    client.batch_execute("SET search_path = pg_catalog")?;
    let mut lines = BTreeSet::new();
    for query in QUERIES {
        for row in client.query(query, &[])? {
            lines.insert(row.get(0));
        }
    }
    client.batch_execute("RESET search_path")?;
    Ok(lines)
}

/// The rows of every table as a sum over its columns in the order of their names, with what the columns are.
pub fn rows(client: &mut Client) -> Result<BTreeMap<String, String>, postgres::Error> {
    let tables: Vec<(String, Vec<String>)> = client
        .query(TABLES, &[])?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let mut sums = BTreeMap::new();
    for (table, columns) in tables {
        let values: Vec<String> = columns
            .iter()
            .map(|column| format!("{column}::text"))
            .collect();
        let sum: String = client
            .query_one(
                &format!(
                    "SELECT count(*) || ' rows ' || coalesce(md5(string_agg(line, ',' ORDER BY line)), '')
                     FROM (SELECT concat_ws('|', {}) AS line FROM {table}) AS t",
                    values
                        .iter()
                        .map(|value| format!("coalesce({value}, 'null')"))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
                &[],
            )?
            .get(0);
        sums.insert(table, sum);
    }
    Ok(sums)
}

const TABLES: &str = "
SELECT c.oid::regclass::text, array_agg(quote_ident(a.attname) ORDER BY a.attname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND n.nspname NOT LIKE 'pg_t%' AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY c.oid";

const QUERIES: [&str; 14] = [
    "SELECT format('schema %s acl %s', nspname, nspacl) FROM pg_namespace WHERE nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema'",
    "SELECT format('relation %s kind %s persistence %s am %s tablespace %s options %s replica identity %s rls %s %s partition %s bound %s key %s acl %s comment %s',
        c.oid::regclass, c.relkind, c.relpersistence, am.amname, ts.spcname, c.reloptions, c.relreplident, c.relrowsecurity, c.relforcerowsecurity,
        c.relispartition, pg_get_expr(c.relpartbound, c.oid), CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END, c.relacl, obj_description(c.oid, 'pg_class'))
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_t%' AND c.relkind NOT IN ('i', 'I')",
    "SELECT format('column %s.%I %s not null %s default %s identity %s generated %s collation %s storage %s statistics %s options %s acl %s comment %s local %s inherited %s',
        c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated,
        co.collname, a.attstorage, a.attstattarget, a.attoptions, a.attacl, col_description(c.oid, a.attnum), a.attislocal, a.attinhcount)
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum LEFT JOIN pg_collation co ON co.oid = a.attcollation
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_t%' AND c.relkind NOT IN ('i', 'I', 'S') AND a.attnum > 0 AND NOT a.attisdropped",
    "SELECT format('column order of %s: %s', c.oid::regclass, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum))
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_t%' AND c.relkind NOT IN ('i', 'I', 'S') AND a.attnum > 0 AND NOT a.attisdropped
     GROUP BY c.oid",
    "SELECT format('constraint %I on %s: %s valid %s deferrable %s %s local %s inherited %s parent %s index %s comment %s', co.conname, coalesce(nullif(co.conrelid, 0)::regclass::text, co.contypid::regtype::text),
        pg_get_constraintdef(co.oid), co.convalidated, co.condeferrable, co.condeferred, co.conislocal, co.coninhcount,
        (SELECT conname FROM pg_constraint p WHERE p.oid = co.conparentid), nullif(co.conindid, 0)::regclass, obj_description(co.oid, 'pg_constraint'))
     FROM pg_constraint co JOIN pg_namespace n ON n.oid = co.connamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')",
    "SELECT format('index %s valid %s ready %s clustered %s replica identity %s parent %s comment %s', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indisclustered, i.indisreplident,
        (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = i.indexrelid), obj_description(i.indexrelid, 'pg_class'))
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_t%'",
    "SELECT format('trigger %s enabled %s', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT format('function %s acl %s', pg_get_functiondef(p.oid), p.proacl) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prokind IN ('f', 'p') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype IN ('e', 'i'))",
    "SELECT format('view %s: %s', c.oid::regclass, pg_get_viewdef(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
    "SELECT format('rule %s', pg_get_ruledef(r.oid)) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND r.rulename <> '_RETURN'",
    "SELECT format('policy %s on %s: %s %s %s %s %s', polname, polrelid::regclass, polpermissive, polcmd, polroles, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy",
    "SELECT format('sequence %s %s start %s by %s min %s max %s cache %s cycle %s owned by %s', s.seqrelid::regclass, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
        (SELECT format('%s.%s %s', d.refobjid::regclass, a.attname, d.deptype) FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.objid = s.seqrelid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))
     FROM pg_sequence s",
    "SELECT format('type %s kind %s base %s default %s not null %s labels %s', t.oid::regtype, t.typtype, format_type(nullif(t.typbasetype, 0), t.typtypmod), t.typdefault, t.typnotnull,
        (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
     FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_t%' AND t.typtype IN ('d', 'e')",
    "SELECT format('statistics %s', pg_get_statisticsobjdef(oid)) FROM pg_statistic_ext",
];
