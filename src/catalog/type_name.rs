//! Type names: from the parse tree to a [`Type`], and back to how PostgreSQL prints one.

use pg_query::{NodeEnum, protobuf};

use super::resolve::{split_name, strings};
use super::{BaseType, Catalog, Type};
use crate::catalog::builtin::{self, TypeKind};
use crate::session::Settings;
use crate::version::PgVersion;

/// `INTERVAL_FULL_RANGE` of src/include/utils/timestamp.h: no field restriction.
pub const INTERVAL_FULL_RANGE: i32 = 0x7FFF;

impl Catalog {
    /// The type that a type name means (`LookupTypeName` in src/backend/parser/parse_type.c). `SETOF`
    /// is the caller's to read. A name that nobody created becomes [`BaseType::Unknown`].
    pub fn resolve_type(&self, name: &protobuf::TypeName, settings: &Settings) -> Type {
        let parts = strings(&name.names);
        if name.pct_type {
            return self.type_of_column(&parts, settings);
        }
        let mut ty = self.resolve_type_parts(&parts, settings);
        ty.modifiers = modifiers(name);
        ty.array |= !name.array_bounds.is_empty();
        ty
    }

    /// [`Catalog::resolve_type`] for a name without modifiers, in parts.
    pub fn resolve_type_parts(&self, parts: &[&str], settings: &Settings) -> Type {
        let Some((schema, name)) = split_name(parts) else {
            return Type::unknown("");
        };
        if schema.is_none_or(|schema| schema == "pg_catalog")
            && let Some(ty) = builtin_type(name)
        {
            return ty;
        }
        if let Some(ty) = self.find_user_type(schema, name, settings) {
            return ty;
        }
        match schema {
            Some(schema) if !is_extension_type(name) => Type::unknown(&format!("{schema}.{name}")),
            _ => Type::unknown(name),
        }
    }

    fn find_user_type(
        &self,
        schema: Option<&str>,
        name: &str,
        settings: &Settings,
    ) -> Option<Type> {
        if let Some(oid) = self.lookup_type(schema, name, settings) {
            return Some(Type::user(oid));
        }
        let element = self.lookup_type(schema, name.strip_prefix('_')?, settings)?;
        Some(Type::user(element).array_of())
    }

    /// The user type of that name.
    pub fn lookup_type(
        &self,
        schema: Option<&str>,
        name: &str,
        settings: &Settings,
    ) -> Option<super::Oid> {
        let name = super::resolve::truncate_name(name);
        self.search(schema, &settings.search_path, |schema| {
            self.type_oid(&super::QualifiedName::new(schema, name))
        })
    }

    /// `table.column%TYPE`
    fn type_of_column(&self, parts: &[&str], settings: &Settings) -> Type {
        let found = parts.split_last().and_then(|(column, table)| {
            let (schema, table) = split_name(table)?;
            let relation = self.relation(self.lookup(schema, table, &settings.search_path)?)?;
            Some(relation.column(column)?.ty.clone())
        });
        found.unwrap_or_else(|| Type::unknown(&format!("{}%TYPE", parts.join("."))))
    }

    /// A type as `format_type()` prints it: `character varying(50)`, `integer[]`
    /// (src/backend/utils/adt/format_type.c). User types outside `public` have their schema in front.
    pub fn type_display(&self, ty: &Type) -> String {
        let mut text = match &ty.base {
            BaseType::Builtin(name) => builtin_display(name, &ty.modifiers),
            BaseType::Unknown(name) => format!("{name}{}", in_parentheses(&ty.modifiers)),
            BaseType::User(oid) => match self.user_type(*oid) {
                Some(user) => {
                    let name = quote(&user.name.name);
                    let modifiers = in_parentheses(&ty.modifiers);
                    match user.name.schema.as_str() {
                        "public" | super::resolve::PG_TEMP => format!("{name}{modifiers}"),
                        schema => format!("{}.{name}{modifiers}", quote(schema)),
                    }
                }
                None => ty.base.to_string(),
            },
        };
        if ty.array {
            text.push_str("[]");
        }
        text
    }
}

/// The type that `serial` and its kin stand for (`transformColumnDefinition` in
/// src/backend/parser/parse_utilcmd.c). Only the bare name counts.
pub(super) fn serial_type(name: &protobuf::TypeName) -> Option<&'static str> {
    if name.pct_type || name.setof {
        return None;
    }
    match strings(&name.names).as_slice() {
        ["smallserial" | "serial2"] => Some("int2"),
        ["serial" | "serial4"] => Some("int4"),
        ["bigserial" | "serial8"] => Some("int8"),
        _ => None,
    }
}

