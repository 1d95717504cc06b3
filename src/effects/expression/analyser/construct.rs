//! CASE, COALESCE, ARRAY, ROW, subscripts and fields.

use pg_query::protobuf;
use pg_query::{Node, NodeEnum};

use super::super::coerce::{self, Context};
use super::super::common;
use super::super::tree::{Case, Expr, Parameter};
use super::super::types::{self, Kind};
use super::Analyser;
use crate::catalog::Type;

impl Analyser<'_> {
    pub fn case(&mut self, case: &protobuf::CaseExpr) -> Expr {
        let test = case.arg.as_ref().map(|node| {
            let test = self.expr(node);
            // An untyped literal is text here (transformCaseExpr).
            match types::is_literal(&test.ty()) {
                true => self.coerce(test, &Type::builtin("text"), Context::Implicit),
                false => test,
            }
        });
        let mut conditions = Vec::new();
        let mut results = Vec::new();
        for node in &case.args {
            let Some(NodeEnum::CaseWhen(when)) = &node.node else {
                continue;
            };
            let condition = self.boxed(&when.expr);
            conditions.push(match &test {
                Some(test) => {
                    let tested = Expr::Parameter {
                        index: Parameter::CaseTest,
                        ty: test.ty(),
                    };
                    self.binary("=", tested, condition)
                }
                None => self.as_condition(condition, "CASE/WHEN"),
            });
            results.push(self.boxed(&when.result));
        }
        // ELSE comes first when the type is chosen.
        results.insert(0, self.boxed(&case.defresult));
        let (mut results, ty) = self.alike_all(results, "CASE");
        let otherwise = Box::new(results.remove(0));
        Expr::Case(Case {
            test: test.map(Box::new),
            whens: conditions.into_iter().zip(results).collect(),
            otherwise,
            ty,
        })
    }

    pub fn coalesce(&mut self, nodes: &[Node]) -> Expr {
        let arguments = self.exprs(nodes);
        let (arguments, ty) = self.alike_all(arguments, "COALESCE");
        Expr::Coalesce { arguments, ty }
    }

    pub fn min_max(&mut self, nodes: &[Node]) -> Expr {
        let arguments = self.exprs(nodes);
        let (arguments, ty) = self.alike_all(arguments, "GREATEST");
        Expr::MinMax { arguments, ty }
    }

    /// All as their common type.
    fn alike_all(&mut self, exprs: Vec<Expr>, construct: &str) -> (Vec<Expr>, Type) {
        let Some(common) = common::common_type_of(self.types, &exprs) else {
            self.no_common_type(&exprs, construct);
            return (exprs, types::untold());
        };
        let target = types::plain(&common);
        let coerced = exprs
            .into_iter()
            .map(|expr| self.coerce_common(expr, &target))
            .collect();
        (coerced, common)
    }

    /// `coerce_to_common_type`: modifiers are left alone.
    fn coerce_common(&mut self, expr: Expr, target: &Type) -> Expr {
        let source = expr.ty();
        match coerce::can_coerce(self.types, &source, target, Context::Implicit) {
            Some(true) => coerce::coerce_type(self.types, expr, target, Context::Implicit),
            Some(false) => Expr::made_of(vec![expr], target.clone()),
            None => {
                self.unknown_cast(&source, target);
                Expr::opaque(vec![expr], target.clone(), "cast")
            }
        }
    }

    fn no_common_type(&mut self, exprs: &[Expr], construct: &str) {
        let mut known: Vec<Type> = exprs
            .iter()
            .map(Expr::ty)
            .filter(|ty| !types::is_literal(ty))
            .collect();
        known.dedup_by(|left, right| types::same(left, right));
        if let [left, right, ..] = known.as_slice()
            && known.iter().all(|ty| self.types.is_known(ty))
        {
            let (left, right) = (self.types.display(left), self.types.display(right));
            self.notes.fail(
                "42804",
                format!("{construct} types {left} and {right} cannot be matched"),
            );
        }
    }

    /// `element` is the element type that a cast around it asks for.
    pub fn array(&mut self, array: &protobuf::AArrayExpr, element: Option<&Type>) -> Expr {
        let mut elements = Vec::new();
        for node in &array.elements {
            elements.push(match &node.node {
                Some(NodeEnum::AArrayExpr(nested)) => self.array(nested, element),
                _ => self.expr(node),
            });
        }
        if let Some(element) = element {
            let coerced = elements
                .into_iter()
                .map(|item| match item.ty().array {
                    true => item,
                    false => self.coerce(item, element, Context::Explicit),
                })
                .collect();
            return Expr::Array {
                elements: coerced,
                ty: types::plain(element).array_of(),
            };
        }
        if elements.is_empty() {
            let message = "cannot determine type of empty array";
            self.notes.fail("42P18", message.to_owned());
        }
        let (elements, common) = self.alike_all(elements, "ARRAY");
        let ty = match common.array {
            true => Some(common),
            false => self.types.array_over(&common),
        };
        Expr::Array {
            elements,
            ty: ty.unwrap_or_else(types::untold),
        }
    }

    pub fn row(&mut self, nodes: &[Node]) -> Expr {
        Expr::Row {
            fields: self.exprs(nodes),
            ty: Type::builtin("record"),
        }
    }

    /// Subscripts and fields: `a[1]`, `(r).f`.
    pub fn indirection(&mut self, indirection: &protobuf::AIndirection) -> Expr {
        let mut expr = self.boxed(&indirection.arg);
        for step in &indirection.indirection {
            expr = match &step.node {
                Some(NodeEnum::AIndices(indices)) => self.subscript(expr, indices),
                Some(NodeEnum::String(field)) => self.field(expr, &field.sval),
                _ => self.not_understood(vec![expr]),
            };
        }
        expr
    }

    fn subscript(&mut self, expr: Expr, indices: &protobuf::AIndices) -> Expr {
        let base = self.types.base(&expr.ty());
        let ty = match self.types.element(&base) {
            Some(_) if indices.is_slice => base,
            Some(element) => element,
            None if types::is(&base, "jsonb") && self.since(14) => base,
            None => match base
                .builtin_name()
                .and_then(|name| self.types.builtin(name))
                .and_then(|found| found.element)
            {
                Some(element) => self.types.named(element),
                None => {
                    self.not_subscriptable(&base);
                    types::untold()
                }
            },
        };
        let mut parts = vec![expr];
        for index in [&indices.lidx, &indices.uidx].into_iter().flatten() {
            parts.push(self.expr(index));
        }
        Expr::made_of(parts, ty)
    }

    fn not_subscriptable(&mut self, ty: &Type) {
        if self.types.is_known(ty) && !types::is_literal(ty) {
            let name = self.types.display(ty);
            self.notes.fail(
                "42804",
                format!("cannot subscript type {name} because it does not support subscripting"),
            );
        }
    }

    fn field(&mut self, expr: Expr, name: &str) -> Expr {
        if let Expr::WholeRow { .. } = expr
            && let Some(column) = self
                .scope
                .relation
                .and_then(|relation| relation.column(name))
        {
            return Expr::Column {
                name: name.to_owned(),
                ty: column.ty.clone(),
            };
        }
        let base = self.types.base(&expr.ty());
        let attributes = self.types.attributes(&base);
        let found = attributes
            .as_ref()
            .and_then(|all| all.iter().find(|(attribute, _)| attribute == name));
        if let (None, Some(_), Kind::Composite) = (found, &attributes, self.types.kind(&base)) {
            let ty = self.types.display(&base);
            self.notes.fail(
                "42703",
                format!("column \"{name}\" not found in data type {ty}"),
            );
        }
        let ty = found.map_or_else(types::untold, |(_, ty)| ty.clone());
        let mut field = Expr::made_of(vec![expr], ty);
        if let Expr::Other(other) = &mut field {
            other.folds = false;
        }
        field
    }
}
