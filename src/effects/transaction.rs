//! Effects of transaction control and SET: no locks, but errors that are certain.
//!
//! What PostgreSQL only warns of (COMMIT without a transaction, a second BEGIN, SET LOCAL outside a block) is no
//! error here either.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::a_const::Val;
use pg_query::protobuf::{
    TransactionStmt, TransactionStmtKind, VariableSetKind, VariableSetStmt, VariableShowStmt,
};

use super::Collector;
use crate::catalog::builtin;
use crate::session::{Block, OpenedBy};
use crate::version::PgVersion;

pub fn transaction(stmt: &TransactionStmt, c: &mut Collector<'_>) {
    use TransactionStmtKind as K;
    let span = c.input.span();
    match stmt.kind() {
        K::TransStmtBegin | K::TransStmtStart | K::TransStmtPrepare | K::Undefined => {}
        K::TransStmtCommit => chain(stmt, "COMMIT AND CHAIN", c),
        K::TransStmtRollback => chain(stmt, "ROLLBACK AND CHAIN", c),
        K::TransStmtSavepoint => {
            explicit_block("SAVEPOINT", c, &span);
        }
        K::TransStmtRelease => savepoint(stmt, "RELEASE SAVEPOINT", c),
        K::TransStmtRollbackTo => savepoint(stmt, "ROLLBACK TO SAVEPOINT", c),
        K::TransStmtCommitPrepared => c.forbidden_in_transaction("COMMIT PREPARED"),
        K::TransStmtRollbackPrepared => c.forbidden_in_transaction("ROLLBACK PREPARED"),
    }
}

/// AND CHAIN needs a transaction block, and an explicit one (`EndTransactionBlock`, `UserAbortTransactionBlock` in
/// src/backend/access/transam/xact.c).
fn chain(stmt: &TransactionStmt, command: &'static str, c: &mut Collector<'_>) {
    if stmt.chain {
        let span = c.input.span();
        explicit_block(command, c, &span);
    }
}

/// The transaction block that the script or its runner opened; its absence is an error.
fn explicit_block<'a>(
    command: &'static str,
    c: &mut Collector<'a>,
    span: &Range<usize>,
) -> Option<&'a Block> {
    let block = c
        .input
        .session
        .block()
        .filter(|block| matches!(block.opened_by, OpenedBy::Tool | OpenedBy::Script));
    if block.is_none() {
        let message = format!("{command} can only be used in transaction blocks");
        c.error("25P01", message, span.clone());
    }
    block
}

fn savepoint(stmt: &TransactionStmt, command: &'static str, c: &mut Collector<'_>) {
    let span = c.input.span();
    let Some(block) = explicit_block(command, c, &span) else {
        return;
    };
    let name = &stmt.savepoint_name;
    if !block
        .savepoints
        .iter()
        .any(|savepoint| savepoint.name == *name)
    {
        let message = format!("savepoint \"{name}\" does not exist");
        c.error("3B001", message, span);
    }
}

/// SET of a parameter that the version does not know, and timeouts that no unit makes sense of.
pub fn set(stmt: &VariableSetStmt, c: &mut Collector<'_>) {
    use VariableSetKind as K;
    let span = c.input.span();
    let name = stmt.name.to_ascii_lowercase();
    match stmt.kind() {
        K::VarSetValue | K::VarSetDefault | K::VarReset | K::VarSetCurrent => {}
        // SET TRANSACTION and RESET ALL.
        K::VarSetMulti | K::VarResetAll | K::Undefined => return,
    }
    // Names with a dot are anybody's own.
    if name.contains('.') || c.input.foreign_names {
        return;
    }
    let Some(setting) = builtin::setting(&name, c.input.version()) else {
        let message = format!("unrecognized configuration parameter \"{name}\"");
        let newer = PgVersion::all().find(|version| {
            *version > c.input.version() && builtin::setting(&name, *version).is_some()
        });
        match newer {
            Some(since) => c.too_new(since.major(), "42704", message, span),
            None => c.error("42704", message, span),
        }
        return;
    };
    if matches!(
        setting.context,
        "postmaster" | "sighup" | "internal" | "backend"
    ) {
        let message = format!("parameter \"{name}\" cannot be changed now");
        c.error("55P02", message, span);
        return;
    }
    if let Some(value) = single_value(stmt)
        && setting.values.refuses(&value)
    {
        let message = format!("invalid value for parameter \"{name}\": \"{value}\"");
        c.error("22023", message, span);
        return;
    }
    let refused = crate::session::refused_timeout(stmt).filter(|_| !c.input.foreign_names);
    if let Some(value) = refused {
        let message = format!("invalid value for parameter \"{name}\": \"{value}\"");
        c.error("22023", message, span);
    }
}

/// SHOW of what there is not.
pub fn show(stmt: &VariableShowStmt, c: &mut Collector<'_>) {
    let name = stmt.name.to_ascii_lowercase();
    let known = name == "all"
        || name.contains('.')
        || c.input.foreign_names
        || builtin::setting(&name, c.input.version()).is_some();
    if !known {
        let message = format!("unrecognized configuration parameter \"{name}\"");
        c.error("42704", message, c.input.span());
    }
}

/// The one value of SET, when it is a constant.
fn single_value(stmt: &VariableSetStmt) -> Option<String> {
    let ([value], VariableSetKind::VarSetValue) = (stmt.args.as_slice(), stmt.kind()) else {
        return None;
    };
    let NodeEnum::AConst(constant) = value.node.as_ref()? else {
        return None;
    };
    Some(match constant.val.as_ref()? {
        Val::Sval(text) => text.sval.clone(),
        Val::Ival(number) => number.ival.to_string(),
        Val::Fval(number) => number.fval.clone(),
        Val::Boolval(value) => value.boolval.to_string(),
        Val::Bsval(_) => return None,
    })
}
