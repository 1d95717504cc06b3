//! How each statement moves the transaction (src/backend/access/transam/xact.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{TransactionStmt, TransactionStmtKind};

use super::{
    Block, ConstraintTiming, OpenedBy, Savepoint, Session, Settings, Timeout, TimeoutOrigin,
    Transaction,
};
use crate::catalog::Catalog;

/// What a statement did to the transaction, as far as locks are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The transaction goes on and keeps its locks.
    Stays,
    /// The transaction is over and its locks are released; another one may have been chained to it.
    Ended,
    /// Back to the savepoint with this index in [`Block::savepoints`]: the locks taken since are released.
    RolledBackTo(usize),
}

impl Session {
    /// Opens a transaction block that no BEGIN in the script opens.
    pub fn open(&mut self, opened_by: OpenedBy, catalog: &Catalog) {
        self.transaction = Transaction::Open(Box::new(Block {
            opened_by,
            catalog_at_start: Box::new(catalog.clone()),
            settings_at_start: self.settings.clone(),
            settings_at_commit: self.settings.clone(),
            savepoints: Vec::new(),
        }));
    }

    /// Ends the transaction, or the statement that was one by itself, and keeps its changes.
    pub fn commit(&mut self) -> Step {
        if let Transaction::Open(block) = self.leave() {
            self.go_to(block.settings_at_commit);
        }
        Step::Ended
    }

    /// Moves on after a statement that succeeded. `catalog` is the one after the statement; ROLLBACK
    /// sets it back.
    pub fn after(&mut self, node: &NodeEnum, catalog: &mut Catalog) -> Step {
        let step = match node {
            NodeEnum::TransactionStmt(stmt) => self.transaction_control(stmt, catalog),
            NodeEnum::VariableSetStmt(stmt) => self.set(stmt),
            NodeEnum::SelectStmt(stmt) => self.set_config(stmt),
            NodeEnum::DiscardStmt(stmt) => self.discard(stmt),
            NodeEnum::ConstraintsSetStmt(stmt) => self.set_constraints(stmt),
            NodeEnum::PrepareStmt(stmt) => {
                self.kept.prepare(stmt);
                Step::Stays
            }
            NodeEnum::DeallocateStmt(stmt) => {
                self.kept.deallocate(stmt);
                Step::Stays
            }
            NodeEnum::DeclareCursorStmt(stmt) => {
                self.kept.declare(stmt);
                Step::Stays
            }
            NodeEnum::ClosePortalStmt(stmt) => {
                self.kept.close(stmt);
                Step::Stays
            }
            _ => Step::Stays,
        };
        if step == Step::Stays && !self.in_block() {
            return self.commit();
        }
        step
    }

    fn transaction_control(&mut self, stmt: &TransactionStmt, catalog: &mut Catalog) -> Step {
        use TransactionStmtKind as K;
        match stmt.kind() {
            K::TransStmtBegin | K::TransStmtStart => self.begin(catalog),
            K::TransStmtCommit => self.end(stmt.chain, catalog, |session, _| session.commit()),
            K::TransStmtRollback => self.end(stmt.chain, catalog, Session::roll_back),
            K::TransStmtPrepare => self.end(false, catalog, |session, _| session.commit()),
            K::TransStmtSavepoint => self.savepoint(&stmt.savepoint_name, catalog),
            K::TransStmtRelease => self.release(&stmt.savepoint_name),
            K::TransStmtRollbackTo => self.roll_back_to(&stmt.savepoint_name, catalog),
            K::TransStmtCommitPrepared | K::Undefined => Step::Stays,
            // What the prepared transaction had done is in the catalog and cannot be told apart any more.
            K::TransStmtRollbackPrepared => {
                catalog.complete = false;
                Step::Stays
            }
        }
    }

    /// BEGIN in a transaction block only warns; in the implicit one of a message it makes it explicit.
    fn begin(&mut self, catalog: &Catalog) -> Step {
        match &mut self.transaction {
            Transaction::None => self.open(OpenedBy::Script, catalog),
            Transaction::Open(block) if block.opened_by == OpenedBy::Message => {
                block.opened_by = OpenedBy::Script;
            }
            Transaction::Open(_) => {}
        }
        Step::Stays
    }

