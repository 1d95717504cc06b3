//! ALTER TABLE with one subcommand or a few.

use super::Statement;
use crate::choose::Chooser;
use crate::schema::{Column, Schema, Table};
use crate::types::TYPES;

pub fn statement(c: &mut Chooser, schema: &Schema) -> Option<Statement> {
    let table = c.pick_one(&schema.tables)?.clone();
    if c.percent(6) {
        return rename(c, schema, &table);
    }
    let count = match c.below(10) {
        0..=5 => 1,
        6..=7 => 2,
        8 => 3,
        _ => 4,
    };
    let mut parts = Vec::new();
    let mut family = "";
    for number in 0..count {
        for _ in 0..10 {
            if let Some((of, part)) = subcommand(c, schema, &table, number) {
                family = if family.is_empty() { of } else { family };
                parts.push(part);
                break;
            }
        }
    }
    let only = c.maybe(4, "ONLY ");
    (!parts.is_empty())
        .then(|| Statement::in_parts(family, format!("ALTER TABLE {only}{}", table.name), parts))
}

fn rename(c: &mut Chooser, schema: &Schema, table: &Table) -> Option<Statement> {
    let (name, column) = (&table.name, &c.pick_one(&table.columns)?.name);
    let constraint = schema
        .constraints
        .iter()
        .find(|constraint| constraint.table == *name);
    Some(Statement::whole(
        "table_misc",
        match (c.below(4), constraint) {
            (0, _) => format!("ALTER TABLE {name} RENAME TO {name}_new"),
            (1, Some(constraint)) => format!(
                "ALTER TABLE {name} RENAME CONSTRAINT {} TO renamed",
                constraint.name
            ),
            (2, _) => format!("ALTER TABLE {name} SET SCHEMA information_schema"),
            _ => format!("ALTER TABLE {name} RENAME COLUMN {column} TO renamed"),
        },
    ))
}

