//! Worlds that are written down as templates: what can be left out and what can be chosen is marked in the text.
//!
//! `«a|b|c»` is one of several, `?` at the start of a line says that it may be left out, and `;` between statements under
//! test that they run one after the other in one transaction.

pub mod domains;
pub mod generated;
pub mod indexes;
pub mod levels;
pub mod likes;
pub mod rows;
pub mod security;
pub mod temporal;
pub mod transactions;
pub mod triggers;
pub mod types;
pub mod upkeep;
pub mod views;

use crate::choose::Chooser;
use crate::schema::{Column, Kind, Schema, Table};
use crate::types::TYPES;

/// Name, type, and whether it may be null.
pub type WrittenColumn = (&'static str, &'static str, bool);

/// A world as it is written down.
pub struct Written {
    pub family: &'static str,
    pub setup: &'static [&'static str],
    /// Tables that statements of all kinds may be made for.
    pub tables: &'static [(&'static str, Kind, &'static [WrittenColumn])],
    pub statements: &'static [&'static str],
}

/// How many statements are made from the templates.
const MADE: usize = 60;

pub fn fill(c: &mut Chooser, schema: &mut Schema, world: &Written) {
    super::shared::groundwork(schema);
    for line in world.setup {
        match line.strip_prefix('?') {
            Some(_) if c.percent(50) => {}
            Some(line) => schema.plain(expand(c, line)),
            None => schema.plain(expand(c, line)),
        }
    }
    for (name, kind, columns) in world.tables {
        schema.tables.push(Table {
            name: (*name).to_owned(),
            kind: *kind,
            columns: columns.iter().filter_map(column).collect(),
        });
    }
    for _ in 0..MADE {
        let template = c.pick(world.statements);
        let sql = expand(c, template);
        schema.made(world.family, sql);
    }
    schema.made_percent = 75;
}

fn column((name, ty, nullable): &(&str, &str, bool)) -> Option<Column> {
    Some(Column {
        name: (*name).to_owned(),
        ty: TYPES.iter().position(|known| known.name == *ty)?,
        nullable: *nullable,
    })
}

/// Chooses at each `«a|b»`, the inner ones first.
fn expand(c: &mut Chooser, template: &str) -> String {
    let mut text = template.trim().to_owned();
    while let Some(end) = text.find('»') {
        let Some(start) = text[..end].rfind('«') else {
            break;
        };
        let choices: Vec<&str> = text[start + '«'.len_utf8()..end].split('|').collect();
        let chosen = (*c.pick(&choices)).to_owned();
        text.replace_range(start..end + '»'.len_utf8(), &chosen);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
