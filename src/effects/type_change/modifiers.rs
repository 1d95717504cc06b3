//! Type modifiers that PostgreSQL refuses: `varchar(0)`, `numeric(1001)` (the `typmodin` functions of the types).

use crate::catalog::{BaseType, Type};
use crate::version::PgVersion;

/// Bytes of a string, and bits times eight (`MaxAttrSize`).
const MAX_LENGTH: i32 = 10 * 1024 * 1024;

/// SQLSTATE and message for modifiers that the type does not allow.
pub fn refusal(ty: &Type, version: PgVersion) -> Option<(&'static str, String)> {
    let BaseType::Builtin(name) = &ty.base else {
        return None;
    };
    let refuse = |message: String| Some(("22023", message));
    match (&**name, ty.modifiers.as_slice()) {
        ("varchar" | "bpchar", [length]) => {
            let name = if &**name == "bpchar" {
                "char"
            } else {
                "varchar"
            };
            length_refusal(name, *length, MAX_LENGTH).and_then(refuse)
        }
        ("bit" | "varbit", [length]) => {
            length_refusal(name, *length, MAX_LENGTH * 8).and_then(refuse)
        }
        ("numeric", [precision, ..]) if !(1..=1000).contains(precision) => refuse(format!(
            "NUMERIC precision {precision} must be between 1 and 1000"
        )),
        ("numeric", [precision, scale])
            if version.major() < 15 && !(0..=*precision).contains(scale) =>
        {
            refuse(format!(
                "NUMERIC scale {scale} must be between 0 and precision {precision}"
            ))
        }
        ("numeric", [_, scale]) if !(-1000..=1000).contains(scale) => refuse(format!(
            "NUMERIC scale {scale} must be between -1000 and 1000"
        )),
        _ => None,
    }
}

fn length_refusal(name: &str, length: i32, most: i32) -> Option<String> {
    if length < 1 {
        Some(format!("length for type {name} must be at least 1"))
    } else if length > most {
        Some(format!("length for type {name} cannot exceed {most}"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(name: &str, modifiers: &[i32], major: u8) -> bool {
        let ty = Type {
            modifiers: modifiers.to_vec(),
            ..Type::builtin(name)
        };
        refusal(&ty, PgVersion::new(major).unwrap()).is_some()
    }

    #[test]
    fn scales_beyond_the_precision_came_with_15() {
        assert!(is_refused("numeric", &[2, 5], 14));
        assert!(!is_refused("numeric", &[2, 5], 15));
        assert!(is_refused("numeric", &[10, -2], 14));
        assert!(!is_refused("numeric", &[10, -2], 15));
    }

    #[test]
    fn lengths_have_bounds() {
        assert!(is_refused("varchar", &[0], 18));
        assert!(is_refused("varchar", &[10_485_761], 18));
        assert!(!is_refused("varchar", &[10_485_760], 18));
        assert!(!is_refused("varchar", &[], 18));
        assert!(is_refused("numeric", &[1001, 2], 18));
    }
}
