//! What PostgreSQL refuses about the bound of a new partition (`transformPartitionBound` in
//! src/backend/parser/parse_utilcmd.c, `check_new_partition_bound` in src/backend/partitioning/partbounds.c).

use std::cmp::Ordering;

use pg_query::protobuf::PartitionBoundSpec;

use super::Scope;
use super::apart;
use super::bounds::{Bounds, End, spec};
use super::tree::Expr;
use super::value::Value;
use crate::catalog::{PartitionBound, PartitionKey, PartitionStrategy};

/// SQLSTATE and message.
type Refusal = (&'static str, String);

/// Why a partition with this bound cannot join `siblings`, the names and bounds of those that exist.
/// [`Scope::relation`] is the partitioned table. None also where the values cannot be told from the text.
pub fn bound_refusal(
    bound: &PartitionBound,
    key: &PartitionKey,
    siblings: &[(&str, &PartitionBound)],
    scope: &Scope,
) -> Option<Refusal> {
    let PartitionBound::Values(node) = bound else {
        return default_refusal(key, siblings);
    };
    let new = spec(node)?;
    if let Some(refusal) = misfit(new, key) {
        return Some(refusal);
    }
    let specs = siblings
        .iter()
        .filter_map(|(name, bound)| match bound {
            PartitionBound::Values(node) => Some((*name, spec(node)?)),
            PartitionBound::Default => None,
        })
        .collect::<Vec<_>>();
    match key.strategy {
        PartitionStrategy::Hash => hash(new, &specs),
        PartitionStrategy::List => list(new, &specs, &mut Bounds::new(key, scope)),
        PartitionStrategy::Range => {
            let literals = apart::Literals::of(key, scope);
            range(new, &specs, &mut Bounds::new(key, scope), literals)
        }
    }
}

fn default_refusal(key: &PartitionKey, siblings: &[(&str, &PartitionBound)]) -> Option<Refusal> {
    if key.strategy == PartitionStrategy::Hash {
        let message = "a hash-partitioned table may not have a default partition";
        return Some(("42P16", message.to_owned()));
    }
    let (existing, _) = siblings
        .iter()
        .find(|(_, bound)| matches!(bound, PartitionBound::Default))?;
    let message = format!("partition conflicts with existing default partition \"{existing}\"");
    Some(("42P17", message))
}

/// A bound of another strategy, or with more or fewer values than the key has columns.
fn misfit(new: &PartitionBoundSpec, key: &PartitionKey) -> Option<Refusal> {
    let (code, noun) = match key.strategy {
        PartitionStrategy::Hash => ("h", "hash"),
        PartitionStrategy::List => ("l", "list"),
        PartitionStrategy::Range => ("r", "range"),
    };
    if new.strategy != code {
        let message = format!("invalid bound specification for a {noun} partition");
        return Some(("42P16", message));
    }
    if key.strategy != PartitionStrategy::Range {
        return None;
    }
    let end = if new.lowerdatums.len() != key.parts.len() {
        "FROM"
    } else if new.upperdatums.len() != key.parts.len() {
        "TO"
    } else {
        return None;
    };
    let message = format!("{end} must specify exactly one value per partitioning column");
    Some(("42P16", message))
}

fn overlap(with: &str) -> Refusal {
    (
        "42P17",
        format!("the partition would overlap partition \"{with}\""),
    )
}

fn hash(new: &PartitionBoundSpec, siblings: &[(&str, &PartitionBoundSpec)]) -> Option<Refusal> {
    let (modulus, remainder) = (new.modulus, new.remainder);
    let invalid = if modulus <= 0 {
        Some("modulus for hash partition must be an integer value greater than zero")
    } else if remainder < 0 {
        Some("remainder for hash partition must be an integer value greater than or equal to zero")
    } else if remainder >= modulus {
        Some("remainder for hash partition must be less than modulus")
    } else {
        None
    };
    if let Some(message) = invalid {
        return Some(("42P16", message.to_owned()));
    }
    let factors = |one: i32, other: i32| {
        let (small, large) = (one.min(other), one.max(other));
        small > 0 && large % small == 0
    };
    if siblings
        .iter()
        .any(|(_, other)| !factors(modulus, other.modulus))
    {
        let message =
            "every hash partition modulus must be a factor of the next larger modulus".to_owned();
        return Some(("42P17", message));
    }
    siblings
        .iter()
        .find(|(_, other)| {
            let smaller = modulus.min(other.modulus);
            remainder % smaller == other.remainder % smaller
        })
        .map(|(name, _)| overlap(name))
}

fn list(
    new: &PartitionBoundSpec,
    siblings: &[(&str, &PartitionBoundSpec)],
    bounds: &mut Bounds<'_>,
) -> Option<Refusal> {
    let (values, null) = bounds.list(new)?;
    for (name, other) in siblings {
        let Some((others, other_null)) = bounds.list(other) else {
            continue;
        };
        let shared = values.iter().any(|value| {
            others
                .iter()
                .any(|other| compare_values(value, other) == Some(Ordering::Equal))
        });
        if shared || null && other_null {
            return Some(overlap(name));
        }
    }
    None
}

fn range(
    new: &PartitionBoundSpec,
    siblings: &[(&str, &PartitionBoundSpec)],
    bounds: &mut Bounds<'_>,
    literals: Option<apart::Literals>,
) -> Option<Refusal> {
    let lower = bounds.ends(&new.lowerdatums)?;
    let upper = bounds.ends(&new.upperdatums)?;
    if compare_ends(&lower, &upper)? != Ordering::Less {
        let message = "empty range bound specified for the partition".to_owned();
        return Some(("42P17", message));
    }
    for (name, other) in siblings {
        if apart::are_apart(new, other, literals) {
            continue;
        }
        let ends = (
            bounds.ends(&other.lowerdatums),
            bounds.ends(&other.upperdatums),
        );
        let (Some(other_lower), Some(other_upper)) = ends else {
            continue;
        };
        let overlaps = compare_ends(&lower, &other_upper) == Some(Ordering::Less)
            && compare_ends(&other_lower, &upper) == Some(Ordering::Less);
        if overlaps {
            return Some(overlap(name));
        }
    }
    None
}

/// `partition_rbound_cmp` of a lower and an upper end: what stands behind MINVALUE or MAXVALUE does not count.
fn compare_ends(lower: &[End], upper: &[End]) -> Option<Ordering> {
    for (one, other) in lower.iter().zip(upper) {
        let order = match (one, other) {
            (End::Minimum, End::Minimum) | (End::Maximum, End::Maximum) => {
                return Some(Ordering::Equal);
            }
            (End::Minimum, _) | (_, End::Maximum) => Ordering::Less,
            (End::Maximum, _) | (_, End::Minimum) => Ordering::Greater,
            (End::Value(one), End::Value(other)) => compare_values(one, other)?,
        };
        if order != Ordering::Equal {
            return Some(order);
        }
    }
    Some(Ordering::Equal)
}

fn compare_values(one: &Expr, other: &Expr) -> Option<Ordering> {
    let (one, other) = (&one.as_constant()?.value, &other.as_constant()?.value);
    match (one, other) {
        (Value::Computed(_), _) | (_, Value::Computed(_)) => None,
        (Value::Written(one), Value::Written(other)) if one != other => {
            compare_local_times(one, other)
        }
        _ => one.compare(other, true),
    }
}

/// Times without a zone, in whatever zone the session has: a day is more than any zone's clock jumps by.
fn compare_local_times(one: &str, other: &str) -> Option<Ordering> {
    const TWO_DAYS: i64 = 2 * 86_400_000_000;
    let read = |text: &str| match Value::read(text, "timestamp", false) {
        Value::Moment(moment) => Some(moment),
        _ => None,
    };
    let (one, other) = (read(one)?, read(other)?);
    (one.abs_diff(other) >= TWO_DAYS.unsigned_abs()).then(|| one.cmp(&other))
}
