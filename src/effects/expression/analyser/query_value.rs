//! Values of the session, subqueries, XML and JSON.

use std::rc::Rc;

use pg_query::NodeEnum;
use pg_query::protobuf::{self, SqlValueFunctionOp, SubLinkType, XmlExprOp};

use super::super::coerce::Context;
use super::super::query::names::{Names, Output};
use super::super::tree::{Expr, Other};
use super::super::types;
use super::{Analyser, strings};
use crate::catalog::{Type, Volatility};

impl Analyser<'_> {
    /// CURRENT_TIMESTAMP and the like: stable (`contain_mutable_functions_walker`).
    pub fn session_value(&mut self, function: &protobuf::SqlValueFunction) -> Expr {
        use SqlValueFunctionOp as Op;
        let (name, ty) = match function.op() {
            Op::SvfopCurrentDate => ("CURRENT_DATE", "date"),
            Op::SvfopCurrentTime | Op::SvfopCurrentTimeN => ("CURRENT_TIME", "timetz"),
            Op::SvfopCurrentTimestamp | Op::SvfopCurrentTimestampN => {
                ("CURRENT_TIMESTAMP", "timestamptz")
            }
            Op::SvfopLocaltime | Op::SvfopLocaltimeN => ("LOCALTIME", "time"),
            Op::SvfopLocaltimestamp | Op::SvfopLocaltimestampN => ("LOCALTIMESTAMP", "timestamp"),
            Op::SvfopCurrentRole => ("CURRENT_ROLE", "name"),
            Op::SvfopCurrentUser => ("CURRENT_USER", "name"),
            Op::SvfopUser => ("USER", "name"),
            Op::SvfopSessionUser => ("SESSION_USER", "name"),
            Op::SvfopCurrentCatalog => ("CURRENT_CATALOG", "name"),
            Op::SvfopCurrentSchema => ("CURRENT_SCHEMA", "name"),
            Op::SqlvalueFunctionOpUndefined => return self.not_understood(Vec::new()),
        };
        let precision = match function.op() {
            Op::SvfopCurrentTimeN
            | Op::SvfopCurrentTimestampN
            | Op::SvfopLocaltimeN
            | Op::SvfopLocaltimestampN => vec![function.typmod],
            _ => Vec::new(),
        };
        Expr::SessionValue {
            name,
            ty: Type {
                modifiers: precision,
                ..Type::builtin(ty)
            },
        }
    }

    /// A subquery is refused everywhere that this is used for; elsewhere nothing is said of it.
    pub fn sub_link(&mut self, link: &protobuf::SubLink) -> Expr {
        if let Some(names) = self.names.clone() {
            return self.query_sub_link(link, &names);
        }
        if let Some(place) = self.purpose.singular() {
            self.notes
                .fail("0A000", format!("cannot use subquery in {place}"));
        }
        let ty = match link.sub_link_type() {
            SubLinkType::ExistsSublink | SubLinkType::AllSublink | SubLinkType::AnySublink => {
                Type::builtin("bool")
            }
            _ => types::untold(),
        };
        let tested = link.testexpr.as_ref().map(|node| self.expr(node));
        let what = "a subquery was not looked into: assumed volatile";
        self.notes.assume(what.to_owned());
        Expr::opaque(tested.into_iter().collect(), ty, "subquery")
    }

    /// `transformSubLink`
    fn query_sub_link(&mut self, link: &protobuf::SubLink, names: &Rc<Names>) -> Expr {
        let tested = link.testexpr.as_ref().map(|node| self.expr(node));
        let query = link.subselect.as_ref().and_then(|node| node.node.as_ref());
        let output = query.map_or_else(Output::default, |query| self.subquery(query, names));
        let one = match (output.known, output.columns.as_slice()) {
            (true, [(_, ty)]) => ty.clone(),
            _ => types::untold(),
        };
        let kind = link.sub_link_type();
        let several = output.known && output.columns.len() != 1;
        let ty = match kind {
            SubLinkType::ExistsSublink => Type::builtin("bool"),
            SubLinkType::AnySublink | SubLinkType::AllSublink => {
                self.compared_rows(link, tested.as_ref(), &output);
                Type::builtin("bool")
            }
            SubLinkType::ExprSublink | SubLinkType::ArraySublink if several => {
                let message = "subquery must return only one column";
                self.notes.fail("42601", message.to_owned());
                types::untold()
            }
            SubLinkType::ExprSublink => one,
            SubLinkType::ArraySublink => self.types.array_over(&one).unwrap_or_else(types::untold),
            _ => types::untold(),
        };
        Expr::Other(Other {
            parts: tested.into_iter().collect(),
            ty,
            volatility: Volatility::Volatile,
            name: "subquery".to_owned(),
            folds: false,
        })
    }

    /// `x IN (SELECT ...)`: the operator must be there for each pair.
    fn compared_rows(&mut self, link: &protobuf::SubLink, tested: Option<&Expr>, output: &Output) {
        let Some(tested) = tested.filter(|_| output.known) else {
            return;
        };
        let fields = match tested {
            Expr::Row { fields, .. } => fields.clone(),
            other if types::is(&other.ty(), "record") => return,
            other => vec![other.clone()],
        };
        if fields.len() != output.columns.len() {
            let word = match fields.len() < output.columns.len() {
                true => "many",
                false => "few",
            };
            self.notes
                .fail("42601", format!("subquery has too {word} columns"));
            return;
        }
        let name = strings(&link.oper_name).last().copied().unwrap_or("=");
        for (field, (_, ty)) in fields.into_iter().zip(&output.columns) {
            let found = Expr::opaque(Vec::new(), ty.clone(), "");
            self.binary(name, field, found);
        }
    }

    pub fn xml(&mut self, xml: &protobuf::XmlExpr) -> Expr {
        let mut parts = Vec::new();
        for node in &xml.named_args {
            parts.push(match &node.node {
                Some(NodeEnum::ResTarget(target)) => self.boxed(&target.val),
                _ => self.expr(node),
            });
        }
        for (at, node) in xml.args.iter().enumerate() {
            let part = self.expr(node);
            let target = match (xml.op(), at) {
                (XmlExprOp::IsXmlparse | XmlExprOp::IsXmlpi, 0) => "text",
                (XmlExprOp::IsXmlconcat, _) | (XmlExprOp::IsXmlroot, 0) => "xml",
                (XmlExprOp::IsXmlroot, 1) => "text",
                _ => {
                    parts.push(part);
                    continue;
                }
            };
            parts.push(self.coerce(part, &Type::builtin(target), Context::Implicit));
        }
        let ty = match xml.op() {
            XmlExprOp::IsDocument => "bool",
            _ => "xml",
        };
        Expr::Other(Other {
            parts,
            ty: Type::builtin(ty),
            // XmlExpr is a node of its own: no function is looked at.
            volatility: Volatility::Immutable,
            name: String::new(),
            folds: false,
        })
    }

    pub fn xml_serialize(&mut self, xml: &protobuf::XmlSerialize) -> Expr {
        let argument = self.boxed(&xml.expr);
        let argument = self.coerce(argument, &Type::builtin("xml"), Context::Implicit);
        let text = Expr::Other(Other {
            parts: vec![argument],
            ty: Type::builtin("text"),
            volatility: Volatility::Immutable,
            name: String::new(),
            folds: false,
        });
        match &xml.type_name {
            Some(name) => {
                let target = self.scope.catalog.resolve_type(name, self.scope.settings);
                self.coerce(text, &target, Context::Implicit)
            }
            None => text,
        }
    }

    /// The constructors and functions of SQL/JSON (16 and 17).
    pub fn json(&mut self, node: &NodeEnum) -> Expr {
        self.refuse_newer_json(node);
        match node {
            NodeEnum::JsonObjectConstructor(json) => {
                let mut parts = Vec::new();
                for pair in &json.exprs {
                    if let Some(NodeEnum::JsonKeyValue(pair)) = &pair.node {
                        parts.push(self.boxed(&pair.key));
                        parts.extend(self.json_value(pair.value.as_deref()));
                    }
                }
                self.json_made("json_build_object", parts, json.output.as_ref(), "json")
            }
            NodeEnum::JsonArrayConstructor(json) => {
                let mut parts = Vec::new();
                for item in &json.exprs {
                    if let Some(NodeEnum::JsonValueExpr(value)) = &item.node {
                        parts.extend(self.json_value(Some(value)));
                    }
                }
                self.json_made("json_build_array", parts, json.output.as_ref(), "json")
            }
            NodeEnum::JsonIsPredicate(json) => {
                let argument = self.boxed(&json.expr);
                Expr::made_of(vec![argument], Type::builtin("bool"))
            }
            NodeEnum::JsonParseExpr(json) => {
                let parts = self.json_value(json.expr.as_deref());
                self.json_made("", parts, json.output.as_ref(), "json")
            }
            NodeEnum::JsonScalarExpr(json) => {
                let part = self.boxed(&json.expr);
                self.json_made("to_json", vec![part], json.output.as_ref(), "json")
            }
            NodeEnum::JsonSerializeExpr(json) => {
                let parts = self.json_value(json.expr.as_deref());
                self.json_made("", parts, json.output.as_ref(), "text")
            }
            NodeEnum::JsonFuncExpr(json) => self.json_function(json),
            NodeEnum::JsonObjectAgg(_) | NodeEnum::JsonArrayAgg(_) => {
                self.not_allowed("42803", "aggregate functions");
                Expr::opaque(Vec::new(), types::untold(), "aggregate")
            }
            _ => self.not_understood(Vec::new()),
        }
    }

    /// Without the syntax, most of them look like calls of functions that do not exist.
    fn refuse_newer_json(&mut self, node: &NodeEnum) {
        let plain = |json: &protobuf::JsonFuncExpr| {
            json.passing.is_empty()
                && json.output.is_none()
                && json.on_empty.is_none()
                && json.on_error.is_none()
        };
        let (since, name, call) = match node {
            NodeEnum::JsonObjectConstructor(_) => (16, "JSON_OBJECT", false),
            NodeEnum::JsonArrayConstructor(json) => (16, "json_array", json.output.is_none()),
            NodeEnum::JsonObjectAgg(_) | NodeEnum::JsonArrayAgg(_) => (16, "JSON_OBJECTAGG", false),
            NodeEnum::JsonScalarExpr(_) => (17, "json_scalar", true),
            NodeEnum::JsonSerializeExpr(json) => (17, "json_serialize", json.output.is_none()),
            NodeEnum::JsonFuncExpr(json) => (17, "json_query", plain(json)),
            _ => return,
        };
        if self.since(since) {
            return;
        }
        match call {
            true => self
                .notes
                .fail("42883", format!("function {name} does not exist")),
            false => self.notes.fail(
                "42601",
                format!("syntax error in {name}: it came with PostgreSQL {since}"),
            ),
        }
    }

    fn json_value(&mut self, value: Option<&protobuf::JsonValueExpr>) -> Vec<Expr> {
        value
            .and_then(|value| value.raw_expr.as_ref())
            .map(|node| self.expr(node))
            .into_iter()
            .collect()
    }

    fn json_made(
        &mut self,
        function: &str,
        parts: Vec<Expr>,
        output: Option<&protobuf::JsonOutput>,
        usual: &str,
    ) -> Expr {
        let made = match function {
            "" => Expr::made_of(parts, Type::builtin(usual)),
            name => self.builtin_call(name, parts, Type::builtin(usual)),
        };
        match output.and_then(|output| output.type_name.as_ref()) {
            Some(name) => {
                let target = self.scope.catalog.resolve_type(name, self.scope.settings);
                self.coerce(made, &target, Context::Explicit)
            }
            None => made,
        }
    }

    /// JSON_VALUE, JSON_QUERY, JSON_EXISTS. Paths with dates depend on the time zone, so they are not better
    /// than stable.
    fn json_function(&mut self, json: &protobuf::JsonFuncExpr) -> Expr {
        use protobuf::JsonExprOp as Op;
        let mut parts = self.json_value(json.context_item.as_deref());
        parts.push(self.boxed(&json.pathspec));
        for node in &json.passing {
            if let Some(NodeEnum::JsonArgument(argument)) = &node.node {
                parts.extend(self.json_value(argument.val.as_deref()));
            }
        }
        let behaviors = [&json.on_empty, &json.on_error];
        for node in behaviors
            .into_iter()
            .flatten()
            .filter_map(|on| on.expr.as_ref())
        {
            parts.push(self.expr(node));
        }
        let usual = match json.op() {
            Op::JsonExistsOp => "bool",
            Op::JsonValueOp => "text",
            _ => "jsonb",
        };
        let output = json
            .output
            .as_ref()
            .and_then(|output| output.type_name.as_ref());
        let ty = match output {
            Some(name) => self.scope.catalog.resolve_type(name, self.scope.settings),
            None => Type::builtin(usual),
        };
        Expr::Other(Other {
            parts,
            ty,
            volatility: Volatility::Stable,
            name: String::new(),
            folds: false,
        })
    }
}
