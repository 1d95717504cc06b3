//! Partition bounds as expressions over the key (`get_qual_for_range` and `get_qual_for_list` in
//! src/backend/partitioning/partbounds.c).

use std::cmp::Ordering;

use pg_query::protobuf::{PartitionBoundSpec, PartitionRangeDatum, PartitionRangeDatumKind};
use pg_query::{Node, NodeEnum};

use super::analyser::Analyser;
use super::coerce::Context;
use super::simplify::Simplifier;
use super::tree::Expr;
use super::value::Value;
use super::{Purpose, Scope};
use crate::catalog::builtin::{Opclass, opclasses};
use crate::catalog::{IndexTarget, PartitionBound, PartitionKey, PartitionStrategy, Type};

/// Builds the constraints of one partitioned table's partitions.
pub struct Bounds<'a> {
    analyser: Analyser<'a>,
    key: &'a PartitionKey,
    /// The parts of the key as IS NULL tests have them.
    columns: Vec<Expr>,
    /// The parts of the key as comparisons have them: collated as the key says. None where the operators are
    /// not those of the usual operator class.
    compared: Vec<Option<Expr>>,
}

/// One end of a range in one column.
pub enum End {
    Minimum,
    Maximum,
    Value(Expr),
}

impl<'a> Bounds<'a> {
    /// The key's columns are looked up in the scope's relation.
    pub fn new(key: &'a PartitionKey, scope: &Scope<'a>) -> Self {
        let mut analyser = Analyser::new(*scope, Purpose::Other);
        let columns: Vec<Expr> = key
            .parts
            .iter()
            .map(|part| match part {
                IndexTarget::Column(name) => column(name, scope),
                IndexTarget::Expression(node) => analyser.expr(node),
            })
            .collect();
        let compared = columns
            .iter()
            .enumerate()
            .map(|(at, column)| compared(column, key, at, scope))
            .collect();
        Bounds {
            analyser,
            key,
            columns,
            compared,
        }
    }

    /// `part operator value`, as `make_partition_op_expr` writes it.
    fn comparison(&mut self, at: usize, operator: &str, value: Expr) -> Option<Expr> {
        let part = self.compared.get(at)?.clone()?;
        Some(self.analyser.binary(operator, part, value))
    }

    /// What holds for the rows of a partition with this bound; `siblings` are the bounds of the others, which a
    /// default partition leaves over. None when it cannot be written as an expression.
    pub fn constraint(
        &mut self,
        bound: &PartitionBound,
        siblings: &[&PartitionBound],
    ) -> Option<Expr> {
        let written = match bound {
            PartitionBound::Values(node) => self.of_values(spec(node)?)?,
            PartitionBound::Default => self.of_default(siblings)?,
        };
        Some(self.simplified(written))
    }

    pub fn simplified(&self, expr: Expr) -> Expr {
        Simplifier::new(self.analyser.scope, self.analyser.types).simplify(expr)
    }

    fn of_values(&mut self, spec: &PartitionBoundSpec) -> Option<Expr> {
        match self.key.strategy {
            PartitionStrategy::List => {
                let (values, null) = self.list(spec)?;
                self.in_list(values, null)
            }
            PartitionStrategy::Range => {
                let mut parts = self.not_null();
                parts.extend(self.range(spec)?);
                Some(Expr::And(parts))
            }
            PartitionStrategy::Hash => None,
        }
    }

    /// NOT of everything that the siblings take.
    fn of_default(&mut self, siblings: &[&PartitionBound]) -> Option<Expr> {
        let mut specs = Vec::new();
        for sibling in siblings {
            if let PartitionBound::Values(node) = sibling {
                specs.push(spec(node)?);
            }
        }
        let taken = match self.key.strategy {
            PartitionStrategy::List => {
                let (mut values, mut null) = (Vec::new(), false);
                for spec in specs {
                    let (more, with_null) = self.list(spec)?;
                    values.extend(more);
                    null |= with_null;
                }
                self.in_list(values, null)?
            }
            PartitionStrategy::Range => {
                let mut ranges = Vec::new();
                for spec in specs {
                    let mut parts = self.range(spec)?;
                    if parts.is_empty() {
                        parts = self.not_null();
                    }
                    ranges.push(Expr::And(parts));
                }
                let mut parts = self.not_null();
                parts.push(Expr::Or(ranges));
                Expr::And(parts)
            }
            PartitionStrategy::Hash => return None,
        };
        Some(Expr::Not(Box::new(taken)))
    }

