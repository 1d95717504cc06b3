//! Function calls.

use pg_query::protobuf::{self, CoercionForm};
use pg_query::{Node, NodeEnum};

use super::super::candidates::{self, Candidate, Kinds, Resolution, Written, worst};
use super::super::coerce::Context;
use super::super::extension_functions;
use super::super::query::{AGGREGATE, PERHAPS_AGGREGATE, WINDOW, aggregates, has_unknown};
use super::super::tree::{Call, Callee, Expr, Origin, Other};
use super::super::types;
use super::{Analyser, strings};
use crate::catalog::builtin;
use crate::catalog::{Type, Volatility};

impl Analyser<'_> {
    pub fn function_call(&mut self, call: &protobuf::FuncCall) -> Expr {
        let parts = strings(&call.funcname);
        let (schema, name) = match parts.as_slice() {
            [name] => (None, *name),
            [schema, name] | [_, schema, name] => (Some(*schema), *name),
            _ => return self.not_understood(Vec::new()),
        };
        let sql_syntax = call.funcformat() == CoercionForm::CoerceSqlSyntax;
        if sql_syntax {
            self.refuse_newer_syntax(name, call.args.len());
        }
        let name = self.spelled_then(name, sql_syntax);
        let mut arguments = self.exprs(&call.args);
        // SIMILAR TO without ESCAPE has a second argument, NULL, until 12.
        if name == "similar_escape" && schema == Some("pg_catalog") && arguments.len() == 1 {
            arguments.push(Expr::null(Type::builtin("unknown")));
        }
        if call.over.is_some() {
            self.not_allowed("42P20", "window functions");
            if self.names.is_none() {
                return Expr::made_of(arguments, types::untold());
            }
        }
        for node in &call.agg_order {
            if let Some(NodeEnum::SortBy(sort)) = &node.node {
                let sorted = self.boxed(&sort.node);
                if call.agg_within_group {
                    arguments.push(sorted);
                }
            }
        }
        if call.agg_filter.is_some() {
            self.condition(&call.agg_filter, "FILTER");
        }
        if call.agg_within_group && self.names.is_some() {
            // Which of the arguments are direct ones is not worked out.
            return self.in_query(AGGREGATE, arguments, types::untold());
        }
        let expr = self.resolved_call(call, schema, name, arguments);
        match &call.over {
            Some(window) => self.over(window, expr),
            None => expr,
        }
    }

    /// A call with OVER: what it is applied to stays inside.
    fn over(&mut self, window: &protobuf::WindowDef, call: Expr) -> Expr {
        self.exprs(&window.partition_clause);
        for node in &window.order_clause {
            if let Some(NodeEnum::SortBy(sort)) = &node.node {
                self.boxed(&sort.node);
            }
        }
        let ty = call.ty();
        let parts = match call {
            Expr::Other(other) if other.name == AGGREGATE => other.parts,
            other => vec![other],
        };
        self.in_query(WINDOW, parts, ty)
    }

    /// What a query does with many rows, and what only a query is asked about.
    fn in_query(&mut self, name: &str, parts: Vec<Expr>, ty: Type) -> Expr {
        Expr::Other(Other {
            parts,
            ty,
            volatility: Volatility::Volatile,
            name: name.to_owned(),
            folds: false,
        })
    }

    fn resolved_call(
        &mut self,
        call: &protobuf::FuncCall,
        schema: Option<&str>,
        name: &str,
        mut arguments: Vec<Expr>,
    ) -> Expr {
        let actual: Vec<Type> = arguments.iter().map(Expr::ty).collect();
        let names = argument_names(&call.args);
        let written = Written {
            schema,
            name,
            arguments: &actual,
            names: &names,
            variadic: call.func_variadic,
            search_path: &self.scope.settings.search_path,
        };
        match candidates::function(self.types, &written) {
            Resolution::Found(candidate) => self.resolved(candidate, arguments, &actual),
            Resolution::Cast(target) => match arguments.pop() {
                Some(argument) => self.coerce(argument, &target, Context::Explicit),
                None => self.not_understood(Vec::new()),
            },
            Resolution::OneOf(possible) => {
                let (volatility, returns) = worst(&possible);
                if volatility == Volatility::Volatile
                    && possible
                        .iter()
                        .any(|candidate| candidate.callee.volatility != volatility)
                {
                    self.notes.assume(format!(
                        "which function {name} is meant is not known: assumed volatile"
                    ));
                }
                if self.names.is_some() && possible.iter().any(|one| one.kind == Kinds::Aggregate) {
                    let all = possible.iter().all(|one| one.kind == Kinds::Aggregate);
                    let name = if all { AGGREGATE } else { PERHAPS_AGGREGATE };
                    return self.in_query(name, arguments, returns.unwrap_or_else(types::untold));
                }
                unresolved(name, volatility, returns, arguments)
            }
            Resolution::Ambiguous => {
                self.missing(
                    "42725",
                    &format!("{} is not unique", self.signature(name, &actual)),
                    &actual,
                );
                self.unknown_function(name, arguments)
            }
            Resolution::NoMatch | Resolution::Absent if self.schema_is_missing(schema) => {
                let schema = schema.unwrap_or_default();
                self.notes
                    .fail("3F000", format!("schema \"{schema}\" does not exist"));
                self.unknown_function(name, arguments)
            }
            Resolution::NoMatch | Resolution::Absent => {
                let signature = self.signature(name, &actual);
                self.missing("42883", &format!("{signature} does not exist"), &actual);
                self.unknown_function(name, arguments)
            }
        }
    }

    /// SQL syntax that the grammar of older versions does not have.
    fn refuse_newer_syntax(&mut self, name: &str, arguments: usize) {
        match (name, arguments) {
            ("timezone", 1) if !self.since(17) => {
                let message = "syntax error at or near \"LOCAL\"";
                self.notes.fail("42601", message.to_owned());
            }
            // It was a column's name.
            ("system_user", _) if !self.since(16) => {
                if let Some(place) = self.purpose.without_columns() {
                    self.notes
                        .fail("0A000", format!("cannot use column reference in {place}"));
                }
            }
            _ => {}
        }
    }

    /// SQL syntax that the grammar of older versions turned into other functions.
    fn spelled_then<'n>(&self, name: &'n str, sql_syntax: bool) -> &'n str {
        match name {
            "extract" if sql_syntax && !self.since(14) => "date_part",
            "similar_to_escape" if !self.since(13) => "similar_escape",
            name => name,
        }
    }

    pub fn resolved(
        &mut self,
        candidate: Candidate,
        arguments: Vec<Expr>,
        actual: &[Type],
    ) -> Expr {
        let (parameters, returns) = candidate.instantiate(self.types, actual);
        if is_undetermined(&returns, actual) {
            let message = "could not determine polymorphic type because input has type unknown";
            self.notes.fail("42804", message.to_owned());
        }
        match candidate.kind {
            Kinds::Aggregate if self.names.is_some() => {
                self.check_aggregate(&arguments);
                return self.in_query(AGGREGATE, arguments, returns);
            }
            Kinds::Aggregate => self.not_allowed("42803", "aggregate functions"),
            Kinds::Window if self.names.is_some() => {}
            Kinds::Window => self.not_allowed("42P20", "window functions"),
            Kinds::Function if candidate.callee.returns_set => {
                if self.names.is_none() || !self.purpose.takes_sets() {
                    self.not_allowed("0A000", "set-returning functions");
                }
            }
            Kinds::Function => {}
        }
        let mut arguments = self.coerce_arguments(arguments, &parameters);
        arguments.extend(self.defaults(&candidate.callee, arguments.len()));
        Expr::Call(Call {
            callee: candidate.callee,
            arguments,
            ty: returns,
        })
    }

    /// An aggregate over columns of an outer query belongs there (`check_agg_arguments`).
    fn check_aggregate(&mut self, arguments: &[Expr]) {
        let Some(level) = self.names.as_ref().map(|names| format!("{}.", names.depth)) else {
            return;
        };
        if arguments.iter().any(has_unknown) {
            return;
        }
        let mut columns = Vec::new();
        arguments
            .iter()
            .for_each(|argument| columns_of(argument, &mut columns));
        if !columns.is_empty() && !columns.iter().all(|column| column.starts_with(&level)) {
            return;
        }
        if !self.purpose.takes_aggregates() {
            self.not_allowed("42803", "aggregate functions");
        }
        if arguments.iter().any(aggregates) {
            let message = "aggregate function calls cannot be nested";
            self.notes.fail("42803", message.to_owned());
        }
    }

    /// The defaults of a user's function for the arguments that are not given.
    fn defaults(&mut self, callee: &Callee, given: usize) -> Vec<Expr> {
        let Some(function) = callee.user.and_then(|oid| self.scope.catalog.function(oid)) else {
            return Vec::new();
        };
        let missing = function.arguments.len().saturating_sub(given);
        if missing == 0 {
            return Vec::new();
        }
        let nodes = super::super::inline::default_nodes(function);
        let from = nodes.len().saturating_sub(missing);
        let mut defaults = Vec::new();
        for (node, argument) in nodes[from..]
            .iter()
            .zip(&function.arguments[function.arguments.len() - missing.min(nodes.len())..])
        {
            let default = self.expr(node);
            defaults.push(self.coerce(default, &argument.ty, Context::Implicit));
        }
        defaults
    }

    fn schema_is_missing(&self, schema: Option<&str>) -> bool {
        let catalog = self.scope.catalog;
        catalog.complete && schema.is_some_and(|schema| !catalog.has_schema(schema))
    }

    fn unknown_function(&mut self, name: &str, arguments: Vec<Expr>) -> Expr {
        self.notes.assume(format!(
            "the function {name} is not known: assumed volatile"
        ));
        if self.names.is_some() {
            return self.in_query(PERHAPS_AGGREGATE, arguments, types::untold());
        }
        unresolved(name, Volatility::Volatile, None, arguments)
    }

    pub fn signature(&self, name: &str, actual: &[Type]) -> String {
        let arguments: Vec<String> = actual.iter().map(|ty| self.types.display(ty)).collect();
        format!("function {name}({})", arguments.join(", "))
    }

    /// An error only when no function of that name can have been brought by what was not seen.
    pub fn missing(&mut self, sqlstate: &'static str, message: &str, actual: &[Type]) {
        let catalog = self.scope.catalog;
        let known = actual
            .iter()
            .all(|ty| types::is_literal(ty) || self.types.is_known(ty));
        if catalog.complete && known && extension_functions::all_known(catalog) {
            self.notes.fail(sqlstate, message.to_owned());
        }
    }

    /// `check_agglevels_and_constraints` and its kin.
    pub fn not_allowed(&mut self, sqlstate: &'static str, what: &str) {
        if let Some(place) = self.purpose.plural() {
            self.notes
                .fail(sqlstate, format!("{what} are not allowed in {place}"));
        }
    }

    pub fn aggregate_error(&mut self) -> Expr {
        self.not_allowed("42803", "grouping operations");
        Expr::opaque(Vec::new(), types::untold(), "GROUPING")
    }

    /// A function of pg_catalog that a construct stands for.
    pub fn builtin_call(&mut self, name: &str, arguments: Vec<Expr>, returns: Type) -> Expr {
        let volatility = builtin::functions(name, self.types.version)
            .map(|function| function.volatility)
            .max()
            .unwrap_or(Volatility::Immutable);
        unresolved(name, volatility, Some(returns), arguments)
    }
}

