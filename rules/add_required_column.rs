//! ADD COLUMN NOT NULL without a default on a table in use.

use crate::effects::{ChangeKind, Reason};
use crate::fix::recipes::add_column;
use crate::lint::{Check, Context, Finding, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    for change in &cx.effects.changes {
        let ChangeKind::ColumnAdded {
            relation,
            column,
            required: true,
        } = &change.kind
        else {
            continue;
        };
        if relation.new {
            continue;
        }
        let table = short_name(&relation.name);
        let scans = cx.work_where(
            report,
            |work| matches!(&work.reason, Reason::AddColumnNotNull { column: of } if of == column),
        );
        let finding = Finding::new(
            change.span.clone(),
            "no default: existing rows and old code have no value for it",
            format!(
                "the migration fails as soon as {table} has a row, and code that does not know {column} can no longer insert"
            ),
        )
        .help(format!(
            "give {column} a constant default (free since PostgreSQL 11), or add it nullable, fill it in batches, \
             and make it NOT NULL through a validated CHECK"
        ))
        .recipe(add_column(cx, relation, &change.span))
        .about(&relation.name);
        // However small the table: the code breaks.
        report.explain(scans.iter().map(|(at, _)| *at));
        report.push(finding);
    }
}
