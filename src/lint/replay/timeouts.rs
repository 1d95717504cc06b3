//! Where the scripts of a migration set a lock_timeout: before the locks, or too late.

use pg_query::protobuf::VariableSetKind;
use pg_query::protobuf::a_const::Val;
use pg_query::{Node, NodeEnum};

use crate::lint::context::TimeoutSet;
use crate::sql::{Body, Parsed, Statement};

pub fn set(scripts: &[Parsed]) -> Vec<TimeoutSet> {
    scripts
        .iter()
        .flat_map(|script| &script.statements)
        .filter_map(set_by)
        .collect()
}

fn set_by(statement: &Statement) -> Option<TimeoutSet> {
    let Body::Tree(node) = &statement.body else {
        return None;
    };
    let NodeEnum::VariableSetStmt(stmt) = &**node else {
        return None;
    };
    let sets = stmt.kind() == VariableSetKind::VarSetValue
        && stmt.name.eq_ignore_ascii_case("lock_timeout");
    sets.then(|| TimeoutSet {
        span: statement.span.clone(),
        local: stmt.is_local,
        zero: stmt.args.iter().any(is_zero),
    })
}

fn is_zero(value: &Node) -> bool {
    let Some(NodeEnum::AConst(constant)) = &value.node else {
        return false;
    };
    match &constant.val {
        Some(Val::Ival(number)) => number.ival == 0,
        Some(Val::Sval(text)) => {
            let number = text
                .sval
                .trim_end_matches(|letter: char| letter.is_alphabetic());
            number.trim() == "0"
        }
        _ => false,
    }
}
