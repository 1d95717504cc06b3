//! What stored expressions (defaults, CHECKs, index keys, conditions) mention, and renaming inside them.

use std::sync::Arc;

use pg_query::{Node, NodeEnum, protobuf};

use super::resolve::strings;
use crate::catalog::tree::{walk, walk_mut};

/// The columns that an expression over one relation reads, each once, in order of appearance. A
/// reference to the whole row is in there under the relation's name.
pub fn columns_read(expression: &Node) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    each_node(expression, |node| {
        if let NodeEnum::ColumnRef(reference) = node
            && let Some(name) = strings(&reference.fields).last()
            && !columns.iter().any(|column| column == name)
        {
            columns.push((*name).to_owned());
        }
    });
    columns
}

/// Whether an expression over one relation reads this column.
pub fn reads_column(expression: &Node, column: &str) -> bool {
    let mut found = false;
    each_node(expression, |node| {
        if let NodeEnum::ColumnRef(reference) = node {
            found |= strings(&reference.fields).last() == Some(&column);
        }
    });
    found
}

/// Whether two expressions are certain to be different ones: they name other columns or constants. What is only
/// written otherwise may be the same to PostgreSQL.
pub fn is_other_expression(one: &Node, other: &Node) -> bool {
    let leaves = |expression: &Node| {
        let mut found: Vec<String> = Vec::new();
        each_node(expression, |node| match node {
            NodeEnum::ColumnRef(reference) => {
                found.push(
                    strings(&reference.fields)
                        .last()
                        .map_or_else(String::new, |name| format!("c {name}")),
                );
            }
            NodeEnum::AConst(constant) => found.push(format!("v {:?}", constant.val)),
            _ => {}
        });
        found.sort();
        found
    };
    leaves(one) != leaves(other)
}

/// Renames a column in an expression over one relation.
pub fn rename_column(expression: &mut Arc<Node>, from: &str, to: &str) {
    if !reads_column(expression, from) {
        return;
    }
    each_node_mut(expression, |node| {
        if let NodeEnum::ColumnRef(reference) = node
            && let Some(NodeEnum::String(last)) = reference
                .fields
                .last_mut()
                .and_then(|field| field.node.as_mut())
            && last.sval == from
        {
            to.clone_into(&mut last.sval);
        }
    });
}

/// Writes every column of an expression over one relation as one of `qualifier`.
pub fn qualify_columns(expression: &mut Arc<Node>, qualifier: &str) {
    each_node_mut(expression, |node| {
        if let NodeEnum::ColumnRef(reference) = node
            && let Some(last) = reference.fields.pop()
        {
            let qualifier = NodeEnum::String(protobuf::String {
                sval: qualifier.to_owned(),
            });
            reference.fields = vec![
                Node {
                    node: Some(qualifier),
                },
                last,
            ];
        }
    });
}

/// The functions that an expression calls, as written.
pub fn function_calls(expression: &Node) -> Vec<&protobuf::FuncCall> {
    let mut calls = Vec::new();
    each_node(expression, |node| {
        if let NodeEnum::FuncCall(call) = node {
            calls.push(call.as_ref());
        }
    });
    calls
}

/// The types that an expression casts to, as written.
pub fn type_names(expression: &Node) -> Vec<&protobuf::TypeName> {
    let mut names = Vec::new();
    each_node(expression, |node| {
        if let NodeEnum::TypeCast(cast) = node {
            names.extend(&cast.type_name);
        }
    });
    names
}

/// The string that names a sequence in `nextval('...')`, `currval` or `setval`, with or without `::regclass`.
pub fn sequence_argument(call: &protobuf::FuncCall) -> Option<&str> {
    let (_, name) = super::resolve::split_name(&strings(&call.funcname))?;
    if !matches!(name, "nextval" | "currval" | "setval") {
        return None;
    }
    string_constant(call.args.first()?)
}

/// Whether an expression is NULL, by itself or cast to something.
pub fn is_null_constant(node: &Node) -> bool {
    match &node.node {
        Some(NodeEnum::AConst(constant)) => constant.isnull,
        Some(NodeEnum::TypeCast(cast)) => cast.arg.as_deref().is_some_and(is_null_constant),
        _ => false,
    }
}

/// The text of a string constant, looking through casts.
pub fn string_constant(node: &Node) -> Option<&str> {
    match node.node.as_ref()? {
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            protobuf::a_const::Val::Sval(text) => Some(&text.sval),
            _ => None,
        },
        NodeEnum::TypeCast(cast) => string_constant(cast.arg.as_ref()?),
        _ => None,
    }
}

/// Changes the strings that name sequences in an expression: `change` gets the old and gives the new.
pub fn rename_sequences(expression: &mut Arc<Node>, change: impl Fn(&str) -> Option<String>) {
    let concerned = function_calls(expression)
        .into_iter()
        .filter_map(sequence_argument)
        .any(|name| change(name).is_some());
    if !concerned {
        return;
    }
    each_node_mut(expression, |node| {
        if let NodeEnum::FuncCall(call) = node
            && let Some(name) = sequence_argument(call).and_then(&change)
            && let Some(argument) = call.args.first_mut().and_then(string_constant_mut)
        {
            *argument = name;
        }
    });
}

fn string_constant_mut(node: &mut Node) -> Option<&mut String> {
    match node.node.as_mut()? {
        NodeEnum::AConst(constant) => match constant.val.as_mut()? {
            protobuf::a_const::Val::Sval(text) => Some(&mut text.sval),
            _ => None,
        },
        NodeEnum::TypeCast(cast) => string_constant_mut(cast.arg.as_mut()?),
        _ => None,
    }
}

/// A dotted name in a string, as `regclass` reads it: unquoted parts are folded.
pub fn parse_name(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.trim().chars().peekable();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        let Some(part) = parts.last_mut() else {
            return parts;
        };
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                part.push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            _ if quoted => part.push(character),
            _ => part.extend(character.to_lowercase()),
        }
    }
    parts
}

fn each_node<'a>(expression: &'a Node, mut visit: impl FnMut(&'a NodeEnum)) {
    if let Some(root) = &expression.node {
        walk(root, |node| {
            visit(node);
            true
        });
    }
}

fn each_node_mut(expression: &mut Arc<Node>, mut visit: impl FnMut(&mut NodeEnum)) {
    if let Some(root) = &mut Arc::make_mut(expression).node {
        walk_mut(root, |node| {
            visit(node);
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_strings_are_read_as_regclass_does() {
        assert_eq!(
            parse_name("Public.\"My \"\"Seq\"\"\""),
            ["public", "My \"Seq\""]
        );
    }
}
