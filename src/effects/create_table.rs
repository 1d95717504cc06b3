//! Effects of CREATE TABLE, CREATE FOREIGN TABLE and CREATE SCHEMA. The new relation is nobody else's; what
//! it references, inherits from or is a partition of is.

use std::ops::Range;

use pg_query::protobuf::{
    ConstrType, Constraint, CreateForeignTableStmt, CreateSchemaStmt, CreateStmt,
};
use pg_query::{Node, NodeEnum};

use super::alter_table::attach;
use super::column_definition::Owner;
use super::{
    ChangeKind, Collector, LockMode, Reason, WorkKind, foreign_key, node, table_definition,
};
use crate::catalog::{Oid, RelationKind};

pub fn create_table<'a>(stmt: &'a CreateStmt, c: &mut Collector<'a>) {
    define(stmt, false, c);
}

fn define<'a>(stmt: &'a CreateStmt, foreign: bool, c: &mut Collector<'a>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.input.span();
    if c.input.oid(name).is_some() && stmt.if_not_exists {
        return;
    }
    if let Some((sqlstate, message)) = table_definition::refusal(stmt, c) {
        c.error(sqlstate, message, span);
        return;
    }
    refuse_definitions(stmt, foreign, c);
    if c.failed() {
        return;
    }
    if stmt.partbound.is_some() {
        partition_of(stmt, c, &span);
    } else {
        inherits(stmt, c, &span);
    }
    if c.failed() {
        return;
    }
    let table = c.input.oid_after(name);
    if let (Some(spec), Some(table)) = (
        &stmt.partspec,
        table.and_then(|oid| c.input.after.relation(oid)),
    ) && let Some((sqlstate, message)) = table_definition::partition_key_refusal(spec, table, c)
    {
        c.error(sqlstate, message, span);
        return;
    }
    for element in stmt.table_elts.iter().chain(&stmt.constraints) {
        element_effects(element, table, c);
    }
    if !c.failed() {
        refuse_keys_without_partition_key(stmt, c);
    }
    if c.failed() {
        return;
    }
    created(c, &span);
}

fn refuse_definitions<'a>(stmt: &'a CreateStmt, foreign: bool, c: &mut Collector<'a>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let elements: Vec<&NodeEnum> = stmt
        .table_elts
        .iter()
        .chain(&stmt.constraints)
        .filter_map(|element| element.node.as_ref())
        .collect();
    let owner = Owner {
        scope: c.input.scope(None),
        name: &name.relname,
        foreign,
        said_foreign: foreign,
        typed: stmt.of_typename.is_some(),
        partition: stmt.partbound.is_some(),
        added: false,
        after: c
            .input
            .oid_after(name)
            .and_then(|oid| c.input.after.relation(oid)),
    };
    if let Some((sqlstate, message)) = owner.refusal(&elements) {
        c.error(sqlstate, message, c.input.span());
    }
}

/// `DefineIndex`: a unique index of a partitioned table must have the whole partition key in it.
fn refuse_keys_without_partition_key(stmt: &CreateStmt, c: &mut Collector<'_>) {
    let Some(key) = &stmt.partspec else {
        return;
    };
    let parts: Vec<&str> = key
        .part_params
        .iter()
        .filter_map(|part| match &part.node {
            Some(NodeEnum::PartitionElem(part)) => Some(part.name.as_str()),
            _ => None,
        })
        .collect();
    for element in &stmt.table_elts {
        let (constraints, inline) = match &element.node {
            Some(NodeEnum::ColumnDef(column)) => {
                (column.constraints.as_slice(), Some(column.colname.as_str()))
            }
            Some(NodeEnum::Constraint(_)) => (std::slice::from_ref(element), None),
            _ => continue,
        };
        for constraint in constraints {
            let Some(NodeEnum::Constraint(constraint)) = &constraint.node else {
                continue;
            };
            if !matches!(
                constraint.contype(),
                ConstrType::ConstrPrimary | ConstrType::ConstrUnique
            ) {
                continue;
            }
            let mut columns = node::strings(&constraint.keys);
            columns.extend(inline.map(str::to_owned));
            // An expression in the key has no name.
            let covered = parts
                .iter()
                .all(|part| !part.is_empty() && columns.iter().any(|column| column == part));
            if !covered {
                let span = c.input.clause(constraint.location);
                let message =
                    "unique constraint on partitioned table must include all partitioning columns";
                c.error("0A000", message, span);
                return;
            }
        }
    }
}

pub fn create_foreign_table<'a>(stmt: &'a CreateForeignTableStmt, c: &mut Collector<'a>) {
    if let Some(base) = &stmt.base_stmt {
        define(base, true, c);
    }
}

/// The elements of CREATE SCHEMA are statements of their own.
pub fn create_schema<'a>(stmt: &'a CreateSchemaStmt, c: &mut Collector<'a>) {
    // Their names are looked up in the new schema first, which is not there yet.
    let outer = std::mem::replace(&mut c.input.foreign_names, true);
    for element in &stmt.schema_elts {
        match &element.node {
            Some(NodeEnum::CreateStmt(table)) => create_table(table, c),
            Some(NodeEnum::IndexStmt(index)) => super::index::create_index(index, c),
            Some(NodeEnum::ViewStmt(view)) => super::view::create_view(view, c),
            Some(NodeEnum::CreateSeqStmt(sequence)) => {
                super::sequence::create_sequence(sequence, c);
            }
            Some(NodeEnum::CreateTrigStmt(trigger)) => super::trigger::create_trigger(trigger, c),
            Some(NodeEnum::GrantStmt(grant)) => super::other::grant(grant, c),
            _ => {}
        }
    }
    c.input.foreign_names = outer;
    created(c, &c.input.span());
}

