//! Which partitions can hold the rows that conditions leave, and which one a new row goes to
//! (src/backend/partitioning/partprune.c, `get_partition_for_tuple` in src/backend/executor/execPartition.c).
//!
//! Only constants are compared. What cannot be told stays in: more locks are reported, never fewer.

use std::cmp::Ordering;

use pg_query::protobuf::{PartitionBoundSpec, PartitionRangeDatumKind, a_const};
use pg_query::{Node, NodeEnum};

use super::facts::ColumnTest;
use crate::catalog::{
    Catalog, IndexTarget, PartitionBound, PartitionKey, PartitionStrategy, Relation, RelationKind,
};
use crate::effects::node;

/// A constant that can be compared with a partition bound.
#[derive(Debug, Clone, PartialEq)]
enum Datum {
    Null,
    Integer(i128),
    Float(f64),
    /// A date or time in ISO form: its order is that of its text.
    Time(String),
    /// Ordered by a collation, so only compared for equality.
    Text(String),
    Boolean(bool),
}

/// Every partition below that may hold wanted rows, parents first.
pub(super) fn wanted<'q>(
    parent: &Relation,
    tests: &[(&str, &ColumnTest<'_>)],
    catalog: &'q Catalog,
) -> Vec<&'q Relation> {
    let mut found = Vec::new();
    below(parent, tests, catalog, &mut found);
    found
}

