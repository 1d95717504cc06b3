//! The type that several expressions become one of: CASE, COALESCE, IN, ARRAY, UNION
//! (`select_common_type` in src/backend/parser/parse_coerce.c).

use super::coerce::{Context, can_coerce};
use super::tree::Expr;
use super::types::{self, Types, is_literal, same};
use crate::catalog::Type;

/// None when the types cannot be matched.
pub fn common_type(types: Types<'_>, inputs: &[Type]) -> Option<Type> {
    let first = inputs.first()?;
    if !is_literal(first) && inputs.iter().all(|ty| same(ty, first)) {
        return Some(types::plain(first));
    }
    let mut chosen = types::plain(&types.base(first));
    for ty in &inputs[1..] {
        let ty = types::plain(&types.base(ty));
        if is_literal(&ty) || same(&ty, &chosen) {
            continue;
        }
        if is_literal(&chosen) {
            chosen = ty;
            continue;
        }
        let (category, preferred) = types.category(&chosen);
        if types.category(&ty).0 != category {
            return None;
        }
        let can =
            |from: &Type, to: &Type| can_coerce(types, from, to, Context::Implicit) == Some(true);
        if !preferred && can(&chosen, &ty) && !can(&ty, &chosen) {
            chosen = ty;
        }
    }
    if is_literal(&chosen) {
        return Some(Type::builtin("text"));
    }
    Some(chosen)
}

/// [`common_type`] with the modifiers that all of them share (`select_common_typmod`).
pub fn common_type_of(types: Types<'_>, inputs: &[Expr]) -> Option<Type> {
    let inputs: Vec<Type> = inputs.iter().map(Expr::ty).collect();
    let common = common_type(types, &inputs)?;
    let first = types::modifiers(inputs.first()?);
    let shared = inputs
        .iter()
        .all(|ty| same(ty, &common) && types::modifiers(ty) == first);
    Some(match shared {
        true => Type {
            modifiers: first,
            ..common
        },
        false => common,
    })
}
