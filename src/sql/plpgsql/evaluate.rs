//! The texts that expressions of constants make: `||`, `format()`, `quote_ident()` and variables that
//! are given one value.

use std::cell::Cell;

use pg_query::NodeEnum;
use pg_query::protobuf::{AConst, AExpr, AExprKind, ColumnRef, FuncCall, Node, a_const};

use super::variables::Variables;
use super::{Expression, Sql, UNKNOWN_NAME};
use crate::sql::names;

/// A text, with [`UNKNOWN_NAME`] for what is not known of it.
pub struct Built {
    pub text: String,
    pub known: bool,
}

impl Built {
    fn known(text: String) -> Self {
        Built { text, known: true }
    }

    fn unknown() -> Self {
        Built {
            text: UNKNOWN_NAME.to_owned(),
            known: false,
        }
    }

    fn map(self, change: impl Fn(&str) -> String) -> Self {
        Built {
            text: change(&self.text),
            known: self.known,
        }
    }
}

/// Constants follow each other this far: `a := 'x'; b := a || 'y'; ...`.
const MAX_DEPTH: usize = 5;

/// Works out texts with what is known of variables.
pub struct Evaluation<'a> {
    variables: &'a Variables,
    /// A variable whose value is taken for granted.
    bound: Option<(&'a str, &'a str)>,
    depth: Cell<usize>,
}

impl<'a> Evaluation<'a> {
    pub fn new(variables: &'a Variables) -> Self {
        Evaluation {
            variables,
            bound: None,
            depth: Cell::new(0),
        }
    }

    pub fn with(variables: &'a Variables, variable: &'a str, value: &'a str) -> Self {
        Evaluation {
            bound: Some((variable, value)),
            ..Evaluation::new(variables)
        }
    }

    /// The value of `SELECT expression`.
    pub fn of(&self, query: &Sql) -> Built {
        self.evaluate(selected(query))
    }

    fn evaluate(&self, node: Option<&Node>) -> Built {
        match node.and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::AConst(constant)) => evaluate_constant(constant),
            Some(NodeEnum::TypeCast(cast)) => self.evaluate(cast.arg.as_deref()),
            Some(NodeEnum::AExpr(operation)) => self.concatenation(operation),
            Some(NodeEnum::FuncCall(call)) => self.call(call),
            Some(NodeEnum::ColumnRef(reference)) => self.variable(reference),
            _ => Built::unknown(),
        }
    }

    fn variable(&self, reference: &ColumnRef) -> Built {
        let name = match names::parts(&reference.fields).as_slice() {
            [name] if reference.fields.len() == 1 => name.clone(),
            _ => return Built::unknown(),
        };
        match self.bound {
            Some((bound, value)) if bound == name => return Built::known(value.to_owned()),
            _ => {}
        }
        let depth = self.depth.get();
        if depth == MAX_DEPTH {
            return Built::unknown();
        }
        let Some(query) = self.variables.value(&name).and_then(Expression::query) else {
            return Built::unknown();
        };
        self.depth.set(depth + 1);
        let value = self.of(&query);
        self.depth.set(depth);
        value
    }

    fn concatenation(&self, operation: &AExpr) -> Built {
        let is_concatenation = operation.kind() == AExprKind::AexprOp
            && names::parts(&operation.name)
                .last()
                .is_some_and(|name| name == "||");
        if !is_concatenation {
            return Built::unknown();
        }
        join([
            self.evaluate(operation.lexpr.as_deref()),
            self.evaluate(operation.rexpr.as_deref()),
        ])
    }

    fn call(&self, call: &FuncCall) -> Built {
        let name = names::parts(&call.funcname).pop().unwrap_or_default();
        let mut arguments: Vec<Built> = call
            .args
            .iter()
            .map(|argument| self.evaluate(Some(argument)))
            .collect();
        match (name.as_str(), arguments.len()) {
            ("format", 1..) if !call.func_variadic => {
                let template = arguments.remove(0);
                let formatted = format(&template.text, &arguments);
                formatted.map_or_else(Built::unknown, |formatted| Built {
                    known: formatted.known && template.known,
                    ..formatted
                })
            }
            ("concat", _) => join(arguments),
            ("quote_ident", 1) => arguments.remove(0).map(quote_ident),
            ("quote_literal" | "quote_nullable", 1) => arguments.remove(0).map(quote_literal),
            ("lower", 1) => arguments.remove(0).map(str::to_lowercase),
            _ => Built::unknown(),
        }
    }
}

