//! What the planner makes of an expression before it is stored or proved: constants folded, unreachable branches
//! dropped, functions inlined (`eval_const_expressions` in src/backend/optimizer/util/clauses.c).

use super::tree::{BooleanTest, Call, Case, Expr, Other, Parameter};
use super::types::{self, Types};
use super::value::Value;
use super::{Scope, compute, fold, inline, length, negate};
use crate::catalog::{Type, Volatility};

/// Simplifies expressions of one scope.
pub struct Simplifier<'a> {
    pub scope: Scope<'a>,
    pub types: Types<'a>,
    /// Functions that are being inlined, so that recursion ends.
    pub inlining: Vec<crate::catalog::Oid>,
    /// The constant that the simple CASE around tests.
    case_test: Option<Expr>,
    /// What computing a constant is certain to answer instead of a value.
    pub error: Option<(&'static str, String)>,
    /// A condition or an alternative is a constant whose value was not computed, so more may be left of
    /// the expression than PostgreSQL leaves.
    pub undecided: bool,
}

impl<'a> Simplifier<'a> {
    pub fn new(scope: Scope<'a>, types: Types<'a>) -> Self {
        Simplifier {
            scope,
            types,
            inlining: Vec::new(),
            case_test: None,
            error: None,
            undecided: false,
        }
    }

    pub fn simplify(&mut self, expr: Expr) -> Expr {
        let expr = self.without_own_collation(expr);
        match expr {
            Expr::Call(call) => self.call(call),
            Expr::Distinct(call) => self.distinct(call),
            Expr::NullIf(call) => self.null_if(call),
            Expr::AnyAll { operator, any } => self.any_all(operator, any),
            Expr::And(parts) => self.and(parts),
            Expr::Or(parts) => self.or(parts),
            Expr::Not(argument) => negate::negate(self.simplify(*argument), self.types),
            Expr::Case(case) => self.case(case),
            Expr::Coalesce { arguments, ty } => self.coalesce(arguments, ty),
            Expr::Relabel { argument, ty } => {
                let argument = self.simplify(*argument);
                relabelled(argument, ty)
            }
            // PostgreSQL makes a relabelling of it; the collation matters to proofs, so it is kept here.
            Expr::Collate {
                argument,
                collation,
            } => match self.simplify(*argument) {
                constant @ Expr::Constant(_) => constant,
                argument => Expr::Collate {
                    argument: Box::new(argument),
                    collation,
                },
            },
            Expr::ViaText {
                argument,
                ty,
                volatility,
            } => self.via_text(*argument, ty, volatility),
            Expr::ArrayCoerce {
                argument,
                element,
                ty,
            } => self.array_coerce(*argument, *element, ty),
            Expr::ToDomain { argument, ty } => self.domain(*argument, ty),
            Expr::IsNull {
                argument,
                negated,
                row,
            } => self.is_null(*argument, negated, row),
            Expr::IsBoolean { argument, test } => self.is_boolean(*argument, test),
            Expr::Parameter {
                index: Parameter::CaseTest,
                ty,
            } => self.case_test.clone().unwrap_or(Expr::Parameter {
                index: Parameter::CaseTest,
                ty,
            }),
            Expr::Array { .. } | Expr::Row { .. } | Expr::MinMax { .. } => {
                let made = expr.map(&mut |part| self.simplify(part));
                fold_if_constant(made)
            }
            Expr::Other(Other { folds: true, .. }) => {
                let made = expr.map(&mut |part| self.simplify(part));
                fold_if_constant(made)
            }
            Expr::Other(_) => expr.map(&mut |part| self.simplify(part)),
            leaf @ (Expr::Constant(_)
            | Expr::Column { .. }
            | Expr::WholeRow { .. }
            | Expr::Parameter { .. }
            | Expr::SessionValue { .. }) => leaf,
        }
    }

    /// A comparison takes its collation from a constant that has one written. Where that is the collation that
    /// it has anyway, it is left out; elsewhere proofs must see it.
    fn without_own_collation(&self, expr: Expr) -> Expr {
        let Expr::Call(mut call) = expr else {
            return expr;
        };
        let is_constant = |expr: &Expr| matches!(expr, Expr::Collate { argument, .. } if matches!(**argument, Expr::Constant(_)));
        let [left, right] = call.arguments.as_slice() else {
            return Expr::Call(call);
        };
        let subject = match (is_constant(left), is_constant(right)) {
            (false, true) => left,
            (true, false) => right,
            _ => return Expr::Call(call),
        };
        if call.callee.operator.is_none() || subject.as_constant().is_some() {
            return Expr::Call(call);
        }
        let own = self.collation_of(subject).map(str::to_owned);
        for argument in &mut call.arguments {
            if !is_constant(argument) {
                continue;
            }
            if let Expr::Collate {
                argument: constant,
                collation,
            } = argument
                && own.as_deref() != Some(collation.as_str())
            {
                // What is no constant is compared with nothing.
                *argument = Expr::opaque(vec![(**constant).clone()], constant.ty(), "COLLATE");
            }
        }
        Expr::Call(call)
    }

