//! Literals that a type's input function is certain to refuse.

use serde::de::IgnoredAny;

use super::types::{Kind, Types};
use crate::catalog::{QualifiedName, Type, UserTypeKind};

type Refusal = (&'static str, String);

/// What PostgreSQL answers to an untyped literal as a value of this type (not a domain), where that is certain.
pub fn refusal(types: Types<'_>, text: &str, ty: &Type) -> Option<Refusal> {
    let trimmed = text.trim();
    if ty.array {
        let array = trimmed.starts_with('{') || trimmed.starts_with('[');
        return (!array).then(|| ("22P02", format!("malformed array literal: \"{text}\"")));
    }
    match types.kind(ty) {
        Kind::Enum => return enum_label(types, text, ty),
        Kind::Range
            if !trimmed.starts_with(['[', '(']) && !trimmed.eq_ignore_ascii_case("empty") =>
        {
            return Some(("22P02", format!("malformed range literal: \"{text}\"")));
        }
        Kind::Composite if !trimmed.starts_with('(') => {
            return Some(("22P02", format!("malformed record literal: \"{text}\"")));
        }
        _ => {}
    }
    let name = ty.builtin_name()?;
    let syntax = |sqlstate| {
        let shown = types.display(ty);
        Some((
            sqlstate,
            format!("invalid input syntax for type {shown}: \"{text}\""),
        ))
    };
    let refused = match name {
        "int2" => return integer(types, trimmed, ty, i64::from(i16::MIN), i64::from(i16::MAX)),
        "int4" => return integer(types, trimmed, ty, i64::from(i32::MIN), i64::from(i32::MAX)),
        "int8" => return integer(types, trimmed, ty, i64::MIN, i64::MAX),
        "regclass" => return missing_relation(types, trimmed),
        "numeric" | "float4" | "float8" => !looks_like_number(trimmed),
        "bool" => super::value::read_boolean(trimmed).is_none(),
        "uuid" => !looks_like_uuid(trimmed),
        "json" | "jsonb" => !looks_like_json(text),
        "inet" | "cidr" => !trimmed
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || b":./".contains(&byte)),
        "date" | "timestamp" | "timestamptz" if !looks_like_date(trimmed) => {
            return syntax("22007");
        }
        _ => false,
    };
    refused.then(|| syntax("22P02")).flatten()
}

fn enum_label(types: Types<'_>, text: &str, ty: &Type) -> Option<Refusal> {
    let UserTypeKind::Enum { values } = &types.user(ty)?.kind else {
        return None;
    };
    let known = values.iter().any(|value| value.name == text);
    (!known && types.catalog.complete).then(|| {
        let name = types.display(ty);
        (
            "22P02",
            format!("invalid input value for enum {name}: \"{text}\""),
        )
    })
}

fn integer(types: Types<'_>, text: &str, ty: &Type, least: i64, most: i64) -> Option<Refusal> {
    let name = types.display(ty);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // From 16 on: 0x1F, 0o17, 0b11, 1_000.
        let newer = types.version.major() >= 16
            && digits.starts_with(|first: char| first.is_ascii_digit())
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        return (!newer).then(|| {
            (
                "22P02",
                format!("invalid input syntax for type {name}: \"{text}\""),
            )
        });
    }
    let fits = text
        .parse::<i64>()
        .is_ok_and(|value| (least..=most).contains(&value));
    (!fits).then(|| {
        (
            "22003",
            format!("value \"{text}\" is out of range for type {name}"),
        )
    })
}

fn looks_like_number(text: &str) -> bool {
    let word = text.trim_start_matches(['-', '+']).to_ascii_lowercase();
    matches!(word.as_str(), "nan" | "inf" | "infinity")
        || (!text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || b".+-_xobXOB".contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_digit()))
}

fn looks_like_uuid(text: &str) -> bool {
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .unwrap_or(text);
    let digits = inner.bytes().filter(|byte| *byte != b'-');
    digits.clone().count() == 32 && digits.clone().all(|byte| byte.is_ascii_hexdigit())
}

/// Long texts are not looked into: they may be nested more deeply than this reader goes.
fn looks_like_json(text: &str) -> bool {
    text.len() > 2_000 || serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Dates have many spellings; one without any digit is a word.
fn looks_like_date(text: &str) -> bool {
    let word = text.to_ascii_lowercase();
    text.bytes().any(|byte| byte.is_ascii_digit())
        || matches!(
            word.as_str(),
            "now"
                | "today"
                | "tomorrow"
                | "yesterday"
                | "epoch"
                | "infinity"
                | "+infinity"
                | "-infinity"
        )
}

/// `'name'::regclass`, as in `nextval('name')`. System catalogs are not in the catalog.
fn missing_relation(types: Types<'_>, text: &str) -> Option<Refusal> {
    let plain = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let is_oid = text.bytes().all(|byte| byte.is_ascii_digit());
    if !types.catalog.complete || is_oid || text == "-" || text.starts_with("pg_") {
        return None;
    }
    let found = match text.split('.').collect::<Vec<_>>().as_slice() {
        [name] if plain(name) => types
            .search_path
            .iter()
            .map(String::as_str)
            .chain([crate::catalog::PG_TEMP])
            .any(|schema| is_relation(types, schema, name)),
        [schema, name] if plain(schema) && plain(name) => {
            let system = *schema == "pg_catalog" || *schema == "information_schema";
            system || is_relation(types, schema, name)
        }
        _ => true,
    };
    (!found).then(|| ("42P01", format!("relation \"{text}\" does not exist")))
}

fn is_relation(types: Types<'_>, schema: &str, name: &str) -> bool {
    types
        .catalog
        .relation_oid(&QualifiedName::new(schema, name))
        .is_some()
}
