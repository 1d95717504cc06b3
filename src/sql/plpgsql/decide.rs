//! Which branch an IF takes, as far as constants tell: a routine that is called with `false` does not run
//! what it does for `true`.

use pg_query::NodeEnum;
use pg_query::protobuf::{BoolExprType, Node, a_const};

use super::evaluate::selected;
use super::variables::Variables;
use super::{Expression, If};
use crate::sql::names;

/// Variables follow each other this far.
const MAX_DEPTH: usize = 5;

/// Empties the branches that are certainly not taken. Their conditions stay: those before the one that is
/// taken are still looked at when it runs.
pub fn prune(chosen: &mut If, variables: &Variables) {
    let mut taken = false;
    for branch in &mut chosen.branches {
        let holds = condition(&branch.condition, variables, MAX_DEPTH);
        if taken || holds == Some(false) {
            branch.statements.clear();
        }
        taken |= holds == Some(true);
    }
    if taken {
        chosen.otherwise = None;
    }
}

fn condition(expression: &Expression, variables: &Variables, depth: usize) -> Option<bool> {
    if depth == 0 || !variables.affords(expression.text()) {
        return None;
    }
    let query = expression.query()?;
    decide(selected(&query)?, variables, depth)
}

/// SQL's logic of three values: NULL and what is not known are both None.
fn decide(node: &Node, variables: &Variables, depth: usize) -> Option<bool> {
    match node.node.as_ref()? {
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            a_const::Val::Boolval(value) => Some(value.boolval),
            _ => None,
        },
        NodeEnum::BoolExpr(operation) => {
            let mut values = operation
                .args
                .iter()
                .map(|operand| decide(operand, variables, depth));
            match operation.boolop() {
                BoolExprType::NotExpr => values.next()?.map(|value| !value),
                BoolExprType::AndExpr => all(values, true),
                BoolExprType::OrExpr => all(values, false),
                BoolExprType::Undefined => None,
            }
        }
        NodeEnum::ColumnRef(reference) if reference.fields.len() == 1 => {
            let name = names::parts(&reference.fields).pop()?;
            condition(variables.value(&name)?, variables, depth - 1)
        }
        _ => None,
    }
}

/// AND (of which one `false` decides) or OR (one `true`).
fn all(values: impl Iterator<Item = Option<bool>>, neutral: bool) -> Option<bool> {
    let mut result = Some(neutral);
    for value in values {
        if value == Some(!neutral) {
            return value;
        }
        if value.is_none() {
            result = None;
        }
    }
    result
}
