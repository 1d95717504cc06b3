//! Length coercions that change nothing: `varchar(50)` to `varchar(100)`
//! (the planner support functions of varchar, varbit, numeric, time, timestamp and interval).

use super::tree::{Call, Expr, Origin};
use super::types;

/// The argument alone, relabelled, when the length coercion can be left out.
pub fn without_coercion(call: &Call) -> Option<Expr> {
    if !matches!(call.callee.origin, Origin::Length { .. }) || call.ty.array {
        return None;
    }
    let source = call.arguments.first()?;
    let (old, new) = (types::modifiers(&source.ty()), types::modifiers(&call.ty));
    is_void(call.ty.builtin_name()?, &old, &new).then(|| Expr::Relabel {
        argument: Box::new(unlabelled(source).clone()),
        ty: call.ty.clone(),
    })
}

/// The label of an earlier coercion says nothing more.
fn unlabelled(expr: &Expr) -> &Expr {
    match expr {
        Expr::Relabel { argument, .. } => argument,
        expr => expr,
    }
}

/// Whether values of the old modifiers fit the new ones as they are. Empty stands for no modifier.
fn is_void(name: &str, old: &[i32], new: &[i32]) -> bool {
    match name {
        "varchar" | "varbit" => match (old, new) {
            (_, []) => true,
            ([old, ..], [new, ..]) => old <= new,
            ([], _) => false,
        },
        "numeric" => match (old, new) {
            (_, []) => true,
            ([old_precision, old_scale], [new_precision, new_scale]) => {
                old_scale == new_scale && old_precision <= new_precision
            }
            _ => false,
        },
        "time" | "timetz" | "timestamp" | "timestamptz" => match (old, new) {
            (_, [] | [6]) => true,
            ([old, ..], [new, ..]) => old <= new,
            ([], _) => false,
        },
        "interval" => interval_is_void(old, new),
        // bpchar and bit have no support function: always called.
        _ => false,
    }
}

/// `interval_support` in src/backend/utils/adt/timestamp.c
fn interval_is_void(old: &[i32], new: &[i32]) -> bool {
    if new.is_empty() {
        return true;
    }
    let precision = |modifiers: &[i32]| modifiers.get(1).copied().unwrap_or(FULL_PRECISION);
    let (old_field, new_field) = (least_field(old), least_field(new));
    new_field <= old_field
        && (old_field > 0 || precision(new) >= 6 || precision(new) >= precision(old))
}

/// `INTERVAL_FULL_PRECISION`
const FULL_PRECISION: i32 = 0xFFFF;

/// The finest field that is kept, 0 for seconds (`intervaltypmodleastfield`). The mask's bits are those of
/// src/include/utils/datetime.h.
fn least_field(modifiers: &[i32]) -> u8 {
    const MONTH: i32 = 1 << 1;
    const YEAR: i32 = 1 << 2;
    const DAY: i32 = 1 << 3;
    const HOUR: i32 = 1 << 10;
    const MINUTE: i32 = 1 << 11;
    const SECOND: i32 = 1 << 12;
    let Some(&mask) = modifiers.first() else {
        return 0;
    };
    [
        (SECOND, 0),
        (MINUTE, 1),
        (HOUR, 2),
        (DAY, 3),
        (MONTH, 4),
        (YEAR, 5),
    ]
    .into_iter()
    .find(|(bit, _)| mask & bit != 0)
    .map_or(0, |(_, field)| field)
}