type Part = (&'static str, String);

fn subcommand(c: &mut Chooser, schema: &Schema, table: &Table, number: usize) -> Option<Part> {
    let column = c.pick_one(&table.columns)?.clone();
    match c.below(22) {
        0..=4 => Some(("alter_type", retype(c, &column))),
        5..=8 => Some(("add_column", add_column(c, schema, number))),
        9..=11 => Some(("alter_column", alter_column(c, &column)?)),
        12..=16 => Some(("constraint", constraint(c, schema, table, &column, number)?)),
        17 => Some((
            "drop_column",
            format!("DROP COLUMN {}{}", column.name, c.maybe(50, " CASCADE")),
        )),
        _ => Some(("table_misc", other(c, schema, table)?)),
    }
}

fn retype(c: &mut Chooser, column: &Column) -> String {
    let target = c
        .pick(TYPES[column.ty].targets)
        .replace("{c}", &column.name);
    let set = c.maybe(30, "SET DATA ");
    format!("ALTER COLUMN {} {set}TYPE {target}", column.name)
}

fn add_column(c: &mut Chooser, schema: &Schema, number: usize) -> String {
    let ty = &TYPES[c.below(TYPES.len())];
    let name = format!("new{number}");
    let mut definition = format!("{name} {}", ty.name);
    match c.below(12) {
        0..=4 => definition.push_str(&format!(" DEFAULT {}", c.pick(ty.defaults))),
        5 if ty.name == "int" => definition.push_str(" GENERATED ALWAYS AS IDENTITY"),
        6 => {
            return format!(
                "ADD COLUMN {name} int GENERATED ALWAYS AS (1 + 1) STORED{}",
                c.maybe(30, " NOT NULL")
            );
        }
        7 => {
            return format!(
                "ADD COLUMN {name} {}",
                c.pick(&[
                    "serial",
                    "bigserial",
                    "bigserial UNIQUE",
                    "serial PRIMARY KEY"
                ])
            );
        }
        8 => {
            return format!(
                "ADD COLUMN {name} int CHECK ({name} > 0){}",
                c.maybe(40, " DEFAULT 1")
            );
        }
        9 if schema.tables.iter().any(|table| table.name == "t1") => {
            return format!(
                "ADD COLUMN {name} int{} REFERENCES t1",
                c.pick(&["", " DEFAULT 1", " DEFAULT NULL"])
            );
        }
        _ => {}
    }
    if c.percent(25) {
        definition.push_str(" NOT NULL");
    }
    if c.percent(6) && ty.is_ordered() {
        definition.push_str(" UNIQUE");
    }
    let exists = c.maybe(8, "IF NOT EXISTS ");
    format!("ADD COLUMN {exists}{definition}")
}

fn alter_column(c: &mut Chooser, column: &Column) -> Option<String> {
    let ty = &TYPES[column.ty];
    let action = match c.below(14) {
        0..=4 => "SET NOT NULL".to_owned(),
        5 => "DROP NOT NULL".to_owned(),
        6..=7 => format!("SET DEFAULT {}", c.pick(ty.defaults)),
        8 => "DROP DEFAULT".to_owned(),
        9 => "SET STATISTICS 200".to_owned(),
        10 if matches!(
            ty.name,
            "text" | "varchar(50)" | "jsonb" | "varchar" | "bytea" | "text[]"
        ) =>
        {
            format!(
                "SET STORAGE {}",
                c.pick(&["EXTERNAL", "MAIN", "PLAIN", "EXTENDED"])
            )
        }
        11 => "SET (n_distinct = 5)".to_owned(),
        12 if matches!(ty.name, "int" | "bigint" | "smallint") && !column.nullable => c
            .pick(&[
                "ADD GENERATED ALWAYS AS IDENTITY",
                "DROP IDENTITY IF EXISTS",
                "SET GENERATED ALWAYS",
            ])
            .to_owned(),
        13 => "RESET (n_distinct)".to_owned(),
        _ => return None,
    };
    Some(format!("ALTER COLUMN {} {action}", column.name))
}

fn constraint(
    c: &mut Chooser,
    schema: &Schema,
    table: &Table,
    column: &Column,
    number: usize,
) -> Option<String> {
    let (name, ty) = (&column.name, &TYPES[column.ty]);
    let own: Vec<_> = schema
        .constraints
        .iter()
        .filter(|constraint| constraint.table == table.name)
        .collect();
    let not_valid = c.maybe(35, " NOT VALID");
    Some(match c.below(14) {
        0 => format!("ADD CONSTRAINT zc{number} CHECK ({name} IS NOT NULL){not_valid}"),
        1 if ty.is_number() => format!(
            "ADD CONSTRAINT zc{number} CHECK ({name} >= 0){}{not_valid}",
            c.maybe(10, " NO INHERIT")
        ),
        2 => format!("ADD CHECK (id > 0){not_valid}"),
        3 if ty.is_ordered() => format!(
            "ADD CONSTRAINT zu{number} UNIQUE ({name}){}",
            c.maybe(20, " DEFERRABLE")
        ),
        4 => format!(
            "ADD UNIQUE (id{})",
            if name == "id" || !ty.is_ordered() {
                String::new()
            } else {
                format!(", {name}")
            }
        ),
        5 => "ADD PRIMARY KEY (id)".to_owned(),
        6 => {
            let index = schema
                .indexes
                .iter()
                .find(|index| index.table == table.name && !index.name.ends_with("pkey"))?;
            format!(
                "ADD CONSTRAINT zi{number} {} USING INDEX {}",
                c.pick(&["UNIQUE", "PRIMARY KEY"]),
                index.name
            )
        }
        7 if schema.tables.iter().any(|other| other.name == "t1") => {
            format!("ADD CONSTRAINT zf{number} FOREIGN KEY (id) REFERENCES t1 (id){not_valid}")
        }
        8 if ty.name == "int4range" => {
            format!("ADD CONSTRAINT ze{number} EXCLUDE USING gist ({name} WITH &&)")
        }
        8 if ty.is_number() => format!("ADD CONSTRAINT ze{number} EXCLUDE ({name} WITH =)"),
        9..=10 => {
            let constraint = *c.pick_one(&own)?;
            format!(
                "DROP CONSTRAINT {}{}",
                constraint.name,
                c.maybe(50, " CASCADE")
            )
        }
        11..=12 => {
            let constraint = own
                .iter()
                .find(|constraint| constraint.not_valid)
                .or(own.first())?;
            format!("VALIDATE CONSTRAINT {}", constraint.name)
        }
        13 => {
            let constraint = own
                .iter()
                .find(|constraint| constraint.name.ends_with("fk"))?;
            format!(
                "ALTER CONSTRAINT {} {}",
                constraint.name,
                c.pick(&[
                    "DEFERRABLE",
                    "NOT DEFERRABLE",
                    "DEFERRABLE INITIALLY DEFERRED"
                ])
            )
        }
        _ => return None,
    })
}

fn other(c: &mut Chooser, schema: &Schema, table: &Table) -> Option<String> {
    let own = schema
        .indexes
        .iter()
        .find(|index| index.table == table.name);
    let trigger = schema
        .triggers
        .iter()
        .find(|trigger| trigger.table == table.name);
    Some(match c.below(20) {
        0 => "SET (fillfactor = 80)".to_owned(),
        1 => "SET (autovacuum_enabled = off)".to_owned(),
        2 => "RESET (fillfactor)".to_owned(),
        3 => "SET UNLOGGED".to_owned(),
        4 => "SET LOGGED".to_owned(),
        5 => "SET TABLESPACE ts1".to_owned(),
        6 => format!("CLUSTER ON {}", own?.name),
        7 => "SET WITHOUT CLUSTER".to_owned(),
        8 => "OWNER TO r1".to_owned(),
        9 => "ENABLE ROW LEVEL SECURITY".to_owned(),
        10 => "FORCE ROW LEVEL SECURITY".to_owned(),
        11 => c
            .pick(&[
                "REPLICA IDENTITY FULL",
                "REPLICA IDENTITY NOTHING",
                "REPLICA IDENTITY DEFAULT",
            ])
            .to_owned(),
        12 => format!("REPLICA IDENTITY USING INDEX {}", own?.name),
        13 => format!("DISABLE TRIGGER {}", trigger?.name),
        14 => c
            .pick(&[
                "DISABLE TRIGGER USER",
                "DISABLE TRIGGER ALL",
                "ENABLE TRIGGER ALL",
            ])
            .to_owned(),
        15 => "SET (toast_tuple_target = 200, parallel_workers = 2)".to_owned(),
        16 => "SET (autovacuum_vacuum_threshold = 100)".to_owned(),
        17 => "SET WITHOUT OIDS".to_owned(),
        18 => "DISABLE ROW LEVEL SECURITY".to_owned(),
        _ => format!("ENABLE ALWAYS TRIGGER {}", trigger?.name),
    })
}
