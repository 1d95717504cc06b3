//! CREATE INDEX without CONCURRENTLY on a table in use.

use crate::catalog::RelationKind;
use crate::effects::{Reason, Target, TargetKind};
use crate::fix::concurrent::is_known;
use crate::fix::tokens::with_concurrently;
use crate::lint::wording::{derived_name, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, Step, StepTransaction, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let built = cx.work_where(report, |work| {
        matches!(
            work.reason,
            Reason::CreateIndex {
                concurrently: false
            }
        )
    });
    let Some((_, work)) = built.first() else {
        return;
    };
    let table = cx.subject(work);
    let name = short_name(&table.name);
    let index = built
        .iter()
        .find_map(|(_, work)| work.index.as_deref())
        .unwrap_or("the index");
    let partitioned = table.kind == TargetKind::Relation(RelationKind::PartitionedTable);
    let mut finding = Finding::new(
        cx.span.clone(),
        format!("every insert, update and delete on {name} waits until the index is built"),
        format!("writes to {name} wait while index {index} is built"),
    )
    .about(&table.name);
    finding = if partitioned {
        finding
            .help(format!(
                "CONCURRENTLY does not work on the partitioned table {name} itself: create the index ON ONLY {name}, \
                 then CONCURRENTLY on each partition, then attach them"
            ))
            .recipe(for_partitions(cx, &sql_name(&table.name)))
    } else {
        // CONCURRENTLY, too, waits for what is running, but nobody waits behind it.
        report.take_over("missing-lock-timeout");
        finding
            .help(
                "build it CONCURRENTLY, outside a transaction; if the build fails, drop the invalid index \
                 before you try again",
            )
            .recipe(concurrently(cx))
            .fix(cx.concurrently("build the index CONCURRENTLY", known(cx, table)))
    };
    report.push_about(built.iter().map(|(at, _)| *at), finding);
}

fn known(cx: &Context<'_>, table: &Target) -> bool {
    is_known(table.oid.and_then(|oid| cx.before.relation(oid)))
}

fn concurrently(cx: &Context<'_>) -> Recipe {
    Recipe {
        title: "build the index while the table stays in use".to_owned(),
        steps: vec![Step {
            title: "in a migration of its own, outside a transaction".to_owned(),
            sql: format!("{};", with_concurrently(cx.text, cx.node)),
            transaction: StepTransaction::None,
        }],
    }
}

fn for_partitions(cx: &Context<'_>, parent: &str) -> Recipe {
    let pg_query::NodeEnum::IndexStmt(index) = cx.node else {
        return concurrently(cx);
    };
    let name = match index.idxname.as_str() {
        "" => derived_name(&["new", "idx"]),
        name => derived_name(&[name]),
    };
    let child = derived_name(&[index.idxname.as_str(), "partition"]);
    let tail = definition(cx.text);
    let unique = if index.unique { "UNIQUE " } else { "" };
    Recipe {
        title: "build the index partition by partition".to_owned(),
        steps: vec![
            Step {
                title: "an empty, invalid index on the parent: short".to_owned(),
                sql: format!("CREATE {unique}INDEX {name} ON ONLY {parent} {tail};"),
                transaction: StepTransaction::Own,
            },
            Step {
                title: "for each partition, outside a transaction".to_owned(),
                sql: format!("CREATE {unique}INDEX CONCURRENTLY {child} ON <partition> {tail};"),
                transaction: StepTransaction::None,
            },
            Step {
                title: "for each partition; the last one makes the parent's index valid".to_owned(),
                sql: format!("ALTER INDEX {name} ATTACH PARTITION {child};"),
                transaction: StepTransaction::Own,
            },
        ],
    }
}

/// What follows the table's name: from USING or the first parenthesis on.
fn definition(text: &str) -> &str {
    let lower = text.to_ascii_lowercase();
    let parenthesis = text.find('(').unwrap_or(text.len());
    let using = lower[..parenthesis].rfind("using").unwrap_or(parenthesis);
    &text[using.min(parenthesis)..]
}

#[cfg(test)]
mod tests {
    use super::definition;

    #[test]
    fn the_definition_starts_at_the_method() {
        assert_eq!(
            definition("CREATE INDEX i ON t USING gin (a)"),
            "USING gin (a)"
        );
        assert_eq!(definition("CREATE INDEX i ON t(a)"), "(a)");
    }
}