fn modifiers(name: &protobuf::TypeName) -> Vec<i32> {
    name.typmods
        .iter()
        .filter_map(|node| match node.node.as_ref()? {
            NodeEnum::AConst(constant) => match constant.val.as_ref()? {
                protobuf::a_const::Val::Ival(value) => Some(value.ival),
                protobuf::a_const::Val::Sval(text) => text.sval.trim().parse().ok(),
                _ => None,
            },
            NodeEnum::AExpr(_) => negative(node.node.as_ref()?),
            _ => None,
        })
        .collect()
}

/// `numeric(5, -2)`: from 15 on a scale may be negative.
fn negative(node: &NodeEnum) -> Option<i32> {
    let NodeEnum::AExpr(expression) = node else {
        return None;
    };
    if strings(&expression.name) != ["-"] || expression.lexpr.is_some() {
        return None;
    }
    let NodeEnum::AConst(constant) = expression.rexpr.as_ref()?.node.as_ref()? else {
        return None;
    };
    match constant.val.as_ref()? {
        protobuf::a_const::Val::Ival(value) => value.ival.checked_neg(),
        _ => None,
    }
}

/// A type of pg_catalog, of whatever version. Arrays have their own names there: `_int4`.
fn builtin_type(name: &str) -> Option<Type> {
    let known = builtin::type_named(name, PgVersion::NEWEST);
    match known.map(|known| known.kind) {
        Some(TypeKind::Array) => Some(Type::builtin(name.strip_prefix('_')?).array_of()),
        Some(_) => Some(Type::builtin(name)),
        None => builtin::type_versions(name).map(|_| Type::builtin(name)),
    }
}

/// Types of extensions that live in a schema of the user's choice. None of them is a domain.
pub fn is_extension_type(name: &str) -> bool {
    matches!(
        name,
        "citext" | "hstore" | "ltree" | "geometry" | "geography" | "vector" | "halfvec"
    )
}

fn builtin_display(name: &str, modifiers: &[i32]) -> String {
    let plain = in_parentheses(modifiers);
    match name {
        "bool" => "boolean".to_owned(),
        "bpchar" if modifiers.is_empty() => "bpchar".to_owned(),
        "bpchar" => format!("character{plain}"),
        "char" => "\"char\"".to_owned(),
        "varchar" => format!("character varying{plain}"),
        "bit" => format!("bit{plain}"),
        "varbit" => format!("bit varying{plain}"),
        "int2" => "smallint".to_owned(),
        "int4" => "integer".to_owned(),
        "int8" => "bigint".to_owned(),
        "float4" => "real".to_owned(),
        "float8" => "double precision".to_owned(),
        "numeric" => match modifiers {
            [precision] => format!("numeric({precision},0)"),
            _ => format!("numeric{plain}"),
        },
        "time" => format!("time{plain} without time zone"),
        "timetz" => format!("time{plain} with time zone"),
        "timestamp" => format!("timestamp{plain} without time zone"),
        "timestamptz" => format!("timestamp{plain} with time zone"),
        "interval" => interval_display(modifiers),
        _ => format!("{name}{plain}"),
    }
}

/// `intervaltypmodout` in src/backend/utils/adt/timestamp.c.
fn interval_display(modifiers: &[i32]) -> String {
    let (fields, precision) = match modifiers {
        [] => (INTERVAL_FULL_RANGE, None),
        [fields] => (*fields, None),
        [fields, precision, ..] => (*fields, Some(*precision)),
    };
    const YEAR: i32 = 1 << 2;
    const MONTH: i32 = 1 << 1;
    const DAY: i32 = 1 << 3;
    const HOUR: i32 = 1 << 10;
    const MINUTE: i32 = 1 << 11;
    const SECOND: i32 = 1 << 12;
    let words = [
        (YEAR, " year"),
        (MONTH, " month"),
        (DAY, " day"),
        (HOUR, " hour"),
        (MINUTE, " minute"),
        (SECOND, " second"),
        (YEAR | MONTH, " year to month"),
        (DAY | HOUR, " day to hour"),
        (DAY | HOUR | MINUTE, " day to minute"),
        (DAY | HOUR | MINUTE | SECOND, " day to second"),
        (HOUR | MINUTE, " hour to minute"),
        (HOUR | MINUTE | SECOND, " hour to second"),
        (MINUTE | SECOND, " minute to second"),
    ]
    .into_iter()
    .find(|(mask, _)| *mask == fields)
    .map_or("", |(_, words)| words);
    match precision {
        Some(precision) => format!("interval{words}({precision})"),
        None => format!("interval{words}"),
    }
}

fn in_parentheses(modifiers: &[i32]) -> String {
    if modifiers.is_empty() {
        return String::new();
    }
    let list: Vec<String> = modifiers.iter().map(i32::to_string).collect();
    format!("({})", list.join(","))
}

fn quote(name: &str) -> String {
    let mut characters = name.chars();
    let plain = characters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase() || first == '_')
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$');
    if plain {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}
