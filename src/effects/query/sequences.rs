//! Sequences that a statement takes numbers from or sets: RowExclusive (`lock_and_open_sequence` in
//! src/backend/commands/sequence.c).

use std::ops::Range;

use pg_query::protobuf::{FuncCall, RangeVar, a_const};
use pg_query::{Node, NodeEnum, NodeRef};

use crate::catalog::{Oid, Relation, RelationKind};
use crate::effects::{Collector, LockMode, node};
use crate::sql::{names, walk};

/// Every nextval(), setval() and currval() of a statement.
pub(super) fn lock_called(root: &NodeEnum, c: &mut Collector<'_>, span: &Range<usize>) {
    let calls: Vec<&FuncCall> = walk::descendants(root)
        .filter_map(|node| match node {
            NodeRef::FuncCall(call) => Some(call),
            _ => None,
        })
        .collect();
    for call in calls {
        call_of(call, c, span);
    }
}

fn call_of(call: &FuncCall, c: &mut Collector<'_>, span: &Range<usize>) {
    let function = call.funcname.last().and_then(node::string);
    if !matches!(function, Some("nextval" | "setval" | "currval")) {
        return;
    }
    let Some(argument) = call.args.first() else {
        return;
    };
    if let Some(oid) = owned(argument, c) {
        lock(oid, c, span);
        return;
    }
    let Some(name) = constant(argument).and_then(|text| relation_name(&text)) else {
        c.assume("the sequence whose number is taken is computed: it is not known");
        return;
    };
    let mode = LockMode::RowExclusive;
    c.because("a number is taken from it", |c| {
        c.lock_named(&name, RelationKind::Sequence, mode, span)
    });
}

fn lock(sequence: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
    c.because("a number is taken from it", |c| {
        c.lock(sequence, LockMode::RowExclusive, span.clone())
    });
}

/// The default of a column takes numbers from the sequence that the column owns, or from one that it names.
pub(super) fn lock_default(
    table: &Relation,
    column: &str,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let Some(found) = table.column(column) else {
        return;
    };
    let default = found.default.as_deref().and_then(|node| node.node.as_ref());
    let numbers = found.identity.is_some() || default.is_some_and(calls_nextval);
    if !numbers {
        return;
    }
    let before = c.input.before;
    let owned: Vec<Oid> = before
        .sequences_of(table.oid, Some(column))
        .into_iter()
        .map(|sequence| sequence.oid)
        .collect();
    for oid in &owned {
        lock(*oid, c, span);
    }
    if owned.is_empty()
        && let Some(default) = default
    {
        lock_called(default, c, span);
    }
}

fn calls_nextval(default: &NodeEnum) -> bool {
    walk::descendants(default).any(|node| match node {
        NodeRef::FuncCall(call) => call.funcname.last().and_then(node::string) == Some("nextval"),
        _ => false,
    })
}

/// `pg_get_serial_sequence('table', 'column')`
fn owned(argument: &Node, c: &Collector<'_>) -> Option<Oid> {
    let argument = without_casts(argument);
    let NodeEnum::FuncCall(call) = argument.node.as_ref()? else {
        return None;
    };
    if call.funcname.last().and_then(node::string) != Some("pg_get_serial_sequence") {
        return None;
    }
    let [table, column] = call.args.as_slice() else {
        return None;
    };
    let table = relation_name(&constant(table)?)?;
    let column = constant(column)?;
    let table = c.input.oid(&table)?;
    c.input
        .before
        .sequences_of(table, Some(&column))
        .first()
        .map(|sequence| sequence.oid)
}

fn without_casts(node: &Node) -> &Node {
    match &node.node {
        Some(NodeEnum::TypeCast(cast)) => match cast.arg.as_deref() {
            Some(inner) => without_casts(inner),
            None => node,
        },
        _ => node,
    }
}

/// A string constant, perhaps cast.
fn constant(node: &Node) -> Option<String> {
    match &without_casts(node).node {
        Some(NodeEnum::AConst(constant)) => match constant.val.as_ref()? {
            a_const::Val::Sval(text) => Some(text.sval.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// A name as regclass reads it: folded unless quoted, with a schema or without.
fn relation_name(text: &str) -> Option<RangeVar> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let end = if let Some(inner) = rest.strip_prefix('"') {
            // A doubled quote inside the name goes on.
            let mut at = 0;
            loop {
                at += inner.get(at..)?.find('"')?;
                if inner[at + 1..].starts_with('"') {
                    at += 2;
                } else {
                    break at + 2;
                }
            }
        } else {
            rest.find('.').unwrap_or(rest.len())
        };
        parts.push(names::from_token(rest.get(..end)?));
        match rest[end..].strip_prefix('.') {
            Some(more) => rest = more,
            None if rest.len() == end => break,
            None => return None,
        }
    }
    let name = parts.pop()?;
    Some(RangeVar {
        schemaname: parts.pop().unwrap_or_default(),
        relname: name,
        inh: true,
        location: -1,
        ..RangeVar::default()
    })
}

#[cfg(test)]
mod tests {
    use super::relation_name;

    fn read(text: &str) -> Option<(String, String)> {
        relation_name(text).map(|name| (name.schemaname, name.relname))
    }

    #[test]
    fn names_in_strings_are_read_as_regclass_does() {
        let name = |schema: &str, name: &str| Some((schema.to_owned(), name.to_owned()));
        assert_eq!(read("T_id_seq"), name("", "t_id_seq"));
        assert_eq!(read("app.\"T.x\"\"y\""), name("app", "T.x\"y"));
        assert_eq!(read("\"open"), None);
        assert_eq!(read("\"a\"b"), None);
    }
}