    /// COMMIT or ROLLBACK. Without a transaction it only warns, and AND CHAIN is an error.
    fn end(
        &mut self,
        chain: bool,
        catalog: &mut Catalog,
        end: impl FnOnce(&mut Session, &mut Catalog) -> Step,
    ) -> Step {
        let Some(block) = self.block() else {
            return Step::Stays;
        };
        let opened_by = block.opened_by;
        if chain && opened_by == OpenedBy::Message {
            return Step::Stays;
        }
        let step = end(self, catalog);
        if chain {
            self.open(opened_by, catalog);
        }
        step
    }

    fn roll_back(&mut self, catalog: &mut Catalog) -> Step {
        if let Transaction::Open(block) = self.leave() {
            catalog.rewind(&block.catalog_at_start);
            self.go_to(block.settings_at_start);
        }
        Step::Ended
    }

    fn leave(&mut self) -> Transaction {
        self.transaction_id.0 += 1;
        self.pending_events.clear();
        self.constraints = ConstraintTiming::default();
        self.kept.transaction_ends();
        std::mem::replace(&mut self.transaction, Transaction::None)
    }

    /// Savepoints need an explicit block: in the implicit one of a message they are an error.
    fn savepoint(&mut self, name: &str, catalog: &Catalog) -> Step {
        let settings = self.settings.clone();
        let pending_events = self.pending_events.clone();
        let constraints = self.constraints.clone();
        if let Transaction::Open(block) = &mut self.transaction
            && !matches!(block.opened_by, OpenedBy::Message | OpenedBy::Statement)
        {
            block.savepoints.push(Savepoint {
                name: name.to_owned(),
                catalog: Box::new(catalog.clone()),
                settings,
                settings_at_commit: block.settings_at_commit.clone(),
                pending_events,
                constraints,
            });
        }
        Step::Stays
    }

    fn release(&mut self, name: &str) -> Step {
        if let Some(at) = self.savepoint_named(name)
            && let Transaction::Open(block) = &mut self.transaction
        {
            block.savepoints.truncate(at);
        }
        Step::Stays
    }

    /// The savepoint itself stays, so that one can go back to it again.
    fn roll_back_to(&mut self, name: &str, catalog: &mut Catalog) -> Step {
        let Some(at) = self.savepoint_named(name) else {
            return Step::Stays;
        };
        let Transaction::Open(block) = &mut self.transaction else {
            return Step::Stays;
        };
        block.savepoints.truncate(at + 1);
        let savepoint = &block.savepoints[at];
        catalog.rewind(&savepoint.catalog);
        block.settings_at_commit = savepoint.settings_at_commit.clone();
        let settings = savepoint.settings.clone();
        self.pending_events = savepoint.pending_events.clone();
        self.constraints = savepoint.constraints.clone();
        self.go_to(settings);
        Step::RolledBackTo(at)
    }

    /// The latest savepoint of a name hides earlier ones.
    fn savepoint_named(&self, name: &str) -> Option<usize> {
        self.block()?
            .savepoints
            .iter()
            .rposition(|savepoint| savepoint.name == name)
    }

    fn go_to(&mut self, settings: Settings) {
        let mut settings = settings;
        for (before, after) in self
            .settings
            .timeouts()
            .into_iter()
            .zip(settings.timeouts_mut())
        {
            *after = after.following(before);
        }
        self.settings = settings;
    }
}

impl Settings {
    pub(super) fn timeouts(&self) -> [Timeout; 4] {
        [
            self.lock_timeout,
            self.statement_timeout,
            self.idle_in_transaction_session_timeout,
            self.transaction_timeout,
        ]
    }

    pub(super) fn timeouts_mut(&mut self) -> [&mut Timeout; 4] {
        [
            &mut self.lock_timeout,
            &mut self.statement_timeout,
            &mut self.idle_in_transaction_session_timeout,
            &mut self.transaction_timeout,
        ]
    }
}

impl Timeout {
    /// This value after `before` was in force: an unset timeout has expired if there was one.
    pub(super) fn following(self, before: Timeout) -> Timeout {
        let was_set = before.value.is_some() || before.origin == TimeoutOrigin::Expired;
        if self.origin == TimeoutOrigin::Default && was_set {
            return Timeout {
                value: None,
                origin: TimeoutOrigin::Expired,
            };
        }
        self
    }
}