/// The expression of `SELECT expression`.
pub fn selected(query: &Sql) -> Option<&Node> {
    let NodeEnum::SelectStmt(select) = query.node.as_ref() else {
        return None;
    };
    match select.target_list.first()?.node.as_ref()? {
        NodeEnum::ResTarget(target) => target.val.as_deref(),
        _ => None,
    }
}

/// The elements of an array of constants: `ARRAY['a', 'b']`, `'{a,b}'`.
pub fn elements(query: &Sql) -> Option<Vec<String>> {
    let node = without_cast(selected(query)?);
    match node.node.as_ref()? {
        NodeEnum::AArrayExpr(array) => array
            .elements
            .iter()
            .map(|element| match without_cast(element).node.as_ref()? {
                NodeEnum::AConst(constant) => Some(evaluate_constant(constant)),
                _ => None,
            })
            .map(|built| built.filter(|built| built.known).map(|built| built.text))
            .collect(),
        NodeEnum::AConst(constant) => {
            let text = evaluate_constant(constant).text;
            let inside = text.strip_prefix('{')?.strip_suffix('}')?;
            if inside.contains(['{', '"', '\\']) {
                return None;
            }
            Some(inside.split(',').map(|e| e.trim().to_owned()).collect())
        }
        _ => None,
    }
}

fn without_cast(node: &Node) -> &Node {
    match &node.node {
        Some(NodeEnum::TypeCast(cast)) => cast.arg.as_deref().map_or(node, without_cast),
        _ => node,
    }
}

fn evaluate_constant(constant: &AConst) -> Built {
    match &constant.val {
        Some(a_const::Val::Sval(text)) => Built::known(text.sval.clone()),
        Some(a_const::Val::Ival(number)) => Built::known(number.ival.to_string()),
        Some(a_const::Val::Fval(number)) => Built::known(number.fval.clone()),
        Some(a_const::Val::Boolval(_) | a_const::Val::Bsval(_)) | None => Built::unknown(),
    }
}

fn join(parts: impl IntoIterator<Item = Built>) -> Built {
    parts
        .into_iter()
        .fold(Built::known(String::new()), |mut joined, part| {
            joined.text.push_str(&part.text);
            joined.known &= part.known;
            joined
        })
}

/// PostgreSQL's `format()`: `%[position$][-][width]{s|I|L|%}`. None where it would fail.
fn format(template: &str, arguments: &[Built]) -> Option<Built> {
    let mut result = Built::known(String::new());
    let mut next = 0;
    let mut rest = template;
    while let Some(percent) = rest.find('%') {
        result.text.push_str(&rest[..percent]);
        let specifier = &rest[percent + 1..];
        let letter = specifier.find(|c: char| !c.is_ascii_digit() && !matches!(c, '$' | '-'))?;
        if let Some((position, _)) = specifier[..letter].split_once('$') {
            next = position.parse::<usize>().ok()?.checked_sub(1)?;
        }
        let kind = specifier.as_bytes()[letter];
        rest = specifier.get(letter + 1..)?;
        if kind == b'%' {
            result.text.push('%');
            continue;
        }
        let argument = arguments.get(next)?;
        next += 1;
        result.known &= argument.known;
        match kind {
            b's' => result.text.push_str(&argument.text),
            b'I' => result.text.push_str(&quote_ident(&argument.text)),
            b'L' => result.text.push_str(&quote_literal(&argument.text)),
            _ => return None,
        }
    }
    result.text.push_str(rest);
    Some(result)
}

fn quote_ident(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true if !name.is_empty() => name.to_owned(),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