    fn collation_of(&self, expr: &Expr) -> Option<&'a str> {
        match expr {
            Expr::Column { name, .. } => {
                let column = self.scope.relation?.column(name)?;
                Some(column.collation.as_deref().unwrap_or("default"))
            }
            Expr::Relabel { argument, .. } => self.collation_of(argument),
            _ => None,
        }
    }

    /// `simplify_function`
    fn call(&mut self, call: Call) -> Expr {
        let Call {
            callee,
            arguments,
            ty,
        } = call;
        let arguments: Vec<Expr> = arguments
            .into_iter()
            .map(|argument| self.simplify(argument))
            .collect();
        let call = Call {
            callee,
            arguments,
            ty,
        };
        if let Some(value) = self.evaluate(&call) {
            return value;
        }
        if let Some(kept) = length::without_coercion(&call) {
            return kept;
        }
        if let Some(inlined) = inline::inline(self, &call) {
            return self.simplify(inlined);
        }
        simplify_boolean_equality(call, self.types)
    }

    fn distinct(&mut self, call: Call) -> Expr {
        let call = self.arguments(call);
        let nulls = call.arguments.iter().filter(|part| part.is_null()).count();
        if call
            .arguments
            .iter()
            .all(|part| part.as_constant().is_some())
        {
            if nulls > 0 {
                return Expr::boolean(nulls < call.arguments.len());
            }
            if let Some(Expr::Constant(equal)) = self.evaluate(&call)
                && let Value::Boolean(equal) = equal.value
            {
                return Expr::boolean(!equal);
            }
        }
        Expr::Distinct(call)
    }

    fn null_if(&mut self, call: Call) -> Expr {
        let call = self.arguments(call);
        // 12 and 13 leave it as it is.
        if self.types.version.major() < 14 {
            return Expr::NullIf(call);
        }
        if call.arguments.iter().any(Expr::is_null)
            && let Some(first) = call.arguments.first()
        {
            return first.clone();
        }
        if let Some(Expr::Constant(equal)) = self.evaluate(&call) {
            return match (&equal.value, call.arguments.first()) {
                (Value::Boolean(true), _) => Expr::null(call.ty),
                (Value::Boolean(false), Some(first)) => first.clone(),
                _ => Expr::constant(
                    call.ty.clone(),
                    Value::Computed(Box::new(Expr::NullIf(call))),
                ),
            };
        }
        Expr::NullIf(call)
    }

    fn any_all(&mut self, operator: Call, any: bool) -> Expr {
        let operator = self.arguments(operator);
        let constant = operator
            .arguments
            .iter()
            .all(|part| part.as_constant().is_some());
        let expr = Expr::AnyAll { operator, any };
        match &expr {
            Expr::AnyAll { operator, .. }
                if constant && operator.callee.volatility == Volatility::Immutable =>
            {
                Expr::constant(Type::builtin("bool"), Value::Computed(Box::new(expr)))
            }
            _ => expr,
        }
    }

    /// `evaluate_function`
    fn evaluate(&mut self, call: &Call) -> Option<Expr> {
        let value = value_of(call)?;
        if !value.is_null() && self.error.is_none() {
            self.error = compute::refusal(call);
        }
        Some(value)
    }

    /// [`truth`], noting a constant whose value is not known.
    fn decided(&mut self, expr: &Expr) -> Option<Option<bool>> {
        let truth = truth(expr);
        self.undecided |= truth.is_none() && expr.as_constant().is_some();
        truth
    }

    fn arguments(&mut self, call: Call) -> Call {
        Call {
            arguments: call
                .arguments
                .into_iter()
                .map(|argument| self.simplify(argument))
                .collect(),
            ..call
        }
    }

    fn and(&mut self, parts: Vec<Expr>) -> Expr {
        let mut kept = Vec::new();
        let mut null = false;
        for part in self.flat(parts, true) {
            match self.decided(&part) {
                Some(Some(false)) => return Expr::boolean(false),
                Some(Some(true)) => {}
                Some(None) => null = true,
                None => kept.push(part),
            }
        }
        if null {
            kept.push(Expr::null(Type::builtin("bool")));
        }
        match kept.len() {
            0 => Expr::boolean(true),
            1 => kept.remove(0),
            _ => Expr::And(kept),
        }
    }

    fn or(&mut self, parts: Vec<Expr>) -> Expr {
        let mut kept = Vec::new();
        let mut null = false;
        for part in self.flat(parts, false) {
            match self.decided(&part) {
                Some(Some(true)) => return Expr::boolean(true),
                Some(Some(false)) => {}
                Some(None) => null = true,
                None => kept.push(part),
            }
        }
        if null {
            kept.push(Expr::null(Type::builtin("bool")));
        }
        match kept.len() {
            0 => Expr::boolean(false),
            1 => kept.remove(0),
            _ => Expr::Or(kept),
        }
    }

    /// Simplified, with nested ANDs in an AND (ORs in an OR) taken apart.
    fn flat(&mut self, parts: Vec<Expr>, and: bool) -> Vec<Expr> {
        let mut flat = Vec::new();
        for part in parts {
            match self.simplify(part) {
                Expr::And(inner) if and => flat.extend(inner),
                Expr::Or(inner) if !and => flat.extend(inner),
                part => flat.push(part),
            }
        }
        flat
    }

    fn case(&mut self, case: Case) -> Expr {
        let test = case.test.map(|test| self.simplify(*test));
        let constant = test
            .as_ref()
            .is_some_and(|test| test.as_constant().is_some());
        let around = std::mem::replace(
            &mut self.case_test,
            if constant { test.clone() } else { None },
        );
        let mut whens = Vec::new();
        let mut otherwise = None;
        for (when, then) in case.whens {
            let when = self.simplify(when);
            match self.decided(&when) {
                Some(Some(true)) => {
                    otherwise = Some(self.simplify(then));
                    break;
                }
                Some(_) => {}
                None => {
                    let then = self.simplify(then);
                    whens.push((when, then));
                }
            }
        }
        let otherwise = match otherwise {
            Some(otherwise) => otherwise,
            None => self.simplify(*case.otherwise),
        };
        self.case_test = around;
        if whens.is_empty() {
            return otherwise;
        }
        Expr::Case(Case {
            test: test.filter(|_| !constant).map(Box::new),
            whens,
            otherwise: Box::new(otherwise),
            ty: case.ty,
        })
    }

    fn coalesce(&mut self, arguments: Vec<Expr>, ty: Type) -> Expr {
        let mut kept = Vec::new();
        for argument in arguments {
            let argument = self.simplify(argument);
            match argument.as_constant().map(|constant| &constant.value) {
                Some(Value::Null) => {}
                // It may be NULL.
                Some(Value::Computed(_)) => {
                    self.undecided = true;
                    kept.push(argument);
                }
                None => kept.push(argument),
                Some(_) if kept.is_empty() => return argument,
                Some(_) => {
                    kept.push(argument);
                    break;
                }
            }
        }
        if kept.is_empty() {
            return Expr::null(ty);
        }
        Expr::Coalesce {
            arguments: kept,
            ty,
        }
    }

    fn via_text(&mut self, argument: Expr, ty: Type, volatility: Volatility) -> Expr {
        let argument = self.simplify(argument);
        if argument.is_null() {
            return Expr::null(ty);
        }
        let folds = argument.as_constant().is_some() && volatility == Volatility::Immutable;
        if folds && let Some(value) = fold::via_text(&argument, &ty) {
            return Expr::constant(ty, value);
        }
        let expr = Expr::ViaText {
            argument: Box::new(argument),
            ty: ty.clone(),
            volatility,
        };
        match folds {
            true => Expr::constant(ty, Value::Computed(Box::new(expr))),
            false => expr,
        }
    }

    fn array_coerce(&mut self, argument: Expr, element: Expr, ty: Type) -> Expr {
        let argument = self.simplify(argument);
        let element = self.simplify(element);
        let folds = argument.as_constant().is_some()
            && !matches!(element, Expr::ToDomain { .. })
            && super::judge::volatility(&element).0 == Volatility::Immutable;
        if folds && argument.is_null() {
            return Expr::null(ty);
        }
        // Each element keeps its value and gets another type.
        if let (Expr::Constant(constant), Expr::Relabel { argument: of, .. }) =
            (&argument, &element)
            && matches!(constant.value, Value::Array(_))
            && matches!(
                **of,
                Expr::Parameter {
                    index: Parameter::Element,
                    ..
                }
            )
        {
            return Expr::constant(ty, constant.value.clone());
        }
        let expr = Expr::ArrayCoerce {
            argument: Box::new(argument),
            element: Box::new(element),
            ty: ty.clone(),
        };
        match folds {
            true => Expr::constant(ty, Value::Computed(Box::new(expr))),
            false => expr,
        }
    }

    /// A domain without constraints is no more than another label.
    fn domain(&mut self, argument: Expr, ty: Type) -> Expr {
        let argument = self.simplify(argument);
        match self.types.has_constraints(&ty) {
            true => Expr::ToDomain {
                argument: Box::new(argument),
                ty,
            },
            false => relabelled(argument, ty),
        }
    }

    fn is_null(&mut self, argument: Expr, negated: bool, row: bool) -> Expr {
        let argument = self.simplify(argument);
        if let (true, Expr::Row { fields, .. }) = (row, &argument) {
            let tests = fields
                .iter()
                .map(|field| Expr::IsNull {
                    argument: Box::new(field.clone()),
                    negated,
                    row: false,
                })
                .collect();
            return self.and(tests);
        }
        match argument.as_constant().map(|constant| &constant.value) {
            Some(Value::Null) => Expr::boolean(!negated),
            Some(Value::Computed(_)) | None => Expr::IsNull {
                argument: Box::new(argument),
                negated,
                row,
            },
            Some(_) => Expr::boolean(negated),
        }
    }

    fn is_boolean(&mut self, argument: Expr, test: BooleanTest) -> Expr {
        let argument = self.simplify(argument);
        let Some(value) = truth(&argument) else {
            return Expr::IsBoolean {
                argument: Box::new(argument),
                test,
            };
        };
        Expr::boolean(match test {
            BooleanTest::True => value == Some(true),
            BooleanTest::NotTrue => value != Some(true),
            BooleanTest::False => value == Some(false),
            BooleanTest::NotFalse => value != Some(false),
            BooleanTest::Unknown => value.is_none(),
            BooleanTest::NotUnknown => value.is_some(),
        })
    }
}

