//! Effects of transaction control and SET: no locks, but errors that are certain.
//!
//! What PostgreSQL only warns of (COMMIT without a transaction, a second BEGIN, SET LOCAL outside a block) is no
//! error here either.

use std::ops::Range;

use pg_query::protobuf::{TransactionStmt, TransactionStmtKind, VariableSetKind, VariableSetStmt};

use super::Collector;
use crate::session::{Block, OpenedBy};

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

/// Parameters that a version between 13 and 18 brought, with that version (release notes, section "Server
/// Configuration"). Setting one on an older server is 42704.
const SINCE: &[(&str, u8)] = &[
    ("hash_mem_multiplier", 13),
    ("maintenance_io_concurrency", 13),
    ("logical_decoding_work_mem", 13),
    ("log_min_duration_sample", 13),
    ("log_statement_sample_rate", 13),
    ("log_parameter_max_length", 13),
    ("log_parameter_max_length_on_error", 13),
    ("enable_incremental_sort", 13),
    ("autovacuum_vacuum_insert_threshold", 13),
    ("autovacuum_vacuum_insert_scale_factor", 13),
    ("client_connection_check_interval", 14),
    ("compute_query_id", 14),
    ("debug_discard_caches", 14),
    ("default_toast_compression", 14),
    ("enable_async_append", 14),
    ("enable_memoize", 14),
    ("idle_session_timeout", 14),
    ("log_recovery_conflict_waits", 14),
    ("remove_temp_files_after_crash", 14),
    ("track_wal_io_timing", 14),
    ("vacuum_failsafe_age", 14),
    ("vacuum_multixact_failsafe_age", 14),
    ("allow_in_place_tablespaces", 15),
    ("log_startup_progress_interval", 15),
    ("recursive_worktable_factor", 15),
    ("recovery_prefetch", 15),
    ("stats_fetch_consistency", 15),
    ("createrole_self_grant", 16),
    ("debug_io_direct", 16),
    ("debug_parallel_query", 16),
    ("enable_presorted_aggregate", 16),
    ("gss_accept_delegation", 16),
    ("icu_validation_level", 16),
    ("reserved_connections", 16),
    ("scram_iterations", 16),
    ("vacuum_buffer_usage_limit", 16),
    ("allow_alter_system", 17),
    ("enable_group_by_reordering", 17),
    ("event_triggers", 17),
    ("io_combine_limit", 17),
    ("restrict_nonsystem_relation_kind", 17),
    ("summarize_wal", 17),
    ("sync_replication_slots", 17),
    ("synchronized_standby_slots", 17),
    ("transaction_timeout", 17),
    ("autovacuum_vacuum_max_threshold", 18),
    ("autovacuum_worker_slots", 18),
    ("enable_distinct_reordering", 18),
    ("enable_self_join_elimination", 18),
    ("extension_control_path", 18),
    ("file_copy_method", 18),
    ("idle_replication_slot_timeout", 18),
    ("io_max_combine_limit", 18),
    ("io_max_concurrency", 18),
    ("io_method", 18),
    ("io_workers", 18),
    ("log_lock_failures", 18),
    ("max_active_replication_origins", 18),
    ("md5_password_warnings", 18),
    ("oauth_validator_libraries", 18),
    ("ssl_groups", 18),
    ("ssl_tls13_ciphers", 18),
    ("track_cost_delay_timing", 18),
    ("vacuum_max_eager_freeze_failure_rate", 18),
    ("vacuum_truncate", 18),
];

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
    let newer = SINCE
        .iter()
        .find(|(parameter, since)| *parameter == name && !c.input.since(*since));
    if let Some((parameter, since)) = newer {
        let message = format!("unrecognized configuration parameter \"{parameter}\"");
        c.too_new(*since, "42704", message, span);
        return;
    }
    let refused = crate::session::refused_timeout(stmt).filter(|_| !c.input.foreign_names);
    if let Some(value) = refused {
        let message = format!("invalid value for parameter \"{name}\": \"{value}\"");
        c.error("22023", message, span);
    }
}
