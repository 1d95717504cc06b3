//! Coercions: which there are, and the expression that makes one (src/backend/parser/parse_coerce.c).

use super::input;
use super::tree::{Call, Callee, Expr, Origin, Parameter};
use super::types::{self, Kind, PgCast, Types, is, is_literal, plain, same};
use super::value::Value;
use crate::catalog::builtin::{CastContext, CastMethod};
use crate::catalog::{Type, Volatility};

/// Who asks for the coercion, with the fewest casts allowed first (`CoercionContext`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    Implicit,
    Assignment,
    Explicit,
}

/// How one type becomes another (`CoercionPathType`).
#[derive(Debug, Clone, PartialEq)]
pub enum Path {
    None,
    Relabel,
    Function(PgCast),
    ArrayCoerce,
    ViaText,
    /// A type is involved of which too little is known.
    Unknown,
}

/// Why there is no coerced expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCoercion {
    Impossible,
    /// A type is involved of which too little is known.
    Unknown,
}

/// `find_coercion_pathway`
pub fn pathway(types: Types<'_>, source: &Type, target: &Type, context: Context) -> Path {
    let (source, target) = (types.base(source), types.base(target));
    if same(&source, &target) {
        return Path::Relabel;
    }
    if is(&source, "internal") || is(&target, "internal") {
        return Path::None;
    }
    if let Some(cast) = types.pg_cast(&source, &target) {
        return match cast.method {
            _ if context < needed(cast.context) => Path::None,
            CastMethod::Binary => Path::Relabel,
            CastMethod::Function(_) => Path::Function(cast),
            CastMethod::InputOutput => Path::ViaText,
        };
    }
    // int2vector and oidvector become real arrays, but nothing becomes one of them.
    if target.array
        && let (Some(from), Some(to)) = (types.element(&source), types.element(&target))
    {
        match pathway(types, &from, &to, context) {
            Path::None => {}
            Path::Unknown => return Path::Unknown,
            _ => return Path::ArrayCoerce,
        }
    }
    if !types.is_known(&source) || !types.is_known(&target) {
        return Path::Unknown;
    }
    let is_string = |ty: &Type| types.category(ty).0 == 'S';
    match context {
        Context::Assignment | Context::Explicit if is_string(&target) => Path::ViaText,
        Context::Explicit if is_string(&source) => Path::ViaText,
        _ => Path::None,
    }
}

fn needed(context: CastContext) -> Context {
    match context {
        CastContext::Implicit => Context::Implicit,
        CastContext::Assignment => Context::Assignment,
        CastContext::Explicit => Context::Explicit,
    }
}

/// `can_coerce_type` for one type that is not polymorphic. None when too little is known of one of them.
pub fn can_coerce(
    types: Types<'_>,
    source: &Type,
    target: &Type,
    context: Context,
) -> Option<bool> {
    if same(source, target) || is(target, "any") || is_literal(source) {
        return Some(true);
    }
    match pathway(types, source, target, context) {
        Path::None => Some(is_row_to_record(types, source, target)),
        Path::Unknown => None,
        _ => Some(true),
    }
}

fn is_row_to_record(types: Types<'_>, source: &Type, target: &Type) -> bool {
    let composite = |ty: &Type| types.kind(ty) == Kind::Composite;
    let element_is_composite = types
        .element(source)
        .is_some_and(|element| composite(&element));
    (is(source, "record") && composite(target))
        || (is(target, "record") && composite(source))
        || (element_is_composite && same(target, &Type::builtin("record").array_of()))
}

/// `coerce_to_target_type`: to the type and its modifiers.
pub fn coerce_to(
    types: Types<'_>,
    expr: Expr,
    target: &Type,
    context: Context,
) -> Result<Expr, NoCoercion> {
    match can_coerce(types, &expr.ty(), target, context) {
        Some(true) => {}
        Some(false) => return Err(NoCoercion::Impossible),
        None => return Err(NoCoercion::Unknown),
    }
    if let Expr::Collate {
        argument,
        collation,
    } = expr
    {
        let argument = Box::new(coerce_to(types, *argument, target, context)?);
        return Ok(match types.is_collatable(target) {
            true => Expr::Collate {
                argument,
                collation,
            },
            false => *argument,
        });
    }
    let expr = coerce_type(types, expr, target, context);
    Ok(coerce_modifiers(types, expr, target, context))
}

/// `coerce_type`: that it is possible has been seen before.
pub fn coerce_type(types: Types<'_>, expr: Expr, target: &Type, context: Context) -> Expr {
    let source = expr.ty();
    if same(&source, target) || is_polymorphic(target) {
        return expr;
    }
    if let (true, Expr::Constant(constant)) = (is_literal(&source), &expr) {
        let text = match &constant.value {
            Value::Written(text) => Some(text.as_str()),
            _ => None,
        };
        return read_literal(types, text, target, context);
    }
    if let Expr::Collate {
        argument,
        collation,
    } = expr
    {
        let argument = Box::new(coerce_type(types, *argument, target, context));
        return match types.is_collatable(target) {
            true => Expr::Collate {
                argument,
                collation,
            },
            false => *argument,
        };
    }
    let base = types.base(target);
    let is_domain = !same(&base, target);
    let coerced = match pathway(types, &source, target, context) {
        Path::Relabel if !is_domain => return relabel(expr, target),
        Path::Relabel => expr,
        Path::Function(cast) => by_function(expr, &source, &base, cast),
        Path::ArrayCoerce => by_element(types, expr, &base, context),
        Path::ViaText => via_text(types, expr, &base),
        // A row becomes a record, or a record a row, field by field.
        Path::None | Path::Unknown => return as_row(expr, target),
    };
    match is_domain {
        true => to_domain(types, coerced, &base, target, context),
        false => coerced,
    }
}

