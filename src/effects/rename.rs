//! Effects of RENAME and SET SCHEMA of everything.

use std::ops::Range;

use pg_query::protobuf::{AlterObjectSchemaStmt, ObjectType, RangeVar, RenameStmt};

use super::named::Named;
use super::{ChangeKind, Collector, LockMode, other};
use crate::catalog::{ConstraintKind, Oid, QualifiedName, Relation, RelationKind};

pub fn rename(stmt: &RenameStmt, c: &mut Collector<'_>) {
    match stmt.rename_type() {
        ObjectType::ObjectTable
        | ObjectType::ObjectView
        | ObjectType::ObjectMatview
        | ObjectType::ObjectSequence
        | ObjectType::ObjectForeignTable
        | ObjectType::ObjectIndex => relation(stmt, c),
        ObjectType::ObjectColumn | ObjectType::ObjectAttribute => column(stmt, c),
        ObjectType::ObjectTabconstraint => constraint(stmt, c),
        ObjectType::ObjectTrigger => trigger(stmt, c),
        ObjectType::ObjectPolicy | ObjectType::ObjectRule => {
            if let Some(name) = &stmt.relation {
                let span = c.input.span();
                let mode = LockMode::AccessExclusive;
                c.lock_named(name, RelationKind::Table, mode, &span);
            }
        }
        ObjectType::ObjectSchema => schema(stmt, c),
        // Types, domains, functions, roles, databases ...: no relation is locked. A composite type's own
        // relation is, but nobody locks that one to use the type.
        _ => {}
    }
}

/// `RenameRelation` in src/backend/commands/tablecmds.c: ALTER INDEX takes only ShareUpdateExclusive, and
/// AccessExclusive as all others when the name is no index's.
fn relation(stmt: &RenameStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.input.span();
    let kind = stmt.rename_type();
    let named = c.named_if_exists(name, RelationKind::Table, stmt.missing_ok);
    let Named::Known(oid) = named else {
        let mode = if kind == ObjectType::ObjectIndex {
            LockMode::ShareUpdateExclusive
        } else {
            LockMode::AccessExclusive
        };
        c.lock_it(named, mode, &span);
        return;
    };
    if let Some(message) = wrong_kind(kind, oid, c) {
        c.error("42809", message, span);
        return;
    }
    let index = c.index(oid);
    let mode = if kind == ObjectType::ObjectIndex && index.is_some() {
        LockMode::ShareUpdateExclusive
    } else {
        LockMode::AccessExclusive
    };
    c.lock(oid, mode, span.clone());
    let schema = index
        .map(|index| &index.name.schema)
        .or_else(|| c.relation(oid).map(|relation| &relation.name.schema));
    let to = schema.map(|schema| QualifiedName::new(schema.clone(), stmt.newname.clone()));
    renamed(oid, to, c, span);
}

fn renamed(oid: Oid, to: Option<QualifiedName>, c: &mut Collector<'_>, span: Range<usize>) {
    if let (Some(relation), Some(to)) = (c.target(oid), to) {
        c.change(ChangeKind::RelationRenamed { relation, to }, span);
    }
}

/// `RangeVarCallbackForAlterRelation`: ALTER TABLE takes anything but a composite type, ALTER INDEX anything at
/// all, the others only their own kind.
fn wrong_kind(kind: ObjectType, oid: Oid, c: &Collector<'_>) -> Option<String> {
    match kind {
        ObjectType::ObjectIndex => None,
        ObjectType::ObjectTable => {
            let relation = c.relation(oid)?;
            (relation.kind == RelationKind::CompositeType)
                .then(|| format!("\"{}\" is a composite type", relation.name.name))
        }
        _ => other::not_a(kind, oid, c),
    }
}

