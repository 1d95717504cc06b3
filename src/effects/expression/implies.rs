//! Whether clauses that hold for every row imply another (`predicate_implied_by` in
//! src/backend/optimizer/util/predtest.c, in its weak form: NULL counts as holding).

use std::cmp::Ordering;

use super::Scope;
use super::tree::{Call, Expr};
use super::types::{Kind, Types, is, same};
use super::value::Value;
use crate::catalog::builtin::{self, has_equality};
use crate::catalog::{Type, UserTypeKind, Volatility};

/// Longer arrays are not looked into (`MAX_SAOP_ARRAY_SIZE`).
const MAX_ARRAY: usize = 100;

/// Whether the clauses together imply the predicate.
pub fn implied(predicate: &Expr, clauses: &[Expr], scope: &Scope) -> bool {
    let proof = Proof {
        scope,
        types: scope.types(),
    };
    match clauses {
        [] => false,
        [only] => proof.implies(only, predicate),
        several => proof.implies(&Expr::And(several.to_vec()), predicate),
    }
}

struct Proof<'a> {
    scope: &'a Scope<'a>,
    types: Types<'a>,
}

/// A comparison as a btree operator class knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    LessEqual,
    Equal,
    GreaterEqual,
    Greater,
    NotEqual,
}

enum Class {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Atom,
}

/// `predicate_classify`: comparisons with an array are ORs or ANDs of comparisons with its elements.
fn classify(expr: &Expr) -> Class {
    match expr {
        Expr::And(parts) => Class::And(parts.clone()),
        Expr::Or(parts) => Class::Or(parts.clone()),
        Expr::AnyAll { operator, any } => match elements(operator) {
            Some(parts) if *any => Class::Or(parts),
            Some(parts) => Class::And(parts),
            None => Class::Atom,
        },
        _ => Class::Atom,
    }
}

fn elements(operator: &Call) -> Option<Vec<Expr>> {
    let [scalar, array] = operator.arguments.as_slice() else {
        return None;
    };
    let elements: Vec<Expr> = match array {
        Expr::Constant(constant) => match &constant.value {
            Value::Array(values) => {
                let ty = Type {
                    array: false,
                    ..constant.ty.clone()
                };
                let element = |value: &Value| Expr::constant(ty.clone(), value.clone());
                values.iter().map(element).collect()
            }
            _ => return None,
        },
        Expr::Array { elements, .. } => elements.clone(),
        _ => return None,
    };
    if elements.len() > MAX_ARRAY {
        return None;
    }
    let compared = |element: Expr| {
        Expr::Call(Call {
            arguments: vec![scalar.clone(), element],
            ..operator.clone()
        })
    };
    Some(elements.into_iter().map(compared).collect())
}