/// `coerce_type_typmod`: applies `varchar(10)` and the like.
pub fn coerce_modifiers(types: Types<'_>, expr: Expr, target: &Type, context: Context) -> Expr {
    let source = expr.ty();
    if types::modifiers(target) == types::modifiers(&source) {
        return expr;
    }
    if target.modifiers.is_empty() {
        return relabel(expr, target);
    }
    let Some(cast) = length_coercion(types, target) else {
        return Expr::Relabel {
            argument: Box::new(expr),
            ty: target.clone(),
        };
    };
    if target.array {
        return by_element(types, expr, target, context);
    }
    length_call(expr, target, context, cast.volatility)
}

/// `find_typmod_coercion_function`
fn length_coercion(types: Types<'_>, target: &Type) -> Option<PgCast> {
    let element = Type {
        array: false,
        ..plain(target)
    };
    types
        .pg_cast(&element, &element)
        .filter(|cast| matches!(cast.method, CastMethod::Function(_)))
}

fn length_call(expr: Expr, target: &Type, context: Context, volatility: Volatility) -> Expr {
    let name = target.builtin_name().unwrap_or_default().to_owned();
    let modifier = Expr::constant(
        Type::builtin("int4"),
        Value::Written(format!("{:?}", target.modifiers)),
    );
    Expr::Call(Call {
        callee: Callee {
            name,
            operator: None,
            declared: vec![plain(target), Type::builtin("int4")],
            volatility,
            strict: true,
            returns_set: false,
            user: None,
            origin: Origin::Length {
                explicit: context == Context::Explicit,
            },
        },
        arguments: vec![expr, modifier],
        ty: target.clone(),
    })
}

fn relabel(expr: Expr, target: &Type) -> Expr {
    Expr::Relabel {
        argument: Box::new(expr),
        ty: plain(target),
    }
}

/// The domain's own modifiers, then its constraints (`coerce_to_domain`).
fn to_domain(types: Types<'_>, expr: Expr, base: &Type, target: &Type, context: Context) -> Expr {
    let argument = Box::new(coerce_modifiers(types, expr, base, context));
    Expr::ToDomain {
        argument,
        ty: plain(target),
    }
}

/// An untyped literal is read by the type's input function, while parsing.
fn read_literal(types: Types<'_>, text: Option<&str>, target: &Type, context: Context) -> Expr {
    let base = types.base(target);
    let refusal = text.and_then(|text| input::refusal(types, text, &base));
    let value = match (text, base.builtin_name()) {
        (None, _) => Value::Null,
        (Some(_), _) if let Some((sqlstate, message)) = refusal => {
            Value::Refused(sqlstate, message)
        }
        (Some(text), Some(name)) => Value::read(text, name, types.at_utc),
        (Some(text), None) => match super::extension::named(types, &base) {
            Some(name) if !base.array => Value::read(text, name, types.at_utc),
            _ => Value::Written(text.to_owned()),
        },
    };
    // Only interval_in is told the modifiers.
    let ty = match is(&base, "interval") {
        true => Type {
            modifiers: target.modifiers.clone(),
            ..base.clone()
        },
        false => plain(&base),
    };
    let constant = Expr::constant(ty, value);
    match same(&base, target) {
        true => constant,
        false => to_domain(types, constant, &base, target, context),
    }
}

fn by_function(expr: Expr, source: &Type, target: &Type, cast: PgCast) -> Expr {
    let CastMethod::Function(name) = cast.method else {
        return relabel(expr, target);
    };
    // bit(int4, int4) and bit(int8, int4) apply the length themselves; the others leave it to a second call.
    let ty = match is(target, "bit") {
        true => target.clone(),
        false => plain(target),
    };
    Expr::Call(Call {
        callee: Callee {
            name: name.to_owned(),
            operator: None,
            declared: vec![plain(source)],
            volatility: cast.volatility,
            strict: true,
            returns_set: false,
            user: None,
            origin: Origin::Cast,
        },
        arguments: vec![expr],
        ty,
    })
}

fn by_element(types: Types<'_>, expr: Expr, target: &Type, context: Context) -> Expr {
    let source = types.base(&expr.ty());
    let (Some(from), Some(to)) = (types.element(&source), types.element(target)) else {
        return Expr::opaque(vec![expr], target.clone(), "cast");
    };
    let element = Expr::Parameter {
        index: Parameter::Element,
        ty: from,
    };
    match coerce_to(types, element, &to, context) {
        Ok(element) => Expr::ArrayCoerce {
            ty: Type {
                modifiers: element.ty().modifiers,
                ..target.clone()
            },
            argument: Box::new(expr),
            element: Box::new(element),
        },
        Err(_) => Expr::opaque(vec![expr], target.clone(), "cast"),
    }
}

fn via_text(types: Types<'_>, expr: Expr, target: &Type) -> Expr {
    let output = types.input_output(&expr.ty()).1;
    let input = types.input_output(target).0;
    Expr::ViaText {
        argument: Box::new(expr),
        ty: plain(target),
        volatility: output.max(input),
    }
}

fn as_row(expr: Expr, target: &Type) -> Expr {
    match expr {
        Expr::Row { fields, .. } if !is(target, "record") => Expr::Row {
            fields,
            ty: plain(target),
        },
        other if is(target, "record") => other,
        other => Expr::made_of(vec![other], plain(target)),
    }
}

/// `IsPolymorphicType`, and `any`
pub fn is_polymorphic(ty: &Type) -> bool {
    ty.builtin_name()
        .is_some_and(|name| name.starts_with("any"))
}
