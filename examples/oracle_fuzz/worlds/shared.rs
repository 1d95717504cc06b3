//! What schemas are put together from.

use crate::choose::Chooser;
use crate::schema::{Column, Item, Kind, Piece, Schema, Table, item};
use crate::types::{self, TYPES};

/// Types, functions and a sequence that column definitions speak of.
pub fn groundwork(schema: &mut Schema) {
    for statement in [
        "CREATE TYPE e1 AS ENUM ('a', 'b', 'c')",
        "CREATE TYPE e2 AS ENUM ('a', 'b', 'c', 'd')",
        "CREATE TYPE c1 AS (x int, y text)",
        "CREATE DOMAIN d_plain AS int",
        "CREATE DOMAIN d_check AS int CONSTRAINT d_check_c CHECK (VALUE > 0)",
        "CREATE DOMAIN d_text AS text DEFAULT 'x'",
        "CREATE DOMAIN d_nn AS int NOT NULL",
        "CREATE SEQUENCE s1",
        "CREATE FUNCTION f_imm(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'",
        "CREATE FUNCTION f_stable() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'",
        "CREATE FUNCTION f_vol() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
        "CREATE FUNCTION f_text() RETURNS text LANGUAGE sql AS 'SELECT ''x''::text'",
        "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ] {
        schema.plain(statement);
    }
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    schema.enums = names(&["e1", "e2"]);
    schema.composites = names(&["c1"]);
    schema.domains = names(&["d_plain", "d_check", "d_text", "d_nn"]);
    schema.sequences = names(&["s1"]);
    schema.functions = names(&["f_imm(int)", "f_stable()", "f_vol()", "f_text()", "tf()"]);
}

/// A table while it is made.
pub struct Draft {
    pub table: Table,
    pub items: Vec<Item>,
    pub fill: Vec<Item>,
}

impl Draft {
    pub fn new(name: &str, kind: Kind) -> Self {
        Draft {
            table: Table {
                name: name.to_owned(),
                kind,
                columns: Vec::new(),
            },
            items: Vec::new(),
            fill: Vec::new(),
        }
    }

    /// A column whose values the set-up writes, unless it has a value of its own.
    pub fn column(&mut self, name: &str, ty: usize, definition: &str, filled: bool) {
        let of = self.table.name.clone();
        let nullable = !definition.contains("NOT NULL") && !definition.contains("PRIMARY KEY");
        let sql = format!("{name} {} {definition}", TYPES[ty].name);
        self.items.push(item(&of, name, sql.trim_end()));
        if filled {
            self.fill.push(item(&of, name, TYPES[ty].fill));
        }
        self.table.columns.push(Column {
            name: name.to_owned(),
            ty,
            nullable,
        });
    }

    pub fn constraint(&mut self, name: &str, sql: &str) {
        self.items.push(item(
            &self.table.name.clone(),
            name,
            format!("CONSTRAINT {name} {sql}"),
        ));
    }

    /// A few columns of any types, named a, b, c ...
    pub fn any_columns(&mut self, c: &mut Chooser, least: usize, most: usize) {
        let count = least + c.below(most - least + 1);
        for at in 0..count {
            let name = char::from(b'a' + u8::try_from(at).unwrap_or(0)).to_string();
            let ty = match c.below(3) {
                0 => c.below(3),
                _ => c.below(TYPES.len()),
            };
            let mut definition = String::new();
            if c.percent(25) {
                definition.push_str("NOT NULL ");
            }
            if c.percent(20) {
                let default = c.pick(TYPES[ty].defaults);
                definition.push_str(&format!("DEFAULT {default}"));
            }
            self.column(&name, ty, &definition, true);
        }
    }

    /// Puts the table into the schema, and its rows when there is a range for them.
    pub fn finish(self, schema: &mut Schema, head: &str, tail: &str, rows: Option<(i32, i32)>) {
        let name = self.table.name.clone();
        schema.pieces.push(Piece::Table {
            head: format!("{head}{name}").trim_start().to_owned(),
            items: self.items,
            tail: tail.to_owned(),
        });
        if let Some((first, last)) = rows {
            schema.pieces.push(Piece::Fill {
                table: name,
                items: self.fill,
                first,
                last,
            });
        }
        schema.tables.push(self.table);
    }
}

/// Indexes, statistics, triggers and the like on a table.
pub fn adorn(c: &mut Chooser, schema: &mut Schema, table: &Table) {
    let name = table.name.clone();
    for at in 0..c.below(4) {
        if let Some(definition) = index_definition(c, table) {
            let index = format!("{name}_i{at}");
            schema.plain(format!("CREATE INDEX {index} ON {name} {definition}"));
            schema.index(index, &name);
        }
    }
    if c.percent(20) && table.columns.len() > 2 {
        let (one, other) = (&table.columns[0], &table.columns[1]);
        if TYPES[one.ty].is_ordered() && TYPES[other.ty].is_ordered() {
            schema.plain(format!(
                "CREATE STATISTICS {name}_st ON {}, {} FROM {name}",
                one.name, other.name
            ));
            schema.statistics.push(format!("{name}_st"));
        }
    }
    if c.percent(25) {
        let when = c.pick(&["BEFORE INSERT", "AFTER UPDATE", "AFTER INSERT OR DELETE"]);
        schema.plain(format!(
            "CREATE TRIGGER {name}_tr {when} ON {name} FOR EACH ROW EXECUTE FUNCTION tf()"
        ));
        schema.triggers.push(crate::schema::Named {
            name: format!("{name}_tr"),
            table: name.clone(),
        });
    }
    if c.percent(10) {
        schema.plain(format!(
            "CREATE PUBLICATION pub_{name} FOR TABLE {name} WITH (publish = 'insert')"
        ));
        schema.publications.push(format!("pub_{name}"));
    }
    if c.percent(10) {
        schema.plain(format!("CREATE POLICY {name}_po ON {name} USING (true)"));
    }
}

/// What stands behind `CREATE INDEX x ON t`, such as `(a)` or `USING gin (b)`.
pub fn index_definition(c: &mut Chooser, table: &Table) -> Option<String> {
    let column = c.pick_one(&table.columns)?;
    let (name, ty) = (&column.name, &TYPES[column.ty]);
    let special = match ty.name {
        "jsonb" | "int[]" | "tsvector" => Some(format!("USING gin ({name})")),
        "int4range" | "point" => Some(format!("USING gist ({name})")),
        _ => None,
    };
    if let Some(special) = special {
        return Some(special);
    }
    if !ty.is_ordered() {
        return None;
    }
    Some(match c.below(8) {
        0 if ty.is_number() => format!("(({name} + 1))"),
        0 if ty.is_text() => format!("(lower({name}))"),
        1 => format!("({name}) WHERE {name} IS NOT NULL"),
        2 if column.ty == types::INT => format!("({name}) WHERE {name} > 10"),
        3 if ty.is_number() || ty.is_text() => format!("USING hash ({name})"),
        4 => format!("({name} DESC NULLS LAST)"),
        5 if table.columns[0].name != *name => {
            format!("({name}) INCLUDE ({})", table.columns[0].name)
        }
        6 if ty.is_text() => format!(
            "({name} {})",
            if ty.name == "text" {
                "text_pattern_ops"
            } else {
                "varchar_pattern_ops"
            }
        ),
        _ => format!("({name})"),
    })
}
