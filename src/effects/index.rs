//! Effects of CREATE INDEX and ALTER INDEX.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, IndexStmt};

use super::alter_table::Command;
use super::{Collector, LockMode, Reason, WorkKind};
use crate::catalog::builtin::{self, ReloptionKind};
use crate::catalog::{Index, IndexTarget, Oid, Relation, RelationKind};

/// The names of the plain columns among an index's keys.
pub fn key_columns(index: &Index) -> Vec<String> {
    index
        .keys
        .iter()
        .filter_map(|key| match &key.target {
            IndexTarget::Column(name) => Some(name.clone()),
            IndexTarget::Expression(_) => None,
        })
        .collect()
}

/// Why an index cannot become a constraint's (`transformIndexConstraint`), if it cannot.
pub fn not_a_constraint_index(index: &Index, _deferrable: bool) -> Option<String> {
    let name = &index.name.name;
    if !index.unique {
        return Some(format!("\"{name}\" is not a unique index"));
    }
    if index.predicate.is_some() {
        return Some(format!("\"{name}\" is a partial index"));
    }
    if index
        .keys
        .iter()
        .any(|key| matches!(key.target, IndexTarget::Expression(_)))
    {
        return Some(format!("index \"{name}\" contains expressions"));
    }
    if index
        .keys
        .iter()
        .any(|key| key.descending || key.nulls_first)
    {
        return Some(format!(
            "index \"{name}\" column number 1 does not have default sorting behavior"
        ));
    }
    None
}

pub fn create_index(stmt: &IndexStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    let Some(name) = &stmt.relation else {
        return;
    };
    let mode = if stmt.concurrent {
        LockMode::ShareUpdateExclusive
    } else {
        LockMode::Share
    };
    if stmt.concurrent {
        c.released_at_statement_end();
        c.forbidden_in_transaction("CREATE INDEX CONCURRENTLY");
        if c.failed() {
            return;
        }
    }
    let reason = Reason::CreateIndex {
        concurrently: stmt.concurrent,
    };
    let Some(table) = c.resolve(name) else {
        let target = c.unknown_target(c.input.qualified(name), RelationKind::Table);
        c.lock_target(target.clone(), mode, span.clone());
        c.work_on(
            target.clone(),
            WorkKind::Scan,
            None,
            reason.clone(),
            span.clone(),
        );
        let index = Some(stmt.idxname.clone()).filter(|name| !name.is_empty());
        c.work_on(
            target,
            WorkKind::IndexBuild,
            index.or(Some("(unnamed)".to_owned())),
            reason,
            span,
        );
        return;
    };
    c.lock(table, mode, span.clone());
    let Some(relation) = c.relation(table) else {
        return;
    };
    if let Some((sqlstate, message)) = super::index_definition::refusal(stmt, relation, c) {
        c.error(sqlstate, message, span.clone());
        if c.failed() {
            return;
        }
    }
    // The partitions are locked before anybody looks whether the name is taken (`ProcessUtilitySlow`).
    let recurses = relation.kind == RelationKind::PartitionedTable && name.inh;
    if recurses {
        for partition in c.family(table) {
            c.because("an index is built on each partition", |c| {
                c.lock(partition, mode, span.clone())
            });
        }
    }
    if stmt.if_not_exists && already_there(stmt, relation, c) {
        return;
    }
    build(stmt, table, &reason, c, &span);
}

fn already_there(stmt: &IndexStmt, relation: &Relation, c: &Collector<'_>) -> bool {
    let name = crate::catalog::QualifiedName::new(
        relation.name.schema.clone(),
        crate::catalog::truncate_name(&stmt.idxname),
    );
    c.input.before.relation_oid(&name).is_some()
}

/// The new indexes are those that the statement brings; a partition's index that fits is attached instead
/// and only locked.
fn build(
    stmt: &IndexStmt,
    table: Oid,
    reason: &Reason,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let (before, after) = (c.input.before, c.input.after);
    let difference = before.difference(after);
    for index in &difference.added_indexes {
        let built = after
            .relation(index.table)
            .is_some_and(|relation| relation.kind != RelationKind::PartitionedTable);
        if built {
            c.scan(index.table, reason.clone(), span.clone());
            c.index_build(index.oid, reason.clone(), span.clone());
        }
    }
    for (old, new) in &difference.changed_indexes {
        if old.parent.is_none() && new.parent.is_some() {
            c.lock(old.oid, LockMode::Share, span.clone());
        }
    }
    // A table whose history is not known well may have refused nothing and still have no index here.
    if difference.added_indexes.is_empty() {
        c.scan(table, reason.clone(), span.clone());
        let name = match stmt.idxname.as_str() {
            "" => "(unnamed)".to_owned(),
            name => name.to_owned(),
        };
        c.index_build_named(table, name, reason.clone(), span.clone());
    }
}

