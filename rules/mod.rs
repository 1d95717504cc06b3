//! The rules: one pair of files each, a page (`<rule_id>.md`) and a check (`<rule_id>.rs`).
//! To add one, add the pair, a `mod` line and a line in [`all`].

mod add_check_validated;
mod add_column_check;
mod add_column_constrained_domain;
mod add_column_foreign_key;
mod add_column_generated_stored;
mod add_column_serial;
mod add_column_unique;
mod add_column_volatile_default;
mod add_exclusion_constraint;
mod add_foreign_key_validated;
mod add_primary_key;
mod add_required_column;
mod add_unique_constraint;
mod alter_column_type;
mod alter_table_rewrite;
mod attach_partition_scan;
mod autovacuum_disabled;
mod backfill_with_schema_change;
mod batch_loop_in_one_transaction;
mod batch_loop_never_ends;
mod blocking_work;
mod char_type;
mod cluster;
mod concurrent_index_corruption;
mod concurrently_not_alone;
mod contract_too_early;
mod create_extension;
mod create_index_blocking;
mod default_partition;
mod detach_partition_blocking;
mod disable_trigger;
mod domain_constraint_scan;
mod domain_with_constraint;
mod drop_cascade;
mod drop_column;
mod drop_column_dependents;
mod drop_constraint;
mod drop_database;
mod drop_index_blocking;
mod drop_not_null;
mod drop_object;
mod drop_schema;
mod drop_table;
mod drop_type;
mod duplicate_version;
mod edited_migration;
mod enum_value_used_too_early;
mod explicit_lock;
mod floating_point_column;
mod forbidden_in_transaction;
mod foreign_key_locks_other_table;
mod foreign_key_type_mismatch;
mod foreign_key_without_index;
mod grant_to_public;
mod identifier_too_long;
mod identity_change;
mod if_not_exists_no_op;
mod ignore_without_reason;
mod incomplete_rollback;
mod index_lock_blocks_reads;
mod inheritance_change;
mod invalid_index_kept;
mod irreversible_migration;
mod json_column;
mod lock_held_during_work;
mod lock_timeout_ineffective;
mod lock_timeout_too_long;
mod many_locks_in_one_transaction;
mod missing_idle_timeout;
mod missing_lock_timeout;
mod missing_rollback;
mod missing_statement_timeout;
mod money_type;
mod narrowing_type_change;
mod new_write_restriction;
mod no_primary_key;
mod out_of_order_migration;
mod policy_change;
mod prefer_bigint;
mod prefer_idempotent;
mod prefer_identity;
mod prefer_lookup_table;
mod prefer_text;
mod prefer_timestamptz;
mod quoted_identifier;
mod recreate_table;
mod redundant_index;
mod refresh_blocking;
mod reindex_blocking;
mod rename_column;
mod rename_object;
mod rename_table;
mod repeated_alter_table;
mod replace_definition;
mod replace_index_gap;
mod replica_identity;
mod rls_without_policy;
mod runner_lock_hangs;
mod security_definer_search_path;
mod sequence_change;
mod sequence_not_advanced;
mod set_default_keeps_old_rows;
mod set_not_null_scan;
mod short_integer_primary_key;
mod statement_fails;
mod statement_timeout_kills_build;
mod statement_timeout_too_long;
mod syntax_error;
mod system_setting;
mod trigger_lock;
mod truncate;
mod unanalysed_statement;
mod unbalanced_transaction;
mod unbatched_delete;
mod unbatched_insert;
mod unbatched_update;
mod unique_may_fail;
mod unknown_rule;
mod unlogged_table;
mod unnamed_object;
mod unqualified_name;
mod unsupported_version;
mod unused_ignore;
mod vacuum_full;
mod validate_under_lock;
mod volatile_check;
mod wide_index;
mod work_done_twice;

use crate::lint::Rule;

macro_rules! rule {
    ($id:ident) => {
        Rule::new(
            stringify!($id),
            include_str!(concat!(stringify!($id), ".md")),
            $id::CHECK,
        )
    };
}

