//! A partition that is attached (or made) without its own rows, or the default partition's, being read.

use pg_query::protobuf::{
    PartitionBoundSpec, PartitionRangeDatum, PartitionRangeDatumKind,
    PartitionStrategy as Strategy, RangeVar,
};
use pg_query::{Node, NodeEnum};

use super::constraint::is_indexed;
use super::index;
use super::steps::{constraint_name, copied_key, outside, own, promise, recipe};
use super::tree;
use crate::catalog::{ConstraintKind, IndexTarget, PartitionBound, Relation, RelationKind};
use crate::lint::wording::{ident, sql_name};
use crate::lint::{Context, Recipe, Step};

/// In the place of ATTACH PARTITION and of CREATE TABLE ... PARTITION OF.
pub fn attach(cx: &Context<'_>) -> Option<Recipe> {
    let (parent, partition, bound) = parts(cx.node)?;
    let parent = relation(cx, parent)?;
    let attached = partition.and_then(|partition| relation(cx, partition));
    let mut steps = Vec::new();
    let mut leftovers = Vec::new();
    let condition = bound.and_then(|bound| condition(parent, bound));
    if let (Some(attached), Some(condition)) = (attached, &condition) {
        prove(cx, attached, condition, &mut steps, &mut leftovers);
        steps.extend(beforehand(cx, attached)?);
    }
    let default = cx
        .before
        .children(parent.oid)
        .find(|child| matches!(child.partition_bound, Some(PartitionBound::Default)));
    if let Some(default) = default {
        let condition = condition.as_ref()?;
        prove(
            cx,
            default,
            &format!("NOT ({condition})"),
            &mut steps,
            &mut leftovers,
        );
    } else if attached.is_none() || condition.is_none() {
        return None;
    }
    steps.push(own("nothing is read; short", format!("{};", cx.text)));
    steps.extend(leftovers);
    Some(recipe("prove it first", steps))
}

/// A CHECK that says what the bounds will say, and its end.
fn prove(
    cx: &Context<'_>,
    table: &Relation,
    condition: &str,
    steps: &mut Vec<Step>,
    leftovers: &mut Vec<Step>,
) {
    let name = constraint_name(cx, &table.name, None, "bounds");
    steps.extend(promise(&table.name, &name, &format!("CHECK ({condition})")));
    leftovers.push(own(
        "the CHECK has done its work",
        format!(
            "ALTER TABLE {} DROP CONSTRAINT {};",
            sql_name(&table.name),
            ident(&name)
        ),
    ));
}

/// Indexes, keys and foreign keys that the parent has: built and proved while the partition is a table of its own.
fn beforehand(cx: &Context<'_>, attached: &Relation) -> Option<Vec<Step>> {
    let after = cx.after.relation(attached.oid)?;
    let mut steps = Vec::new();
    for index in cx.after.indexes_of(attached.oid) {
        if cx.before.index(index.oid).is_some() {
            continue;
        }
        if attached.kind == RelationKind::PartitionedTable {
            return None;
        }
        match cx.after.constraint_of_index(index.oid) {
            Some(constraint) => steps.extend(index::key(cx, attached.oid, &constraint.name)?),
            None => steps.push(outside(
                "the parent has it; outside a transaction, the table stays in use",
                format!(
                    "{};",
                    index::create(cx.after, index, "CONCURRENTLY ", false)?
                ),
            )),
        }
    }
    for constraint in &after.constraints {
        if let ConstraintKind::ForeignKey(key) = &constraint.kind
            && attached.constraint(&constraint.name).is_none()
        {
            let clause = super::type_change::foreign_key(
                key,
                constraint,
                &key.columns,
                cx.after.name_of(key.references)?,
                &key.referenced_columns,
            );
            let unindexed = !is_indexed(cx.after, attached.oid, &key.columns);
            steps.extend(copied_key(
                promise(&attached.name, &constraint.name, &clause),
                unindexed,
                false,
            ));
        }
    }
    Some(steps)
}

fn relation<'a>(cx: &Context<'a>, name: &RangeVar) -> Option<&'a Relation> {
    let oid = cx.before.lookup_range_var(name, &cx.session.settings)?;
    cx.before.relation(oid)
}

/// The parent, the table that is attached, and its bounds.
fn parts(node: &NodeEnum) -> Option<(&RangeVar, Option<&RangeVar>, Option<&PartitionBoundSpec>)> {
    match node {
        NodeEnum::AlterTableStmt(stmt) => {
            let [only] = stmt.cmds.as_slice() else {
                return None;
            };
            let NodeEnum::AlterTableCmd(command) = only.node.as_ref()? else {
                return None;
            };
            match command.def.as_ref()?.node.as_ref()? {
                NodeEnum::PartitionCmd(attach) => Some((
                    stmt.relation.as_ref()?,
                    attach.name.as_ref(),
                    attach.bound.as_ref(),
                )),
                _ => None,
            }
        }
        NodeEnum::CreateStmt(stmt) => match stmt.inh_relations.first()?.node.as_ref()? {
            NodeEnum::RangeVar(parent) => Some((parent, None, stmt.partbound.as_ref())),
            _ => None,
        },
        _ => None,
    }
}

