//! Parse analysis: from the parse tree to a typed expression (src/backend/parser/parse_expr.c).

mod call;
mod construct;
mod operator;
mod query_value;

use std::collections::BTreeSet;
use std::rc::Rc;

use pg_query::protobuf::{self, a_const};
use pg_query::{Node, NodeEnum};

use super::coerce::{self, Context, NoCoercion};
use super::query::names::Names;
use super::tree::{BooleanTest, Expr, Parameter};
use super::types::{self, Kind, Types, is_literal};
use super::value::Value;
use super::{Purpose, Scope};
use crate::catalog::Type;
pub(crate) use crate::catalog::strings;

/// Deeper expressions are not followed, for the sake of the stack.
const MAX_DEPTH: u32 = 100;

/// Turns parse trees into typed expressions and notes what it meets on the way.
pub struct Analyser<'a> {
    pub scope: Scope<'a>,
    pub types: Types<'a>,
    pub purpose: Purpose,
    /// Arguments of the function whose body is analysed: name and type.
    pub arguments: Vec<(Option<String>, Type)>,
    /// The name of that function; `f.a` is its argument `a`.
    pub function: Option<String>,
    /// The base type of the domain whose CHECK is analysed.
    pub domain_value: Option<Type>,
    /// What names mean in the query that the expression belongs to.
    pub names: Option<Rc<Names>>,
    pub notes: Notes,
    depth: u32,
}

/// What was met on the way.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    pub columns: BTreeSet<String>,
    pub assumptions: Vec<String>,
    pub error: Option<(&'static str, String)>,
}

impl Notes {
    pub fn assume(&mut self, assumption: String) {
        if !self.assumptions.contains(&assumption) {
            self.assumptions.push(assumption);
        }
    }

    /// The first error is the one that PostgreSQL reports.
    pub fn fail(&mut self, sqlstate: &'static str, message: String) {
        self.error.get_or_insert((sqlstate, message));
    }
}

impl<'a> Analyser<'a> {
    pub fn new(scope: Scope<'a>, purpose: Purpose) -> Self {
        Analyser {
            scope,
            types: scope.types(),
            purpose,
            arguments: Vec::new(),
            function: None,
            domain_value: None,
            names: None,
            notes: Notes::default(),
            depth: 0,
        }
    }

    pub fn since(&self, major: u8) -> bool {
        self.scope.version.major() >= major
    }

    /// `transformExpr`
    pub fn expr(&mut self, node: &Node) -> Expr {
        if self.depth >= MAX_DEPTH {
            let what = "the expression is nested too deeply to follow: assumed volatile";
            self.notes.assume(what.to_owned());
            return Expr::opaque(Vec::new(), types::untold(), "");
        }
        self.depth += 1;
        let expr = self.dispatch(node);
        self.depth -= 1;
        expr
    }

    pub fn boxed(&mut self, node: &Option<Box<Node>>) -> Expr {
        match node {
            Some(node) => self.expr(node),
            None => Expr::null(Type::builtin("unknown")),
        }
    }

    pub fn exprs(&mut self, nodes: &[Node]) -> Vec<Expr> {
        nodes.iter().map(|node| self.expr(node)).collect()
    }

