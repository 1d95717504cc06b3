//! Everything that is not a table or an index: types, domains, sequences, views, triggers, and dropping things.

use super::Statement;
use crate::choose::Chooser;
use crate::schema::Schema;

pub fn statement(c: &mut Chooser, schema: &Schema) -> Option<Statement> {
    let (family, sql) = match c.below(12) {
        0..=2 => ("drop_truncate", drop_or_truncate(c, schema)?),
        3..=4 => ("type_domain_sequence", type_or_domain(c, schema)?),
        5 => ("type_domain_sequence", sequence(c, schema)?),
        6..=7 => ("view_matview", view(c, schema)?),
        8..=9 => ("trigger_rule_policy", trigger(c, schema)?),
        _ => ("publication_grant_misc", other(c, schema)?),
    };
    Some(Statement::whole(family, sql))
}

fn drop_or_truncate(c: &mut Chooser, schema: &Schema) -> Option<String> {
    let table = &c.pick_one(&schema.tables)?.name;
    let cascade = c.maybe(60, " CASCADE");
    Some(match c.below(11) {
        0..=1 => format!("DROP TABLE {table}{cascade}"),
        2..=3 => format!("TRUNCATE {table}{cascade}"),
        4 => format!("TRUNCATE {table} RESTART IDENTITY CASCADE"),
        5 => format!("DROP FUNCTION {}{cascade}", c.pick_one(&schema.functions)?),
        6 => format!("DROP TYPE {}{cascade}", c.pick_one(&schema.enums)?),
        7 => format!("DROP SEQUENCE {}{cascade}", c.pick_one(&schema.sequences)?),
        8 => format!("DROP DOMAIN {}{cascade}", c.pick_one(&schema.domains)?),
        9 => format!(
            "DROP TABLE {table}, {}{cascade}",
            c.pick_one(&schema.tables)?.name
        ),
        _ => "DROP SCHEMA public CASCADE".to_owned(),
    })
}

fn type_or_domain(c: &mut Chooser, schema: &Schema) -> Option<String> {
    let domain = c.pick_one(&schema.domains)?;
    let (name, composite) = (c.pick_one(&schema.enums)?, c.pick_one(&schema.composites)?);
    let not_valid = c.maybe(30, " NOT VALID");
    let value = match domain == "d_text" {
        true => "VALUE <> 'q'",
        false => "VALUE > -5",
    };
    Some(match c.below(15) {
        0 => format!("ALTER TYPE {name} ADD VALUE 'z'"),
        1 => format!("ALTER TYPE {name} RENAME VALUE 'a' TO 'aa'"),
        2 => format!("ALTER TYPE {name} RENAME TO renamed"),
        3 => format!(
            "ALTER TYPE {composite} ADD ATTRIBUTE z int{}",
            c.maybe(50, " CASCADE")
        ),
        4 => format!(
            "ALTER TYPE {composite} DROP ATTRIBUTE y{}",
            c.maybe(50, " CASCADE")
        ),
        5 => format!(
            "ALTER TYPE {composite} ALTER ATTRIBUTE x TYPE bigint{}",
            c.maybe(50, " CASCADE")
        ),
        6..=7 => format!("ALTER DOMAIN {domain} ADD CONSTRAINT zc CHECK ({value}){not_valid}"),
        8 => format!("ALTER DOMAIN {domain} SET NOT NULL"),
        9 => format!("ALTER DOMAIN {domain} DROP NOT NULL"),
        10 => format!("ALTER DOMAIN {domain} SET DEFAULT '5'"),
        11 => "ALTER DOMAIN d_check DROP CONSTRAINT d_check_c".to_owned(),
        12 => "ALTER DOMAIN d_check VALIDATE CONSTRAINT d_check_c".to_owned(),
        13 => format!("ALTER DOMAIN {domain} RENAME TO renamed"),
        _ => format!("ALTER TYPE {composite} RENAME ATTRIBUTE x TO xx"),
    })
}

fn sequence(c: &mut Chooser, schema: &Schema) -> Option<String> {
    let name = c.pick_one(&schema.sequences)?;
    Some(match c.below(9) {
        0 => format!("ALTER SEQUENCE {name} RESTART"),
        1 => format!("ALTER SEQUENCE {name} INCREMENT BY 2 CACHE 5"),
        2 => format!(
            "ALTER SEQUENCE {name} OWNED BY {}.id",
            c.pick_one(&schema.tables)?.name
        ),
        3 => format!("ALTER SEQUENCE {name} OWNED BY NONE"),
        4 => format!("ALTER SEQUENCE {name} RENAME TO renamed"),
        5 => format!("ALTER SEQUENCE {name} AS int"),
        6 => format!("SELECT setval('{name}', 100)"),
        7 => format!("ALTER SEQUENCE {name} OWNER TO r1"),
        _ => format!("GRANT USAGE ON SEQUENCE {name} TO r1"),
    })
}

