//! Writes `src/catalog/builtin/*.tsv`: what PostgreSQL 12 to 18 bring along, asked from real servers.
//!
//! `cargo run --example generate_builtins` starts the servers (`tools/postgres-servers`) and overwrites
//! the tables. Run it again when a new major or a new fact is wanted; the result is committed.

mod catalogs;
mod extensions;
mod reloptions;
mod settings;
mod table;
mod time_zones;

#[path = "../../tests/support/servers.rs"]
mod servers;

use std::error::Error;
use std::path::Path;

use postgres::Client;

const DATABASE: &str = "humdrum_builtins";

fn main() -> Result<(), Box<dyn Error>> {
    let mut tables = vec![
        catalogs::functions(),
        catalogs::casts(),
        catalogs::types(),
        catalogs::operators(),
        catalogs::opclasses(),
        catalogs::equalities(),
        extensions::functions(),
        extensions::operators(),
        extensions::opclasses(),
        time_zones::table(),
        reloptions::table(),
        settings::table(),
    ];
    let majors: Vec<u8> = (12..=18).collect();
    let mut releases = Vec::new();
    for server in servers::start(&majors)? {
        eprintln!("asking PostgreSQL {}", server.major);
        let mut admin = server.connect("postgres")?;
        releases.push(release(&mut admin)?);
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {DATABASE}"))?;
        admin.batch_execute(&format!("CREATE DATABASE {DATABASE}"))?;
        let mut client = server.connect(DATABASE)?;
        for table in &mut tables {
            table.ask(&mut client, server.major)?;
        }
        client.close()?;
        admin.batch_execute(&format!("DROP DATABASE {DATABASE}"))?;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalog/builtin");
    for table in &tables {
        let path = folder.join(table.file);
        std::fs::write(&path, table.render(&releases))?;
        eprintln!("{}: {} rows", path.display(), table.len());
    }
    Ok(())
}

fn release(client: &mut Client) -> Result<String, postgres::Error> {
    let row = client.query_one("SHOW server_version", &[])?;
    Ok(row.get(0))
}