/// `renameatt`: AccessExclusive on the relation and on everything that inherits the column.
fn column(stmt: &RenameStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.input.span();
    let mode = LockMode::AccessExclusive;
    let relation_kind = stmt.relation_type();
    let named = c.named_if_exists(name, RelationKind::Table, stmt.missing_ok);
    let Named::Known(oid) = named else {
        c.lock_it(named, mode, &span);
        return;
    };
    if let Some(message) = wrong_kind(relation_kind, oid, c) {
        c.error("42809", message, span);
        return;
    }
    c.lock(oid, mode, span.clone());
    let Some(relation) = c.relation(oid) else {
        return;
    };
    if let Some((sqlstate, message)) = column_refusal(stmt, name, relation, c) {
        c.error(sqlstate, message, span);
        return;
    }
    if name.inh {
        lock_children(oid, c, &span);
    }
    if relation.kind == RelationKind::CompositeType {
        lock_typed_tables(relation, c, &span);
    }
    if let Some(target) = c.target(oid) {
        let change = ChangeKind::ColumnRenamed {
            relation: target,
            column: stmt.subname.clone(),
            to: stmt.newname.clone(),
        };
        c.change(change, span);
    }
}

fn column_refusal(
    stmt: &RenameStmt,
    name: &RangeVar,
    relation: &Relation,
    c: &Collector<'_>,
) -> Option<(&'static str, String)> {
    if !relation.complete {
        return None;
    }
    if relation.of_type.is_some() {
        return Some(("42809", "cannot rename column of typed table".to_owned()));
    }
    let old = &stmt.subname;
    let typed = typed_tables(relation, c);
    if !typed.is_empty() && stmt.behavior() != pg_query::protobuf::DropBehavior::DropCascade {
        let message = format!(
            "cannot alter type \"{}\" because it is the type of a typed table",
            relation.name.name
        );
        return Some(("2BP01", message));
    }
    let Some(column) = relation.column(old) else {
        return Some(("42703", format!("column \"{old}\" does not exist")));
    };
    if column.inherited > 0 {
        return Some(("42P16", format!("cannot rename inherited column \"{old}\"")));
    }
    let has_children = c.input.before.children(relation.oid).next().is_some();
    if !name.inh && has_children {
        let message = format!("inherited column \"{old}\" must be renamed in child tables too");
        return Some(("42P16", message));
    }
    None
}

fn lock_children(oid: Oid, c: &mut Collector<'_>, span: &Range<usize>) {
    for child in c.family(oid).into_iter().filter(|&child| child != oid) {
        c.because("it inherits what is renamed", |c| {
            c.lock(child, LockMode::AccessExclusive, span.clone())
        });
    }
}

fn lock_typed_tables(composite: &Relation, c: &mut Collector<'_>, span: &Range<usize>) {
    for table in typed_tables(composite, c) {
        c.because("it is a table of the composite type", |c| {
            c.lock(table, LockMode::AccessExclusive, span.clone())
        });
    }
}

/// CREATE TABLE ... OF this composite type, and what inherits from such tables.
pub(super) fn typed_tables(composite: &Relation, c: &Collector<'_>) -> Vec<Oid> {
    let before = c.input.before;
    let ty = before.type_oid(&composite.name);
    before
        .relations()
        .filter(|relation| {
            relation
                .of_type
                .is_some_and(|of| Some(of) == ty || of == composite.oid)
        })
        .flat_map(|relation| before.family(relation.oid))
        .collect()
}

/// `RenameConstraint`: a CHECK or NOT NULL constraint is renamed in children too; the index of a key or exclusion
/// constraint is renamed with it.
fn constraint(stmt: &RenameStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.input.span();
    let mode = LockMode::AccessExclusive;
    let named = c.named_if_exists(name, RelationKind::Table, stmt.missing_ok);
    let Some(oid) = c.lock_it(named, mode, &span) else {
        return;
    };
    let Some(relation) = c.complete_relation(oid) else {
        return;
    };
    let old = &stmt.subname;
    let Some(constraint) = relation.constraint(old) else {
        let message = format!(
            "constraint \"{old}\" for table \"{}\" does not exist",
            relation.name.name
        );
        c.error("42704", message, span);
        return;
    };
    match &constraint.kind {
        ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. } => {
            if constraint.inherited > 0 {
                let message = format!("cannot rename inherited constraint \"{old}\"");
                c.error("42P16", message, span);
                return;
            }
            let has_children = c.input.before.children(oid).next().is_some();
            if has_children && !constraint.no_inherit && !name.inh {
                let message =
                    format!("inherited constraint \"{old}\" must be renamed in child tables too");
                c.error("42P16", message, span);
                return;
            }
            if !constraint.no_inherit {
                lock_children(oid, c, &span);
            }
        }
        ConstraintKind::PrimaryKey { index }
        | ConstraintKind::Unique { index }
        | ConstraintKind::Exclusion { index } => {
            c.lock(*index, LockMode::ShareUpdateExclusive, span);
        }
        ConstraintKind::ForeignKey(_) => {}
    }
}

