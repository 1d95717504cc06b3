//! Functions and operators by name and arguments (src/backend/parser/parse_func.c and parse_oper.c).

use super::coerce::{self, Context, Path, can_coerce, is_polymorphic};
use super::extension_functions;
use super::polymorphic;
use super::tree::{Callee, Origin};
use super::types::{self, Kind, Types, is, is_literal, same};
use crate::catalog::builtin::{self, FunctionKind as Builtin, is_known_extension};
use crate::catalog::{Function, FunctionKind, Oid, QualifiedName, Type, Volatility};

/// A function or operator that may be meant.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub callee: Callee,
    /// Types of the parameters, one for each argument of the call.
    pub parameters: Vec<Type>,
    pub returns: Type,
    pub kind: Kinds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinds {
    Function,
    Aggregate,
    Window,
}

/// What a name and arguments mean.
#[derive(Debug, Clone)]
pub enum Resolution {
    Found(Candidate),
    /// `text(x)` is a cast.
    Cast(Type),
    /// Too little is known of the arguments; one of these is meant.
    OneOf(Vec<Candidate>),
    /// PostgreSQL cannot choose (42725).
    Ambiguous,
    /// There are functions of this name, but none for these arguments.
    NoMatch,
    /// There is no such name.
    Absent,
}

/// A call as it is written.
pub struct Written<'a> {
    pub schema: Option<&'a str>,
    pub name: &'a str,
    pub arguments: &'a [Type],
    /// Names of the arguments in `name => value` notation, the last of `arguments`.
    pub names: &'a [String],
    /// VARIADIC stands before the last argument.
    pub variadic: bool,
    pub search_path: &'a [String],
}

/// `func_get_detail`
pub fn function(types: Types<'_>, call: &Written<'_>) -> Resolution {
    let mut all = Vec::new();
    if call.schema.is_none_or(|schema| schema == "pg_catalog") {
        all.extend(
            builtin::functions(call.name, types.version)
                .filter_map(|function| from_builtin(types, &function, call)),
        );
    }
    let hidden = |all: &[Candidate], declared: &[Type]| {
        all.iter()
            .any(|found| same_list(&found.callee.declared, declared))
    };
    for schema in schemas(call) {
        let name = QualifiedName::new(schema, call.name);
        for function in types.catalog.functions_named(&name) {
            let better_known = function
                .extension
                .as_deref()
                .is_some_and(is_known_extension);
            if !better_known && !hidden(&all, &declared(function)) {
                all.extend(from_user(function, call));
            }
        }
    }
    all.extend(range_constructors(types, call));
    for candidate in extension_functions::functions(types, call) {
        if !hidden(&all, &candidate.callee.declared) {
            all.push(candidate);
        }
    }
    if !call.names.is_empty() {
        return by_name_notation(all);
    }
    choose_function(types, call, all)
}

/// `floatrange(1, 2)`: each range type that a migration creates has two functions of its name.
fn range_constructors(types: Types<'_>, call: &Written<'_>) -> Option<Candidate> {
    let named = |schema: &&str| {
        types
            .catalog
            .type_oid(&QualifiedName::new(*schema, call.name))
    };
    let range = Type::user(schemas(call).iter().find_map(named)?);
    let subtype = types.range_subtype(&range)?;
    let mut parameters = vec![subtype.clone(), subtype];
    match call.arguments.len() {
        2 => {}
        3 => parameters.push(Type::builtin("text")),
        _ => return None,
    }
    Some(Candidate {
        callee: Callee {
            name: call.name.to_owned(),
            operator: None,
            declared: parameters.clone(),
            volatility: Volatility::Immutable,
            strict: false,
            returns_set: false,
            user: None,
            origin: Origin::Written,
        },
        parameters,
        returns: range,
        kind: Kinds::Function,
    })
}

fn schemas<'a>(call: &Written<'a>) -> Vec<&'a str> {
    match call.schema {
        Some(schema) => vec![schema],
        None => call.search_path.iter().map(String::as_str).collect(),
    }
}

/// The argument names of built-in functions are not known here, so types are not compared.
fn by_name_notation(mut all: Vec<Candidate>) -> Resolution {
    match all.len() {
        0 => Resolution::Absent,
        1 => Resolution::Found(all.remove(0)),
        _ => Resolution::OneOf(all),
    }
}

