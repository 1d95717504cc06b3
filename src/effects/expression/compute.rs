//! Errors that PostgreSQL makes when it computes constants while planning.

use super::number::Number;
use super::tree::{Call, Origin};
use super::types;
use super::value::Value;
use crate::catalog::Type;

type Refusal = (&'static str, String);

/// What computing this call of constants is certain to answer instead of a value.
pub fn refusal(call: &Call) -> Option<Refusal> {
    let values = call.constants()?;
    if call.callee.user.is_some() {
        return None;
    }
    if let Origin::Length { explicit } = call.callee.origin {
        return too_long(values.first()?, &call.ty, explicit);
    }
    match (call.callee.operator.as_deref(), values.as_slice()) {
        (Some("/" | "%"), [Value::Number(_), Value::Number(divisor)])
            if *divisor == Number::integer(0) =>
        {
            Some(("22012", "division by zero".to_owned()))
        }
        (Some("+" | "-" | "*"), [Value::Number(left), Value::Number(right)]) => {
            let result = match call.callee.operator.as_deref() {
                Some("+") => left.add(right),
                Some("-") => left.subtract(right),
                _ => left.multiply(right),
            };
            out_of_range(&result?, &call.ty)
        }
        (None, [Value::Number(number)]) => out_of_range(number, &call.ty),
        _ => None,
    }
}

fn out_of_range(number: &Number, ty: &Type) -> Option<Refusal> {
    let (least, most, name) = match ty.builtin_name()? {
        "int2" => (i64::from(i16::MIN), i64::from(i16::MAX), "smallint"),
        "int4" => (i64::from(i32::MIN), i64::from(i32::MAX), "integer"),
        "int8" => (i64::MIN, i64::MAX, "bigint"),
        _ => return None,
    };
    let fits = number.rounds_into(least, most)?;
    (!fits).then(|| ("22003", format!("{name} out of range")))
}

fn too_long(value: &Value, ty: &Type, explicit: bool) -> Option<Refusal> {
    let limit = usize::try_from(*ty.modifiers.first()?).ok()?;
    match (ty.builtin_name()?, value) {
        ("varchar" | "bpchar", Value::Text(text)) if !explicit => {
            let rest: String = text.chars().skip(limit).collect();
            let blank = rest.chars().all(|character| character == ' ');
            let name = match types::is(ty, "varchar") {
                true => "character varying",
                false => "character",
            };
            (!blank).then(|| ("22001", format!("value too long for type {name}({limit})")))
        }
        ("bit", Value::Written(bits)) if !explicit => {
            let length = bit_length(bits);
            (length != limit).then(|| {
                (
                    "22026",
                    format!("bit string length {length} does not match type bit({limit})"),
                )
            })
        }
        ("varbit", Value::Written(bits)) if !explicit && bit_length(bits) > limit => Some((
            "22001",
            format!("bit string too long for type bit varying({limit})"),
        )),
        ("numeric", Value::Number(number)) => {
            let scale = types::modifiers(ty).get(1).copied().unwrap_or(0);
            let whole = i32::try_from(limit).ok()?.checked_sub(scale)?;
            let too_large = number.whole_digits() > u32::try_from(whole).ok()?;
            too_large.then(|| ("22003", "numeric field overflow".to_owned()))
        }
        _ => None,
    }
}

/// `B'101'` is kept as `b101`, `X'1F'` as `x1F`; a literal that was read as bits has no letter.
fn bit_length(bits: &str) -> usize {
    match bits.strip_prefix(['x', 'X']) {
        Some(digits) => digits.len() * 4,
        None => bits.strip_prefix(['b', 'B']).unwrap_or(bits).len(),
    }
}