/// `renametrig`: from 15 on the clones in partitions are renamed too.
fn trigger(stmt: &RenameStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.input.span();
    let mode = LockMode::AccessExclusive;
    let Some(oid) = c.lock_named(name, RelationKind::Table, mode, &span) else {
        return;
    };
    let Some(relation) = c.relation(oid) else {
        return;
    };
    let found = relation
        .triggers
        .iter()
        .find(|trigger| trigger.name == stmt.subname);
    let inherited = found.is_some_and(|trigger| trigger.inherited);
    if inherited && c.input.since(15) {
        let sqlstate = if c.input.since(18) { "0A000" } else { "XX000" };
        let message = format!(
            "cannot rename trigger \"{}\" on table \"{}\"",
            stmt.subname, relation.name.name
        );
        c.error(sqlstate, message, span);
        return;
    }
    let cloned = found.is_none_or(|trigger| trigger.row);
    if cloned && relation.kind == RelationKind::PartitionedTable && c.input.since(15) {
        lock_children(oid, c, &span);
    }
}

/// ALTER SCHEMA ... RENAME locks no relation, but every relation in it has another name afterwards.
fn schema(stmt: &RenameStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    let before = c.input.before;
    let moved: Vec<(Oid, String)> = before
        .relations()
        .filter(|relation| relation.name.schema == stmt.subname)
        .map(|relation| (relation.oid, relation.name.name.clone()))
        .collect();
    for (oid, name) in moved {
        let to = QualifiedName::new(stmt.newname.clone(), name);
        renamed(oid, Some(to), c, span.clone());
    }
}

/// `AlterTableNamespace`: AccessExclusive on the relation and on the sequences that its columns own; types,
/// functions and other objects have no relation to lock.
pub fn set_schema(stmt: &AlterObjectSchemaStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.input.span();
    let mode = LockMode::AccessExclusive;
    let named = c.named_if_exists(name, RelationKind::Table, stmt.missing_ok);
    let Named::Known(oid) = named else {
        c.lock_it(named, mode, &span);
        return;
    };
    let kind = match stmt.object_type() {
        ObjectType::ObjectTable => None,
        kind => Some(kind),
    };
    let wrong = match kind {
        Some(kind) => other::not_a(kind, oid, c),
        None => unmovable(oid, c),
    };
    if let Some(message) = wrong {
        c.error("42809", message, span);
        return;
    }
    c.lock(oid, mode, span.clone());
    let Some(relation) = c.relation(oid) else {
        return;
    };
    if relation.kind == RelationKind::Sequence && relation.owned_by.is_some() {
        let message = "cannot move an owned sequence into another schema";
        c.error("0A000", message, span);
        return;
    }
    let before = c.input.before;
    for sequence in before.sequences_of(oid, None) {
        c.because("it belongs to a column of the table", |c| {
            c.lock(sequence.oid, mode, span.clone())
        });
    }
    if relation.name.schema != stmt.newschema {
        let to = QualifiedName::new(stmt.newschema.clone(), relation.name.name.clone());
        renamed(oid, Some(to), c, span);
    }
}

/// ALTER TABLE ... SET SCHEMA takes tables, views, materialized views, sequences and foreign tables.
fn unmovable(oid: Oid, c: &Collector<'_>) -> Option<String> {
    if let Some(index) = c.index(oid) {
        return Some(format!("\"{}\" is an index", index.name.name));
    }
    let relation = c.relation(oid)?;
    (relation.kind == RelationKind::CompositeType)
        .then(|| format!("\"{}\" is a composite type", relation.name.name))
}
