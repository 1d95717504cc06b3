//! Migration tools that commit before a statement that must run outside a transaction.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, DiscardMode, ReindexObjectType};

use super::run::Run;
use crate::effects::{Input, effects_of};
use crate::project::TransactionMode;
use crate::session::Transaction;
use crate::sql::{Body, Statement};

pub fn controls_transactions(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| {
        matches!(&statement.body, Body::Tree(node) if matches!(**node, NodeEnum::TransactionStmt(_)))
    })
}

/// What [`TransactionMode::Detect`] comes to. A script that mixes both kinds is refused by Flyway unless
/// `mixed` is set: it counts as run in a transaction, in which the statement fails as surely. With `mixed`, one
/// such statement turns the transaction off for all.
pub fn detected(statements: &[Statement], mixed: bool) -> TransactionMode {
    let known = |statement: &Statement| match &statement.body {
        Body::Tree(node) => flyway_knows(node),
        Body::Skimmed(_) | Body::Invalid(_) | Body::Psql(_) => false,
    };
    let alone = match mixed {
        true => statements.iter().any(known),
        false => !statements.is_empty() && statements.iter().all(known),
    };
    if alone {
        TransactionMode::None
    } else {
        TransactionMode::File
    }
}

/// `detectCanExecuteInTransaction` of Flyway's `PostgreSQLParser.java` (11d1ac3), by its regular
/// expressions: it does not know REINDEX ... CONCURRENTLY of an index or a table, nor DETACH ... CONCURRENTLY.
fn flyway_knows(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::IndexStmt(stmt) => stmt.concurrent,
        NodeEnum::DropStmt(stmt) => stmt.concurrent,
        NodeEnum::ReindexStmt(stmt) => matches!(
            stmt.kind(),
            ReindexObjectType::ReindexObjectSchema
                | ReindexObjectType::ReindexObjectSystem
                | ReindexObjectType::ReindexObjectDatabase
        ),
        NodeEnum::VacuumStmt(stmt) => stmt.is_vacuumcmd,
        NodeEnum::DiscardStmt(stmt) => stmt.target() == DiscardMode::DiscardAll,
        NodeEnum::AlterSystemStmt(_)
        | NodeEnum::CreatedbStmt(_)
        | NodeEnum::DropdbStmt(_)
        | NodeEnum::CreateTableSpaceStmt(_)
        | NodeEnum::DropTableSpaceStmt(_)
        | NodeEnum::CreateSubscriptionStmt(_)
        | NodeEnum::DropSubscriptionStmt(_) => true,
        _ => false,
    }
}

impl Run<'_> {
    /// Whether PostgreSQL refuses the statement inside a transaction block.
    pub(super) fn must_stand_alone(&self, statement: &Statement) -> bool {
        let Body::Tree(node) = &statement.body else {
            return false;
        };
        if !may_refuse_a_block(node) {
            return false;
        }
        let mut session = self.session.clone();
        session.transaction = Transaction::None;
        let applied = self.catalog.applied(node, &session);
        let effects = effects_of(Input {
            node,
            text: self.text(&statement.span),
            start: statement.span.start,
            before: &self.catalog,
            after: &applied.catalog,
            refusal: applied.refusal.as_ref(),
            session: &session,
            foreign_names: true,
        });
        effects.forbidden_in_transaction.is_some()
    }
}

/// The commands of which some form calls `PreventInTransactionBlock` in PostgreSQL's sources. The
/// effects decide which forms.
fn may_refuse_a_block(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::IndexStmt(stmt) => stmt.concurrent,
        NodeEnum::DropStmt(stmt) => stmt.concurrent,
        NodeEnum::AlterTableStmt(stmt) => stmt.cmds.iter().any(|cmd| {
            matches!(&cmd.node, Some(NodeEnum::AlterTableCmd(cmd))
                if cmd.subtype() == AlterTableType::AtDetachPartition)
        }),
        NodeEnum::DiscardStmt(stmt) => stmt.target() == DiscardMode::DiscardAll,
        NodeEnum::ReindexStmt(_)
        | NodeEnum::VacuumStmt(_)
        | NodeEnum::ClusterStmt(_)
        | NodeEnum::AlterSystemStmt(_)
        | NodeEnum::CreatedbStmt(_)
        | NodeEnum::DropdbStmt(_)
        | NodeEnum::AlterDatabaseStmt(_)
        | NodeEnum::CreateTableSpaceStmt(_)
        | NodeEnum::DropTableSpaceStmt(_)
        | NodeEnum::CreateSubscriptionStmt(_)
        | NodeEnum::AlterSubscriptionStmt(_)
        | NodeEnum::DropSubscriptionStmt(_) => true,
        _ => false,
    }
}
