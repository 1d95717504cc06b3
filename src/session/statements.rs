//! Queries that the session keeps: prepared statements and cursors.

use std::sync::Arc;

use imbl::OrdMap;
use pg_query::protobuf::{ClosePortalStmt, DeallocateStmt, DeclareCursorStmt, PrepareStmt};
use pg_query::{Node, NodeEnum};

/// Bit of `DeclareCursorStmt.options` (src/include/nodes/parsenodes.h).
const CURSOR_OPT_HOLD: i32 = 0x0020;

/// What PREPARE and DECLARE left behind.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    prepared: OrdMap<String, Arc<NodeEnum>>,
    cursors: OrdMap<String, Cursor>,
}

#[derive(Debug, Clone)]
struct Cursor {
    query: Arc<NodeEnum>,
    holds: bool,
}

impl Kept {
    pub fn prepared(&self, name: &str) -> Option<&NodeEnum> {
        self.prepared.get(name).map(Arc::as_ref)
    }

    pub fn cursor(&self, name: &str) -> Option<&NodeEnum> {
        self.cursors.get(name).map(|cursor| cursor.query.as_ref())
    }

    pub(super) fn prepare(&mut self, stmt: &PrepareStmt) {
        if let Some(query) = query(stmt.query.as_deref()) {
            self.prepared.insert(stmt.name.clone(), query);
        }
    }

    pub(super) fn deallocate(&mut self, stmt: &DeallocateStmt) {
        match stmt.isall || stmt.name.is_empty() {
            true => self.prepared.clear(),
            false => {
                self.prepared.remove(&stmt.name);
            }
        }
    }

    pub(super) fn declare(&mut self, stmt: &DeclareCursorStmt) {
        if let Some(query) = query(stmt.query.as_deref()) {
            let holds = stmt.options & CURSOR_OPT_HOLD != 0;
            let cursor = Cursor { query, holds };
            self.cursors.insert(stmt.portalname.clone(), cursor);
        }
    }

    pub(super) fn close(&mut self, stmt: &ClosePortalStmt) {
        match stmt.portalname.is_empty() {
            true => self.cursors.clear(),
            false => {
                self.cursors.remove(&stmt.portalname);
            }
        }
    }

    /// Only cursors WITH HOLD outlive the transaction.
    pub(super) fn transaction_ends(&mut self) {
        self.cursors = std::mem::take(&mut self.cursors)
            .into_iter()
            .filter(|(_, cursor)| cursor.holds)
            .collect();
    }

    pub(super) fn discard(&mut self) {
        *self = Kept::default();
    }
}

fn query(node: Option<&Node>) -> Option<Arc<NodeEnum>> {
    node?.node.clone().map(Arc::new)
}