/// A pseudo-type is left over because nothing but untyped literals was given for it.
fn is_undetermined(returns: &Type, actual: &[Type]) -> bool {
    matches!(
        returns.builtin_name(),
        Some("anyelement" | "anyarray" | "anynonarray" | "anyenum" | "anyrange" | "anymultirange")
    ) && actual.iter().any(types::is_literal)
}

fn columns_of<'e>(expr: &'e Expr, found: &mut Vec<&'e str>) {
    if let Expr::Column { name, .. } = expr {
        found.push(name);
    }
    for part in expr.children() {
        columns_of(part, found);
    }
}

fn argument_names(arguments: &[Node]) -> Vec<String> {
    arguments
        .iter()
        .filter_map(|node| match node.node.as_ref()? {
            NodeEnum::NamedArgExpr(named) => Some(named.name.clone()),
            _ => None,
        })
        .collect()
}

fn unresolved(
    name: &str,
    volatility: Volatility,
    returns: Option<Type>,
    arguments: Vec<Expr>,
) -> Expr {
    Expr::Call(Call {
        callee: Callee {
            name: name.to_owned(),
            operator: None,
            declared: arguments.iter().map(Expr::ty).collect(),
            volatility,
            strict: false,
            returns_set: false,
            user: None,
            origin: Origin::Written,
        },
        arguments,
        ty: returns.unwrap_or_else(types::untold),
    })
}