fn choose_function(types: Types<'_>, call: &Written<'_>, all: Vec<Candidate>) -> Resolution {
    if let Some(exact) = all
        .iter()
        .find(|candidate| same_list(&candidate.parameters, call.arguments))
    {
        return Resolution::Found(exact.clone());
    }
    if let Some(target) = as_cast(types, call) {
        return Resolution::Cast(target);
    }
    if all.is_empty() {
        let known = builtin::functions(call.name, types.version)
            .next()
            .is_some()
            || schemas(call).iter().any(|schema| {
                let name = QualifiedName::new(*schema, call.name);
                types.catalog.functions_named(&name).next().is_some()
            });
        return match known {
            true => Resolution::NoMatch,
            false => Resolution::Absent,
        };
    }
    choose(types, call.arguments, all)
}

/// `int4(x)`: a type's name with one argument is a cast, unless a function takes exactly that argument.
fn as_cast(types: Types<'_>, call: &Written<'_>) -> Option<Type> {
    let [source] = call.arguments else {
        return None;
    };
    if call.variadic || !call.names.is_empty() {
        return None;
    }
    let target = match call.schema {
        None | Some("pg_catalog") if types.builtin(call.name).is_some() => Type::builtin(call.name),
        _ => {
            let named = |schema: &&str| {
                types
                    .catalog
                    .type_oid(&QualifiedName::new(*schema, call.name))
            };
            Type::user(schemas(call).iter().find_map(named)?)
        }
    };
    let kind = types.kind(&target);
    if matches!(kind, Kind::Composite | Kind::Pseudo | Kind::Unknown) {
        return None;
    }
    if is_literal(source) {
        return Some(target);
    }
    match coerce::pathway(types, source, &target, Context::Explicit) {
        Path::Relabel => Some(target),
        Path::ViaText if types.kind(source) != Kind::Composite => Some(target),
        _ => None,
    }
}

/// The operator of that name for these operands (`oper`, `left_oper`). A missing operand is None.
pub fn operator(types: Types<'_>, name: &str, left: Option<&Type>, right: &Type) -> Resolution {
    let mut all: Vec<Candidate> = builtin::operators(name, types.version)
        .filter(|operator| operator.left.is_some() == left.is_some() && operator.right.is_some())
        .map(|operator| from_operator(types, &operator))
        .collect();
    all.extend(extension_functions::operators(types, name, left));
    let actual: Vec<Type> = left.into_iter().chain([right]).cloned().collect();
    let exact = |wanted: &[Type]| {
        all.iter()
            .find(|candidate| same_list(&candidate.parameters, wanted))
            .cloned()
    };
    if let Some(found) = exact(&assume_alike(&actual)) {
        return Resolution::Found(found);
    }
    // An untyped literal beside a domain is taken to be of the domain's base type.
    if actual.iter().any(is_literal) {
        let bases: Vec<Type> = assume_alike(&actual)
            .iter()
            .map(|ty| types.base(ty))
            .collect();
        if let Some(found) = exact(&bases) {
            return Resolution::Found(found);
        }
    }
    if all.is_empty() {
        return Resolution::Absent;
    }
    choose(types, &actual, all)
}

/// `binary_oper_exact`: an untyped literal is taken to be of the other operand's type.
fn assume_alike(actual: &[Type]) -> Vec<Type> {
    match actual {
        [left, right] if is_literal(left) => vec![right.clone(), right.clone()],
        [left, right] if is_literal(right) => vec![left.clone(), left.clone()],
        _ => actual.to_vec(),
    }
}

fn choose(types: Types<'_>, actual: &[Type], all: Vec<Candidate>) -> Resolution {
    let (fitting, unsure): (Vec<Candidate>, Vec<Candidate>) = split(types, actual, all);
    if !unsure.is_empty() {
        let mut possible = fitting;
        possible.extend(unsure);
        return Resolution::OneOf(possible);
    }
    match fitting.as_slice() {
        [] => Resolution::NoMatch,
        [only] => Resolution::Found(only.clone()),
        _ => match best(types, actual, fitting) {
            Some(best) => Resolution::Found(best),
            None => Resolution::Ambiguous,
        },
    }
}

/// `func_match_argtypes`: those that take the arguments, and those that may.
fn split(
    types: Types<'_>,
    actual: &[Type],
    all: Vec<Candidate>,
) -> (Vec<Candidate>, Vec<Candidate>) {
    let (mut fitting, mut unsure) = (Vec::new(), Vec::new());
    for candidate in all {
        let mut answer = Some(true);
        for (actual, parameter) in actual.iter().zip(&candidate.parameters) {
            let fits = match is_polymorphic(parameter) {
                true => Some(true),
                false => can_coerce(types, actual, parameter, Context::Implicit),
            };
            answer = match (answer, fits) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (None, _) | (_, None) => None,
                _ => Some(true),
            };
        }
        if !polymorphic::is_consistent(types, actual, &candidate.parameters) {
            continue;
        }
        match answer {
            Some(true) => fitting.push(candidate),
            Some(false) => {}
            None => unsure.push(candidate),
        }
    }
    (fitting, unsure)
}

