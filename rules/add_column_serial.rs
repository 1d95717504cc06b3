//! ADD COLUMN of a serial type or with an identity.

use pg_query::NodeEnum;

use crate::catalog::Identity;
use crate::effects::{Reason, Target};
use crate::fix::recipes::{fill, own, require};
use crate::lint::wording::{derived_name, ident, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, Step, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(work.reason, Reason::AddColumnSequence { .. })
    });
    for cause in causes {
        let Reason::AddColumnSequence { column } = &cause.work.reason else {
            continue;
        };
        let relation = cx.subject(cause.work);
        let table = short_name(&relation.name);
        let finding = Finding::new(
            cause.work.span.clone(),
            "takes a number from a sequence for every existing row",
            format!("{table} is rewritten with all its indexes while its reads and writes wait"),
        )
        .help(format!(
            "add {column} as a plain column, give it a sequence as its default, number the old rows in batches that commit, then make it NOT NULL"
        ))
        .recipe(Recipe {
            title: "new rows first, old rows in batches".to_owned(),
            steps: numbered(cx, relation, column),
        })
        .about(&relation.name);
        report.push_about(cause.at, finding);
    }
}

/// A numbered column for a table in use. An identity takes over at the end.
pub(super) fn numbered(cx: &Context<'_>, relation: &Target, column: &str) -> Vec<Step> {
    let (bare, table) = (&relation.name.name, sql_name(&relation.name));
    let quoted = ident(column);
    let ty = cx
        .new_column_type(relation, column)
        .unwrap_or_else(|| "bigint".to_owned());
    let identity = identity_of(cx, relation, column);
    let (sequence, owner) = match identity {
        Some(_) => (derived_name(&[bare, column, "fill"]), String::new()),
        None => (
            derived_name(&[bare, column, "seq"]),
            format!(" OWNED BY {table}.{quoted}"),
        ),
    };
    let mut steps = vec![
        own(
            "free",
            format!("ALTER TABLE {table} ADD COLUMN {quoted} {ty};"),
        ),
        own(
            "free",
            format!("CREATE SEQUENCE {sequence} AS {ty}{owner};"),
        ),
        own(
            "for new rows",
            format!("ALTER TABLE {table} ALTER COLUMN {quoted} SET DEFAULT nextval('{sequence}');"),
        ),
        fill(&table, &quoted),
    ];
    steps.extend(require(&table, bare, column));
    if let Some(identity) = identity {
        steps.push(own(
            "the identity takes over where the sequence stands; short",
            format!(
                "ALTER TABLE {table} ALTER COLUMN {quoted} DROP DEFAULT, ALTER COLUMN {quoted} ADD GENERATED {identity} AS IDENTITY;\n\
                 SELECT setval(pg_get_serial_sequence('{table}', '{column}'), nextval('{sequence}'), false);\n\
                 DROP SEQUENCE {sequence};"
            ),
        ));
    }
    steps
}

fn identity_of(cx: &Context<'_>, relation: &Target, column: &str) -> Option<&'static str> {
    if !matches!(cx.node, NodeEnum::AlterTableStmt(_)) {
        return None;
    }
    let added = cx.after.relation(relation.oid?)?.column(column)?;
    added.identity.map(|identity| match identity {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    })
}
