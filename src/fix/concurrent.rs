//! CONCURRENTLY put into a statement, where it can then run.

use pg_query::NodeEnum;
use pg_query::protobuf::ReindexObjectType;

use super::{Applicability, Fix, tokens};
use crate::catalog::Relation;
use crate::lint::Context;

impl Context<'_> {
    /// CONCURRENTLY, and the opt-out of the migration tool's transaction where it needs one. `certain`: the objects are known,
    /// and are such that PostgreSQL does it for them.
    pub fn concurrently(&self, title: &str, certain: bool) -> Option<Fix> {
        let settings = &self.session.settings;
        // A timeout would cut it short, and leave an invalid index behind.
        if settings.statement_timeout.value.is_some()
            || settings.transaction_timeout.value.is_some()
        {
            return None;
        }
        let mut edits = self.edits(tokens::concurrently(self.text, self.node)?);
        let outside = self.outside_transaction(is_detected(self.node))?;
        let opts_out = !outside.edits.is_empty();
        edits.extend(outside.edits);
        // A second run that found the index there would fail without IF NOT EXISTS, and DETACH CONCURRENTLY leaves a CHECK
        // behind (ALTER TABLE manual, "DETACH PARTITION").
        let same = match self.node {
            NodeEnum::IndexStmt(stmt) => !stmt.if_not_exists,
            NodeEnum::AlterTableStmt(_) => false,
            _ => true,
        };
        let applicability = match certain && same {
            true => Applicability::Safe,
            false => Applicability::Unsafe,
        };
        let title = match opts_out {
            true => format!("{title}, outside a transaction"),
            false => title.to_owned(),
        };
        Some(Fix::new(title, applicability, edits).relying_on(outside.relies_on))
    }

    /// Runs the statement outside the transaction that it is refused in.
    pub fn out_of_transaction(&self) -> Option<Fix> {
        let outside = self.outside_transaction(false)?;
        let possible = !outside.edits.is_empty();
        possible.then(|| {
            Fix::safe("run this migration outside a transaction", outside.edits)
                .relying_on(outside.relies_on)
        })
    }
}

/// Flyway sees by itself that the statement with CONCURRENTLY needs no transaction (`src/lint/replay/split.rs`).
fn is_detected(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::IndexStmt(_) | NodeEnum::DropStmt(_) => true,
        NodeEnum::ReindexStmt(stmt) => matches!(
            stmt.kind(),
            ReindexObjectType::ReindexObjectSchema | ReindexObjectType::ReindexObjectDatabase
        ),
        _ => false,
    }
}

/// Whether all is known of a relation that its migrations can tell.
pub fn is_known(relation: Option<&Relation>) -> bool {
    relation.is_some_and(|relation| relation.complete)
}
