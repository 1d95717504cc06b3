//! Range bounds that certainly do not overlap, told from plain numbers and dates as they are written. A new
//! partition is compared with all others of its table, which may be thousands; what cannot be told here is
//! worked out.

use std::cmp;

use pg_query::protobuf::{PartitionBoundSpec, a_const};
use pg_query::{Node, NodeEnum};

use super::Scope;
use crate::catalog::{IndexTarget, PartitionKey};

/// How the literals for the first column of the key compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literals {
    /// Integers, for a column of numbers.
    Numbers,
    /// `YYYY-MM-DD`, for a column of dates or times.
    Dates,
}

impl Literals {
    pub fn of(key: &PartitionKey, scope: &Scope) -> Option<Self> {
        let IndexTarget::Column(name) = key.parts.first()? else {
            return None;
        };
        let ty = &scope.relation?.column(name)?.ty;
        match ty.builtin_name()? {
            "int2" | "int4" | "int8" => Some(Literals::Numbers),
            // A scale may round.
            "numeric" if ty.modifiers.is_empty() => Some(Literals::Numbers),
            "date" | "timestamp" | "timestamptz" => Some(Literals::Dates),
            _ => None,
        }
    }
}

/// Whether one range certainly ends before the other begins.
pub fn are_apart(
    one: &PartitionBoundSpec,
    other: &PartitionBoundSpec,
    literals: Option<Literals>,
) -> bool {
    literals.is_some_and(|it| ends_before(one, other, it) || ends_before(other, one, it))
}

/// The upper bound is not in the range. With more columns the first one must decide alone.
fn ends_before(one: &PartitionBoundSpec, other: &PartitionBoundSpec, literals: Literals) -> bool {
    let Some(order) = compare(one.upperdatums.first(), other.lowerdatums.first(), literals) else {
        return false;
    };
    let single = one.upperdatums.len() == 1 && other.lowerdatums.len() == 1;
    order == cmp::Ordering::Less || single && order == cmp::Ordering::Equal
}

fn compare(one: Option<&Node>, other: Option<&Node>, literals: Literals) -> Option<cmp::Ordering> {
    let (one, other) = (literal(one?)?, literal(other?)?);
    match (literals, one, other) {
        (Literals::Numbers, a_const::Val::Ival(one), a_const::Val::Ival(other)) => {
            Some(one.ival.cmp(&other.ival))
        }
        (Literals::Dates, a_const::Val::Sval(one), a_const::Val::Sval(other)) => {
            Some(date(&one.sval)?.cmp(date(&other.sval)?))
        }
        _ => None,
    }
}

fn literal(node: &Node) -> Option<&a_const::Val> {
    match node.node.as_ref()? {
        NodeEnum::AConst(constant) => constant.val.as_ref(),
        _ => None,
    }
}

/// A date of four digits, two and two, which every month has: such texts compare as the dates do.
fn date(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = bytes else {
        return None;
    };
    let digits = [y1, y2, y3, y4, m1, m2, d1, d2];
    let month = (m1, m2) > (b'0', b'0') && (m1, m2) <= (b'1', b'2');
    let day = (d1, d2) > (b'0', b'0') && (d1, d2) <= (b'2', b'8');
    let year = [y1, y2, y3, y4] != [b'0'; 4];
    (digits.iter().all(u8::is_ascii_digit) && year && month && day).then_some(text)
}

#[cfg(test)]
mod tests {
    use pg_query::NodeEnum;
    use pg_query::protobuf::PartitionBoundSpec;

    use super::{Literals, are_apart};

    fn bound(from: &str, to: &str) -> PartitionBoundSpec {
        let sql = format!("CREATE TABLE p PARTITION OF t FOR VALUES FROM ({from}) TO ({to})");
        let parsed = pg_query::parse(&sql, pg_query::ParserOptions::DEFAULT).unwrap();
        let node = parsed.protobuf.stmts[0].stmt.clone().unwrap().node;
        let Some(NodeEnum::CreateStmt(stmt)) = node else {
            panic!("{sql}");
        };
        stmt.partbound.unwrap()
    }

    fn apart(one: (&str, &str), other: (&str, &str), literals: Literals) -> bool {
        let (one, other) = (bound(one.0, one.1), bound(other.0, other.1));
        let found = are_apart(&one, &other, Some(literals));
        assert_eq!(found, are_apart(&other, &one, Some(literals)));
        assert!(!are_apart(&one, &other, None));
        found
    }

    #[test]
    fn ranges_that_end_before_others_begin_are_apart() {
        let numbers = |one, other| apart(one, other, Literals::Numbers);
        assert!(numbers(("1", "10"), ("10", "20")));
        assert!(numbers(("-20", "-5"), ("7", "8")));
        assert!(numbers(("1, 1", "2, 1"), ("3, 1", "4, 1")));
        let dates = |one, other| apart(one, other, Literals::Dates);
        assert!(dates(
            ("'2024-01-01'", "'2024-02-01'"),
            ("'2024-02-01'", "'2024-03-01'")
        ));
    }

    #[test]
    fn everything_else_is_worked_out() {
        let numbers = |one, other| apart(one, other, Literals::Numbers);
        assert!(!numbers(("1", "11"), ("10", "20")));
        assert!(!numbers(("1, 1", "2, 5"), ("2, 1", "3, 1")));
        assert!(!numbers(("MINVALUE", "10"), ("5", "MAXVALUE")));
        assert!(!numbers(("'1'", "'2'"), ("'3'", "'4'")));
        assert!(!numbers(("1", "1 + 1"), ("3", "4")));
        let dates = |one, other| apart(one, other, Literals::Dates);
        assert!(!dates(
            ("'2024-01-01'", "'2024-02-31'"),
            ("'2024-03-31'", "'2024-04-31'")
        ));
        assert!(!dates(
            ("'1 Jan 2024'", "'2 Jan 2024'"),
            ("'3 Jan 2024'", "'4 Jan 2024'")
        ));
        assert!(!dates(("20240101", "20240201"), ("20240301", "20240401")));
    }
}