/// The bounds as a condition over the partition's columns, in the form that PostgreSQL gives them
/// (`get_qual_for_list` and `get_qual_for_range` in src/backend/partitioning/partbounds.c), so that it finds them
/// proved.
fn condition(parent: &Relation, bound: &PartitionBoundSpec) -> Option<String> {
    let key = parent.partition_key.as_ref()?;
    let parts: Option<Vec<String>> = key
        .parts
        .iter()
        .map(|part| match part {
            IndexTarget::Column(column) => Some(ident(column)),
            IndexTarget::Expression(expression) => {
                Some(format!("({})", tree::expression(expression)?))
            }
        })
        .collect();
    let parts = parts?;
    if bound.is_default {
        return None;
    }
    match bound.strategy.as_str() {
        code if code == strategy(Strategy::List) => list(&parts, &bound.listdatums),
        code if code == strategy(Strategy::Range) => range(&parts, bound),
        // The hash of a row is no condition that a CHECK could prove.
        _ => None,
    }
}

/// The letter of `PARTITION_STRATEGY_*` (src/include/nodes/parsenodes.h).
fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::List => "l",
        Strategy::Range => "r",
        Strategy::Hash => "h",
        Strategy::Undefined => "",
    }
}

fn list(parts: &[String], values: &[Node]) -> Option<String> {
    let [part] = parts else {
        return None;
    };
    let is_null =
        |node: &&Node| matches!(&node.node, Some(NodeEnum::AConst(constant)) if constant.isnull);
    let with_null = values.iter().any(|value| is_null(&value));
    let values: Option<Vec<String>> = values
        .iter()
        .filter(|value| !is_null(value))
        .map(tree::expression)
        .collect();
    let values = values?;
    Some(match (values.as_slice(), with_null) {
        ([], _) => format!("{part} IS NULL"),
        (values, false) => format!("{part} IS NOT NULL AND {part} IN ({})", values.join(", ")),
        (values, true) => format!("{part} IS NULL OR {part} IN ({})", values.join(", ")),
    })
}

fn range(parts: &[String], bound: &PartitionBoundSpec) -> Option<String> {
    let mut conditions: Vec<String> = parts
        .iter()
        .map(|part| format!("{part} IS NOT NULL"))
        .collect();
    conditions.extend(side(parts, &bound.lowerdatums, ">", ">=")?);
    conditions.extend(side(parts, &bound.upperdatums, "<", "<")?);
    Some(conditions.join(" AND "))
}

/// `a > 1 OR a = 1 AND b >= 2`; the inner list is empty where nothing bounds this side.
fn side(parts: &[String], datums: &[Node], strict: &str, last: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    for datum in datums {
        let (kind, value) = datum_of(datum)?;
        match kind {
            PartitionRangeDatumKind::PartitionRangeDatumValue => values.push(value?),
            _ => break,
        }
    }
    let bounded = values.len() == parts.len();
    let alternatives: Vec<String> = (0..values.len())
        .map(|at| {
            let mut all: Vec<String> = (0..at)
                .map(|earlier| format!("{} = {}", parts[earlier], values[earlier]))
                .collect();
            let operator = if bounded && at + 1 == values.len() {
                last
            } else {
                strict
            };
            all.push(format!("{} {operator} {}", parts[at], values[at]));
            all.join(" AND ")
        })
        .collect();
    if !bounded && !values.is_empty() {
        // MINVALUE or MAXVALUE behind a value: rare, and said in yet another form.
        return None;
    }
    Some(match alternatives.as_slice() {
        [] => Vec::new(),
        [only] => vec![only.clone()],
        several => vec![format!("({})", several.join(" OR "))],
    })
}

fn datum_of(datum: &Node) -> Option<(PartitionRangeDatumKind, Option<String>)> {
    match datum.node.as_ref()? {
        NodeEnum::PartitionRangeDatum(datum) => {
            let datum: &PartitionRangeDatum = datum;
            Some((
                datum.kind(),
                datum.value.as_deref().and_then(tree::expression),
            ))
        }
        // As the parser leaves it: MINVALUE and MAXVALUE are column names there.
        NodeEnum::ColumnRef(name) => match crate::sql::names::parts(&name.fields).first()?.as_str()
        {
            "minvalue" => Some((PartitionRangeDatumKind::PartitionRangeDatumMinvalue, None)),
            "maxvalue" => Some((PartitionRangeDatumKind::PartitionRangeDatumMaxvalue, None)),
            _ => None,
        },
        _ => Some((
            PartitionRangeDatumKind::PartitionRangeDatumValue,
            tree::expression(datum),
        )),
    }
}
