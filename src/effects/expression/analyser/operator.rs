//! Operators: `a + b`, IN, BETWEEN, LIKE, ANY, IS DISTINCT FROM.

use pg_query::protobuf::{self, AExprKind};
use pg_query::{Node, NodeEnum};

use super::super::candidates::{self, Resolution, worst};
use super::super::coerce::{self, Context};
use super::super::common;
use super::super::extension_functions;
use super::super::tree::{Call, Callee, Expr, Origin};
use super::super::types::{self, is_literal};
use super::{Analyser, strings};
use crate::catalog::{Type, Volatility};

impl Analyser<'_> {
    pub fn operator_expr(&mut self, expression: &protobuf::AExpr) -> Expr {
        let names = strings(&expression.name);
        let name = names.last().copied().unwrap_or_default();
        let (left, right) = (&expression.lexpr, &expression.rexpr);
        match expression.kind() {
            AExprKind::AexprOp
            | AExprKind::AexprLike
            | AExprKind::AexprIlike
            | AExprKind::AexprSimilar
            | AExprKind::Undefined => self.plain_operator(name, left, right),
            AExprKind::AexprOpAny => self.any_all(name, left, right, true),
            AExprKind::AexprOpAll => self.any_all(name, left, right, false),
            AExprKind::AexprDistinct => self.distinct(name, left, right),
            AExprKind::AexprNotDistinct => Expr::Not(Box::new(self.distinct(name, left, right))),
            AExprKind::AexprNullif => {
                let (left, right) = (self.boxed(left), self.boxed(right));
                match self.binary(name, left, right) {
                    Expr::Call(call) => Expr::NullIf(call),
                    other => other,
                }
            }
            AExprKind::AexprIn => self.in_list(name, left, right),
            AExprKind::AexprBetween
            | AExprKind::AexprNotBetween
            | AExprKind::AexprBetweenSym
            | AExprKind::AexprNotBetweenSym => self.between(expression.kind(), left, right),
        }
    }

    fn plain_operator(
        &mut self,
        name: &str,
        left: &Option<Box<Node>>,
        right: &Option<Box<Node>>,
    ) -> Expr {
        if left.is_none() {
            let operand = self.boxed(right);
            return self.prefix(name, operand);
        }
        let (left, right) = (self.boxed(left), self.boxed(right));
        // transform_null_equals is off: `x = NULL` stays a comparison.
        self.compare(name, left, right)
    }

    /// An operator between values, or between rows field by field.
    fn compare(&mut self, name: &str, left: Expr, right: Expr) -> Expr {
        match (left, right) {
            (Expr::Row { fields: left, .. }, Expr::Row { fields: right, .. })
                if left.len() == right.len() =>
            {
                let mut parts = Vec::new();
                for (left, right) in left.into_iter().zip(right) {
                    parts.push(self.binary(name, left, right));
                }
                match (name, parts.len()) {
                    (_, 1) => parts.remove(0),
                    ("=", _) => Expr::And(parts),
                    ("<>", _) => Expr::Or(parts),
                    _ => Expr::made_of(parts, Type::builtin("bool")),
                }
            }
            (left, right) => self.binary(name, left, right),
        }
    }

    /// `make_op` with two operands.
    pub fn binary(&mut self, name: &str, left: Expr, right: Expr) -> Expr {
        let (left_type, right_type) = (left.ty(), right.ty());
        let found = candidates::operator(self.types, name, Some(&left_type), &right_type);
        self.operator_call(name, found, vec![left, right])
    }

    pub fn prefix(&mut self, name: &str, operand: Expr) -> Expr {
        // doNegate in src/backend/parser/gram.y: a minus sign before a number belongs to the number.
        if let (
            "-",
            Expr::Constant(super::super::tree::Constant {
                ty,
                value: super::super::value::Value::Number(number),
            }),
        ) = (name, &operand)
            && let Some(negated) = number.negate()
        {
            return Expr::constant(ty.clone(), super::super::value::Value::Number(negated));
        }
        let found = candidates::operator(self.types, name, None, &operand.ty());
        self.operator_call(name, found, vec![operand])
    }

    fn operator_call(&mut self, name: &str, found: Resolution, operands: Vec<Expr>) -> Expr {
        match found {
            Resolution::Found(candidate) => {
                let actual: Vec<Type> = operands.iter().map(Expr::ty).collect();
                let (parameters, returns) = candidate.instantiate(self.types, &actual);
                Expr::Call(Call {
                    arguments: self.coerce_arguments(operands, &parameters),
                    callee: candidate.callee,
                    ty: returns,
                })
            }
            Resolution::OneOf(possible) => {
                let (volatility, returns) = worst(&possible);
                self.unresolved_operator(name, volatility, returns, operands)
            }
            Resolution::Cast(_)
            | Resolution::Ambiguous
            | Resolution::NoMatch
            | Resolution::Absent => {
                self.no_operator(name, &operands);
                self.unresolved_operator(name, Volatility::Volatile, None, operands)
            }
        }
    }

    fn unresolved_operator(
        &mut self,
        name: &str,
        volatility: Volatility,
        returns: Option<Type>,
        operands: Vec<Expr>,
    ) -> Expr {
        if volatility == Volatility::Volatile {
            self.notes.assume(format!(
                "the operator {name} of these operands is not known: assumed volatile"
            ));
        }
        Expr::Call(Call {
            callee: Callee {
                name: name.to_owned(),
                operator: Some(name.to_owned()),
                declared: operands.iter().map(Expr::ty).collect(),
                volatility,
                strict: false,
                returns_set: false,
                user: None,
                origin: Origin::Written,
            },
            arguments: operands,
            ty: returns.unwrap_or_else(types::untold),
        })
    }

    /// An operator between known types that does not exist is an error, unless an extension may have brought it.
    fn no_operator(&mut self, name: &str, operands: &[Expr]) {
        let known = operands
            .iter()
            .all(|operand| is_literal(&operand.ty()) || self.types.is_known(&operand.ty()));
        let catalog = self.scope.catalog;
        if !known || !catalog.complete || !extension_functions::all_known(catalog) {
            return;
        }
        let shown: Vec<String> = operands
            .iter()
            .map(|operand| self.types.display(&operand.ty()))
            .collect();
        let signature = match shown.as_slice() {
            [left, right] => format!("{left} {name} {right}"),
            operands => format!("{name} {}", operands.join(", ")),
        };
        self.notes
            .fail("42883", format!("operator does not exist: {signature}"));
    }

    /// Each argument as the parameter's type (`make_fn_arguments`).
    pub fn coerce_arguments(&mut self, arguments: Vec<Expr>, parameters: &[Type]) -> Vec<Expr> {
        let types = self.types;
        arguments
            .into_iter()
            .enumerate()
            .map(|(at, argument)| match parameters.get(at) {
                Some(parameter) => {
                    coerce::coerce_type(types, argument, parameter, Context::Implicit)
                }
                None => argument,
            })
            .collect()
    }

    /// `transformAExprDistinct`: beside a bare NULL it is a test for null.
    fn distinct(
        &mut self,
        name: &str,
        left: &Option<Box<Node>>,
        right: &Option<Box<Node>>,
    ) -> Expr {
        let (left, right) = (self.boxed(left), self.boxed(right));
        let bare_null = |expr: &Expr| expr.is_null() && is_literal(&expr.ty());
        let not_null = |argument: Expr| Expr::IsNull {
            argument: Box::new(argument),
            negated: true,
            row: false,
        };
        if bare_null(&right) {
            return not_null(left);
        }
        if bare_null(&left) {
            return not_null(right);
        }
        match self.compare(name, left, right) {
            Expr::Call(call) => Expr::Distinct(call),
            other => Expr::made_of(vec![other], Type::builtin("bool")),
        }
    }

    /// `transformAExprIn`: one array comparison for the items without columns, an equality for each of the others.
    fn in_list(&mut self, name: &str, left: &Option<Box<Node>>, right: &Option<Box<Node>>) -> Expr {
        let tested = self.boxed(left);
        let items = match right.as_deref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::List(list)) => self.exprs(&list.items),
            _ => Vec::new(),
        };
        let negated = name == "<>";
        let row = matches!(tested, Expr::Row { .. });
        let (mut plain, mut others): (Vec<Expr>, Vec<Expr>) = items
            .into_iter()
            .partition(|item| !row && !contains_column(item) && !matches!(item, Expr::Row { .. }));
        let mut parts = Vec::new();
        if plain.len() > 1 {
            match self.in_array(name, &tested, &plain) {
                Some(array) => parts.push(array),
                None => others.append(&mut plain),
            }
        } else {
            others.append(&mut plain);
        }
        for item in others {
            parts.push(self.compare(name, tested.clone(), item));
        }
        match parts.len() {
            1 => parts.remove(0),
            _ if negated => Expr::And(parts),
            _ => Expr::Or(parts),
        }
    }

    fn in_array(&mut self, name: &str, tested: &Expr, items: &[Expr]) -> Option<Expr> {
        let inputs: Vec<Type> = std::iter::once(tested).chain(items).map(Expr::ty).collect();
        let scalar =
            common::common_type(self.types, &inputs).filter(|ty| !types::is(ty, "record"))?;
        let array = self.types.array_over(&scalar)?;
        let mut elements = Vec::new();
        for item in items {
            elements.push(coerce::coerce_type(
                self.types,
                item.clone(),
                &scalar,
                Context::Implicit,
            ));
        }
        let array = Expr::Array {
            elements,
            ty: array,
        };
        Some(self.array_operator(name, tested.clone(), array, name != "<>"))
    }

    fn any_all(
        &mut self,
        name: &str,
        left: &Option<Box<Node>>,
        right: &Option<Box<Node>>,
        any: bool,
    ) -> Expr {
        let (left, right) = (self.boxed(left), self.boxed(right));
        self.array_operator(name, left, right, any)
    }

    /// `make_scalar_array_op`
    fn array_operator(&mut self, name: &str, left: Expr, right: Expr, any: bool) -> Expr {
        let (left_type, array_type) = (left.ty(), right.ty());
        let element = match is_literal(&array_type) {
            true => Some(array_type.clone()),
            false => self.types.element(&self.types.base(&array_type)),
        };
        let Some(element) = element else {
            if self.types.is_known(&array_type) {
                let message = "op ANY/ALL (array) requires array on right side";
                self.notes.fail("42809", message.to_owned());
            }
            return Expr::made_of(vec![left, right], Type::builtin("bool"));
        };
        let found = candidates::operator(self.types, name, Some(&left_type), &element);
        let Resolution::Found(candidate) = found else {
            let operands = vec![left, right];
            return match self.operator_call(name, found, operands) {
                Expr::Call(operator) => Expr::AnyAll { operator, any },
                other => other,
            };
        };
        let (parameters, _) = candidate.instantiate(self.types, &[left_type, element]);
        let array = match parameters.get(1).and_then(|ty| self.types.array_over(ty)) {
            Some(array) => array,
            None => array_type,
        };
        let scalar = parameters.first().cloned().unwrap_or_else(types::untold);
        let arguments = self.coerce_arguments(vec![left, right], &[scalar, array]);
        Expr::AnyAll {
            operator: Call {
                callee: candidate.callee,
                arguments,
                ty: Type::builtin("bool"),
            },
            any,
        }
    }

    /// `transformAExprBetween`
    fn between(
        &mut self,
        kind: AExprKind,
        left: &Option<Box<Node>>,
        right: &Option<Box<Node>>,
    ) -> Expr {
        let tested = self.boxed(left);
        let bounds = match right.as_deref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::List(list)) => self.exprs(&list.items),
            _ => Vec::new(),
        };
        let [low, high] = bounds.as_slice() else {
            return self.not_understood(vec![tested]);
        };
        let mut within = |low: &Expr, high: &Expr| {
            let above = self.compare(">=", tested.clone(), low.clone());
            let below = self.compare("<=", tested.clone(), high.clone());
            Expr::And(vec![above, below])
        };
        match kind {
            AExprKind::AexprBetweenSym => {
                let (one, other) = (within(low, high), within(high, low));
                Expr::Or(vec![one, other])
            }
            AExprKind::AexprNotBetween => {
                let below = self.compare("<", tested.clone(), low.clone());
                let above = self.compare(">", tested, high.clone());
                Expr::Or(vec![below, above])
            }
            AExprKind::AexprNotBetweenSym => {
                let mut outside = |low: &Expr, high: &Expr| {
                    let below = self.compare("<", tested.clone(), low.clone());
                    let above = self.compare(">", tested.clone(), high.clone());
                    Expr::Or(vec![below, above])
                };
                let (one, other) = (outside(low, high), outside(high, low));
                Expr::And(vec![one, other])
            }
            _ => within(low, high),
        }
    }
}

fn contains_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Column { .. }) || expr.children().into_iter().any(contains_column)
}