    fn dispatch(&mut self, node: &Node) -> Expr {
        let Some(node) = &node.node else {
            return self.not_understood(Vec::new());
        };
        match node {
            NodeEnum::AConst(constant) => literal(constant),
            NodeEnum::ColumnRef(reference) => self.column_ref(reference),
            NodeEnum::ParamRef(parameter) => self.parameter(parameter.number),
            NodeEnum::TypeCast(cast) => self.type_cast(cast),
            NodeEnum::CollateClause(clause) => self.collate(clause),
            NodeEnum::AExpr(expression) => self.operator_expr(expression),
            NodeEnum::BoolExpr(expression) => self.bool_expr(expression),
            NodeEnum::NullTest(test) => self.null_test(test),
            NodeEnum::BooleanTest(test) => self.boolean_test(test),
            NodeEnum::FuncCall(call) => self.function_call(call),
            NodeEnum::NamedArgExpr(argument) => self.boxed(&argument.arg),
            NodeEnum::CaseExpr(case) => self.case(case),
            NodeEnum::CoalesceExpr(coalesce) => self.coalesce(&coalesce.args),
            NodeEnum::MinMaxExpr(expression) => self.min_max(&expression.args),
            NodeEnum::AArrayExpr(array) => self.array(array, None),
            NodeEnum::RowExpr(row) => self.row(&row.args),
            NodeEnum::AIndirection(indirection) => self.indirection(indirection),
            NodeEnum::SqlvalueFunction(function) => self.session_value(function),
            NodeEnum::SubLink(link) => self.sub_link(link),
            NodeEnum::XmlExpr(xml) => self.xml(xml),
            NodeEnum::XmlSerialize(xml) => self.xml_serialize(xml),
            NodeEnum::GroupingFunc(_) => self.aggregate_error(),
            NodeEnum::SetToDefault(_) => {
                let message = "DEFAULT is not allowed in this context";
                self.notes.fail("42601", message.to_owned());
                Expr::opaque(Vec::new(), types::untold(), "DEFAULT")
            }
            _ => self.json(node),
        }
    }

    pub fn not_understood(&mut self, parts: Vec<Expr>) -> Expr {
        let what = "part of the expression was not understood: assumed volatile";
        self.notes.assume(what.to_owned());
        Expr::opaque(parts, types::untold(), "")
    }

    /// Coerces where PostgreSQL would; what cannot be coerced stays as it is, after a note.
    pub fn coerce(&mut self, expr: Expr, target: &Type, context: Context) -> Expr {
        let source = expr.ty();
        match coerce::coerce_to(self.types, expr.clone(), target, context) {
            Ok(coerced) => coerced,
            Err(NoCoercion::Unknown) => {
                self.unknown_cast(&source, target);
                Expr::opaque(vec![expr], target.clone(), "cast")
            }
            Err(NoCoercion::Impossible) => Expr::made_of(vec![expr], target.clone()),
        }
    }

    pub fn unknown_cast(&mut self, source: &Type, target: &Type) {
        let (source, target) = (self.types.display(source), self.types.display(target));
        self.notes.assume(format!(
            "how {source} is cast to {target} is not known: assumed volatile"
        ));
    }

    /// `coerce_to_boolean`
    pub fn condition(&mut self, node: &Option<Box<Node>>, construct: &str) -> Expr {
        let expr = self.boxed(node);
        self.as_condition(expr, construct)
    }

    pub fn as_condition(&mut self, expr: Expr, construct: &str) -> Expr {
        let (source, boolean) = (expr.ty(), Type::builtin("bool"));
        let possible = coerce::can_coerce(self.types, &source, &boolean, Context::Assignment);
        if possible == Some(false) {
            let found = self.types.display(&source);
            self.notes.fail(
                "42804",
                format!("argument of {construct} must be type boolean, not type {found}"),
            );
        }
        self.coerce(expr, &boolean, Context::Assignment)
    }

