//! Which partitions a query or INSERT can touch, when the text names the key's value
//! (src/backend/partitioning/partprune.c).

use pg_query::protobuf::{PartitionBoundSpec, a_const};
use pg_query::{Node, NodeEnum};

use super::condition::{Comparison, ComparisonKind, Table, comparisons};
use crate::catalog::{Catalog, IndexTarget, Oid, PartitionBound, PartitionStrategy, Relation};

/// The partitions below a partitioned table (at every level) that rows with this condition can be in.
pub fn partitions(
    catalog: &Catalog,
    root: &Relation,
    condition: Option<&Node>,
    alias: &str,
) -> Vec<Oid> {
    let table = Table {
        relation: root,
        alias,
    };
    let comparisons = comparisons(condition, table);
    let mut found = Vec::new();
    descend(catalog, root, &comparisons, &mut found);
    found
}

fn descend(
    catalog: &Catalog,
    parent: &Relation,
    comparisons: &[Comparison<'_>],
    found: &mut Vec<Oid>,
) {
    for child in catalog.children(parent.oid) {
        let may_match =
            parent
                .partition_key
                .as_ref()
                .is_none_or(|key| match key.parts.as_slice() {
                    [IndexTarget::Column(column)] => comparisons
                        .iter()
                        .filter(|comparison| comparison.column == *column)
                        .all(|comparison| admits(key.strategy, parent, catalog, child, comparison)),
                    _ => true,
                });
        if may_match {
            found.push(child.oid);
            descend(catalog, child, comparisons, found);
        }
    }
}

fn admits(
    strategy: PartitionStrategy,
    parent: &Relation,
    catalog: &Catalog,
    child: &Relation,
    comparison: &Comparison<'_>,
) -> bool {
    if comparison.kind != ComparisonKind::Equal {
        return true;
    }
    let Some(value) = comparison.value.and_then(literal) else {
        return true;
    };
    contains(strategy, parent, catalog, child, &value).unwrap_or(true)
}

/// Whether a partition holds the rows of a key value; none when that cannot be told.
fn contains(
    strategy: PartitionStrategy,
    parent: &Relation,
    catalog: &Catalog,
    child: &Relation,
    value: &Literal,
) -> Option<bool> {
    match child.partition_bound.as_ref()? {
        // The default partition holds what no other does.
        PartitionBound::Default => {
            let elsewhere = catalog
                .children(parent.oid)
                .filter(|other| !matches!(other.partition_bound, Some(PartitionBound::Default)))
                .map(|other| contains(strategy, parent, catalog, other, value))
                .collect::<Option<Vec<bool>>>()?;
            Some(!elsewhere.contains(&true))
        }
        PartitionBound::Values(bound) => {
            let Some(NodeEnum::PartitionBoundSpec(bound)) = &bound.node else {
                return None;
            };
            match strategy {
                PartitionStrategy::Range => in_range(bound, value),
                PartitionStrategy::List => {
                    let values: Option<Vec<Literal>> =
                        bound.listdatums.iter().map(literal).collect();
                    Some(values?.iter().any(|listed| listed == value))
                }
                PartitionStrategy::Hash => None,
            }
        }
    }
}

fn in_range(bound: &PartitionBoundSpec, value: &Literal) -> Option<bool> {
    let lower = edge(bound.lowerdatums.first()?)?;
    let upper = edge(bound.upperdatums.first()?)?;
    let above = match lower {
        Edge::Min => true,
        Edge::Max => false,
        Edge::At(lower) => value.partial_cmp(&lower)? != std::cmp::Ordering::Less,
    };
    let below = match upper {
        Edge::Min => false,
        Edge::Max => true,
        Edge::At(upper) => value.partial_cmp(&upper)? == std::cmp::Ordering::Less,
    };
    Some(above && below)
}

enum Edge {
    Min,
    Max,
    At(Literal),
}

fn edge(datum: &Node) -> Option<Edge> {
    if let Some(NodeEnum::PartitionRangeDatum(datum)) = &datum.node {
        use pg_query::protobuf::PartitionRangeDatumKind as Kind;
        return match datum.kind() {
            Kind::PartitionRangeDatumMinvalue => Some(Edge::Min),
            Kind::PartitionRangeDatumMaxvalue => Some(Edge::Max),
            Kind::PartitionRangeDatumValue => {
                datum.value.as_deref().and_then(literal).map(Edge::At)
            }
            Kind::Undefined => None,
        };
    }
    if let Some(NodeEnum::ColumnRef(word)) = &datum.node {
        return match crate::effects::node::strings(&word.fields).as_slice() {
            [word] if word == "minvalue" => Some(Edge::Min),
            [word] if word == "maxvalue" => Some(Edge::Max),
            _ => None,
        };
    }
    literal(datum).map(Edge::At)
}

/// A constant whose order is its type's order: numbers, and texts of one width (dates).
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Literal {
    Number(f64),
    Text(String),
}

fn literal(node: &Node) -> Option<Literal> {
    match node.node.as_ref()? {
        NodeEnum::TypeCast(cast) => literal(cast.arg.as_deref()?),
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            a_const::Val::Ival(value) => Some(Literal::Number(f64::from(value.ival))),
            a_const::Val::Fval(value) => value.fval.parse().ok().map(Literal::Number),
            a_const::Val::Sval(value) => Some(Literal::Text(value.sval.clone())),
            a_const::Val::Boolval(_) | a_const::Val::Bsval(_) => None,
        },
        _ => None,
    }
}

/// The partitions that an inserted row goes to, from the key's value if the text has it.
pub fn for_value(
    catalog: &Catalog,
    root: &Relation,
    value: impl Fn(&str) -> Option<Node>,
) -> Vec<Oid> {
    let mut found = Vec::new();
    route(catalog, root, &value, &mut found);
    found
}

fn route(
    catalog: &Catalog,
    parent: &Relation,
    value: &impl Fn(&str) -> Option<Node>,
    found: &mut Vec<Oid>,
) {
    let column = parent
        .partition_key
        .as_ref()
        .and_then(|key| match key.parts.as_slice() {
            [IndexTarget::Column(column)] => Some((key.strategy, column)),
            _ => None,
        });
    let constant = column.and_then(|(strategy, column)| {
        let node = value(column)?;
        Some((strategy, literal(&node)?))
    });
    for child in catalog.children(parent.oid) {
        let goes_here = constant.as_ref().is_none_or(|(strategy, value)| {
            contains(*strategy, parent, catalog, child, value).unwrap_or(true)
        });
        if goes_here {
            found.push(child.oid);
            route(catalog, child, value, found);
        }
    }
}