fn view(c: &mut Chooser, schema: &Schema) -> Option<String> {
    if c.percent(50) {
        let name = c.pick_one(&schema.matviews)?;
        return Some(match c.below(8) {
            0 => format!("REFRESH MATERIALIZED VIEW {name}"),
            1 => format!("REFRESH MATERIALIZED VIEW CONCURRENTLY {name}"),
            2 => format!("REFRESH MATERIALIZED VIEW {name} WITH NO DATA"),
            3 => format!("DROP MATERIALIZED VIEW {name}"),
            4 => format!("ALTER MATERIALIZED VIEW {name} RENAME TO renamed"),
            5 => format!("ALTER MATERIALIZED VIEW {name} SET (fillfactor = 80)"),
            6 => format!("CREATE INDEX z_m ON {name} (id)"),
            _ => format!("ALTER MATERIALIZED VIEW {name} SET TABLESPACE ts1"),
        });
    }
    let name = c.pick_one(&schema.views)?;
    Some(match c.below(9) {
        0 => format!("DROP VIEW {name}{}", c.maybe(50, " CASCADE")),
        1 => format!("ALTER VIEW {name} RENAME TO renamed"),
        2 => format!("ALTER VIEW {name} SET (security_barrier = true)"),
        3 => format!("ALTER VIEW {name} ALTER COLUMN id SET DEFAULT 5"),
        4 => format!("ALTER VIEW {name} OWNER TO r1"),
        5 => format!("CREATE VIEW z_v AS SELECT * FROM {name}"),
        6 => format!("SELECT count(*) FROM {name}"),
        7 => format!("ALTER TABLE {name} RENAME COLUMN id TO id2"),
        _ => format!("LOCK TABLE {name} IN SHARE MODE"),
    })
}

fn trigger(c: &mut Chooser, schema: &Schema) -> Option<String> {
    let table = &c.pick_one(&schema.tables)?.name;
    let trigger = c.pick_one(&schema.triggers);
    Some(match c.below(9) {
        0 => {
            format!("CREATE TRIGGER z_t AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION tf()")
        }
        1 => format!(
            "CREATE CONSTRAINT TRIGGER z_t AFTER INSERT ON {table} DEFERRABLE FOR EACH ROW EXECUTE FUNCTION tf()"
        ),
        2 => format!("CREATE TRIGGER z_t BEFORE TRUNCATE ON {table} EXECUTE FUNCTION tf()"),
        3 => {
            let trigger = trigger?;
            format!("DROP TRIGGER {} ON {}", trigger.name, trigger.table)
        }
        4 => {
            let trigger = trigger?;
            format!(
                "ALTER TRIGGER {} ON {} RENAME TO renamed",
                trigger.name, trigger.table
            )
        }
        5 => format!("CREATE POLICY z_p ON {table} USING (id > 0)"),
        6 => format!("CREATE RULE z_r AS ON UPDATE TO {table} DO ALSO NOTHING"),
        7 => format!(
            "CREATE POLICY z_p ON {table} USING (id IN (SELECT id FROM {}))",
            c.pick_one(&schema.tables)?.name
        ),
        _ => format!("DROP POLICY IF EXISTS {table}_po ON {table}"),
    })
}

fn other(c: &mut Chooser, schema: &Schema) -> Option<String> {
    let table = &c.pick_one(&schema.tables)?.name;
    Some(match c.below(16) {
        0 => format!("CREATE PUBLICATION z_pub FOR TABLE {table}"),
        1 => format!(
            "ALTER PUBLICATION {} ADD TABLE {table}",
            c.pick_one(&schema.publications)?
        ),
        2 => format!(
            "ALTER PUBLICATION {} SET TABLE {table}",
            c.pick_one(&schema.publications)?
        ),
        3 => format!("DROP PUBLICATION {}", c.pick_one(&schema.publications)?),
        4 => format!("GRANT SELECT ON {table} TO r1"),
        5 => format!("COMMENT ON TABLE {table} IS 'x'"),
        6 => format!("COMMENT ON COLUMN {table}.id IS 'x'"),
        7 => format!("DROP STATISTICS {}", c.pick_one(&schema.statistics)?),
        8 => format!(
            "CREATE STATISTICS z_st ON id, {} FROM {table}",
            c.pick_one(&schema.tables)?.columns.get(1)?.name
        ),
        9 => format!("REVOKE ALL ON {table} FROM r1"),
        10 => {
            let constraint = c.pick_one(&schema.constraints)?;
            format!(
                "COMMENT ON CONSTRAINT {} ON {} IS 'x'",
                constraint.name, constraint.table
            )
        }
        11 => "ALTER SCHEMA public RENAME TO renamed".to_owned(),
        12 => format!("ALTER FUNCTION {} VOLATILE", c.pick_one(&schema.functions)?),
        13 => format!(
            "CREATE OR REPLACE FUNCTION f_new() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM {table}'"
        ),
        14 => format!(
            "ALTER STATISTICS {} SET STATISTICS 100",
            c.pick_one(&schema.statistics)?
        ),
        _ => "GRANT SELECT ON ALL TABLES IN SCHEMA public TO r1".to_owned(),
    })
}
