//! A table of facts with the versions in which each of them holds.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write;

use postgres::Client;

pub type Row = Vec<String>;

/// Asks one server for its rows. They hold no tab and no line break.
pub type Ask = fn(&mut Client) -> Result<Vec<Row>, Box<dyn Error>>;

pub struct Table {
    pub file: &'static str,
    columns: &'static str,
    ask: Ask,
    rows: BTreeMap<Row, BTreeSet<u8>>,
}

impl Table {
    /// `columns`: their names, separated by tabs; a column `versions` is added.
    pub fn new(file: &'static str, columns: &'static str, ask: Ask) -> Self {
        Table {
            file,
            columns,
            ask,
            rows: BTreeMap::new(),
        }
    }

    pub fn ask(&mut self, client: &mut Client, major: u8) -> Result<(), Box<dyn Error>> {
        for row in (self.ask)(client)? {
            self.rows.entry(row).or_default().insert(major);
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn render(&self, releases: &[String]) -> String {
        let mut text = format!(
            "# Asked from PostgreSQL {} by `cargo run --example generate_builtins`; do not edit.\n# {}\tversions\n",
            releases.join(", "),
            self.columns
        );
        for (row, majors) in &self.rows {
            for range in ranges(majors) {
                // Writing into a String cannot fail.
                let _ = writeln!(text, "{}\t{range}", row.join("\t"));
            }
        }
        text
    }
}

/// `12-14` or `18` for each run of consecutive majors.
fn ranges(majors: &BTreeSet<u8>) -> Vec<String> {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for &major in majors {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == major => *last = major,
            _ => runs.push((major, major)),
        }
    }
    runs.into_iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        })
        .collect()
}
