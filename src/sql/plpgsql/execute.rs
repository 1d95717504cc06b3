//! EXECUTE: what SQL a body runs that it puts together itself, as far as constants tell.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{AConst, AExpr, AExprKind, FuncCall, Node, a_const};

use super::parser::sql;
use super::{Certainty, Execute, Expression, Pl, Sql, UNKNOWN_NAME};
use crate::sql::excerpt::Excerpt;
use crate::sql::names;
use crate::sql::placeholder::{Form, Placeholder, parse_with_stand_ins};
use crate::sql::split::{Content, split};
use crate::sql::tree::{self, Refusal};

pub fn execute(span: Range<usize>, expression: Expression, into: bool) -> Execute {
    let (text, known) = match expression.0.as_one_string() {
        Some(string) => (Some(string), true),
        None => evaluated(&expression),
    };
    let statements = text
        .map(|text| match known {
            true => commands(&text),
            false => shapes(&text),
        })
        .unwrap_or_default();
    let all_parse = statements.iter().all(|one| matches!(one, Pl::Sql(_)));
    let certainty = match known {
        true => Certainty::Constant,
        false if all_parse && !statements.is_empty() => Certainty::Shape,
        false => Certainty::Nothing,
    };
    Execute {
        span,
        expression,
        statements: match certainty {
            Certainty::Constant | Certainty::Shape => statements,
            Certainty::Nothing => Vec::new(),
        },
        certainty,
        into,
    }
}

/// The commands of a text that may hold several.
pub fn commands(text: &Excerpt) -> Vec<Pl> {
    pieces(text)
        .into_iter()
        .map(|piece| sql(piece, false))
        .collect()
}

fn pieces(text: &Excerpt) -> Vec<Excerpt> {
    split(text.text())
        .pieces
        .into_iter()
        .map(|piece| match piece.content {
            Content::Sql(_) => text.slice(piece.span),
            Content::Psql | Content::Unterminated(..) => {
                text.slice(piece.span.start..text.text().len())
            }
        })
        .collect()
}

/// The commands of a text with unknowns. One may be a value or nothing at all where a name does not
/// fit.
fn shapes(text: &Excerpt) -> Vec<Pl> {
    let unknowns = |text: &str| -> Vec<Placeholder> {
        text.match_indices(UNKNOWN_NAME)
            .map(|(at, unknown)| Placeholder {
                range: at..at + unknown.len(),
                form: Form::Anything,
            })
            .collect()
    };
    pieces(text)
        .into_iter()
        .map(|piece| {
            let placeholders = unknowns(piece.text());
            let first = Refusal::Syntax(String::new(), 0);
            let parsed = parse_with_stand_ins(piece.text(), &placeholders, first, |filled| {
                tree::parse(filled, false)
            });
            match parsed {
                Ok(node) => Pl::Sql(Sql {
                    excerpt: piece,
                    node,
                    into: false,
                    placeholders: Vec::new(),
                }),
                Err(_) => sql(piece, false),
            }
        })
        .collect()
}

fn evaluated(expression: &Expression) -> (Option<Excerpt>, bool) {
    let Some(query) = expression.query() else {
        return (None, false);
    };
    let value = match query.node.as_ref() {
        NodeEnum::SelectStmt(select) => select.target_list.first(),
        _ => None,
    };
    let value = match value.and_then(|target| target.node.as_ref()) {
        Some(NodeEnum::ResTarget(target)) => target.val.as_deref(),
        _ => None,
    };
    let built = evaluate(value);
    // A single unknown says nothing at all.
    match built.text == UNKNOWN_NAME {
        true => (None, false),
        false => (
            Some(Excerpt::made_up(&built.text, expression.span())),
            built.known,
        ),
    }
}

/// A text, with [`UNKNOWN_NAME`] for what is not known of it.
struct Built {
    text: String,
    known: bool,
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

fn evaluate(node: Option<&Node>) -> Built {
    match node.and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::AConst(constant)) => evaluate_constant(constant),
        Some(NodeEnum::TypeCast(cast)) => evaluate(cast.arg.as_deref()),
        Some(NodeEnum::AExpr(operation)) => concatenation(operation),
        Some(NodeEnum::FuncCall(call)) => evaluate_call(call),
        _ => Built::unknown(),
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

fn concatenation(operation: &AExpr) -> Built {
    let is_concatenation = operation.kind() == AExprKind::AexprOp
        && names::parts(&operation.name)
            .last()
            .is_some_and(|name| name == "||");
    if !is_concatenation {
        return Built::unknown();
    }
    join([
        evaluate(operation.lexpr.as_deref()),
        evaluate(operation.rexpr.as_deref()),
    ])
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

fn evaluate_call(call: &FuncCall) -> Built {
    let name = names::parts(&call.funcname).pop().unwrap_or_default();
    let mut arguments: Vec<Built> = call.args.iter().map(|arg| evaluate(Some(arg))).collect();
    match (name.as_str(), arguments.len()) {
        ("format", 1..) if !call.func_variadic => {
            let template = arguments.remove(0);
            match template.known {
                true => format(&template.text, &arguments).unwrap_or_else(Built::unknown),
                false => Built::unknown(),
            }
        }
        ("concat", _) => join(arguments),
        ("quote_ident", 1) => arguments.remove(0).map(quote_ident),
        ("quote_literal" | "quote_nullable", 1) => arguments.remove(0).map(quote_literal),
        ("lower", 1) => arguments.remove(0).map(str::to_lowercase),
        _ => Built::unknown(),
    }
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