    /// The values of FOR VALUES IN, and whether NULL is one of them.
    pub fn list(&mut self, spec: &PartitionBoundSpec) -> Option<(Vec<Expr>, bool)> {
        let mut values = Vec::new();
        let mut null = false;
        for node in &spec.listdatums {
            let value = self.value(node, 0)?;
            match value.is_null() {
                true => null = true,
                false => values.push(value),
            }
        }
        Some((values, null))
    }

    /// `key IS NOT NULL AND key = ANY (values)`, or with `OR key IS NULL`.
    fn in_list(&mut self, values: Vec<Expr>, null: bool) -> Option<Expr> {
        let column = self.columns.first()?.clone();
        let equal = self.equal_to_any(values)?;
        let test = Expr::IsNull {
            argument: Box::new(column),
            negated: !null,
            row: false,
        };
        Some(match (equal, null) {
            (None, _) => test,
            (Some(equal), true) => Expr::Or(vec![test, equal]),
            (Some(equal), false) => Expr::And(vec![test, equal]),
        })
    }

    /// `key = value`, or `key = ANY (values)`; arrays are compared one by one (`make_partition_op_expr`).
    #[expect(clippy::option_option, reason = "the outer None: it cannot be written")]
    fn equal_to_any(&mut self, values: Vec<Expr>) -> Option<Option<Expr>> {
        let mut equal = Vec::new();
        for value in values {
            equal.push(self.comparison(0, "=", value)?);
        }
        let arrays = self.columns.first().is_some_and(|column| column.ty().array);
        Some(match equal.len() {
            0 => None,
            1 => Some(equal.remove(0)),
            _ if arrays => Some(Expr::Or(equal)),
            _ => Some(self.any_of(equal)?),
        })
    }

    /// `key = ANY (array)` of `key = value` for each value.
    fn any_of(&self, equal: Vec<Expr>) -> Option<Expr> {
        let mut values = Vec::new();
        let mut first = None;
        for comparison in equal {
            let Expr::Call(mut call) = comparison else {
                return None;
            };
            let value = self.simplified(call.arguments.pop()?);
            values.push(value.as_constant()?.clone());
            first.get_or_insert(call);
        }
        let mut operator = first?;
        let ty = Type {
            array: true,
            ..values.first()?.ty.clone()
        };
        let array = Value::Array(values.into_iter().map(|constant| constant.value).collect());
        operator.arguments.push(Expr::constant(ty, array));
        Some(Expr::AnyAll {
            operator,
            any: true,
        })
    }

    fn not_null(&self) -> Vec<Expr> {
        self.columns
            .iter()
            .map(|column| Expr::IsNull {
                argument: Box::new(column.clone()),
                negated: true,
                row: false,
            })
            .collect()
    }

    /// The comparisons of a range, without the tests for null.
    fn range(&mut self, spec: &PartitionBoundSpec) -> Option<Vec<Expr>> {
        let lower = self.ends(&spec.lowerdatums)?;
        let upper = self.ends(&spec.upperdatums)?;
        if lower.len() != self.columns.len() || upper.len() != self.columns.len() {
            return None;
        }
        let mut parts = Vec::new();
        let mut first = 0;
        while first + 1 < self.columns.len() {
            let (End::Value(low), End::Value(high)) = (&lower[first], &upper[first]) else {
                break;
            };
            if !are_equal(low, high)? {
                break;
            }
            parts.push(self.comparison(first, "=", low.clone())?);
            first += 1;
        }
        parts.extend(self.arms(&lower, first, false)?);
        parts.extend(self.arms(&upper, first, true)?);
        Some(parts)
    }

    /// `a > 1 OR (a = 1 AND b >= 2)`: rows on the right side of one end; nothing where the end is open.
    #[expect(clippy::option_option, reason = "the outer None: it cannot be written")]
    fn arms(&mut self, ends: &[End], first: usize, upper: bool) -> Option<Option<Expr>> {
        let mut arms = Vec::new();
        for last in first..ends.len() {
            let mut arm = Vec::new();
            for at in first..=last {
                let End::Value(value) = &ends[at] else {
                    continue;
                };
                let operator = match at {
                    at if at < last => "=",
                    at => edge(ends.get(at + 1), upper),
                };
                arm.push(self.comparison(at, operator, value.clone())?);
            }
            match arm.len() {
                0 => {}
                1 => arms.push(arm.remove(0)),
                _ => arms.push(Expr::And(arm)),
            }
            let goes_on = matches!(ends[last], End::Value(_))
                && matches!(ends.get(last + 1), Some(End::Value(_)));
            if !goes_on {
                break;
            }
        }
        Some(match arms.len() {
            0 => None,
            1 => Some(arms.remove(0)),
            _ => Some(Expr::Or(arms)),
        })
    }

