//! `anyelement` and its kin: what they stand for in one call (`enforce_generic_type_consistency` in
//! src/backend/parser/parse_coerce.c).

use super::coerce::{Context, can_coerce};
use super::common;
use super::types::{Kind, Types, is, is_literal, same};
use crate::catalog::Type;

/// What the pseudo-types of one call stand for.
#[derive(Debug, Default)]
struct Binding {
    element: Option<Type>,
    array: Option<Type>,
    range: Option<Type>,
    multirange: Option<Type>,
    compatible: Option<Type>,
    compatible_range: Option<Type>,
}

/// Whether the arguments agree on what the pseudo-types stand for.
pub fn is_consistent(types: Types<'_>, actual: &[Type], declared: &[Type]) -> bool {
    bind(types, actual, declared).is_some()
}

/// The parameter types and the result type with the pseudo-types replaced. What cannot be told stays.
pub fn resolve(
    types: Types<'_>,
    actual: &[Type],
    declared: &[Type],
    returns: &Type,
) -> (Vec<Type>, Type) {
    let Some(binding) = bind(types, actual, declared) else {
        return (declared.to_vec(), returns.clone());
    };
    let replaced = |ty: &Type| binding.replace(types, ty).unwrap_or_else(|| ty.clone());
    (declared.iter().map(replaced).collect(), replaced(returns))
}

fn bind(types: Types<'_>, actual: &[Type], declared: &[Type]) -> Option<Binding> {
    let mut binding = Binding::default();
    let mut compatible = Vec::new();
    let (mut not_array, mut is_enum, mut compatible_not_array) = (false, false, false);
    for (actual, declared) in actual.iter().zip(declared) {
        let Some(pseudo) = declared.builtin_name() else {
            continue;
        };
        not_array |= pseudo == "anynonarray";
        is_enum |= pseudo == "anyenum";
        compatible_not_array |= pseudo == "anycompatiblenonarray";
        if is_literal(actual) {
            continue;
        }
        let base = types.base(actual);
        match pseudo {
            "anyelement" | "anynonarray" | "anyenum" => agree(&mut binding.element, actual)?,
            "anyarray" => agree(&mut binding.array, &base)?,
            "anyrange" => agree(&mut binding.range, &base)?,
            "anymultirange" => agree(&mut binding.multirange, &base)?,
            "anycompatible" | "anycompatiblenonarray" => compatible.push(actual.clone()),
            "anycompatiblearray" => compatible.push(types.element(&base)?),
            "anycompatiblerange" => {
                agree(&mut binding.compatible_range, &base)?;
                compatible.push(types.range_subtype(&base)?);
            }
            "anycompatiblemultirange" => {
                let range = types.multirange_range(&base)?;
                compatible.push(types.range_subtype(&range)?);
                agree(&mut binding.compatible_range, &range)?;
            }
            _ => {}
        }
    }
    if let Some(array) = &binding.array
        && !is(array, "anyarray")
    {
        agree(&mut binding.element, &types.element(array)?)?;
    }
    if let Some(multirange) = &binding.multirange {
        agree(&mut binding.range, &types.multirange_range(multirange)?)?;
    }
    if let Some(range) = &binding.range {
        agree(&mut binding.element, &types.range_subtype(range)?)?;
    }
    let is_array = |ty: &Type| types.base(ty).array;
    if not_array && binding.element.as_ref().is_some_and(is_array) {
        return None;
    }
    if is_enum {
        let kind = binding.element.as_ref().map(|element| types.kind(element));
        if !matches!(kind, None | Some(Kind::Enum)) {
            return None;
        }
    }
    if !compatible.is_empty() {
        let common = common::common_type(types, &compatible)?;
        let fits = |ty: &Type| can_coerce(types, ty, &common, Context::Implicit) == Some(true);
        if !compatible.iter().all(fits) || (compatible_not_array && is_array(&common)) {
            return None;
        }
        binding.compatible = Some(common);
    }
    Some(binding)
}

/// None when the slot already stands for another type.
fn agree(slot: &mut Option<Type>, ty: &Type) -> Option<()> {
    match slot {
        Some(bound) => same(bound, ty).then_some(()),
        None => {
            *slot = Some(super::types::plain(ty));
            Some(())
        }
    }
}

impl Binding {
    fn replace(&self, types: Types<'_>, ty: &Type) -> Option<Type> {
        let element = || self.element.clone();
        // With nothing but untyped literals, anycompatible is text.
        let compatible = || {
            self.compatible
                .clone()
                .unwrap_or_else(|| Type::builtin("text"))
        };
        match ty.builtin_name()? {
            "anyelement" | "anynonarray" | "anyenum" => element(),
            "anyarray" => self.array.clone().or_else(|| types.array_over(&element()?)),
            "anyrange" => self.range.clone(),
            "anymultirange" => self
                .multirange
                .clone()
                .or_else(|| types.range_multirange(self.range.as_ref()?)),
            "anycompatible" | "anycompatiblenonarray" => Some(compatible()),
            "anycompatiblearray" => types.array_over(&compatible()),
            "anycompatiblerange" => self.compatible_range.clone(),
            "anycompatiblemultirange" => types.range_multirange(self.compatible_range.as_ref()?),
            _ => None,
        }
    }
}