    fn type_cast(&mut self, cast: &protobuf::TypeCast) -> Expr {
        let Some(name) = &cast.type_name else {
            return self.boxed(&cast.arg);
        };
        let target = self.scope.catalog.resolve_type(name, self.scope.settings);
        let base = self.types.base(&target);
        let argument = match cast.arg.as_deref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::AArrayExpr(array)) if base.array => {
                let element = self.types.element(&base);
                self.array(array, element.as_ref())
            }
            _ => self.boxed(&cast.arg),
        };
        if let Some((sqlstate, message)) = self.types.missing(&target) {
            self.notes.fail(sqlstate, message);
        }
        let source = argument.ty();
        if coerce::can_coerce(self.types, &source, &target, Context::Explicit) == Some(false) {
            self.notes.fail(
                "42846",
                format!(
                    "cannot cast type {} to {}",
                    self.types.display(&source),
                    self.types.display(&target)
                ),
            );
        }
        self.coerce(argument, &target, Context::Explicit)
    }

    fn collate(&mut self, clause: &protobuf::CollateClause) -> Expr {
        let argument = self.boxed(&clause.arg);
        let ty = argument.ty();
        let collatable = is_literal(&ty) || self.types.is_collatable(&ty);
        if !collatable && self.types.is_known(&ty) {
            let found = self.types.display(&ty);
            self.notes.fail(
                "42804",
                format!("collations are not supported by type {found}"),
            );
        }
        Expr::Collate {
            argument: Box::new(argument),
            collation: strings(&clause.collname)
                .last()
                .copied()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    fn bool_expr(&mut self, expression: &protobuf::BoolExpr) -> Expr {
        let construct = match expression.boolop() {
            protobuf::BoolExprType::OrExpr => "OR",
            protobuf::BoolExprType::NotExpr => "NOT",
            protobuf::BoolExprType::AndExpr | protobuf::BoolExprType::Undefined => "AND",
        };
        let mut parts = Vec::new();
        for node in &expression.args {
            let part = self.expr(node);
            parts.push(self.as_condition(part, construct));
        }
        match construct {
            "OR" => Expr::Or(parts),
            "NOT" => Expr::Not(Box::new(parts.pop().unwrap_or_else(|| Expr::boolean(true)))),
            _ => Expr::And(parts),
        }
    }

    fn null_test(&mut self, test: &protobuf::NullTest) -> Expr {
        let argument = self.boxed(&test.arg);
        let row = matches!(argument, Expr::Row { .. })
            || self.types.kind(&argument.ty()) == Kind::Composite;
        Expr::IsNull {
            argument: Box::new(argument),
            negated: test.nulltesttype() == protobuf::NullTestType::IsNotNull,
            row,
        }
    }

    fn boolean_test(&mut self, test: &protobuf::BooleanTest) -> Expr {
        use protobuf::BoolTestType as Parsed;
        let (kind, words) = match test.booltesttype() {
            Parsed::IsTrue | Parsed::Undefined => (BooleanTest::True, "IS TRUE"),
            Parsed::IsNotTrue => (BooleanTest::NotTrue, "IS NOT TRUE"),
            Parsed::IsFalse => (BooleanTest::False, "IS FALSE"),
            Parsed::IsNotFalse => (BooleanTest::NotFalse, "IS NOT FALSE"),
            Parsed::IsUnknown => (BooleanTest::Unknown, "IS UNKNOWN"),
            Parsed::IsNotUnknown => (BooleanTest::NotUnknown, "IS NOT UNKNOWN"),
        };
        Expr::IsBoolean {
            argument: Box::new(self.condition(&test.arg, words)),
            test: kind,
        }
    }

    /// `$1`
    fn parameter(&mut self, number: i32) -> Expr {
        // One that PREPARE does not give a type takes that of its place.
        if let Some(names) = &self.names {
            let ty = names
                .numbered_argument(number)
                .unwrap_or_else(types::untold);
            return Expr::opaque(Vec::new(), ty, "");
        }
        let index = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        match index.and_then(|index| Some((index, self.arguments.get(index)?))) {
            Some((index, (_, ty))) => Expr::Parameter {
                index: Parameter::Argument(index),
                ty: ty.clone(),
            },
            None => {
                self.notes
                    .fail("42P02", format!("there is no parameter ${number}"));
                Expr::opaque(Vec::new(), types::untold(), "")
            }
        }
    }

    fn column_ref(&mut self, reference: &protobuf::ColumnRef) -> Expr {
        let parts = strings(&reference.fields);
        let has_star = reference
            .fields
            .iter()
            .any(|field| matches!(field.node, Some(NodeEnum::AStar(_))));
        if let (Some(ty), [name]) = (&self.domain_value, parts.as_slice())
            && name.eq_ignore_ascii_case("value")
        {
            return Expr::Parameter {
                index: Parameter::DomainValue,
                ty: ty.clone(),
            };
        }
        if let Some(names) = self.names.clone() {
            return self.query_column(&names, &parts, has_star);
        }
        if let Some(argument) = self.named_argument(&parts) {
            return argument;
        }
        if let Some(noun) = self.purpose.without_columns() {
            self.notes
                .fail("0A000", format!("cannot use column reference in {noun}"));
        }
        let Some(relation) = self.scope.relation else {
            return self.unknown_column(&parts);
        };
        let (name, qualifier) = match parts.as_slice() {
            [name] if !has_star => (*name, None),
            [table, name] if !has_star => (*name, Some(*table)),
            [_, table, name] if !has_star => (*name, Some(*table)),
            _ => return self.whole_row(),
        };
        if let Some(column) = relation.column(name) {
            self.notes.columns.insert(name.to_owned());
            return Expr::Column {
                name: name.to_owned(),
                ty: column.ty.clone(),
            };
        }
        if let Some(ty) = system_column(name) {
            return Expr::Column {
                name: name.to_owned(),
                ty: Type::builtin(ty),
            };
        }
        if name == relation.name.name && qualifier.is_none() {
            return self.whole_row();
        }
        if relation.complete {
            self.notes
                .fail("42703", format!("column \"{name}\" does not exist"));
        }
        self.unknown_column(&parts)
    }

    fn unknown_column(&mut self, parts: &[&str]) -> Expr {
        let name = parts.last().copied().unwrap_or_default().to_owned();
        self.notes.columns.insert(name.clone());
        Expr::Column {
            name,
            ty: types::untold(),
        }
    }

    fn named_argument(&self, parts: &[&str]) -> Option<Expr> {
        let name = match parts {
            [name] => *name,
            [function, name] if self.function.as_deref() == Some(*function) => *name,
            _ => return None,
        };
        let (index, (_, ty)) = self
            .arguments
            .iter()
            .enumerate()
            .find(|(_, (argument, _))| argument.as_deref() == Some(name))?;
        Some(Expr::Parameter {
            index: Parameter::Argument(index),
            ty: ty.clone(),
        })
    }

    /// A reference to the row as a value reads every column.
    fn whole_row(&mut self) -> Expr {
        let Some(relation) = self.scope.relation else {
            return Expr::opaque(Vec::new(), types::untold(), "");
        };
        let names = relation.columns.iter().map(|column| column.name.clone());
        self.notes.columns.extend(names);
        let row = self.scope.catalog.type_oid(&relation.name);
        Expr::WholeRow {
            ty: row.map_or_else(|| Type::builtin("record"), Type::user),
        }
    }
}

/// `make_const`: an untyped literal is of type `unknown` and keeps its text.
fn literal(constant: &protobuf::AConst) -> Expr {
    let Some(value) = constant.val.as_ref().filter(|_| !constant.isnull) else {
        return Expr::null(Type::builtin("unknown"));
    };
    let (ty, value) = match value {
        a_const::Val::Ival(integer) => (
            "int4",
            Value::Number(super::number::Number::integer(i64::from(integer.ival))),
        ),
        a_const::Val::Fval(float) => {
            let value = Value::read(&float.fval, "numeric", false);
            let is_int8 = float.fval.parse::<i64>().is_ok();
            (if is_int8 { "int8" } else { "numeric" }, value)
        }
        a_const::Val::Boolval(boolean) => ("bool", Value::Boolean(boolean.boolval)),
        a_const::Val::Sval(string) => ("unknown", Value::Written(string.sval.clone())),
        a_const::Val::Bsval(bits) => ("bit", Value::Written(bits.bsval.clone())),
    };
    Expr::constant(Type::builtin(ty), value)
}

fn system_column(name: &str) -> Option<&'static str> {
    Some(match name {
        "tableoid" => "oid",
        "ctid" => "tid",
        "xmin" | "xmax" => "xid",
        "cmin" | "cmax" => "cid",
        _ => return None,
    })
}