/// `func_select_candidate`
fn best(types: Types<'_>, actual: &[Type], candidates: Vec<Candidate>) -> Option<Candidate> {
    let bases: Vec<Type> = actual.iter().map(|ty| types.base(ty)).collect();
    let unknowns = bases.iter().filter(|ty| is_literal(ty)).count();
    let exact = |_: usize, actual: &Type, parameter: &Type| same(actual, parameter);
    let candidates = most_matches(candidates, &bases, exact);
    if let [only] = candidates.as_slice() {
        return Some(only.clone());
    }
    let categories: Vec<char> = bases.iter().map(|ty| types.category(ty).0).collect();
    let preferred = |at: usize, actual: &Type, parameter: &Type| {
        same(actual, parameter) || types.is_preferred(categories[at], parameter)
    };
    let candidates = most_matches(candidates, &bases, preferred);
    if let [only] = candidates.as_slice() {
        return Some(only.clone());
    }
    if unknowns == 0 {
        return None;
    }
    let candidates = by_category(types, candidates, &bases);
    if let [only] = candidates.as_slice() {
        return Some(only.clone());
    }
    by_known_type(types, candidates, &bases)
}

fn most_matches(
    candidates: Vec<Candidate>,
    actual: &[Type],
    matches: impl Fn(usize, &Type, &Type) -> bool,
) -> Vec<Candidate> {
    let count = |candidate: &Candidate| {
        actual
            .iter()
            .zip(&candidate.parameters)
            .enumerate()
            .filter(|(at, (actual, parameter))| {
                !is_literal(actual) && matches(*at, actual, parameter)
            })
            .count()
    };
    let most = candidates.iter().map(count).max().unwrap_or(0);
    candidates
        .into_iter()
        .filter(|candidate| count(candidate) == most)
        .collect()
}

/// Untyped literals: the string category wins, else all candidates must agree on one.
fn by_category(types: Types<'_>, candidates: Vec<Candidate>, actual: &[Type]) -> Vec<Candidate> {
    let mut slots = Vec::new();
    for at in (0..actual.len()).filter(|&at| is_literal(&actual[at])) {
        let found: Vec<(char, bool)> = candidates
            .iter()
            .map(|candidate| types.category(&candidate.parameters[at]))
            .collect();
        let first = found.first().map_or('X', |(category, _)| *category);
        let category = match found.iter().all(|(category, _)| *category == first) {
            true => first,
            false if found.iter().any(|(category, _)| *category == 'S') => 'S',
            false => return candidates,
        };
        let preferred = found.contains(&(category, true));
        slots.push((at, category, preferred));
    }
    let keep = |candidate: &&Candidate| {
        slots.iter().all(|&(at, category, preferred)| {
            let own = types.category(&candidate.parameters[at]);
            own.0 == category && (!preferred || own.1)
        })
    };
    let kept: Vec<Candidate> = candidates.iter().filter(keep).cloned().collect();
    match kept.is_empty() {
        true => candidates,
        false => kept,
    }
}

/// If all the known arguments are of one type, suppose that the untyped literals are too.
fn by_known_type(
    types: Types<'_>,
    candidates: Vec<Candidate>,
    actual: &[Type],
) -> Option<Candidate> {
    let mut known = actual.iter().filter(|ty| !is_literal(ty));
    let first = known.next()?;
    if !known.all(|ty| same(ty, first)) {
        return None;
    }
    let supposed = vec![first.clone(); actual.len()];
    let (mut fitting, _) = split(types, &supposed, candidates);
    match fitting.len() {
        1 => fitting.pop(),
        _ => None,
    }
}

fn same_list(left: &[Type], right: &[Type]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| same(left, right))
}

pub fn from_builtin(
    types: Types<'_>,
    function: &builtin::Function,
    call: &Written<'_>,
) -> Option<Candidate> {
    let kind = match function.kind {
        Builtin::Function => Kinds::Function,
        Builtin::Aggregate => Kinds::Aggregate,
        Builtin::Window => Kinds::Window,
        Builtin::Procedure => return None,
    };
    let declared: Vec<Type> = function.arguments().map(|name| types.named(name)).collect();
    Some(Candidate {
        parameters: expand(&declared, function.variadic, function.defaults, call)?,
        callee: Callee {
            name: function.name.to_owned(),
            operator: None,
            declared,
            volatility: function.volatility,
            strict: function.strict,
            returns_set: function.returns_set,
            user: None,
            origin: Origin::Written,
        },
        returns: types.named(function.returns),
        kind,
    })
}

