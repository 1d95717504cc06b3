//! An expression after parse analysis: every operator, function and cast is known, as in
//! src/include/nodes/primnodes.h, as far as volatility, folding and proofs need it.

use crate::catalog::{Oid, Type, Volatility};

use super::types;
use super::value::Value;

#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// Const
    Constant(Constant),
    /// Var: a column of the relation in scope.
    Column {
        name: String,
        ty: Type,
    },
    /// Var: the row of the relation in scope as one value.
    WholeRow {
        ty: Type,
    },
    /// What a function's argument, a domain's VALUE or the test of a CASE stands for.
    Parameter {
        index: Parameter,
        ty: Type,
    },
    /// FuncExpr, OpExpr
    Call(Call),
    /// RelabelType: the bits stay as they are.
    Relabel {
        argument: Box<Expr>,
        ty: Type,
    },
    /// CoerceViaIO: written as text and read again.
    ViaText {
        argument: Box<Expr>,
        ty: Type,
        volatility: Volatility,
    },
    /// ArrayCoerceExpr; `element` is what happens to [`Parameter::Element`].
    ArrayCoerce {
        argument: Box<Expr>,
        element: Box<Expr>,
        ty: Type,
    },
    /// CoerceToDomain: the domain's constraints are checked.
    ToDomain {
        argument: Box<Expr>,
        ty: Type,
    },
    /// CollateExpr
    Collate {
        argument: Box<Expr>,
        collation: String,
    },
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// NullTest
    IsNull {
        argument: Box<Expr>,
        negated: bool,
        /// Of a row, whose IS NOT NULL is not the negation of IS NULL.
        row: bool,
    },
    /// BooleanTest
    IsBoolean {
        argument: Box<Expr>,
        test: BooleanTest,
    },
    /// DistinctExpr: the operator is `=`.
    Distinct(Call),
    /// NullIfExpr: the operator is `=`.
    NullIf(Call),
    /// ScalarArrayOpExpr: `operands` are the scalar and the array.
    AnyAll {
        operator: Call,
        any: bool,
    },
    Case(Case),
    Coalesce {
        arguments: Vec<Expr>,
        ty: Type,
    },
    /// GREATEST and LEAST
    MinMax {
        arguments: Vec<Expr>,
        ty: Type,
    },
    /// ArrayExpr
    Array {
        elements: Vec<Expr>,
        ty: Type,
    },
    Row {
        fields: Vec<Expr>,
        ty: Type,
    },
    /// SQLValueFunction: CURRENT_TIMESTAMP, CURRENT_USER ...
    SessionValue {
        name: &'static str,
        ty: Type,
    },
    /// Everything that is only judged by its parts: subscripts, fields, XML, JSON, subqueries, aggregates,
    /// and what could not be understood.
    Other(Other),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Constant {
    pub ty: Type,
    pub value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// `$1` of a function body, counted from 0.
    Argument(usize),
    /// VALUE in a domain's CHECK.
    DomainValue,
    /// The tested value of a simple CASE.
    CaseTest,
    /// An element in [`Expr::ArrayCoerce`].
    Element,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub callee: Callee,
    pub arguments: Vec<Expr>,
    pub ty: Type,
}

/// A function, or an operator's function.
#[derive(Debug, Clone, PartialEq)]
pub struct Callee {
    /// `random`; the function behind an operator has its own name: `int4pl`.
    pub name: String,
    /// `+`, when it was written as an operator.
    pub operator: Option<String>,
    /// Types of the parameters as the function declares them, pseudo-types and all.
    pub declared: Vec<Type>,
    pub volatility: Volatility,
    pub strict: bool,
    pub returns_set: bool,
    /// A function that a migration created.
    pub user: Option<Oid>,
    pub origin: Origin,
}