    /// One end of FOR VALUES FROM ... TO.
    pub fn ends(&mut self, nodes: &[Node]) -> Option<Vec<End>> {
        let mut ends = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            ends.push(self.end(node, at)?);
        }
        Some(ends)
    }

    fn end(&mut self, node: &Node, at: usize) -> Option<End> {
        if let Some(NodeEnum::PartitionRangeDatum(datum)) = &node.node {
            return self.datum(datum, at);
        }
        match keyword(node) {
            Some("minvalue") => Some(End::Minimum),
            Some("maxvalue") => Some(End::Maximum),
            _ => Some(End::Value(self.value(node, at)?)),
        }
    }

    fn datum(&mut self, datum: &PartitionRangeDatum, at: usize) -> Option<End> {
        match datum.kind() {
            PartitionRangeDatumKind::PartitionRangeDatumMinvalue => Some(End::Minimum),
            PartitionRangeDatumKind::PartitionRangeDatumMaxvalue => Some(End::Maximum),
            _ => Some(End::Value(self.value(datum.value.as_deref()?, at)?)),
        }
    }

    /// A bound's value as a constant of the key column's type (`transformPartitionBoundValue`).
    fn value(&mut self, node: &Node, at: usize) -> Option<Expr> {
        // A domain's value is one of its base type; whether the domain takes it is not asked here.
        let ty = self.analyser.types.base(&self.columns.get(at)?.ty());
        let value = self.analyser.expr(node);
        let value = self.analyser.coerce(value, &ty, Context::Assignment);
        let value = self.simplified(value);
        value.as_constant().is_some().then_some(value)
    }
}

/// Between one end's last value and what follows it: MINVALUE below or MAXVALUE above takes the edge in.
fn edge(next: Option<&End>, upper: bool) -> &'static str {
    match (upper, next) {
        (false, None | Some(End::Minimum)) => ">=",
        (false, _) => ">",
        (true, Some(End::Maximum)) => "<=",
        (true, _) => "<",
    }
}

fn are_equal(low: &Expr, high: &Expr) -> Option<bool> {
    let (low, high) = (&low.as_constant()?.value, &high.as_constant()?.value);
    match (low, high) {
        (Value::Computed(_), _) | (_, Value::Computed(_)) => None,
        _ => match low.equals(high) {
            Some(equal) => Some(equal),
            None => Some(low.compare(high, true) == Some(Ordering::Equal)),
        },
    }
}

/// A part of the key in a comparison: relabelled where the key has another collation than the column
/// (`get_partition_operator`). None where the key names an unusual operator class.
fn compared(column: &Expr, key: &PartitionKey, at: usize, scope: &Scope) -> Option<Expr> {
    let written = key.opclasses.get(at).and_then(Option::as_deref);
    if written.is_some_and(|class| !is_usual(class, scope)) {
        return None;
    }
    let Some(collation) = key.collations.get(at).and_then(Option::as_deref) else {
        return Some(column.clone());
    };
    if own_collation(column, scope) == Some(collation) {
        return Some(column.clone());
    }
    Some(Expr::Collate {
        argument: Box::new(column.clone()),
        collation: collation.to_owned(),
    })
}

fn own_collation<'a>(column: &Expr, scope: &Scope<'a>) -> Option<&'a str> {
    let Expr::Column { name, .. } = column else {
        return None;
    };
    let found = scope.relation?.column(name)?;
    Some(found.collation.as_deref().unwrap_or("default"))
}

/// A default class, or one with the operators of a default class.
fn is_usual(name: &str, scope: &Scope) -> bool {
    let all: Vec<Opclass> = opclasses("btree", scope.version).collect();
    all.iter().any(|class| {
        class.name == name
            && all
                .iter()
                .any(|usual| usual.default && usual.family == class.family)
    })
}

fn column(name: &str, scope: &Scope) -> Expr {
    let found = scope.relation.and_then(|relation| relation.column(name));
    Expr::Column {
        name: name.to_owned(),
        ty: found.map_or_else(super::types::untold, |column| column.ty.clone()),
    }
}

/// FOR VALUES as parsed.
pub fn spec(node: &Node) -> Option<&PartitionBoundSpec> {
    match node.node.as_ref()? {
        NodeEnum::PartitionBoundSpec(spec) => Some(spec),
        _ => None,
    }
}

/// MINVALUE and MAXVALUE are column references to the grammar.
fn keyword(node: &Node) -> Option<&str> {
    let NodeEnum::ColumnRef(reference) = node.node.as_ref()? else {
        return None;
    };
    match super::analyser::strings(&reference.fields).as_slice() {
        [name] => Some(*name),
        _ => None,
    }
}
