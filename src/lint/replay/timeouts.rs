//! Where the scripts of a migration set a lock_timeout: before the locks, or too late.

use pg_query::NodeEnum;
use pg_query::protobuf::VariableSetKind;

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
    })
}
