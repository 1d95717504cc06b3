//! Reading, writing and locking.

use super::Statement;
use crate::choose::Chooser;
use crate::schema::Schema;

pub fn statement(c: &mut Chooser, schema: &Schema) -> Option<Statement> {
    let table = c.pick_one(&schema.tables)?;
    let (name, column) = (&table.name, &c.pick_one(&table.columns)?.name);
    let sql = match c.below(12) {
        0 => format!("UPDATE {name} SET id = id"),
        1 => format!("DELETE FROM {name}"),
        2 => format!("SELECT count({column}::text) FROM {name}"),
        3 => format!(
            "LOCK TABLE {name} IN {} MODE",
            c.pick(&[
                "ACCESS SHARE",
                "ROW EXCLUSIVE",
                "SHARE",
                "EXCLUSIVE",
                "ACCESS EXCLUSIVE",
                "SHARE ROW EXCLUSIVE"
            ])
        ),
        4 => format!("SELECT 1 FROM {name} FOR UPDATE"),
        5 => format!("CREATE TABLE z_copy AS SELECT * FROM {name}"),
        6 => format!("COPY {name} TO '/dev/null'"),
        7 => format!("INSERT INTO {name} (id) VALUES (1000000)"),
        8 => format!("CREATE TABLE z_like (LIKE {name} INCLUDING ALL)"),
        9 => format!("WITH gone AS (DELETE FROM {name} RETURNING id) SELECT count(*) FROM gone"),
        10 => format!(
            "DELETE FROM {name} USING {} other WHERE other.id = {name}.id",
            c.pick_one(&schema.tables)?.name
        ),
        _ => format!("CREATE TABLE z_child (z int) INHERITS ({name})"),
    };
    Some(Statement::whole("dml_create", sql))
}
