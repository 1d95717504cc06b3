//! Immutable functions of constants that are worked out here; the value of others is left open.

use std::cmp::Ordering;

use super::number::Number;
use super::tree::{Call, Expr, Origin};
use super::types;
use super::value::Value;
use crate::catalog::Type;

const DAY: i64 = 86_400_000_000;

/// The value of a call with constant arguments, none of them NULL where the function is strict.
pub fn call(call: &Call) -> Option<Value> {
    let values = call.constants()?;
    if call.callee.user.is_some() {
        return None;
    }
    if let Origin::Length { .. } = call.callee.origin {
        return with_length(values.first()?, &call.ty);
    }
    match (call.callee.operator.as_deref(), values.as_slice()) {
        (Some(operator), [left, right]) => binary(operator, left, right, call),
        (Some("-"), [Value::Number(number)]) => number.negate().map(Value::Number),
        (None, [value]) => function(&call.callee.name, value, call),
        _ => None,
    }
}

fn binary(operator: &str, left: &Value, right: &Value, call: &Call) -> Option<Value> {
    let compared = |test: fn(Ordering) -> bool| {
        left.compare(right, true)
            .map(|order| Value::Boolean(test(order)))
    };
    match operator {
        "=" => left.equals(right).map(Value::Boolean),
        "<>" => left.equals(right).map(|equal| Value::Boolean(!equal)),
        "<" => compared(Ordering::is_lt),
        "<=" => compared(Ordering::is_le),
        ">" => compared(Ordering::is_gt),
        ">=" => compared(Ordering::is_ge),
        _ => compute(operator, left, right, call),
    }
}

fn compute(operator: &str, left: &Value, right: &Value, call: &Call) -> Option<Value> {
    match (operator, left, right) {
        (_, Value::Number(left), Value::Number(right)) => {
            let exact = types::is(&call.ty, "numeric") || is_integer(&call.ty);
            let result = match operator {
                "+" => left.add(right),
                "-" => left.subtract(right),
                "*" => left.multiply(right),
                "/" if is_integer(&call.ty) => divide(*left, *right),
                "%" if is_integer(&call.ty) => remainder(*left, *right),
                _ => None,
            };
            result.filter(|_| exact).map(Value::Number)
        }
        ("||", Value::Text(left), Value::Text(right)) => {
            Some(Value::Text(format!("{left}{right}")))
        }
        ("+" | "-", Value::Moment(moment), Value::Number(days)) if types::is(&call.ty, "date") => {
            let days = days.to_integer()?.checked_mul(DAY)?;
            let moved = match operator {
                "+" => moment.checked_add(days),
                _ => moment.checked_sub(days),
            };
            moved.map(Value::Moment)
        }
        _ => None,
    }
}

fn is_integer(ty: &Type) -> bool {
    matches!(ty.builtin_name(), Some("int2" | "int4" | "int8"))
}

fn divide(left: Number, right: Number) -> Option<Number> {
    left.to_integer()?
        .checked_div(right.to_integer()?)
        .map(Number::integer)
}

fn remainder(left: Number, right: Number) -> Option<Number> {
    left.to_integer()?
        .checked_rem(right.to_integer()?)
        .map(Number::integer)
}

/// Casts and a few functions of one argument.
fn function(name: &str, value: &Value, call: &Call) -> Option<Value> {
    let target = call.ty.builtin_name()?;
    match (name, value) {
        ("lower", Value::Text(text)) if text.is_ascii() => {
            Some(Value::Text(text.to_ascii_lowercase()))
        }
        ("upper", Value::Text(text)) if text.is_ascii() => {
            Some(Value::Text(text.to_ascii_uppercase()))
        }
        ("length" | "char_length" | "character_length", Value::Text(text)) => {
            let length = i64::try_from(text.chars().count()).ok()?;
            Some(Value::Number(Number::integer(length)))
        }
        ("int4", Value::Boolean(value)) => Some(Value::Number(Number::integer(i64::from(*value)))),
        ("int2" | "int4" | "int8" | "oid", Value::Number(number)) if target == name => {
            number.to_integer().map(|_| value.clone())
        }
        ("numeric", Value::Number(_)) if target == name => Some(value.clone()),
        // Numbers of so few digits are in the same order as doubles (DBL_DIG).
        ("float8", Value::Number(number))
            if target == name && from(call, "numeric") && number.is_within_digits(15) =>
        {
            Some(value.clone())
        }
        ("float4" | "float8", Value::Number(number)) if target == name => {
            number.to_integer().map(|_| value.clone())
        }
        ("timestamp", Value::Moment(_)) if from(call, "date") => Some(value.clone()),
        ("date", Value::Moment(moment)) if from(call, "timestamp") => {
            moment.checked_rem_euclid(DAY)?;
            Some(Value::Moment(moment.div_euclid(DAY).checked_mul(DAY)?))
        }
        ("text" | "bpchar" | "varchar", Value::Text(_)) if target == name => Some(value.clone()),
        _ => None,
    }
}

fn from(call: &Call, source: &str) -> bool {
    call.arguments
        .first()
        .is_some_and(|argument| types::is(&argument.ty(), source))
}

/// The value when the length coercion leaves it alone.
fn with_length(value: &Value, target: &Type) -> Option<Value> {
    let length = |at: usize| usize::try_from(*target.modifiers.get(at)?).ok();
    let unchanged = match (value, target.builtin_name()?) {
        (Value::Text(text), "varchar" | "bpchar") => text.chars().count() <= length(0)?,
        (Value::Number(number), "numeric") => {
            usize::try_from(number.scale()).ok()? <= length(1).unwrap_or(0)
        }
        (Value::Moment(moment), "timestamp" | "timestamptz") => {
            let digits = u32::try_from(6usize.saturating_sub(length(0)?)).ok()?;
            moment.checked_rem(10i64.checked_pow(digits)?)? == 0
        }
        (Value::Null, _) => true,
        _ => false,
    };
    unchanged.then(|| value.clone())
}

/// A constant written as text and read as another type.
pub fn via_text(argument: &Expr, target: &Type) -> Option<Value> {
    let text = match &argument.as_constant()?.value {
        Value::Text(text) | Value::Written(text) => text,
        _ => return None,
    };
    match Value::read(text, target.builtin_name()?, false) {
        Value::Written(_) => None,
        value => Some(value),
    }
}