impl Proof<'_> {
    /// `predicate_implied_by_recurse`
    fn implies(&self, clause: &Expr, predicate: &Expr) -> bool {
        match (classify(clause), classify(predicate)) {
            (_, Class::And(wanted)) => wanted.iter().all(|part| self.implies(clause, part)),
            (Class::And(held), Class::Or(wanted)) => {
                wanted.iter().any(|part| self.implies(clause, part))
                    || held.iter().any(|part| self.implies(part, predicate))
            }
            (Class::And(held), Class::Atom) => {
                held.iter().any(|part| self.implies(part, predicate))
            }
            (Class::Or(held), Class::Or(wanted)) => held
                .iter()
                .all(|part| wanted.iter().any(|wanted| self.implies(part, wanted))),
            (Class::Or(held), Class::Atom) => held.iter().all(|part| self.implies(part, predicate)),
            (Class::Atom, Class::Or(wanted)) => {
                wanted.iter().any(|part| self.implies(clause, part))
            }
            (Class::Atom, Class::Atom) => self.atom_implies(clause, predicate),
        }
    }

    /// `predicate_implied_by_simple_clause`
    fn atom_implies(&self, clause: &Expr, predicate: &Expr) -> bool {
        if clause == predicate {
            return true;
        }
        match (clause, predicate) {
            (Expr::Call(clause), Expr::Call(predicate)) => self.operator_proof(clause, predicate),
            _ => false,
        }
    }

    /// `operator_predicate_proof`: `x < 5` implies `x < 10`.
    fn operator_proof(&self, clause: &Call, predicate: &Call) -> bool {
        let ([clause_left, clause_right], [predicate_left, predicate_right]) =
            (clause.arguments.as_slice(), predicate.arguments.as_slice())
        else {
            return false;
        };
        let (Some(held), Some(wanted)) = (
            comparison(clause, &self.types),
            comparison(predicate, &self.types),
        ) else {
            return false;
        };
        let (held, wanted, subject, held_value, wanted_value) = if predicate_left == clause_left {
            if predicate_right == clause_right {
                return same_operands(held, wanted);
            }
            (held, wanted, clause_left, clause_right, predicate_right)
        } else if predicate_right == clause_right {
            (
                held.commuted(),
                wanted.commuted(),
                clause_right,
                clause_left,
                predicate_left,
            )
        } else if predicate_left == clause_right {
            if predicate_right == clause_left {
                return same_operands(held, wanted.commuted());
            }
            (
                held.commuted(),
                wanted,
                clause_right,
                clause_left,
                predicate_right,
            )
        } else if predicate_right == clause_left {
            (
                held,
                wanted.commuted(),
                clause_left,
                clause_right,
                predicate_left,
            )
        } else {
            return false;
        };
        let (Expr::Constant(held_value), Expr::Constant(wanted_value)) = (held_value, wanted_value)
        else {
            return false;
        };
        // A strict operator beside NULL is NULL, which counts as holding.
        if wanted_value.value == Value::Null {
            return predicate.callee.strict;
        }
        if held_value.value == Value::Null {
            return false;
        }
        if !self.in_one_family(&subject.ty(), &wanted_value.ty, &held_value.ty) {
            return false;
        }
        let collated = self.is_collated(subject);
        let order = self.order(
            &wanted_value.value,
            &held_value.value,
            &wanted_value.ty,
            collated,
        );
        match test(held, wanted) {
            Some(Test::Order(holds)) => order.is_some_and(holds),
            Some(Test::NotEqual) => {
                self.are_equal(&wanted_value.value, &held_value.value, &wanted_value.ty)
                    == Some(false)
            }
            Some(Test::Equal) => {
                self.are_equal(&wanted_value.value, &held_value.value, &wanted_value.ty)
                    == Some(true)
            }
            None => false,
        }
    }

    /// Whether a btree family compares the two constants with an immutable operator.
    fn in_one_family(&self, subject: &Type, wanted: &Type, held: &Type) -> bool {
        if same(wanted, held) {
            return true;
        }
        let (Some(subject), Some(wanted), Some(held)) = (
            subject.builtin_name(),
            wanted.builtin_name(),
            held.builtin_name(),
        ) else {
            return false;
        };
        let version = self.scope.version;
        let in_family = |family: &str| {
            has_equality(family, wanted, held, version)
                && has_equality(family, subject, held, version)
        };
        let compares = builtin::opclasses("btree", version)
            .filter(|class| class.default)
            .any(|class| in_family(class.family));
        compares
            && builtin::operators("=", version).any(|operator| {
                operator.left == Some(wanted)
                    && operator.right == Some(held)
                    && operator.volatility == Volatility::Immutable
            })
    }

    /// Whether the subject's text is ordered by a locale that is not known.
    fn is_collated(&self, subject: &Expr) -> bool {
        match subject {
            Expr::Column { name, ty } => {
                let written = self
                    .scope
                    .relation
                    .and_then(|relation| relation.column(name))
                    .and_then(|column| column.collation.as_deref());
                !is(ty, "name") && !matches!(written, Some("C" | "POSIX" | "ucs_basic"))
            }
            Expr::Relabel { argument, .. } => self.is_collated(argument),
            Expr::Collate { collation, .. } => {
                !matches!(collation.as_str(), "C" | "POSIX" | "ucs_basic")
            }
            _ => true,
        }
    }

    fn order(&self, left: &Value, right: &Value, ty: &Type, collated: bool) -> Option<Ordering> {
        match self.label_positions(left, right, ty) {
            Some((left, right)) => Some(left.cmp(&right)),
            None => left.compare(right, collated),
        }
    }

    fn are_equal(&self, left: &Value, right: &Value, ty: &Type) -> Option<bool> {
        match self.label_positions(left, right, ty) {
            Some((left, right)) => Some(left == right),
            None => left.equals(right),
        }
    }

    /// Where two values of an enum stand in it.
    fn label_positions(&self, left: &Value, right: &Value, ty: &Type) -> Option<(usize, usize)> {
        if self.types.kind(ty) != Kind::Enum {
            return None;
        }
        let UserTypeKind::Enum { values } = &self.types.user(ty)?.kind else {
            return None;
        };
        let position = |value: &Value| match value {
            Value::Written(label) => values.iter().position(|value| value.name == *label),
            _ => None,
        };
        Some((position(left)?, position(right)?))
    }
}

