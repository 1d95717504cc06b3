//! Effects of DROP and DROP OWNED.
//!
//! What a DROP reaches is worked out by the catalog (`performMultipleDeletions`); here each thing that is
//! gone afterwards says which relations were locked for it.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{DropBehavior, DropOwnedStmt, DropStmt, ObjectType};

use super::drop_index::drop_index;
use super::named::{self, Named};
use super::{ChangeKind, Collector, LockMode, node, other};
use crate::catalog::{
    Constraint, ConstraintKind, Oid, PartitionBound, QualifiedName, Relation, RelationKind,
};

pub fn drop(stmt: &DropStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    match stmt.remove_type() {
        ObjectType::ObjectIndex => {
            drop_index(stmt, c, &span);
            return;
        }
        ObjectType::ObjectTable
        | ObjectType::ObjectView
        | ObjectType::ObjectMatview
        | ObjectType::ObjectSequence
        | ObjectType::ObjectForeignTable => named_relations(stmt, c, &span),
        ObjectType::ObjectTrigger | ObjectType::ObjectRule | ObjectType::ObjectPolicy => {
            parts_of_relations(stmt, c, &span);
        }
        ObjectType::ObjectStatisticExt => statistics(stmt, c, &span),
        _ => {}
    }
    if c.failed() {
        return;
    }
    removed(stmt, c, &span);
    assume_dependents(stmt, c);
}

/// With CASCADE columns, indexes and constraints go too, and their tables are locked: what hangs on an object that is
/// not known, or of a kind that is not kept, nobody knows.
fn assume_dependents(stmt: &DropStmt, c: &mut Collector<'_>) {
    use ObjectType as O;
    if stmt.behavior() != DropBehavior::DropCascade {
        return;
    }
    let before = c.input.before;
    let doubtful = !before.complete || before.disturbed;
    let kind = stmt.remove_type();
    let unknown = match kind {
        O::ObjectSchema => stmt.objects.iter().any(|object| {
            node::string(object).is_some_and(|name| !before.has_schema(name) && doubtful)
        }),
        O::ObjectExtension => stmt.objects.iter().any(|object| {
            node::string(object).is_some_and(|name| !before.extensions.contains(name) && doubtful)
        }),
        O::ObjectType | O::ObjectDomain => {
            doubtful
                && stmt.objects.iter().any(|object| {
                    let Some(NodeEnum::TypeName(name)) = &object.node else {
                        return false;
                    };
                    let ty = before.resolve_type(name, c.input.settings());
                    matches!(ty.base, crate::catalog::BaseType::Unknown(_))
                })
        }
        O::ObjectFunction | O::ObjectProcedure | O::ObjectRoutine | O::ObjectAggregate => {
            doubtful && c.input.refusal.is_some()
        }
        O::ObjectOpclass
        | O::ObjectOpfamily
        | O::ObjectOperator
        | O::ObjectForeignServer
        | O::ObjectFdw
        | O::ObjectAccessMethod
        | O::ObjectLanguage
        | O::ObjectTsconfiguration
        | O::ObjectTsdictionary => true,
        _ => false,
    };
    if unknown {
        c.assume(
            "what depends on it is not known: with CASCADE it goes too, and its tables are locked",
        );
    }
}

/// The relations that are named: AccessExclusive, and on the parent of a partition too (`RemoveRelations` in
/// src/backend/commands/tablecmds.c).
fn named_relations(stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    let kind = match stmt.remove_type() {
        ObjectType::ObjectView => RelationKind::View,
        ObjectType::ObjectMatview => RelationKind::MaterializedView,
        ObjectType::ObjectSequence => RelationKind::Sequence,
        ObjectType::ObjectForeignTable => RelationKind::ForeignTable,
        _ => RelationKind::Table,
    };
    for name in stmt.objects.iter().filter_map(named::range_var) {
        let named = c.named_if_exists(&name, kind, stmt.missing_ok);
        match named {
            Named::Known(oid) => {
                if let Some(message) = wrong_kind(stmt.remove_type(), oid, c) {
                    c.error("42809", message, span.clone());
                    return;
                }
                c.lock(oid, LockMode::AccessExclusive, span.clone());
                lock_parent(oid, c, span);
                let stub = c.relation(oid).is_some_and(|relation| !relation.complete);
                if stub && let Some(relation) = c.target(oid) {
                    let cascaded = false;
                    c.change(
                        ChangeKind::RelationDropped { relation, cascaded },
                        span.clone(),
                    );
                }
            }
            Named::Unknown(target) => {
                c.lock_target(target.clone(), LockMode::AccessExclusive, span.clone());
                let change = ChangeKind::RelationDropped {
                    relation: target,
                    cascaded: false,
                };
                c.change(change, span.clone());
            }
            Named::Nothing => {}
        }
    }
}

fn wrong_kind(kind: ObjectType, oid: Oid, c: &Collector<'_>) -> Option<String> {
    other::not_a(kind, oid, c)
}

/// Dropping a partition changes the parent's partition descriptor, and what its default partition may hold
/// (`heap_drop_with_catalog`).
fn lock_parent(oid: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
    let Some(relation) = c.relation(oid).filter(|relation| relation.is_partition()) else {
        return;
    };
    let Some(&parent) = relation.parents.first() else {
        return;
    };
    let before = c.input.before;
    c.because("a partition of it is dropped", |c| {
        c.lock(parent, LockMode::AccessExclusive, span.clone())
    });
    let default = before.children(parent).find(|partition| {
        matches!(partition.partition_bound, Some(PartitionBound::Default)) && partition.oid != oid
    });
    if let Some(default) = default {
        c.because("the default partition may hold more rows afterwards", |c| {
            c.lock(default.oid, LockMode::AccessExclusive, span.clone())
        });
    }
}

