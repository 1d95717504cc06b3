//! A table that others inherit from.

use super::shared::{Draft, adorn, groundwork};
use crate::choose::Chooser;
use crate::schema::{Kind, Schema, Table};
use crate::types;

pub fn fill(c: &mut Chooser, schema: &mut Schema) {
    groundwork(schema);
    let mut parent = Draft::new("par", Kind::Parent);
    parent.column(
        "id",
        types::INT,
        c.pick(&["PRIMARY KEY", "NOT NULL", ""]),
        true,
    );
    parent.any_columns(c, 2, 4);
    if c.percent(50) {
        let no_inherit = c.maybe(30, " NO INHERIT");
        parent.constraint(
            "par_ck",
            &format!("CHECK (id IS NOT NULL AND id > 0){no_inherit}"),
        );
        schema.constraint("par_ck", "par", false);
    }
    let columns = parent.table.columns.clone();
    let rows = parent.fill.clone();
    parent.finish(schema, "", "", Some((1, 1000)));
    let mut children = vec![("ch1", "par"), ("ch2", "par")];
    if c.percent(50) {
        children.push(("gr1", "ch1"));
    }
    for (name, of) in children {
        let mut child = Draft::new(name, Kind::Child);
        child.fill.clone_from(&rows);
        if c.percent(60) {
            child.column("own", c.below(types::TYPES.len()), "", true);
        }
        let own = child.table.columns.clone();
        child.table.columns = columns.iter().chain(&own).cloned().collect();
        if c.percent(40) {
            child.constraint(&format!("{name}_ck"), "CHECK (id IS NOT NULL)");
            schema.constraint(format!("{name}_ck"), name, false);
        }
        child.finish(schema, "", &format!("INHERITS ({of})"), Some((1, 1000)));
    }
    let tables: Vec<Table> = schema.tables.clone();
    for table in &tables {
        if c.percent(60) {
            adorn(c, schema, table);
        }
    }
    if c.percent(40) {
        schema.plain("CREATE VIEW v1 AS SELECT * FROM par");
        schema.views.push("v1".to_owned());
    }
    schema.plain("CREATE TABLE loner (LIKE par INCLUDING ALL)");
    schema.plain("INSERT INTO loner SELECT par.* FROM par, generate_series(1, 1) LIMIT 1000");
    for _ in 0..3 {
        let child = c.pick(&["ch1", "ch2", "loner"]);
        schema.made(
            "alter_table",
            match c.below(5) {
                0 => format!("ALTER TABLE {child} NO INHERIT par"),
                1 => "ALTER TABLE loner INHERIT par".to_owned(),
                2 => format!("ALTER TABLE {child} ADD COLUMN z int, ALTER COLUMN id SET NOT NULL"),
                3 => "ALTER TABLE ONLY par ALTER COLUMN id SET NOT NULL".to_owned(),
                _ => {
                    "ALTER TABLE ONLY par ADD CONSTRAINT o_ck CHECK (id > 0) NO INHERIT".to_owned()
                }
            },
        );
    }
}