fn below<'q>(
    parent: &Relation,
    tests: &[(&str, &ColumnTest<'_>)],
    catalog: &'q Catalog,
    found: &mut Vec<&'q Relation>,
) {
    // A catalog made of guesses might be a circle.
    if found.len() > 100_000 {
        return;
    }
    for partition in catalog.children(parent.oid) {
        if may_hold(parent, partition, tests, catalog) {
            found.push(partition);
            if partition.kind == RelationKind::PartitionedTable {
                below(partition, tests, catalog, found);
            }
        }
    }
}

/// The partitions that a row with these values goes through, None being NULL; all of them when that cannot be told.
pub(super) fn routed<'q>(
    parent: &Relation,
    values: &[(&str, Option<&Node>)],
    catalog: &'q Catalog,
) -> Vec<&'q Relation> {
    let tests: Vec<(String, ColumnTest<'_>)> = values
        .iter()
        .map(|(column, value)| {
            let test = match value {
                Some(value) => ColumnTest::Equal(Some(vec![*value])),
                None => ColumnTest::Null,
            };
            ((*column).to_owned(), test)
        })
        .collect();
    let tests: Vec<(&str, &ColumnTest<'_>)> = tests
        .iter()
        .map(|(column, test)| (column.as_str(), test))
        .collect();
    wanted(parent, &tests, catalog)
}

fn may_hold(
    parent: &Relation,
    partition: &Relation,
    tests: &[(&str, &ColumnTest<'_>)],
    catalog: &Catalog,
) -> bool {
    let Some(key) = &parent.partition_key else {
        return true;
    };
    match &partition.partition_bound {
        None => true,
        Some(PartitionBound::Default) => !others_hold_all(parent, key, tests, catalog),
        Some(PartitionBound::Values(bound)) => {
            bound_spec(bound).is_none_or(|spec| overlaps(parent, key, spec, tests))
        }
    }
}

fn bound_spec(bound: &Node) -> Option<&PartitionBoundSpec> {
    match bound.node.as_ref()? {
        NodeEnum::PartitionBoundSpec(spec) => Some(spec),
        _ => None,
    }
}

/// The default partition is left out when every wanted key certainly has a partition of its own.
fn others_hold_all(
    parent: &Relation,
    key: &PartitionKey,
    tests: &[(&str, &ColumnTest<'_>)],
    catalog: &Catalog,
) -> bool {
    let [IndexTarget::Column(column)] = key.parts.as_slice() else {
        return false;
    };
    let null =
        |(name, test): &(&str, &ColumnTest<'_>)| name == column && matches!(test, ColumnTest::Null);
    if tests.iter().any(null) {
        return catalog
            .children(parent.oid)
            .any(|other| match &other.partition_bound {
                Some(PartitionBound::Values(bound)) => bound_spec(bound).is_some_and(|spec| {
                    let is_null = |value: &Node| datum(value, Class::Other) == Some(Datum::Null);
                    spec.listdatums.iter().any(is_null)
                }),
                _ => false,
            });
    }
    let equal = tests.iter().find_map(|(name, test)| match test {
        ColumnTest::Equal(Some(values)) if name == column => Some(values),
        _ => None,
    });
    equal.is_some_and(|values| {
        values.iter().all(|value| {
            let test = ColumnTest::Equal(Some(vec![*value]));
            let one = [(column.as_str(), &test)];
            datum(value, class(parent, column)).is_some()
                && catalog
                    .children(parent.oid)
                    .any(|other| match &other.partition_bound {
                        Some(PartitionBound::Values(bound)) => {
                            bound_spec(bound).is_some_and(|spec| {
                                is_known(parent, key, spec) && overlaps(parent, key, spec, &one)
                            })
                        }
                        _ => false,
                    })
        })
    })
}

/// Whether all of a bound's values can be compared, so that an overlap is certain.
fn is_known(parent: &Relation, key: &PartitionKey, spec: &PartitionBoundSpec) -> bool {
    let Some(IndexTarget::Column(column)) = key.parts.first() else {
        return false;
    };
    let class = class(parent, column);
    match key.strategy {
        PartitionStrategy::Hash => false,
        PartitionStrategy::List => spec
            .listdatums
            .iter()
            .all(|value| datum(value, class).is_some()),
        PartitionStrategy::Range => spec
            .lowerdatums
            .iter()
            .chain(&spec.upperdatums)
            .all(|value| range_end(value, class).is_some()),
    }
}

fn overlaps(
    parent: &Relation,
    key: &PartitionKey,
    spec: &PartitionBoundSpec,
    tests: &[(&str, &ColumnTest<'_>)],
) -> bool {
    let Some(IndexTarget::Column(column)) = key.parts.first() else {
        return true;
    };
    if key.strategy == PartitionStrategy::Hash {
        return hash_overlaps(key, spec, tests);
    }
    let class = class(parent, column);
    let single = key.parts.len() == 1;
    tests
        .iter()
        .filter(|(name, _)| name == column)
        .all(|(_, test)| match key.strategy {
            PartitionStrategy::Hash => true,
            PartitionStrategy::List => list_overlaps(spec, test, class),
            PartitionStrategy::Range => range_overlaps(spec, test, class, single),
        })
}

/// Which partition a hash leads to is not computed here, but that of NULL is 0 (`compute_partition_hash_value` in
/// src/backend/partitioning/partbounds.c).
fn hash_overlaps(
    key: &PartitionKey,
    spec: &PartitionBoundSpec,
    tests: &[(&str, &ColumnTest<'_>)],
) -> bool {
    let is_null = |part: &IndexTarget| match part {
        IndexTarget::Column(column) => tests
            .iter()
            .any(|(name, test)| name == column && matches!(test, ColumnTest::Null)),
        IndexTarget::Expression(_) => false,
    };
    spec.remainder == 0 || !key.parts.iter().all(is_null)
}

fn list_overlaps(spec: &PartitionBoundSpec, test: &ColumnTest<'_>, class: Class) -> bool {
    let bounds: Option<Vec<Datum>> = spec
        .listdatums
        .iter()
        .map(|value| datum(value, class))
        .collect();
    let Some(bounds) = bounds else {
        return true;
    };
    match test {
        ColumnTest::Null => bounds.contains(&Datum::Null),
        ColumnTest::Equal(Some(values)) => values
            .iter()
            .any(|value| datum(value, class).is_none_or(|value| bounds.contains(&value))),
        ColumnTest::Above(value) => bounds.iter().any(|bound| {
            datum(value, class).is_none_or(|value| compare(bound, &value) != Some(Ordering::Less))
        }),
        ColumnTest::Below(value) => bounds.iter().any(|bound| {
            datum(value, class)
                .is_none_or(|value| compare(bound, &value) != Some(Ordering::Greater))
        }),
        ColumnTest::Equal(None)
        | ColumnTest::InArray(_)
        | ColumnTest::Prefix
        | ColumnTest::Contains => true,
    }
}

fn range_overlaps(
    spec: &PartitionBoundSpec,
    test: &ColumnTest<'_>,
    class: Class,
    single: bool,
) -> bool {
    let end = |datums: &[Node]| datums.first().and_then(|value| range_end(value, class));
    let (Some(lower), Some(upper)) = (end(&spec.lowerdatums), end(&spec.upperdatums)) else {
        return true;
    };
    // Of several key columns the first decides only where it is not equal to the bound.
    let below_upper = |value: &Datum| match &upper {
        End::Infinite => true,
        End::Value(upper) => match compare(value, upper) {
            Some(Ordering::Less) | None => true,
            Some(Ordering::Equal) => !single,
            Some(Ordering::Greater) => false,
        },
    };
    let above_lower = |value: &Datum| match &lower {
        End::Infinite => true,
        End::Value(lower) => compare(value, lower) != Some(Ordering::Less),
    };
    match test {
        // Only the default partition takes nulls.
        ColumnTest::Null => false,
        ColumnTest::Equal(Some(values)) => values.iter().any(|value| {
            datum(value, class).is_none_or(|value| {
                value != Datum::Null && below_upper(&value) && above_lower(&value)
            })
        }),
        ColumnTest::Above(value) => datum(value, class).is_none_or(|value| below_upper(&value)),
        ColumnTest::Below(value) => datum(value, class).is_none_or(|value| above_lower(&value)),
        ColumnTest::Equal(None)
        | ColumnTest::InArray(_)
        | ColumnTest::Prefix
        | ColumnTest::Contains => true,
    }
}

enum End {
    /// MINVALUE or MAXVALUE.
    Infinite,
    Value(Datum),
}

fn range_end(node: &Node, class: Class) -> Option<End> {
    match node.node.as_ref()? {
        NodeEnum::PartitionRangeDatum(end) => match end.kind() {
            PartitionRangeDatumKind::PartitionRangeDatumValue => {
                datum(end.value.as_deref()?, class).map(End::Value)
            }
            PartitionRangeDatumKind::PartitionRangeDatumMinvalue
            | PartitionRangeDatumKind::PartitionRangeDatumMaxvalue => Some(End::Infinite),
            PartitionRangeDatumKind::Undefined => None,
        },
        // Before they are transformed, MINVALUE and MAXVALUE are column references.
        NodeEnum::ColumnRef(column) => {
            let name = column.fields.last().and_then(node::string)?;
            matches!(name, "minvalue" | "maxvalue").then_some(End::Infinite)
        }
        _ => datum(node, class).map(End::Value),
    }
}

/// How the values of a type are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Text,
    /// Dates and times, written in ISO order.
    Time,
    Boolean,
    Other,
}

fn class(parent: &Relation, column: &str) -> Class {
    let name = parent
        .column(column)
        .and_then(|column| column.ty.builtin_name());
    match name {
        Some("int2" | "int4" | "int8" | "numeric" | "float4" | "float8") => Class::Number,
        Some("text" | "varchar" | "bpchar" | "uuid") => Class::Text,
        Some("date" | "timestamp" | "timestamptz") => Class::Time,
        Some("bool") => Class::Boolean,
        _ => Class::Other,
    }
}

fn datum(node: &Node, class: Class) -> Option<Datum> {
    match node.node.as_ref()? {
        NodeEnum::AConst(constant) if constant.isnull => Some(Datum::Null),
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            a_const::Val::Ival(number) => Some(Datum::Integer(number.ival.into())),
            a_const::Val::Fval(number) => number_datum(&number.fval),
            a_const::Val::Boolval(value) => Some(Datum::Boolean(value.boolval)),
            a_const::Val::Sval(text) => text_datum(&text.sval, class),
            a_const::Val::Bsval(_) => None,
        },
        NodeEnum::TypeCast(cast) => datum(cast.arg.as_deref()?, class),
        NodeEnum::AExpr(_) => {
            super::functions::integer(node).map(|number| Datum::Integer(number.into()))
        }
        _ => None,
    }
}

fn text_datum(text: &str, class: Class) -> Option<Datum> {
    match class {
        Class::Number => number_datum(text.trim()),
        Class::Text => Some(Datum::Text(text.to_owned())),
        Class::Time => time(text).map(Datum::Time),
        Class::Boolean => match text {
            "t" | "true" => Some(Datum::Boolean(true)),
            "f" | "false" => Some(Datum::Boolean(false)),
            _ => None,
        },
        Class::Other => None,
    }
}

fn number_datum(text: &str) -> Option<Datum> {
    if let Ok(number) = text.parse() {
        return Some(Datum::Integer(number));
    }
    text.parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
        .map(Datum::Float)
}

/// `2024-01-31` and `2024-01-31 10:00:00` in one form; none for what has a time zone or another format.
fn time(text: &str) -> Option<String> {
    let text = text.trim();
    let date = text.get(..10)?;
    let bytes = date.as_bytes();
    let well_formed = bytes.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if !well_formed {
        return None;
    }
    let rest = text.get(10..)?.trim_start_matches(['T', ' ']);
    if !rest
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'))
    {
        return None;
    }
    let mut clock = "00:00:00.000000".to_owned();
    if rest.len() > clock.len() || !rest.is_ascii() {
        return None;
    }
    clock.replace_range(..rest.len(), rest);
    Some(format!("{date} {clock}"))
}

fn compare(left: &Datum, right: &Datum) -> Option<Ordering> {
    match (left, right) {
        (Datum::Integer(a), Datum::Integer(b)) => Some(a.cmp(b)),
        (Datum::Float(a), Datum::Float(b)) => a.partial_cmp(b),
        (Datum::Integer(a), Datum::Float(b)) => (*a as f64).partial_cmp(b),
        (Datum::Float(a), Datum::Integer(b)) => a.partial_cmp(&(*b as f64)),
        (Datum::Time(a), Datum::Time(b)) => Some(a.cmp(b)),
        (Datum::Text(a), Datum::Text(b)) => (a == b).then_some(Ordering::Equal),
        (Datum::Boolean(a), Datum::Boolean(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn dates_and_timestamps_are_brought_to_one_form() {
        assert_eq!(time("2024-01-31"), time("2024-01-31 00:00"));
        assert!(time("2024-01-31") < time("2024-02-01T10:00:00"));
        assert_eq!(time("2024-01-31 10:00+02"), None);
        assert_eq!(time("31.1.2024"), None);
        assert_eq!(time("2024-01-3é"), None);
    }
}