/// Why a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// By its name, or as an operator.
    Written,
    /// It is a cast's function.
    Cast,
    /// It applies modifiers such as `varchar(10)`; what is too long is cut by an explicit cast and an error otherwise.
    Length { explicit: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BooleanTest {
    True,
    NotTrue,
    False,
    NotFalse,
    Unknown,
    NotUnknown,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// A simple CASE: what is compared. The conditions have [`Parameter::CaseTest`] for it.
    pub test: Option<Box<Expr>>,
    pub whens: Vec<(Expr, Expr)>,
    pub otherwise: Box<Expr>,
    pub ty: Type,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Other {
    pub parts: Vec<Expr>,
    pub ty: Type,
    /// Of the node by itself, without its parts.
    pub volatility: Volatility,
    /// What to call it when it is volatile.
    pub name: String,
    /// It folds to a constant when its parts are constants.
    pub folds: bool,
}

impl Expr {
    pub fn null(ty: Type) -> Self {
        Expr::constant(ty, Value::Null)
    }

    pub fn constant(ty: Type, value: Value) -> Self {
        Expr::Constant(Constant { ty, value })
    }

    pub fn boolean(value: bool) -> Self {
        Expr::constant(Type::builtin("bool"), Value::Boolean(value))
    }

    /// Something of which only the worst may be said.
    pub fn opaque(parts: Vec<Expr>, ty: Type, name: &str) -> Self {
        Expr::Other(Other {
            parts,
            ty,
            volatility: Volatility::Volatile,
            name: name.to_owned(),
            folds: false,
        })
    }

    /// A node that is immutable by itself.
    pub fn made_of(parts: Vec<Expr>, ty: Type) -> Self {
        Expr::Other(Other {
            parts,
            ty,
            volatility: Volatility::Immutable,
            name: String::new(),
            folds: true,
        })
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Expr::Constant(constant) if constant.value == Value::Null)
    }

    pub fn as_constant(&self) -> Option<&Constant> {
        match self {
            Expr::Constant(constant) => Some(constant),
            _ => None,
        }
    }

    /// `exprType`, with the modifiers of `exprTypmod` (src/backend/nodes/nodeFuncs.c).
    pub fn ty(&self) -> Type {
        match self {
            Expr::Constant(constant) => constant.ty.clone(),
            Expr::Column { ty, .. }
            | Expr::WholeRow { ty }
            | Expr::Parameter { ty, .. }
            | Expr::Relabel { ty, .. }
            | Expr::ViaText { ty, .. }
            | Expr::ArrayCoerce { ty, .. }
            | Expr::ToDomain { ty, .. }
            | Expr::Coalesce { ty, .. }
            | Expr::MinMax { ty, .. }
            | Expr::Array { ty, .. }
            | Expr::Row { ty, .. }
            | Expr::SessionValue { ty, .. } => ty.clone(),
            Expr::Call(call) => call.ty.clone(),
            Expr::NullIf(call) => call.arguments.first().map_or_else(types::untold, Expr::ty),
            Expr::Collate { argument, .. } => argument.ty(),
            Expr::And(_)
            | Expr::Or(_)
            | Expr::Not(_)
            | Expr::IsNull { .. }
            | Expr::IsBoolean { .. }
            | Expr::Distinct(_)
            | Expr::AnyAll { .. } => Type::builtin("bool"),
            Expr::Case(case) => case.ty.clone(),
            Expr::Other(other) => other.ty.clone(),
        }
    }

    /// The parts, in the order of the text as far as it matters.
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            Expr::Constant(_)
            | Expr::Column { .. }
            | Expr::WholeRow { .. }
            | Expr::Parameter { .. }
            | Expr::SessionValue { .. } => Vec::new(),
            Expr::Call(call) | Expr::Distinct(call) | Expr::NullIf(call) => {
                call.arguments.iter().collect()
            }
            Expr::AnyAll { operator, .. } => operator.arguments.iter().collect(),
            Expr::Relabel { argument, .. }
            | Expr::ViaText { argument, .. }
            | Expr::ToDomain { argument, .. }
            | Expr::Collate { argument, .. }
            | Expr::IsNull { argument, .. }
            | Expr::IsBoolean { argument, .. } => vec![argument],
            Expr::ArrayCoerce {
                argument, element, ..
            } => vec![argument, element],
            Expr::Not(argument) => vec![argument],
            Expr::And(parts) | Expr::Or(parts) => parts.iter().collect(),
            Expr::Case(case) => case
                .test
                .iter()
                .map(|test| &**test)
                .chain(case.whens.iter().flat_map(|(when, then)| [when, then]))
                .chain(std::iter::once(&*case.otherwise))
                .collect(),
            Expr::Coalesce { arguments, .. } | Expr::MinMax { arguments, .. } => {
                arguments.iter().collect()
            }
            Expr::Array { elements, .. } => elements.iter().collect(),
            Expr::Row { fields, .. } => fields.iter().collect(),
            Expr::Other(other) => other.parts.iter().collect(),
        }
    }

    /// The same node over other parts.
    pub fn map(self, change: &mut dyn FnMut(Expr) -> Expr) -> Expr {
        let mut boxed = |part: Box<Expr>| Box::new(change(*part));
        match self {
            leaf @ (Expr::Constant(_)
            | Expr::Column { .. }
            | Expr::WholeRow { .. }
            | Expr::Parameter { .. }
            | Expr::SessionValue { .. }) => leaf,
            Expr::Relabel { argument, ty } => Expr::Relabel {
                argument: boxed(argument),
                ty,
            },
            Expr::ViaText {
                argument,
                ty,
                volatility,
            } => Expr::ViaText {
                argument: boxed(argument),
                ty,
                volatility,
            },
            Expr::ArrayCoerce {
                argument,
                element,
                ty,
            } => Expr::ArrayCoerce {
                argument: boxed(argument),
                element: boxed(element),
                ty,
            },
            Expr::ToDomain { argument, ty } => Expr::ToDomain {
                argument: boxed(argument),
                ty,
            },
            Expr::Collate {
                argument,
                collation,
            } => Expr::Collate {
                argument: boxed(argument),
                collation,
            },
            Expr::IsNull {
                argument,
                negated,
                row,
            } => Expr::IsNull {
                argument: boxed(argument),
                negated,
                row,
            },
            Expr::IsBoolean { argument, test } => Expr::IsBoolean {
                argument: boxed(argument),
                test,
            },
            Expr::Not(argument) => Expr::Not(boxed(argument)),
            Expr::And(parts) => Expr::And(parts.into_iter().map(change).collect()),
            Expr::Or(parts) => Expr::Or(parts.into_iter().map(change).collect()),
            Expr::Call(call) => Expr::Call(call.map(change)),
            Expr::Distinct(call) => Expr::Distinct(call.map(change)),
            Expr::NullIf(call) => Expr::NullIf(call.map(change)),
            Expr::AnyAll { operator, any } => Expr::AnyAll {
                operator: operator.map(change),
                any,
            },
            Expr::Case(case) => Expr::Case(Case {
                test: case.test.map(|test| Box::new(change(*test))),
                whens: case
                    .whens
                    .into_iter()
                    .map(|(when, then)| (change(when), change(then)))
                    .collect(),
                otherwise: Box::new(change(*case.otherwise)),
                ty: case.ty,
            }),
            Expr::Coalesce { arguments, ty } => Expr::Coalesce {
                arguments: arguments.into_iter().map(change).collect(),
                ty,
            },
            Expr::MinMax { arguments, ty } => Expr::MinMax {
                arguments: arguments.into_iter().map(change).collect(),
                ty,
            },
            Expr::Array { elements, ty } => Expr::Array {
                elements: elements.into_iter().map(change).collect(),
                ty,
            },
            Expr::Row { fields, ty } => Expr::Row {
                fields: fields.into_iter().map(change).collect(),
                ty,
            },
            Expr::Other(other) => Expr::Other(Other {
                parts: other.parts.into_iter().map(change).collect(),
                ..other
            }),
        }
    }
}

impl Call {
    /// The values of the arguments, if all of them are constants.
    pub fn constants(&self) -> Option<Vec<&Value>> {
        self.arguments
            .iter()
            .map(|argument| argument.as_constant().map(|constant| &constant.value))
            .collect()
    }

    fn map(self, change: &mut dyn FnMut(Expr) -> Expr) -> Call {
        Call {
            arguments: self.arguments.into_iter().map(change).collect(),
            ..self
        }
    }
}