/// ALTER INDEX, also when it is written ALTER TABLE.
pub(super) fn alter_index(index: Oid, commands: &[Command<'_>], c: &mut Collector<'_>) {
    for command in commands {
        let span = &command.span;
        match command.node.subtype() {
            AlterTableType::AtAttachPartition => attach(index, command, c),
            AlterTableType::AtSetTableSpace => {
                c.lock(index, LockMode::AccessExclusive, span.clone());
            }
            AlterTableType::AtSetRelOptions | AlterTableType::AtResetRelOptions => {
                set_options(index, command, c);
            }
            AlterTableType::AtSetStatistics => set_statistics(index, command, c),
            _ => c.lock(index, LockMode::AccessExclusive, span.clone()),
        }
    }
}

fn is_partitioned(index: Oid, c: &Collector<'_>) -> bool {
    let table = c.input.before.index(index).map(|index| index.table);
    table
        .and_then(|table| c.relation(table))
        .is_some_and(|table| table.kind == RelationKind::PartitionedTable)
}

/// Only expressions have statistics of their own (`ATExecSetStatistics`).
fn set_statistics(index: Oid, command: &Command<'_>, c: &mut Collector<'_>) {
    let span = &command.span;
    c.lock(index, LockMode::ShareUpdateExclusive, span.clone());
    let position = usize::try_from(command.node.num).ok();
    let (Some(index), Some(at)) = (
        c.input.before.index(index),
        position.and_then(|position| position.checked_sub(1)),
    ) else {
        return;
    };
    let is_column = match index.keys.get(at) {
        Some(key) => matches!(key.target, IndexTarget::Column(_)),
        None if at < index.keys.len() + index.include.len() => true,
        None => {
            let message = format!(
                "column number {} of relation \"{}\" does not exist",
                at + 1,
                index.name.name
            );
            c.error("42703", message, span.clone());
            return;
        }
    };
    if is_column {
        let message = format!(
            "cannot alter statistics on a column of index \"{}\" that is no expression",
            index.name.name
        );
        c.error("0A000", message, span.clone());
    }
}

fn set_options(index: Oid, command: &Command<'_>, c: &mut Collector<'_>) {
    if is_partitioned(index, c) {
        let message = "ALTER action SET cannot be performed on a partitioned index";
        c.error("42809", message, command.span.clone());
        return;
    }
    let method = c
        .input
        .before
        .index(index)
        .map_or("btree", |index| index.method.as_str());
    let version = c.input.version();
    let mut mode = LockMode::ShareUpdateExclusive;
    for (_, name) in super::alter_table::option_names(command.node) {
        let option = ReloptionKind::of_index(method)
            .and_then(|kind| builtin::reloption(kind, &name, version));
        match option {
            Some(option) if option.access_exclusive => mode = LockMode::AccessExclusive,
            Some(_) => {}
            None if command.node.subtype() == AlterTableType::AtSetRelOptions
                && ReloptionKind::of_index(method).is_some() =>
            {
                let message = format!("unrecognized parameter \"{name}\"");
                c.error("22023", message, command.span.clone());
                return;
            }
            None => {}
        }
    }
    if command.node.subtype() == AlterTableType::AtSetRelOptions
        && let Some(kind) = ReloptionKind::of_index(method)
    {
        let refusal = super::alter_table::option_definitions(command.node)
            .find_map(|it| super::options::reloption_refusal(kind, it, version));
        if let Some((sqlstate, message)) = refusal {
            c.error(sqlstate, message, command.span.clone());
            return;
        }
    }
    c.lock(index, mode, command.span.clone());
}

/// `ATExecAttachPartitionIdx`: the child index is locked against everything, and so reads of its table wait.
fn attach(parent: Oid, command: &Command<'_>, c: &mut Collector<'_>) {
    let Some(NodeEnum::PartitionCmd(attach)) =
        command.node.def.as_ref().and_then(|def| def.node.as_ref())
    else {
        return;
    };
    let span = &command.span;
    c.lock(parent, LockMode::ShareUpdateExclusive, span.clone());
    let Some(child) = attach.name.as_ref().and_then(|name| c.input.oid(name)) else {
        return;
    };
    c.lock(child, LockMode::AccessExclusive, span.clone());
    for index in [parent, child] {
        if let Some(index) = c.input.before.index(index) {
            c.because("its index is attached", |c| {
                c.lock(index.table, LockMode::AccessShare, span.clone())
            });
        }
    }
}