/// Every rule, in the order in which they run: the specific before the general, so that one cause has one finding.
pub fn all() -> Vec<Rule> {
    vec![
        rule!(enum_value_used_too_early),
        rule!(unsupported_version),
        rule!(forbidden_in_transaction),
        rule!(statement_fails),
        rule!(unbalanced_transaction),
        rule!(create_index_blocking),
        rule!(drop_index_blocking),
        rule!(reindex_blocking),
        rule!(refresh_blocking),
        rule!(add_required_column),
        rule!(add_column_unique),
        rule!(add_column_serial),
        rule!(add_column_volatile_default),
        rule!(add_column_generated_stored),
        rule!(add_column_constrained_domain),
        rule!(add_column_check),
        rule!(add_column_foreign_key),
        rule!(set_not_null_scan),
        rule!(add_check_validated),
        rule!(add_foreign_key_validated),
        rule!(add_unique_constraint),
        rule!(add_primary_key),
        rule!(add_exclusion_constraint),
        rule!(alter_column_type),
        rule!(validate_under_lock),
        rule!(domain_constraint_scan),
        rule!(attach_partition_scan),
        rule!(detach_partition_blocking),
        rule!(vacuum_full),
        rule!(cluster),
        rule!(alter_table_rewrite),
        rule!(backfill_with_schema_change),
        rule!(batch_loop_in_one_transaction),
        rule!(batch_loop_never_ends),
        rule!(unbatched_update),
        rule!(unbatched_delete),
        rule!(unbatched_insert),
        rule!(lock_held_during_work),
        rule!(blocking_work),
        rule!(work_done_twice),
        rule!(lock_timeout_ineffective),
        rule!(many_locks_in_one_transaction),
        rule!(foreign_key_locks_other_table),
        rule!(missing_lock_timeout),
        rule!(lock_timeout_too_long),
        rule!(statement_timeout_kills_build),
        rule!(missing_statement_timeout),
        rule!(statement_timeout_too_long),
        rule!(missing_idle_timeout),
        rule!(repeated_alter_table),
        rule!(explicit_lock),
        rule!(trigger_lock),
        rule!(index_lock_blocks_reads),
        rule!(sequence_change),
        rule!(sequence_not_advanced),
        rule!(concurrently_not_alone),
        rule!(runner_lock_hangs),
        rule!(drop_database),
        rule!(drop_schema),
        rule!(drop_type),
        rule!(drop_cascade),
        rule!(drop_column_dependents),
        rule!(recreate_table),
        rule!(drop_object),
        rule!(drop_constraint),
        rule!(truncate),
        rule!(narrowing_type_change),
        rule!(disable_trigger),
        rule!(unlogged_table),
        rule!(replica_identity),
        rule!(drop_not_null),
        rule!(rename_object),
        rule!(identity_change),
        rule!(replace_definition),
        rule!(contract_too_early),
        rule!(volatile_check),
        rule!(unique_may_fail),
        rule!(invalid_index_kept),
        rule!(if_not_exists_no_op),
        rule!(redundant_index),
        rule!(replace_index_gap),
        rule!(foreign_key_type_mismatch),
        rule!(foreign_key_without_index),
        rule!(no_primary_key),
        rule!(short_integer_primary_key),
        rule!(default_partition),
        rule!(inheritance_change),
        rule!(rls_without_policy),
        rule!(grant_to_public),
        rule!(security_definer_search_path),
        rule!(system_setting),
        rule!(create_extension),
        rule!(autovacuum_disabled),
        rule!(identifier_too_long),
        rule!(new_write_restriction),
        rule!(set_default_keeps_old_rows),
        rule!(wide_index),
        rule!(concurrent_index_corruption),
        rule!(policy_change),
        rule!(prefer_bigint),
        rule!(prefer_identity),
        rule!(prefer_text),
        rule!(prefer_timestamptz),
        rule!(char_type),
        rule!(money_type),
        rule!(floating_point_column),
        rule!(json_column),
        rule!(quoted_identifier),
        rule!(unqualified_name),
        rule!(unnamed_object),
        rule!(prefer_idempotent),
        rule!(prefer_lookup_table),
        rule!(domain_with_constraint),
        rule!(drop_column),
        rule!(drop_table),
        rule!(rename_column),
        rule!(rename_table),
        rule!(missing_rollback),
        rule!(incomplete_rollback),
        rule!(irreversible_migration),
        rule!(out_of_order_migration),
        rule!(edited_migration),
        rule!(duplicate_version),
        rule!(syntax_error),
        rule!(unanalysed_statement),
        rule!(unused_ignore),
        rule!(ignore_without_reason),
        rule!(unknown_rule),
    ]
}
