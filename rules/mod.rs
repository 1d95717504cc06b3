//! The rules: one pair of files each, a page (`<rule_id>.md`) and a check (`<rule_id>.rs`).
//! To add one, add the pair, a `mod` line and a line in [`all`].

mod add_check_validated;
mod add_column_volatile_default;
mod add_foreign_key_validated;
mod add_primary_key;
mod add_required_column;
mod add_unique_constraint;
mod alter_column_type;
mod backfill_with_schema_change;
mod batch_loop_in_one_transaction;
mod blocking_work;
mod create_index_blocking;
mod disable_trigger;
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
mod duplicate_version;
mod edited_migration;
mod drop_type;
mod forbidden_in_transaction;
mod incomplete_rollback;
mod irreversible_migration;
mod lock_held_during_work;
mod missing_lock_timeout;
mod missing_rollback;
mod out_of_order_migration;
mod narrowing_type_change;
mod recreate_table;
mod rename_column;
mod rename_table;
mod replica_identity;
mod set_not_null_scan;
mod statement_fails;
mod syntax_error;
mod truncate;
mod unanalysed_statement;
mod unbatched_delete;
mod unbatched_update;
mod unknown_rule;
mod unlogged_table;
mod unused_ignore;

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
        rule!(forbidden_in_transaction),
        rule!(statement_fails),
        rule!(create_index_blocking),
        rule!(drop_index_blocking),
        rule!(add_required_column),
        rule!(add_column_volatile_default),
        rule!(set_not_null_scan),
        rule!(add_check_validated),
        rule!(add_foreign_key_validated),
        rule!(add_unique_constraint),
        rule!(add_primary_key),
        rule!(alter_column_type),
        rule!(backfill_with_schema_change),
        rule!(batch_loop_in_one_transaction),
        rule!(unbatched_update),
        rule!(unbatched_delete),
        rule!(lock_held_during_work),
        rule!(blocking_work),
        rule!(missing_lock_timeout),
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
        rule!(unknown_rule),
    ]
}
