//! A random schema: what makes it, piece by piece, so that it can be made smaller, and what is in it.

use std::fmt::Write;

/// One statement of the set-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Plain(String),
    /// `CREATE TABLE <head> (<items>) <tail>`
    Table {
        head: String,
        items: Vec<Item>,
        tail: String,
    },
    /// `INSERT INTO <table> (<columns>) SELECT <items> FROM generate_series`
    Fill {
        table: String,
        items: Vec<Item>,
        first: i32,
        last: i32,
    },
}

/// A column or a constraint. Items with the same key belong together and leave together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub key: String,
    pub column: String,
    pub sql: String,
}

/// What the statements under test can speak of.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    pub pieces: Vec<Piece>,
    pub tables: Vec<Table>,
    pub indexes: Vec<Named>,
    pub constraints: Vec<Constraint>,
    pub triggers: Vec<Named>,
    pub views: Vec<String>,
    pub matviews: Vec<String>,
    pub sequences: Vec<String>,
    pub functions: Vec<String>,
    pub statistics: Vec<String>,
    pub publications: Vec<String>,
    pub enums: Vec<String>,
    pub domains: Vec<String>,
    pub composites: Vec<String>,
    /// Statements that were made with the schema because they need to know more of it than it says.
    pub made: Vec<Made>,
    /// How many of a hundred statements are taken from those.
    pub made_percent: u32,
}

/// A statement under test that the maker of the schema thought of.
#[derive(Debug, Clone)]
pub struct Made {
    pub family: &'static str,
    pub sql: String,
}

#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    pub kind: Kind,
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Partitioned,
    Partition,
    Parent,
    Child,
}

#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    /// The position of its type in [`crate::types::TYPES`].
    pub ty: usize,
    pub nullable: bool,
}

/// Something that belongs to a table.
#[derive(Debug, Clone)]
pub struct Named {
    pub name: String,
    pub table: String,
}

#[derive(Debug, Clone)]
pub struct Constraint {
    pub name: String,
    pub table: String,
    pub not_valid: bool,
}

impl Schema {
    pub fn plain(&mut self, statement: impl Into<String>) {
        self.pieces.push(Piece::Plain(statement.into()));
    }

    pub fn index(&mut self, name: impl Into<String>, table: &str) {
        self.indexes.push(Named {
            name: name.into(),
            table: table.to_owned(),
        });
    }

    pub fn constraint(&mut self, name: impl Into<String>, table: &str, not_valid: bool) {
        self.constraints.push(Constraint {
            name: name.into(),
            table: table.to_owned(),
            not_valid,
        });
    }

    pub fn made(&mut self, family: &'static str, sql: impl Into<String>) {
        self.made.push(Made {
            family,
            sql: sql.into(),
        });
    }
}

pub fn item(table: &str, column: &str, sql: impl Into<String>) -> Item {
    Item {
        key: format!("{table}.{column}"),
        column: column.to_owned(),
        sql: sql.into(),
    }
}

/// The set-up as text.
pub fn render(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        piece.render(&mut text);
        text.push_str("; ");
    }
    text.trim_end().to_owned()
}

impl Piece {
    fn render(&self, text: &mut String) {
        let written = match self {
            Piece::Plain(statement) => write!(text, "{statement}"),
            Piece::Table { head, items, tail } => {
                let items: Vec<&str> = items.iter().map(|item| item.sql.as_str()).collect();
                write!(text, "CREATE TABLE {head} ({}) {tail}", items.join(", "))
                    .map(|()| text.truncate(text.trim_end().len()))
            }
            Piece::Fill {
                table,
                items,
                first,
                last,
            } => {
                let columns: Vec<&str> = items.iter().map(|item| item.column.as_str()).collect();
                let values: Vec<&str> = items.iter().map(|item| item.sql.as_str()).collect();
                write!(
                    text,
                    "INSERT INTO {table} ({}) SELECT {} FROM generate_series({first}, {last}) g",
                    columns.join(", "),
                    values.join(", ")
                )
            }
        };
        written.expect("writing to a String does not fail");
    }

    pub fn items(&self) -> &[Item] {
        match self {
            Piece::Plain(_) => &[],
            Piece::Table { items, .. } | Piece::Fill { items, .. } => items,
        }
    }

    /// Without the items of this key.
    pub fn without(&self, key: &str) -> Self {
        let mut less = self.clone();
        match &mut less {
            Piece::Plain(_) => {}
            Piece::Table { items, .. } | Piece::Fill { items, .. } => {
                items.retain(|item| item.key != key);
            }
        }
        less
    }
}
