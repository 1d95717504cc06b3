//! The texts that expressions of constants make: `||`, `format()`, `quote_ident()` and variables whose values
//! are known; and which conditions they decide.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AConst, AExpr, AExprKind, BoolExprType, ColumnRef, FuncCall, Node, NullTestType, a_const,
};

use super::variables::{Budget, State};
use super::{Sql, UNKNOWN_NAME};
use crate::sql::names;

/// A text, with [`UNKNOWN_NAME`] for what is not known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// Whether nothing of it is known.
    pub fn is_unknown(&self) -> bool {
        self.text == UNKNOWN_NAME
    }

    fn map(self, change: impl Fn(&str) -> String) -> Self {
        Built {
            text: change(&self.text),
            known: self.known,
        }
    }
}

/// Works out texts with what is known of variables.
pub struct Evaluation<'a> {
    state: &'a State,
    budget: &'a Budget,
}

impl<'a> Evaluation<'a> {
    pub fn new(state: &'a State, budget: &'a Budget) -> Self {
        Evaluation { state, budget }
    }

    /// The value of `SELECT expression`.
    pub fn of(&self, query: &Sql) -> Built {
        self.evaluate(selected(query))
    }

    pub fn evaluate(&self, node: Option<&Node>) -> Built {
        match node.and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::AConst(constant)) => evaluate_constant(constant),
            Some(NodeEnum::TypeCast(cast)) => self.evaluate(cast.arg.as_deref()),
            Some(NodeEnum::AExpr(operation)) => self.concatenation(operation),
            Some(NodeEnum::FuncCall(call)) => self.call(call),
            Some(NodeEnum::ColumnRef(reference)) => self.variable(reference),
            Some(NodeEnum::CaseExpr(chosen)) if chosen.arg.is_none() => {
                for branch in &chosen.args {
                    let Some(NodeEnum::CaseWhen(branch)) = &branch.node else {
                        return Built::unknown();
                    };
                    match self.truth(branch.expr.as_deref()) {
                        Some(true) => return self.evaluate(branch.result.as_deref()),
                        Some(false) => {}
                        None => return Built::unknown(),
                    }
                }
                self.evaluate(chosen.defresult.as_deref())
            }
            Some(NodeEnum::CoalesceExpr(first)) => match first.args.first() {
                Some(first) if self.is_null(first) == Some(false) => self.evaluate(Some(first)),
                _ => Built::unknown(),
            },
            _ => Built::unknown(),
        }
    }

    /// Whether a condition holds, where constants decide that.
    pub fn truth(&self, node: Option<&Node>) -> Option<bool> {
        match node?.node.as_ref()? {
            NodeEnum::AConst(constant) => match constant.val {
                Some(a_const::Val::Boolval(value)) => Some(value.boolval),
                _ => None,
            },
            NodeEnum::ColumnRef(reference) => self.state.truth(&single(reference)?),
            NodeEnum::BoolExpr(operation) => {
                let mut parts = operation.args.iter().map(|it| self.truth(Some(it)));
                match operation.boolop() {
                    BoolExprType::AndExpr => all(parts),
                    BoolExprType::OrExpr => all(parts.map(|it| it.map(|it| !it))).map(|it| !it),
                    BoolExprType::NotExpr => parts.next()?.map(|it| !it),
                    BoolExprType::Undefined => None,
                }
            }
            NodeEnum::NullTest(test) => {
                let is_null = self.is_null(test.arg.as_deref()?)?;
                match test.nulltesttype() {
                    NullTestType::IsNull => Some(is_null),
                    NullTestType::IsNotNull => Some(!is_null),
                    NullTestType::Undefined => None,
                }
            }
            NodeEnum::AExpr(operation) if operation.kind() == AExprKind::AexprOp => {
                let equal = self.are_equal(operation)?;
                match names::parts(&operation.name).last()?.as_str() {
                    "=" => Some(equal),
                    "<>" => Some(!equal),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether two known texts are the same. Numbers may be written in several ways.
    fn are_equal(&self, operation: &AExpr) -> Option<bool> {
        let left = self.evaluate(operation.lexpr.as_deref());
        let right = self.evaluate(operation.rexpr.as_deref());
        if !left.known || !right.known {
            return None;
        }
        let number = |built: &Built| built.text.trim().parse::<f64>().is_ok();
        match left.text == right.text {
            true => Some(true),
            false if number(&left) || number(&right) => None,
            false => Some(false),
        }
    }

    fn is_null(&self, node: &Node) -> Option<bool> {
        match node.node.as_ref()? {
            NodeEnum::AConst(constant) => Some(constant.isnull),
            NodeEnum::ColumnRef(reference) => self.state.is_null(&single(reference)?),
            _ => None,
        }
    }

    fn variable(&self, reference: &ColumnRef) -> Built {
        let held = single(reference).and_then(|name| self.state.text(&name));
        match held {
            Some(built) if self.budget.affords(&built.text) => built.clone(),
            Some(_) | None => Built::unknown(),
        }
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
            // What is not known may have any letters, but stands for itself.
            ("lower", 1) => arguments.remove(0).map(str::to_lowercase),
            ("upper", 1) if arguments[0].known => arguments.remove(0).map(str::to_uppercase),
            ("replace", 3)
                if arguments.iter().all(|it| it.known) && !arguments[1].text.is_empty() =>
            {
                let (from, to) = (arguments[1].text.clone(), arguments[2].text.clone());
                arguments.remove(0).map(|text| text.replace(&from, &to))
            }
            _ => Built::unknown(),
        }
    }
}

/// The expression of `SELECT expression`.
pub fn selected(query: &Sql) -> Option<&Node> {
    match selected_all(query)?.first()? {
        Some(node) => Some(node),
        None => None,
    }
}

/// The expressions of `SELECT expression, ...`, if nothing else is in the query.
pub fn selected_all(query: &Sql) -> Option<Vec<Option<&Node>>> {
    let NodeEnum::SelectStmt(select) = query.node.as_ref() else {
        return None;
    };
    let plain = select.from_clause.is_empty()
        && select.where_clause.is_none()
        && select.limit_count.is_none()
        && select.limit_offset.is_none()
        && !select.target_list.is_empty();
    if !plain {
        return None;
    }
    let values = select.target_list.iter().map(|node| match &node.node {
        Some(NodeEnum::ResTarget(target)) => target.val.as_deref(),
        _ => None,
    });
    Some(values.collect())
}

/// The variable that `SELECT variable` reads.
pub fn variable(query: &Sql) -> Option<String> {
    match selected(query)?.node.as_ref()? {
        NodeEnum::ColumnRef(reference) => single(reference),
        _ => None,
    }
}

fn single(reference: &ColumnRef) -> Option<String> {
    match names::parts(&reference.fields).as_slice() {
        [name] if reference.fields.len() == 1 => Some(name.clone()),
        _ => None,
    }
}

/// AND, where some parts are not known.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
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