/// `applyRelabelType`: constants take the new label, stacked labels become one.
fn relabelled(argument: Expr, ty: Type) -> Expr {
    match argument {
        Expr::Constant(mut constant) => {
            constant.ty = ty;
            Expr::Constant(constant)
        }
        Expr::Relabel { argument, .. } => relabelled(*argument, ty),
        argument => {
            let old = argument.ty();
            let unchanged =
                types::same(&old, &ty) && types::modifiers(&old) == types::modifiers(&ty);
            match unchanged {
                true => argument,
                false => Expr::Relabel {
                    argument: Box::new(argument),
                    ty,
                },
            }
        }
    }
}

/// TRUE, FALSE or NULL (the inner None), when it is a constant whose value is known.
pub fn truth(expr: &Expr) -> Option<Option<bool>> {
    match &expr.as_constant()?.value {
        Value::Boolean(value) => Some(Some(*value)),
        Value::Null => Some(None),
        _ => None,
    }
}

/// What an immutable function of constants gives, and a strict one of a NULL.
fn value_of(call: &Call) -> Option<Expr> {
    if call.callee.returns_set {
        return None;
    }
    if call.callee.strict && call.arguments.iter().any(Expr::is_null) {
        return Some(Expr::null(call.ty.clone()));
    }
    let constant = call
        .arguments
        .iter()
        .all(|argument| argument.as_constant().is_some());
    if !constant || call.callee.volatility != Volatility::Immutable {
        return None;
    }
    let value =
        fold::call(call).unwrap_or_else(|| Value::Computed(Box::new(Expr::Call(call.clone()))));
    Some(Expr::constant(call.ty.clone(), value))
}

fn fold_if_constant(expr: Expr) -> Expr {
    if !expr
        .children()
        .iter()
        .all(|part| part.as_constant().is_some())
    {
        return expr;
    }
    let ty = expr.ty();
    let value = match &expr {
        Expr::Array { elements, .. } => Value::Array(
            elements
                .iter()
                .filter_map(|element| Some(element.as_constant()?.value.clone()))
                .collect(),
        ),
        _ => Value::Computed(Box::new(expr)),
    };
    Expr::constant(ty, value)
}

/// `x = true` is `x`, `x = false` is `NOT x` (`simplify_boolean_equality`).
fn simplify_boolean_equality(call: Call, types: Types<'_>) -> Expr {
    let equal = match call.callee.name.as_str() {
        "booleq" => true,
        "boolne" => false,
        _ => return Expr::Call(call),
    };
    let [left, right] = call.arguments.as_slice() else {
        return Expr::Call(call);
    };
    let (other, value) = match (truth(left), truth(right)) {
        (Some(Some(value)), _) => (right, value),
        (_, Some(Some(value))) => (left, value),
        _ => return Expr::Call(call),
    };
    match value == equal {
        true => other.clone(),
        false => negate::negate(other.clone(), types),
    }
}
