//! Data-modifying statements in WITH on tables with rules (`RewriteQuery` in src/backend/rewrite/rewriteHandler.c).

use pg_query::protobuf::CmdType;
use pg_query::{NodeEnum, NodeRef};

use crate::effects::Collector;
use crate::sql::walk;

type Refusal = (&'static str, String);

/// Refuses a query with such a statement where the rules do not make one statement of it.
pub(super) fn check(query: &NodeEnum, c: &mut Collector<'_>) {
    if c.failed() || c.input.foreign_names {
        return;
    }
    let refusal = walk::descendants(query).find_map(|node| match node {
        NodeRef::CommonTableExpr(cte) => ruled(
            cte.ctequery
                .as_ref()
                .and_then(|query| query.node.as_ref())?,
            c,
        ),
        _ => None,
    });
    if let Some((sqlstate, message)) = refusal {
        c.error(sqlstate, message, c.input.span());
    }
}

fn ruled(query: &NodeEnum, c: &Collector<'_>) -> Option<Refusal> {
    let (name, event) = match query {
        NodeEnum::InsertStmt(stmt) => (&stmt.relation, CmdType::CmdInsert),
        NodeEnum::UpdateStmt(stmt) => (&stmt.relation, CmdType::CmdUpdate),
        NodeEnum::DeleteStmt(stmt) => (&stmt.relation, CmdType::CmdDelete),
        _ => return None,
    };
    let mut rules = c
        .input
        .relation(name.as_ref()?)?
        .rules
        .iter()
        .filter(|rule| rule.enabled && rule.event == event);
    rules.any(|rule| !rule.replaces).then(|| {
        let message = "DO ALSO rules are not supported for data-modifying statements in WITH";
        ("0A000", message.to_owned())
    })
}
