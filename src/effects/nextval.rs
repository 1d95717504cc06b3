//! Sequences that an expression takes numbers from.

use std::ops::Range;

use pg_query::protobuf::a_const;
use pg_query::{Node, NodeEnum};

use super::{Collector, LockMode, node};

/// `nextval('s')` opens the sequence in RowExclusive, as `setval` does (`init_sequence` in
/// src/backend/commands/sequence.c). Only names written as constants are known.
pub fn lock_sequences_in(expression: &Node, c: &mut Collector<'_>, span: &Range<usize>) {
    let mut names = Vec::new();
    collect(expression, &mut names);
    for name in names {
        let settings = c.input.settings();
        let parts: Vec<&str> = name.split('.').collect();
        let found = match parts.as_slice() {
            [schema, name] => c
                .input
                .before
                .lookup(Some(schema), name, &settings.search_path),
            _ => c.input.before.lookup(None, &name, &settings.search_path),
        };
        if let Some(oid) = found {
            c.because("numbers are taken from it", |c| {
                c.lock(oid, LockMode::RowExclusive, span.clone())
            });
        }
    }
}

fn collect(expression: &Node, names: &mut Vec<String>) {
    match &expression.node {
        Some(NodeEnum::FuncCall(call)) => {
            let function = call.funcname.last().and_then(node::string);
            if matches!(function, Some("nextval" | "setval"))
                && let Some(name) = call.args.first().and_then(constant)
            {
                names.push(name);
            }
            for argument in &call.args {
                collect(argument, names);
            }
        }
        Some(NodeEnum::TypeCast(cast)) => {
            if let Some(argument) = &cast.arg {
                collect(argument, names);
            }
        }
        Some(NodeEnum::AExpr(operator)) => {
            for side in [&operator.lexpr, &operator.rexpr].into_iter().flatten() {
                collect(side, names);
            }
        }
        Some(NodeEnum::CoalesceExpr(coalesce)) => {
            for argument in &coalesce.args {
                collect(argument, names);
            }
        }
        _ => {}
    }
}

/// A string constant, perhaps cast to regclass.
fn constant(node: &Node) -> Option<String> {
    match &node.node {
        Some(NodeEnum::TypeCast(cast)) => constant(cast.arg.as_ref()?),
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(a_const::Val::Sval(text)) => Some(text.sval.replace('"', "")),
            _ => None,
        },
        _ => None,
    }
}
