//! Random statements on a random schema.

mod alter_table;
mod dml;
mod index;
mod object;

use crate::choose::Chooser;
use crate::oracle::cases::Mode;
use crate::schema::Schema;

/// A statement under test. An ALTER TABLE keeps its subcommands apart, so that some can be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub family: &'static str,
    pub head: String,
    pub parts: Vec<String>,
    /// Between the parts.
    glue: &'static str,
    pub mode: Mode,
}

impl Statement {
    pub fn whole(family: &'static str, sql: impl Into<String>) -> Self {
        Statement::in_parts(family, sql, Vec::new())
    }

    /// One statement, or several in one transaction.
    pub fn script(family: &'static str, sql: &str) -> Self {
        // A body has semicolons of its own.
        let has_body = sql.contains("$$") || sql.contains("ATOMIC") || sql.contains("'BEGIN ");
        if has_body || !sql.contains("; ") {
            return Statement::whole(family, sql);
        }
        let parts = sql.split("; ").map(|part| part.trim().to_owned()).collect();
        Statement {
            glue: "; ",
            ..Statement::in_parts(family, "", parts)
        }
    }

    pub fn in_parts(family: &'static str, head: impl Into<String>, parts: Vec<String>) -> Self {
        let mut statement = Statement {
            family,
            head: head.into(),
            parts,
            glue: ", ",
            mode: Mode::Tx,
        };
        if needs_no_transaction(&statement.sql()) {
            statement.mode = Mode::NoTx;
        }
        statement
    }

    pub fn sql(&self) -> String {
        format!("{} {}", self.head, self.parts.join(self.glue))
            .trim()
            .to_owned()
    }
}

fn needs_no_transaction(sql: &str) -> bool {
    sql.contains("CONCURRENTLY") && !sql.starts_with("REFRESH")
        || sql.starts_with("VACUUM")
        || sql == "REINDEX TABLE pt"
        || sql == "REINDEX INDEX pt_k"
        || sql == "CLUSTER"
        || sql.starts_with("CLUSTER pt ")
        || sql.starts_with("REINDEX SCHEMA")
}

/// A statement that can be made with this schema.
pub fn statement(c: &mut Chooser, schema: &Schema) -> Statement {
    if !schema.made.is_empty()
        && (schema.tables.is_empty() || c.percent(schema.made_percent.max(30)))
    {
        let made = &schema.made[c.below(schema.made.len())];
        return Statement::script(made.family, &made.sql);
    }
    for _ in 0..20 {
        let made = match c.below(20) {
            0..=10 => alter_table::statement(c, schema),
            11..=13 => index::statement(c, schema),
            14 => dml::statement(c, schema),
            _ => object::statement(c, schema),
        };
        if let Some(made) = made {
            return made;
        }
    }
    Statement::whole("dml_create", "SELECT 1")
}
