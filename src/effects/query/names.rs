//! What parse analysis refuses of a query. Names of columns that nothing has: error 42703 (`errorMissingColumn` in
//! src/backend/parser/parse_relation.c).

use pg_query::{Node, NodeEnum};

use crate::catalog::query::{Reader, ReaderScope, Reading};
use crate::effects::Collector;
use crate::effects::expression::{Arguments, query_refusal};

/// Refuses a query that names a column which certainly does not exist. `scope` are relations in sight from outside.
pub(in crate::effects) fn refuse_unknown_columns(
    query: &NodeEnum,
    scope: &[ReaderScope],
    c: &mut Collector<'_>,
) {
    if c.input.foreign_names || c.failed() {
        return;
    }
    let mut reader = Reader::new(c.input.before, c.input.settings());
    reader.query(query, scope);
    report(&reader.finish(), c);
}

/// As [`refuse_unknown_columns`] for an expression over these relations.
pub(in crate::effects) fn refuse_unknown_columns_of(
    expression: &Node,
    scope: &[ReaderScope],
    c: &mut Collector<'_>,
) {
    if c.input.foreign_names || c.failed() {
        return;
    }
    let mut reader = Reader::new(c.input.before, c.input.settings());
    reader.expression(expression, scope);
    report(&reader.finish(), c);
}

/// Refuses what parse analysis does, and the planner when the query comes that far.
pub(in crate::effects) fn refuse_query(
    query: &NodeEnum,
    arguments: Arguments,
    planned: bool,
    c: &mut Collector<'_>,
) {
    if c.input.foreign_names || c.failed() {
        return;
    }
    let scope = c.input.scope(None);
    if let Some((sqlstate, message)) = query_refusal(query, arguments, planned, &scope) {
        c.error(sqlstate, message, c.input.span());
    }
}

fn report(reading: &Reading, c: &mut Collector<'_>) {
    if let Some(name) = reading.unknown_columns.first() {
        let message = format!("column \"{name}\" does not exist");
        c.error("42703", message, c.input.span());
    }
}