/// Triggers, rules and policies: AccessExclusive on the table. With IF EXISTS and nothing to drop the lock is given
/// back (`get_object_address` in src/backend/catalog/objectaddress.c).
fn parts_of_relations(stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    for (table, part) in stmt.objects.iter().filter_map(named::relation_and_part) {
        let named = c.named_if_exists(&table, RelationKind::Table, stmt.missing_ok);
        if let Named::Known(oid) = named
            && stmt.missing_ok
            && !has_part(stmt.remove_type(), oid, &part, c)
        {
            continue;
        }
        c.lock_it(named, LockMode::AccessExclusive, span);
    }
}

fn has_part(kind: ObjectType, oid: Oid, part: &str, c: &Collector<'_>) -> bool {
    let Some(relation) = c.complete_relation(oid) else {
        return true;
    };
    match kind {
        ObjectType::ObjectTrigger => relation.triggers.iter().any(|found| found.name == part),
        ObjectType::ObjectRule => relation.rules.iter().any(|found| found.name == part),
        _ => relation.policies.iter().any(|found| found.name == part),
    }
}

/// `RemoveStatisticsById`: ShareUpdateExclusive on the table.
fn statistics(stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    let before = c.input.before;
    for name in stmt.objects.iter().filter_map(named::range_var) {
        let schemas: Vec<&str> = match name.schemaname.as_str() {
            "" => c
                .input
                .settings()
                .search_path
                .iter()
                .map(String::as_str)
                .collect(),
            given => vec![given],
        };
        let table = schemas.into_iter().find_map(|schema| {
            let name = QualifiedName::new(schema, name.relname.clone());
            before
                .statistics
                .get(&name)
                .map(|statistics| statistics.table)
        });
        match table {
            Some(table) => {
                c.because("the statistics are its", |c| {
                    c.lock(table, LockMode::ShareUpdateExclusive, span.clone())
                });
            }
            None if stmt.missing_ok => {}
            None => c.assume(format!(
                "statistics {} are of a table that is not known",
                name.relname
            )),
        }
    }
}

/// Everything that is gone or changed afterwards.
fn removed(stmt: &DropStmt, c: &mut Collector<'_>, span: &Range<usize>) {
    let (before, after) = (c.input.before, c.input.after);
    let difference = before.difference(after);
    let named: Vec<Oid> = stmt
        .objects
        .iter()
        .filter_map(named::range_var)
        .filter_map(|name| c.input.oid(&name))
        .collect();
    for relation in &difference.removed_relations {
        let cascaded = !named.contains(&relation.oid);
        lock_removed(relation.oid, cascaded, c, span);
        lock_parent(relation.oid, c, span);
        if let Some(target) = c.target(relation.oid) {
            let change = ChangeKind::RelationDropped {
                relation: target,
                cascaded,
            };
            c.change(change, span.clone());
        }
    }
    for index in &difference.removed_indexes {
        lock_removed(index.oid, true, c, span);
        lock_removed(index.table, true, c, span);
    }
    for (relation, constraint) in difference.removed_constraints() {
        lock_removed(relation.oid, true, c, span);
        lock_referenced(constraint, c, span);
    }
    for (old, new) in &difference.changed_relations {
        if loses_something(old, new) {
            lock_removed(old.oid, true, c, span);
        }
        columns_dropped(old, new, c, span);
    }
}

pub(super) fn lock_removed(oid: Oid, cascaded: bool, c: &mut Collector<'_>, span: &Range<usize>) {
    let mode = LockMode::AccessExclusive;
    if cascaded {
        c.because(
            "it depends on what is dropped, or loses a part of its own",
            |c| c.lock(oid, mode, span.clone()),
        );
    } else {
        c.lock(oid, mode, span.clone());
    }
}

/// A foreign key has triggers on the referenced table, which are dropped with it; one that is NOT ENFORCED has
/// none, and what a partition has from its root is the root's (measured 12 to 18).
pub(super) fn lock_referenced(constraint: &Constraint, c: &mut Collector<'_>, span: &Range<usize>) {
    let ConstraintKind::ForeignKey(key) = &constraint.kind else {
        return;
    };
    if !constraint.enforced || constraint.inherited > 0 {
        return;
    }
    let because = format!(
        "foreign key {} goes, and its triggers on the referenced table with it",
        constraint.name
    );
    for oid in c.family_if_partitioned(key.references) {
        c.because_of_key(because.clone(), |c| {
            c.lock(oid, LockMode::AccessExclusive, span.clone())
        });
    }
}

/// Columns, defaults, triggers, rules or policies that went with a type, function, sequence or schema.
fn loses_something(old: &Relation, new: &Relation) -> bool {
    let column_lost = old.columns.iter().any(|column| {
        new.column(&column.name).is_none_or(|kept| {
            column.default.is_some() && kept.default.is_none()
                || column.generated.is_some() && kept.generated.is_none()
        })
    });
    column_lost
        || old.triggers.len() > new.triggers.len()
        || old.rules.len() > new.rules.len()
        || old.policies.len() > new.policies.len()
        || old.parents.len() > new.parents.len()
}

fn columns_dropped(old: &Relation, new: &Relation, c: &mut Collector<'_>, span: &Range<usize>) {
    for column in &old.columns {
        if new.column(&column.name).is_some() {
            continue;
        }
        if let Some(relation) = c.target(old.oid) {
            let change = ChangeKind::ColumnDropped {
                relation,
                column: column.name.clone(),
            };
            c.change(change, span.clone());
        }
    }
}

/// Everything that the role owns goes. Who owns what is not in the schema as migrations show it.
pub fn drop_owned(_stmt: &DropOwnedStmt, c: &mut Collector<'_>) {
    other::every_relation_of_a_role(c, "drops what the role owns");
}