/// None for what is not a comparison that a btree operator class has.
fn comparison(call: &Call, types: &Types<'_>) -> Option<Comparison> {
    let comparison = match call.callee.operator.as_deref()? {
        "<" => Comparison::Less,
        "<=" => Comparison::LessEqual,
        "=" => Comparison::Equal,
        ">=" => Comparison::GreaterEqual,
        ">" => Comparison::Greater,
        "<>" => Comparison::NotEqual,
        _ => return None,
    };
    let [left, right] = call.callee.declared.as_slice() else {
        return None;
    };
    let version = types.version;
    let ordered = builtin::opclasses("btree", version).any(|class| {
        let input = types.named(class.input);
        match same(left, right) {
            true => class.default && same(&input, left),
            false => match (left.builtin_name(), right.builtin_name()) {
                (Some(left), Some(right)) => has_equality(class.family, left, right, version),
                _ => false,
            },
        }
    });
    ordered.then_some(comparison)
}

impl Comparison {
    fn commuted(self) -> Self {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessEqual => Comparison::GreaterEqual,
            Comparison::Equal => Comparison::Equal,
            Comparison::GreaterEqual => Comparison::LessEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::NotEqual => Comparison::NotEqual,
        }
    }
}

/// `RC_implies_table`: the same operands on both sides.
fn same_operands(held: Comparison, wanted: Comparison) -> bool {
    use Comparison::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    held == wanted
        || matches!(
            (held, wanted),
            (Less, LessEqual | NotEqual)
                | (Equal, LessEqual | GreaterEqual)
                | (Greater, GreaterEqual | NotEqual)
        )
}

enum Test {
    /// Of the predicate's constant to the clause's.
    Order(fn(Ordering) -> bool),
    Equal,
    NotEqual,
}

/// `RC_implic_table`: what must hold between the predicate's constant and the clause's.
fn test(held: Comparison, wanted: Comparison) -> Option<Test> {
    use Comparison::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    let at_least: Test = Test::Order(Ordering::is_ge);
    let above = Test::Order(Ordering::is_gt);
    let at_most = Test::Order(Ordering::is_le);
    let below = Test::Order(Ordering::is_lt);
    Some(match (held, wanted) {
        (Less, Less | LessEqual | NotEqual) => at_least,
        (LessEqual, Less | NotEqual) => above,
        (LessEqual, LessEqual) => at_least,
        (Equal, Less) => above,
        (Equal, LessEqual) => at_least,
        (Equal, Equal) => Test::Equal,
        (Equal, GreaterEqual) => at_most,
        (Equal, Greater) => below,
        (Equal, NotEqual) => Test::NotEqual,
        (GreaterEqual, GreaterEqual) => at_most,
        (GreaterEqual, Greater | NotEqual) => below,
        (Greater, GreaterEqual | Greater | NotEqual) => at_most,
        (NotEqual, NotEqual) => Test::Equal,
        _ => return None,
    })
}
