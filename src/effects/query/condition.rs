//! What a WHERE clause says of one table: its AND-ed comparisons of a column with something that is not of
//! that table.

use pg_query::protobuf::{AExprKind, BoolExprType, SubLinkType};
use pg_query::{Node, NodeEnum, NodeRef};

use crate::catalog::Relation;
use crate::effects::node;
use crate::sql::walk;

/// A table in a query, under the names by which its columns may be written.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    pub relation: &'a Relation,
    pub alias: &'a str,
}

/// `column operator value`, where the value does not depend on the table's row.
#[derive(Debug, Clone)]
pub struct Comparison<'a> {
    pub column: String,
    pub kind: ComparisonKind,
    /// The value, or for IN and BETWEEN the list of values; none for a subquery.
    pub value: Option<&'a Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonKind {
    Equal,
    /// `<`, `<=`
    Below,
    /// `>`, `>=`
    Above,
    Between,
    /// A list of values written out.
    InList,
    /// A subquery or array of one.
    InQuery {
        limited: bool,
    },
}

/// The AND-ed comparisons that a condition makes about a table.
pub fn comparisons<'a>(condition: Option<&'a Node>, table: Table<'_>) -> Vec<Comparison<'a>> {
    conjuncts(condition)
        .into_iter()
        .filter_map(|conjunct| comparison(conjunct, table))
        .collect()
}

/// The parts of a condition that must all be true.
pub fn conjuncts(condition: Option<&Node>) -> Vec<&Node> {
    let Some(condition) = condition else {
        return Vec::new();
    };
    match &condition.node {
        Some(NodeEnum::BoolExpr(and)) if and.boolop() == BoolExprType::AndExpr => and
            .args
            .iter()
            .flat_map(|part| conjuncts(Some(part)))
            .collect(),
        _ => vec![condition],
    }
}

fn comparison<'a>(conjunct: &'a Node, table: Table<'_>) -> Option<Comparison<'a>> {
    match conjunct.node.as_ref()? {
        NodeEnum::AExpr(operator) => {
            let left = operator.lexpr.as_deref();
            let right = operator.rexpr.as_deref()?;
            let name = operator.name.last().and_then(node::string)?;
            match operator.kind() {
                AExprKind::AexprOp => {
                    let left = left?;
                    if let Some(column) = column_of(left, table)
                        && !mentions(right, table)
                    {
                        return Some(Comparison {
                            column,
                            kind: kind(name, false)?,
                            value: Some(right),
                        });
                    }
                    let column = column_of(right, table).filter(|_| !mentions(left, table))?;
                    Some(Comparison {
                        column,
                        kind: kind(name, true)?,
                        value: Some(left),
                    })
                }
                AExprKind::AexprIn if name == "=" => {
                    let column = column_of(left?, table).filter(|_| !mentions(right, table))?;
                    Some(Comparison {
                        column,
                        kind: ComparisonKind::InList,
                        value: Some(right),
                    })
                }
                AExprKind::AexprBetween => {
                    let column = column_of(left?, table).filter(|_| !mentions(right, table))?;
                    Some(Comparison {
                        column,
                        kind: ComparisonKind::Between,
                        value: Some(right),
                    })
                }
                AExprKind::AexprOpAny if name == "=" => {
                    let column = column_of(left?, table)?;
                    let kind = match array_query(right) {
                        Some(limited) => ComparisonKind::InQuery { limited },
                        None if mentions(right, table) => return None,
                        None => ComparisonKind::InList,
                    };
                    Some(Comparison {
                        column,
                        kind,
                        value: Some(right),
                    })
                }
                _ => None,
            }
        }
        NodeEnum::SubLink(link) if link.sub_link_type() == SubLinkType::AnySublink => {
            let column = column_of(link.testexpr.as_deref()?, table)?;
            Some(Comparison {
                column,
                kind: ComparisonKind::InQuery {
                    limited: is_limited(link.subselect.as_deref()?),
                },
                value: None,
            })
        }
        _ => None,
    }
}

fn kind(operator: &str, swapped: bool) -> Option<ComparisonKind> {
    Some(match (operator, swapped) {
        ("=", _) => ComparisonKind::Equal,
        ("<" | "<=", false) | (">" | ">=", true) => ComparisonKind::Below,
        (">" | ">=", false) | ("<" | "<=", true) => ComparisonKind::Above,
        _ => return None,
    })
}

/// The column of the table that an expression is, if it is one; `ctid` counts.
pub fn column_of(expression: &Node, table: Table<'_>) -> Option<String> {
    let Some(NodeEnum::ColumnRef(reference)) = &expression.node else {
        return None;
    };
    let parts = node::strings(&reference.fields);
    let (column, qualifier) = parts.split_last()?;
    let ours = match qualifier.last() {
        Some(qualifier) => qualifier == table.alias || *qualifier == table.relation.name.name,
        // An unqualified name that the table does not have is another table's or a variable.
        None => {
            !table.relation.complete || column == "ctid" || table.relation.column(column).is_some()
        }
    };
    ours.then(|| column.clone())
}

/// Whether the expression reads a column of the table.
fn mentions(expression: &Node, table: Table<'_>) -> bool {
    let Some(root) = &expression.node else {
        return false;
    };
    walk::descendants(root).any(|found| {
        let NodeRef::ColumnRef(reference) = found else {
            return false;
        };
        let parts = node::strings(&reference.fields);
        match parts.as_slice() {
            [column] => table.relation.complete && table.relation.column(column).is_some(),
            [.., qualifier, _] => {
                qualifier == table.alias || *qualifier == table.relation.name.name
            }
            [] => false,
        }
    })
}

/// Whether an array is made from a query, and if that is limited: `ARRAY(SELECT ... LIMIT n)`.
fn array_query(array: &Node) -> Option<bool> {
    match array.node.as_ref()? {
        NodeEnum::SubLink(link) => Some(is_limited(link.subselect.as_deref()?)),
        NodeEnum::TypeCast(cast) => array_query(cast.arg.as_deref()?),
        _ => None,
    }
}

/// A query that gives a bounded number of rows: LIMIT, VALUES.
pub fn is_limited(query: &Node) -> bool {
    match &query.node {
        Some(NodeEnum::SelectStmt(select)) => {
            select
                .limit_count
                .as_ref()
                .is_some_and(|limit| !is_null(limit))
                || !select.values_lists.is_empty()
                || select.from_clause.is_empty() && select.larg.is_none()
        }
        _ => false,
    }
}

fn is_null(node: &Node) -> bool {
    matches!(&node.node, Some(NodeEnum::AConst(constant)) if constant.isnull)
}
