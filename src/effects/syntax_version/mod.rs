//! Syntax that the newest grammar has and the target version does not (SQLSTATE 42601).
//!
//! The parser is version 18's. What src/backend/parser/gram.y has gained since 12 is listed here, with the
//! version that brought it (release notes of 13 to 18), and so are option names that a version refuses as
//! a syntax error though its grammar takes any name.

mod clause;
mod option;
mod statement;
#[cfg(test)]
mod tests;

use pg_query::protobuf::{AlterTableType, ConstrType};
use pg_query::{Node, NodeEnum, NodeRef};

use super::Collector;
use crate::sql::walk;

/// A piece of syntax that came after 12.
struct Newer {
    since: u8,
    /// As it is written: `NOT ENFORCED`.
    what: String,
    /// Where it starts in the statement; -1 when the tree does not say.
    location: i32,
    /// What older versions answer; not always a syntax error.
    sqlstate: &'static str,
}

impl Newer {
    fn new(since: u8, what: impl Into<String>, location: i32) -> Option<Self> {
        Some(Newer {
            since,
            what: what.into(),
            location,
            sqlstate: "42601",
        })
    }

    /// As [`Newer::new`], for what older versions take for a function or column of that name, or refuse
    /// for another reason.
    fn refused(
        sqlstate: &'static str,
        since: u8,
        what: impl Into<String>,
        location: i32,
    ) -> Option<Self> {
        Newer::new(since, what, location).map(|newer| Newer { sqlstate, ..newer })
    }
}

/// Reports 42601 when the statement uses grammar that is newer than the session's version.
pub fn check(c: &mut Collector<'_>) {
    if c.input.since(18) {
        return;
    }
    let newer = walk::descendants(c.input.node)
        .flat_map(|node| newer_in(node, c.input.text))
        .find(|newer| !c.input.since(newer.since));
    let Some(newer) = newer else {
        return;
    };
    let span = match newer.location {
        -1 => c.input.span(),
        location => c.input.clause(location),
    };
    let message = format!("{} came with PostgreSQL {}", newer.what, newer.since);
    let message = match newer.sqlstate {
        "42601" => format!("syntax error: {message}"),
        _ => message,
    };
    let sqlstate = match newer.sqlstate {
        "42703" if in_default(c.input.node, newer.location) => "0A000",
        sqlstate => sqlstate,
    };
    c.too_new(newer.since, sqlstate, message, span);
}

/// What is taken for a column stands in a DEFAULT, which may name none (`transformColumnRef` in
/// src/backend/parser/parse_expr.c).
fn in_default(statement: &NodeEnum, location: i32) -> bool {
    let holds = |expression: &Node| {
        expression.node.as_ref().is_some_and(|root| {
            walk::descendants(root)
                .any(|node| matches!(node, NodeRef::FuncCall(call) if call.location == location))
        })
    };
    walk::descendants(statement).any(|node| match node {
        NodeRef::Constraint(constraint) => {
            constraint.contype() == ConstrType::ConstrDefault
                && constraint.raw_expr.as_deref().is_some_and(holds)
        }
        NodeRef::AlterTableCmd(command) => {
            command.subtype() == AlterTableType::AtColumnDefault
                && command.def.as_deref().is_some_and(holds)
        }
        _ => false,
    })
}

fn newer_in(node: NodeRef<'_>, text: &str) -> Vec<Newer> {
    let mut found: Vec<Newer> = statement::newer(node, text).into_iter().collect();
    found.extend(clause::newer(node));
    found.extend(option::newer(node));
    found
}
