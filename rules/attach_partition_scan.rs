//! ATTACH PARTITION or PARTITION OF that reads a table: the partition, or the default partition.

use pg_query::NodeEnum;

use crate::catalog::{IndexTarget, PartitionStrategy};
use crate::effects::{Reason, Work, WorkKind};
use crate::fix::recipes::{own, promise};
use crate::lint::wording::{derived_name, ident, sql_name};
use crate::lint::{Check, Context, Finding, Recipe, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let causes = cx.blocking_causes(report, |work| {
        matches!(
            work.reason,
            Reason::AttachPartition { .. } | Reason::CreatePartition { .. }
        )
    });
    for cause in causes {
        let (Reason::AttachPartition { partition } | Reason::CreatePartition { partition }) =
            &cause.work.reason
        else {
            continue;
        };
        let all: Vec<&Work> = cause.at.iter().map(|at| &cx.effects.work[*at]).collect();
        let worked = all
            .iter()
            .find(|work| work.kind == WorkKind::Scan && cx.blocks(work))
            .copied()
            .unwrap_or(cause.work);
        let table = short_name(&worked.target.name);
        let default = worked.target.name.name != *partition;
        let what = match worked.kind {
            WorkKind::IndexBuild => "while its missing indexes are built",
            WorkKind::ForeignKeyValidation => "while its rows are checked against a foreign key",
            _ if default => "while every row is looked at for the new partition",
            _ => "while every row is checked against the bounds",
        };
        let label = if default {
            format!("{table}, the default partition, may hold rows of {partition}")
        } else {
            format!("nothing proves that the rows of {table} belong there")
        };
        let help = if default {
            format!(
                "first add a CHECK to {table} that excludes the new bounds: NOT VALID, then VALIDATE"
            )
        } else {
            format!(
                "first add a CHECK to {table} that says the same as the bounds (NOT VALID, then VALIDATE), and build the indexes that the parent has"
            )
        };
        let mut finding = Finding::new(
            worked.span.clone(),
            label,
            format!("{} {what}", cx.waiting(&worked.target.name)),
        )
        .help(help)
        .about(&worked.target.name);
        if let Some(condition) = condition(cx) {
            finding = finding.recipe(recipe(cx, worked, &condition, default));
        }
        report.push_about(cause.at, finding);
    }
}

fn recipe(cx: &Context<'_>, work: &Work, condition: &str, default: bool) -> Recipe {
    let table = sql_name(&work.target.name);
    let name = derived_name(&[work.target.name.name.as_str(), "bounds"]);
    let clause = if default {
        format!("CHECK (NOT ({condition}))")
    } else {
        format!("CHECK ({condition})")
    };
    let mut steps = promise(&table, &name, &clause).to_vec();
    steps.push(own("nothing is read", format!("{};", cx.text)));
    steps.push(own(
        "the CHECK has done its work",
        format!("ALTER TABLE {table} DROP CONSTRAINT {name};"),
    ));
    Recipe {
        title: "prove it first; each step in a transaction of its own".to_owned(),
        steps,
    }
}

/// The bounds as a condition, for a key that is one column with a range or a list.
fn condition(cx: &Context<'_>) -> Option<String> {
    let parent = match cx.node {
        NodeEnum::AlterTableStmt(stmt) => stmt.relation.as_ref()?,
        NodeEnum::CreateStmt(stmt) => match stmt.inh_relations.first()?.node.as_ref()? {
            NodeEnum::RangeVar(parent) => parent,
            _ => return None,
        },
        _ => return None,
    };
    let oid = cx.before.lookup_range_var(parent, &cx.session.settings)?;
    let key = cx.before.relation(oid)?.partition_key.as_ref()?;
    let [IndexTarget::Column(column)] = key.parts.as_slice() else {
        return None;
    };
    let column = ident(column);
    let lower = cx.text.to_ascii_lowercase();
    let values = lower.rfind("for values")?;
    let list = |word: &str| -> Option<&str> {
        let at = values + lower[values..].find(word)? + word.len();
        let open = at + cx.text[at..].find('(')?;
        let close = open + cx.text[open..].find(')')?;
        Some(cx.text[open + 1..close].trim())
    };
    let known = format!("{column} IS NOT NULL");
    match key.strategy {
        PartitionStrategy::List => Some(format!("{known} AND {column} IN ({})", list(" in")?)),
        PartitionStrategy::Range => {
            let mut parts = vec![known];
            for (word, operator, open) in [(" from", ">=", "minvalue"), (" to", "<", "maxvalue")] {
                let value = list(word)?;
                if !value.eq_ignore_ascii_case(open) {
                    parts.push(format!("{column} {operator} {value}"));
                }
            }
            Some(parts.join(" AND "))
        }
        PartitionStrategy::Hash => None,
    }
}
