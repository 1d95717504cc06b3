//! NOT pushed down as far as it goes (`negate_clause` in src/backend/optimizer/prep/prepqual.c).

use super::tree::{BooleanTest, Call, Callee, Expr};
use super::types::{Types, same};
use super::value::Value;
use crate::catalog::Type;
use crate::catalog::builtin;

const NEGATORS: &[(&str, &str)] = &[
    ("=", "<>"),
    ("<", ">="),
    (">", "<="),
    ("~~", "!~~"),
    ("~~*", "!~~*"),
    ("~", "!~"),
    ("~*", "!~*"),
];

/// The negation of a boolean expression that has been simplified.
pub fn negate(expr: Expr, types: Types<'_>) -> Expr {
    match expr {
        Expr::Constant(constant) => match constant.value {
            Value::Boolean(value) => Expr::boolean(!value),
            Value::Null => Expr::null(Type::builtin("bool")),
            _ => Expr::Not(Box::new(Expr::Constant(constant))),
        },
        Expr::Call(call) => match negated_operator(&call.callee, types) {
            Some(callee) => Expr::Call(Call { callee, ..call }),
            None => Expr::Not(Box::new(Expr::Call(call))),
        },
        Expr::AnyAll { operator, any } => match negated_operator(&operator.callee, types) {
            Some(callee) => Expr::AnyAll {
                operator: Call { callee, ..operator },
                any: !any,
            },
            None => Expr::Not(Box::new(Expr::AnyAll { operator, any })),
        },
        Expr::And(parts) => Expr::Or(each(parts, types)),
        Expr::Or(parts) => Expr::And(each(parts, types)),
        Expr::Not(argument) => *argument,
        Expr::IsNull {
            argument,
            negated,
            row: false,
        } => Expr::IsNull {
            argument,
            negated: !negated,
            row: false,
        },
        Expr::IsBoolean { argument, test } => Expr::IsBoolean {
            argument,
            test: match test {
                BooleanTest::True => BooleanTest::NotTrue,
                BooleanTest::NotTrue => BooleanTest::True,
                BooleanTest::False => BooleanTest::NotFalse,
                BooleanTest::NotFalse => BooleanTest::False,
                BooleanTest::Unknown => BooleanTest::NotUnknown,
                BooleanTest::NotUnknown => BooleanTest::Unknown,
            },
        },
        other => Expr::Not(Box::new(other)),
    }
}

fn each(parts: Vec<Expr>, types: Types<'_>) -> Vec<Expr> {
    let mut negated = Vec::new();
    for part in parts {
        negated.push(negate(part, types));
    }
    negated
}

/// The operator that gives the opposite for the same operands (`get_negator`).
pub fn negated_operator(callee: &Callee, types: Types<'_>) -> Option<Callee> {
    let name = callee.operator.as_deref()?;
    let negator = NEGATORS.iter().find_map(|&(one, other)| {
        if one == name {
            Some(other)
        } else if other == name {
            Some(one)
        } else {
            None
        }
    })?;
    let [left, right] = callee.declared.as_slice() else {
        return None;
    };
    let found = builtin::operators(negator, types.version).find(|operator| {
        let is =
            |name: Option<&str>, ty: &Type| name.is_some_and(|name| same(&types.named(name), ty));
        is(operator.left, left) && is(operator.right, right)
    })?;
    Some(Callee {
        name: found.function.to_owned(),
        operator: Some(negator.to_owned()),
        volatility: found.volatility,
        strict: found.strict,
        ..callee.clone()
    })
}