fn declared(function: &Function) -> Vec<Type> {
    let ty = |argument: &crate::catalog::Argument| types::plain(&argument.ty);
    function.arguments.iter().map(ty).collect()
}

fn from_user(function: &Function, call: &Written<'_>) -> Option<Candidate> {
    let kind = match function.kind {
        FunctionKind::Function => Kinds::Function,
        FunctionKind::Aggregate => Kinds::Aggregate,
        FunctionKind::Procedure => return None,
    };
    if !call.names.iter().all(|name| {
        let named = |argument: &crate::catalog::Argument| argument.name.as_ref() == Some(name);
        function.arguments.iter().any(named)
    }) {
        return None;
    }
    let declared = declared(function);
    let variadic = function
        .arguments
        .last()
        .is_some_and(|argument| argument.variadic);
    let defaults = function
        .arguments
        .iter()
        .filter(|argument| argument.has_default)
        .count();
    Some(Candidate {
        parameters: expand(&declared, variadic, defaults, call)?,
        callee: callee_of(function, declared, function.oid),
        returns: function.returns.clone().unwrap_or_else(types::untold),
        kind,
    })
}

fn callee_of(function: &Function, declared: Vec<Type>, oid: Oid) -> Callee {
    Callee {
        name: function.name.name.clone(),
        operator: None,
        declared,
        volatility: function.volatility,
        strict: function.strict,
        returns_set: function.returns_set,
        user: Some(oid),
        origin: Origin::Written,
    }
}

/// One parameter type for each argument; None when the number of arguments does not fit.
fn expand(
    declared: &[Type],
    variadic: bool,
    defaults: usize,
    call: &Written<'_>,
) -> Option<Vec<Type>> {
    let given = call.arguments.len();
    if given <= declared.len() && given + defaults >= declared.len() {
        let element_wise = variadic && !call.variadic && given == declared.len();
        let mut parameters = declared[..given].to_vec();
        if let (true, Some(last)) = (element_wise, parameters.last_mut()) {
            *last = element_of_variadic(last);
        }
        return Some(parameters);
    }
    let (last, fixed) = declared.split_last()?;
    if !variadic || call.variadic || given < fixed.len() {
        return None;
    }
    let mut parameters = fixed.to_vec();
    parameters.resize(given, element_of_variadic(last));
    Some(parameters)
}

fn element_of_variadic(last: &Type) -> Type {
    match last.builtin_name() {
        Some("anyarray") => Type::builtin("anyelement"),
        Some("anycompatiblearray") => Type::builtin("anycompatible"),
        _ => Type {
            array: false,
            ..last.clone()
        },
    }
}

pub fn from_operator(types: Types<'_>, operator: &builtin::Operator) -> Candidate {
    let parameters: Vec<Type> = operator
        .left
        .into_iter()
        .chain(operator.right)
        .map(|name| types.named(name))
        .collect();
    Candidate {
        callee: Callee {
            name: operator.function.to_owned(),
            operator: Some(operator.name.to_owned()),
            declared: parameters.clone(),
            volatility: operator.volatility,
            strict: operator.strict,
            returns_set: false,
            user: None,
            origin: Origin::Written,
        },
        parameters,
        returns: types.named(operator.result),
        kind: Kinds::Function,
    }
}

impl Candidate {
    /// The parameter types for these arguments and the result type, without pseudo-types.
    pub fn instantiate(&self, types: Types<'_>, actual: &[Type]) -> (Vec<Type>, Type) {
        polymorphic::resolve(types, actual, &self.parameters, &self.returns)
    }
}

/// The worst of several candidates, and the result type if they agree on it.
pub fn worst(candidates: &[Candidate]) -> (Volatility, Option<Type>) {
    let volatility = candidates
        .iter()
        .map(|candidate| candidate.callee.volatility)
        .max()
        .unwrap_or(Volatility::Volatile);
    let mut results = candidates.iter().map(|candidate| &candidate.returns);
    let agreed = results
        .next()
        .filter(|first| results.all(|ty| same(ty, first)) && !is(first, "anyelement"))
        .filter(|first| !is_polymorphic(first));
    (volatility, agreed.cloned())
}
