//! What is known of the types that widely used extensions bring (asked from servers 12 to 18 with the
//! extensions installed: `pg_type`, `pg_cast`).

use super::types::{PgCast, Types};
use crate::catalog::builtin::{CastContext, CastMethod};
use crate::catalog::{BaseType, Type, UserTypeKind, Volatility};

/// Types of category `U` that have no casts beyond those through text.
const PLAIN: &[&str] = &[
    "cube",
    "hstore",
    "ltree",
    "lquery",
    "ltxtquery",
    "seg",
    "query_int",
];

/// source, target, context, and whether the bits stay as they are
const CASTS: &[(&str, &str, CastContext, bool)] = &[
    ("bool", "citext", CastContext::Assignment, false),
    ("bpchar", "citext", CastContext::Assignment, false),
    ("citext", "bpchar", CastContext::Assignment, true),
    ("citext", "text", CastContext::Implicit, true),
    ("citext", "varchar", CastContext::Implicit, true),
    ("inet", "citext", CastContext::Assignment, false),
    ("text", "citext", CastContext::Assignment, true),
    ("varchar", "citext", CastContext::Assignment, true),
    ("_text", "hstore", CastContext::Explicit, false),
    ("hstore", "json", CastContext::Explicit, false),
    ("hstore", "jsonb", CastContext::Explicit, false),
];

/// The name of an extension's type that is known here.
pub fn named<'t>(types: Types<'t>, ty: &'t Type) -> Option<&'t str> {
    let name = match &ty.base {
        BaseType::Unknown(name) => &**name,
        BaseType::User(oid) => {
            let user = types.catalog.user_type(*oid)?;
            let brought = user.extension.is_some() && matches!(user.kind, UserTypeKind::Base);
            brought.then_some(user.name.name.as_str())?
        }
        BaseType::Builtin(_) => return None,
    };
    (name == "citext" || PLAIN.contains(&name)).then_some(name)
}

pub fn category(types: Types<'_>, ty: &Type) -> char {
    match named(types, ty) {
        Some("citext") => 'S',
        _ => 'U',
    }
}

pub fn cast(types: Types<'_>, source: &Type, target: &Type) -> Option<PgCast> {
    let own = |ty| named(types, ty).filter(|_| !ty.array);
    if own(source).is_none() && own(target).is_none() {
        return None;
    }
    let (source, target) = (name(types, source)?, name(types, target)?);
    CASTS
        .iter()
        .find(|cast| (cast.0, cast.1) == (&source, &target))
        .map(|&(_, _, context, binary)| PgCast {
            method: if binary {
                CastMethod::Binary
            } else {
                CastMethod::Function("")
            },
            context,
            volatility: Volatility::Immutable,
        })
}

fn name(types: Types<'_>, ty: &Type) -> Option<String> {
    let name = match &ty.base {
        BaseType::Builtin(name) => name,
        _ => named(types, ty)?,
    };
    Some(if ty.array {
        format!("_{name}")
    } else {
        name.to_owned()
    })
}
