//! PostGIS's functions that change tables: what they run is known from their arguments.
//!
//! postgis/postgis, `postgis/postgis.sql.in`: `AddGeometryColumn` runs ALTER TABLE ... ADD COLUMN ... geometry(type, srid),
//! `DropGeometryColumn` ALTER TABLE ... DROP COLUMN, `DropGeometryTable` DROP TABLE IF EXISTS. Before the names stand the
//! schema, or the catalog and the schema, if they are given.

use pg_query::NodeEnum;
use pg_query::protobuf::FuncCall;

use super::origin::Origin;
use super::routine::literal;
use super::run::Run;
use super::step::Piece;
use crate::effects::Effects;
use crate::lint::context::Surroundings;
use crate::sql::excerpt::Excerpt;
use crate::sql::{Body, names, parse_text};

/// The command that a call runs; None where it is another function, or its names are not constants.
fn command(call: &FuncCall) -> Option<String> {
    let function = names::parts(&call.funcname).pop()?;
    let texts: Vec<String> = call
        .args
        .iter()
        .map_while(|argument| Some(literal(argument)?.strip_prefix('\'')?.to_owned()))
        .collect();
    // The type of AddGeometryColumn is a text too, but an integer stands before it.
    let names: Vec<String> = texts
        .iter()
        .filter_map(|text| text.strip_suffix('\''))
        .map(|text| text.replace("''", "'"))
        .collect();
    let quoted = |name: &String| format!("\"{}\"", name.replace('"', "\"\""));
    let with_column = |names: &[String]| {
        let (column, before) = names.split_last()?;
        Some((table(before)?, quoted(column)))
    };
    match function.as_str() {
        "addgeometrycolumn" => {
            let (table, column) = with_column(&names)?;
            Some(format!("ALTER TABLE {table} ADD COLUMN {column} geometry"))
        }
        "dropgeometrycolumn" if names.len() == call.args.len() => {
            let (table, column) = with_column(&names)?;
            Some(format!("ALTER TABLE {table} DROP COLUMN {column}"))
        }
        "dropgeometrytable" if names.len() == call.args.len() => {
            Some(format!("DROP TABLE IF EXISTS {}", table(&names)?))
        }
        _ => None,
    }
}

/// The table out of `[[catalog,] schema,] table`. An empty schema is none.
fn table(names: &[String]) -> Option<String> {
    let quoted = |name: &String| format!("\"{}\"", name.replace('"', "\"\""));
    let table = quoted(names.last()?);
    match names.iter().rev().nth(1).filter(|it| !it.is_empty()) {
        Some(schema) => Some(format!("{}.{table}", quoted(schema))),
        None => Some(table),
    }
}

impl Run<'_> {
    /// Replays what a call of one of these functions runs. None: it is none of them.
    pub(super) fn postgis(
        &mut self,
        piece: Piece<'_>,
        call: &FuncCall,
        surroundings: &Surroundings,
    ) -> Option<Effects> {
        let sql = command(call)?;
        let parsed = parse_text(&self.info.migration.source, &sql, 0);
        let Body::Tree(node) = &parsed.statements.first()?.body else {
            return None;
        };
        let node: &NodeEnum = node;
        let span = piece.file_span();
        let excerpt = Excerpt::made_up(&sql, 0..span.len());
        let length = self.info.migration.source.text().len();
        let (start, origin) = Origin::of(&excerpt, span.start, length);
        let made = Piece {
            node,
            text: excerpt.text(),
            start,
            origin: origin.as_ref(),
        };
        let effects = self.step(made, surroundings);
        if effects.error.is_some() {
            self.lose_track();
        }
        Some(effects)
    }
}

#[cfg(test)]
mod tests {
    use pg_query::NodeRef;

    use super::command;
    use crate::source::Source;
    use crate::sql::{Body, parse_text, walk};

    fn of(sql: &str) -> Option<String> {
        let parsed = parse_text(&Source::new("1.sql", sql), sql, 0);
        let Body::Tree(node) = &parsed.statements[0].body else {
            panic!("{sql} is not parsed");
        };
        let mut calls = walk::descendants(node);
        calls.find_map(|it| match it {
            NodeRef::FuncCall(call) => command(call),
            _ => None,
        })
    }

    #[test]
    fn names_stand_before_the_rest() {
        let run = |sql: &str| of(sql).unwrap_or_default();
        assert_eq!(
            run("SELECT AddGeometryColumn('tasks', 'geom', 4326, 'POINT', 2)"),
            "ALTER TABLE \"tasks\" ADD COLUMN \"geom\" geometry"
        );
        assert_eq!(
            run(
                "SELECT public.addgeometrycolumn('', 'app', 'Tasks', 'geom', 4326, 'POINT', 2, false)"
            ),
            "ALTER TABLE \"app\".\"Tasks\" ADD COLUMN \"geom\" geometry"
        );
        assert_eq!(
            run("SELECT DropGeometryColumn('', 'tasks', 'geom')"),
            "ALTER TABLE \"tasks\" DROP COLUMN \"geom\""
        );
        assert_eq!(
            run("SELECT DropGeometryTable('app', 'tasks')"),
            "DROP TABLE IF EXISTS \"app\".\"tasks\""
        );
    }

    #[test]
    fn what_is_not_constant_is_not_known() {
        for sql in [
            "SELECT DropGeometryColumn(name, 'geom') FROM tasks",
            "SELECT AddGeometryColumn('geom', 4326)",
            "SELECT st_area('x')",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }
}
