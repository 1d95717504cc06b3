//! Indexes: made, changed, rebuilt, dropped.

use super::Statement;
use crate::choose::Chooser;
use crate::schema::{Kind, Schema};
use crate::worlds::index_definition;

pub fn statement(c: &mut Chooser, schema: &Schema) -> Option<Statement> {
    let table = c.pick_one(&schema.tables)?;
    let index = c.pick_one(&schema.indexes).map(|index| index.name.clone());
    let concurrently = c.maybe(6, "CONCURRENTLY ");
    let sql = match c.below(12) {
        0..=4 => {
            let unique = c.maybe(15, "UNIQUE ");
            let only = if table.kind == Kind::Partitioned {
                c.maybe(20, "ONLY ")
            } else {
                ""
            };
            let exists = c.maybe(5, "IF NOT EXISTS ");
            format!(
                "CREATE {unique}INDEX {concurrently}{exists}z_i ON {only}{} {}",
                table.name,
                index_definition(c, table)?
            )
        }
        5 => format!("DROP INDEX {concurrently}{}", index?),
        6 => format!("DROP INDEX IF EXISTS {}, nope", index?),
        7 => format!("REINDEX INDEX {concurrently}{}", index?),
        8 => format!("REINDEX TABLE {concurrently}{}", table.name),
        9 => format!("ALTER INDEX {} RENAME TO renamed", index?),
        10 => format!(
            "ALTER INDEX {} {}",
            index?,
            c.pick(&[
                "SET (fillfactor = 70)",
                "SET TABLESPACE ts1",
                "RESET (fillfactor)",
                "ALTER COLUMN 1 SET STATISTICS 100"
            ])
        ),
        _ => return maintenance(c, schema),
    };
    Some(Statement::whole("index", sql))
}

fn maintenance(c: &mut Chooser, schema: &Schema) -> Option<Statement> {
    let table = c.pick_one(&schema.tables)?;
    let index = schema
        .indexes
        .iter()
        .find(|index| index.table == table.name);
    let sql = match c.below(6) {
        0 => format!("CLUSTER {} USING {}", table.name, index?.name),
        1 => format!("VACUUM {}", table.name),
        2 => format!("VACUUM FULL {}", table.name),
        3 => format!(
            "ANALYZE {} ({})",
            table.name,
            c.pick_one(&table.columns)?.name
        ),
        4 => format!("VACUUM (ANALYZE) {}", table.name),
        _ => format!("ANALYZE {}", table.name),
    };
    Some(Statement::whole("maintenance", sql))
}
