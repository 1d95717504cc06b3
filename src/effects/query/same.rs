//! Whether two expressions are written alike, wherever they stand and however their columns are qualified.

use pg_query::protobuf::{BoolExprType, ColumnRef, RawStmt, ResTarget, SelectStmt};
use pg_query::{Node, NodeEnum};

/// The expression as text, without qualifiers of its columns. None when it cannot be written.
pub(super) fn text(expression: &Node) -> Option<String> {
    let mut expression = expression.clone();
    unqualify(&mut expression);
    let select = SelectStmt {
        target_list: vec![wrap(NodeEnum::ResTarget(Box::new(ResTarget {
            val: Some(Box::new(expression)),
            ..ResTarget::default()
        })))],
        limit_option: 1,
        op: 1,
        ..SelectStmt::default()
    };
    let tree = pg_query::protobuf::ParseResult {
        version: 0,
        stmts: vec![RawStmt {
            stmt: Some(Box::new(wrap(NodeEnum::SelectStmt(Box::new(select))))),
            stmt_location: 0,
            stmt_len: 0,
        }],
    };
    pg_query::deparse(&tree, Default::default()).ok()
}

/// The parts of an AND, each as text.
pub(super) fn conjuncts(condition: &Node) -> Option<Vec<String>> {
    match &condition.node {
        Some(NodeEnum::BoolExpr(and)) if and.boolop() == BoolExprType::AndExpr => {
            let mut found = Vec::new();
            for part in &and.args {
                found.extend(conjuncts(part)?);
            }
            Some(found)
        }
        _ => Some(vec![text(condition)?]),
    }
}

fn wrap(node: NodeEnum) -> Node {
    Node { node: Some(node) }
}

/// Leaves only the last part of each column's name; expressions of indexes hold no subqueries, so the usual
/// containers are enough.
fn unqualify(node: &mut Node) {
    match &mut node.node {
        Some(NodeEnum::ColumnRef(column)) => keep_last(column),
        Some(NodeEnum::AExpr(operator)) => {
            for side in [&mut operator.lexpr, &mut operator.rexpr]
                .into_iter()
                .flatten()
            {
                unqualify(side);
            }
        }
        Some(NodeEnum::BoolExpr(parts)) => parts.args.iter_mut().for_each(unqualify),
        Some(NodeEnum::FuncCall(call)) => call.args.iter_mut().for_each(unqualify),
        Some(NodeEnum::CoalesceExpr(call)) => call.args.iter_mut().for_each(unqualify),
        Some(NodeEnum::TypeCast(cast)) => {
            if let Some(arg) = &mut cast.arg {
                unqualify(arg);
            }
        }
        Some(NodeEnum::NullTest(test)) => {
            if let Some(arg) = &mut test.arg {
                unqualify(arg);
            }
        }
        Some(NodeEnum::BooleanTest(test)) => {
            if let Some(arg) = &mut test.arg {
                unqualify(arg);
            }
        }
        _ => {}
    }
}

fn keep_last(column: &mut ColumnRef) {
    if let Some(last) = column.fields.pop() {
        column.fields = vec![last];
    }
}

#[cfg(test)]
mod tests {
    use pg_query::{Node, NodeEnum};

    use super::{conjuncts, text};

    fn expression(sql: &str) -> Node {
        let tree = pg_query::parse(&format!("SELECT {sql}"), 0).unwrap();
        let Some(NodeEnum::SelectStmt(select)) =
            tree.protobuf.stmts[0].stmt.as_ref().unwrap().node.clone()
        else {
            panic!("not a SELECT");
        };
        let Some(NodeEnum::ResTarget(target)) = select.target_list[0].node.clone() else {
            panic!("no target");
        };
        *target.val.unwrap()
    }

    #[test]
    fn places_and_qualifiers_do_not_matter() {
        let a = text(&expression("lower(t.email) = 'x'"));
        assert_eq!(a, text(&expression("  lower(email)='x'")));
        assert!(a.is_some());
    }

    #[test]
    fn an_and_falls_into_its_parts() {
        let parts = conjuncts(&expression("a IS NULL AND (b = 1 AND c)")).unwrap();
        assert_eq!(parts.len(), 3);
    }
}