/// Everything that is there afterwards and was not before.
fn created(c: &mut Collector<'_>, span: &Range<usize>) {
    let (before, after) = (c.input.before, c.input.after);
    let difference = before.difference(after);
    for relation in &difference.added_relations {
        // A stub of a referenced table that was never seen is not created here.
        if c.is_locked(relation.oid) {
            continue;
        }
        if let Some(target) = c.created_target(relation.oid) {
            c.lock_target(target.clone(), LockMode::AccessExclusive, span.clone());
            c.change(
                ChangeKind::RelationCreated { relation: target },
                span.clone(),
            );
        }
    }
    for index in &difference.added_indexes {
        let stored = after
            .relation(index.table)
            .is_some_and(|table| table.kind != RelationKind::PartitionedTable);
        if stored && let Some(table) = c.created_target(index.table) {
            let name = Some(index.name.name.clone());
            c.work_on(
                table,
                WorkKind::IndexBuild,
                name,
                Reason::NewRelation,
                span.clone(),
            );
        }
    }
}

/// PARTITION OF locks the parent against everything, and its default partition, which is searched.
fn partition_of(stmt: &CreateStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    let Some(NodeEnum::RangeVar(parent)) = stmt
        .inh_relations
        .first()
        .and_then(|node| node.node.as_ref())
    else {
        return;
    };
    let Some(parent_oid) = c.resolve(parent) else {
        let target = c.unknown_target(c.input.qualified(parent), RelationKind::PartitionedTable);
        c.lock_target(target, LockMode::AccessExclusive, span.clone());
        return;
    };
    c.lock(parent_oid, LockMode::AccessExclusive, span.clone());
    if c.relation(parent_oid)
        .is_some_and(|parent| parent.complete && parent.kind != RelationKind::PartitionedTable)
    {
        let message = format!("\"{}\" is not partitioned", parent.relname);
        c.error("42P17", message, span.clone());
        return;
    }
    let partition = stmt
        .relation
        .as_ref()
        .and_then(|name| c.input.oid_after(name));
    let bound = partition.and_then(|oid| attach::bound_of(c.input.after, oid));
    if let Some((sqlstate, message)) = bound
        .as_ref()
        .and_then(|bound| attach::bound_conflict(c, parent_oid, bound))
    {
        c.error(sqlstate, message, span.clone());
        return;
    }
    let reason = Reason::CreatePartition {
        partition: stmt
            .relation
            .as_ref()
            .map_or_else(String::new, |name| name.relname.clone()),
    };
    attach::search_default_partition(c, parent_oid, bound.as_ref(), &reason, span);
    attach::lock_for_new_partition(c, parent_oid, span);
    c.lock_indexes(parent_oid, LockMode::ShareUpdateExclusive, span);
}

/// INHERITS locks the parents as ALTER TABLE ... INHERIT does.
fn inherits(stmt: &CreateStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    for parent in &stmt.inh_relations {
        let Some(NodeEnum::RangeVar(parent)) = &parent.node else {
            continue;
        };
        if let Some(oid) = c.resolve(parent) {
            refuse_parent(oid, c, span);
            c.because("it becomes the parent", |c| {
                c.lock(oid, LockMode::ShareUpdateExclusive, span.clone())
            });
        }
    }
}

/// `MergeAttributes` in src/backend/commands/tablecmds.c
fn refuse_parent(oid: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
    let Some(parent) = c.relation(oid) else {
        return;
    };
    let kind = match parent.kind {
        RelationKind::PartitionedTable => "partitioned table",
        _ if parent.is_partition() => "partition",
        _ => return,
    };
    let message = format!("cannot inherit from {kind} \"{}\"", parent.name.name);
    c.error("42809", message, span.clone());
}

fn element_effects(element: &Node, table: Option<Oid>, c: &mut Collector<'_>) {
    match &element.node {
        Some(NodeEnum::ColumnDef(column)) => {
            for constraint in &column.constraints {
                if let Some(NodeEnum::Constraint(constraint)) = &constraint.node {
                    let columns = vec![column.colname.clone()];
                    constraint_effects(constraint, columns, table, c);
                }
            }
        }
        Some(NodeEnum::Constraint(constraint)) => {
            let columns = node::strings(&constraint.fk_attrs);
            constraint_effects(constraint, columns, table, c);
        }
        Some(NodeEnum::TableLikeClause(like)) => {
            let span = c.input.span();
            let source: Option<Oid> = like.relation.as_ref().and_then(|name| c.resolve(name));
            if let Some(source) = source {
                c.lock(source, LockMode::AccessShare, span);
            }
        }
        _ => {}
    }
}

fn constraint_effects(
    constraint: &Constraint,
    columns: Vec<String>,
    table: Option<Oid>,
    c: &mut Collector<'_>,
) {
    if constraint.contype() != ConstrType::ConstrForeign {
        return;
    }
    // A reference to the table itself locks nothing that others use.
    let own = constraint
        .pktable
        .as_ref()
        .is_some_and(|name| c.input.oid(name).is_none() && c.is_created_here(name));
    if own {
        return;
    }
    let span = c.input.clause(constraint.location);
    let referenced = foreign_key::lock_referenced(c, constraint, &span);
    if let (Some(table), Some(referenced)) = (table, referenced) {
        foreign_key::check(c, table, &columns, constraint, referenced, &span);
    }
}
