//! Effects of OWNER, DEPENDS ON EXTENSION, COMMENT, SECURITY LABEL, GRANT, and of the statements that lock no
//! relation but cannot run inside a transaction block.

use std::ops::Range;

use pg_query::protobuf::{
    AlterObjectDependsStmt, AlterOwnerStmt, AlterTableMoveAllStmt, CommentStmt, DiscardMode,
    GrantStmt, GrantTargetType, ObjectType, ReassignOwnedStmt, SecLabelStmt,
};
use pg_query::{Node, NodeEnum};

use super::named::{self, Named};
use super::{Collector, LockMode, Reason, WorkKind, options};
use crate::catalog::{Oid, Relation, RelationKind};

/// Functions, types, schemas and the like: their owner is no matter of a relation. The owner of tables, views
/// and sequences is ALTER TABLE's business.
pub fn owner(_stmt: &AlterOwnerStmt, _c: &mut Collector<'_>) {}

/// `ExecAlterObjectDependsStmt` in src/backend/commands/alter.c: AccessExclusive on an index or materialized view,
/// AccessShare on the table of a trigger.
pub fn depends_on_extension(stmt: &AlterObjectDependsStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.relation else {
        return;
    };
    let span = c.input.span();
    let (kind, mode) = match stmt.object_type() {
        ObjectType::ObjectIndex => (RelationKind::Table, LockMode::AccessExclusive),
        ObjectType::ObjectMatview => (RelationKind::MaterializedView, LockMode::AccessExclusive),
        _ => (RelationKind::Table, LockMode::AccessShare),
    };
    c.lock_named(name, kind, mode, &span);
}

/// `get_relation_by_qualified_name` and `get_object_address_relobject` in
/// src/backend/catalog/objectaddress.c, called with ShareUpdateExclusive.
pub fn comment(stmt: &CommentStmt, c: &mut Collector<'_>) {
    let Some(object) = stmt.object.as_deref() else {
        return;
    };
    on_object(stmt.objtype(), object, c);
}

/// The same lock as COMMENT. Without a label provider it is error 22023, which the schema does not tell.
pub fn security_label(stmt: &SecLabelStmt, c: &mut Collector<'_>) {
    let Some(object) = stmt.object.as_deref() else {
        return;
    };
    on_object(stmt.objtype(), object, c);
}

fn on_object(kind: ObjectType, object: &Node, c: &mut Collector<'_>) {
    let span = c.input.span();
    match kind {
        ObjectType::ObjectTable
        | ObjectType::ObjectView
        | ObjectType::ObjectMatview
        | ObjectType::ObjectSequence
        | ObjectType::ObjectForeignTable
        | ObjectType::ObjectIndex => {
            if let Some(name) = named::range_var(object) {
                let named = c.named(&name, relation_kind(kind));
                on_relation(kind, named, c, &span);
            }
        }
        ObjectType::ObjectColumn => {
            if let Some((relation, column)) = named::relation_and_part(object) {
                on_column(&relation, &column, c, &span);
            }
        }
        ObjectType::ObjectTabconstraint
        | ObjectType::ObjectTrigger
        | ObjectType::ObjectPolicy
        | ObjectType::ObjectRule => {
            if let Some((name, part)) = named::relation_and_part(object) {
                let mode = LockMode::AccessShare;
                let found = c.lock_named(&name, RelationKind::Table, mode, &span);
                if let Some(relation) = found.and_then(|oid| c.complete_relation(oid))
                    && !has_part(kind, relation, &part)
                {
                    let message = format!("\"{part}\" of \"{}\" does not exist", name.relname);
                    c.error("42704", message, span);
                }
            }
        }
        // Nothing else belongs to a relation.
        _ => {}
    }
}

/// Whether a relation has the constraint, trigger, policy or rule of that name.
fn has_part(kind: ObjectType, relation: &Relation, name: &str) -> bool {
    match kind {
        // Until 17 NOT NULL has no name that the catalog keeps.
        ObjectType::ObjectTabconstraint => relation.constraint(name).is_some(),
        ObjectType::ObjectTrigger => relation.triggers.iter().any(|it| it.name == name),
        ObjectType::ObjectPolicy => relation.policies.iter().any(|it| it.name == name),
        // Every view has a rule that makes it one.
        _ => {
            relation.rules.iter().any(|it| it.name == name)
                || relation.kind == RelationKind::View && name == "_RETURN"
        }
    }
}

fn relation_kind(kind: ObjectType) -> RelationKind {
    match kind {
        ObjectType::ObjectView => RelationKind::View,
        ObjectType::ObjectMatview => RelationKind::MaterializedView,
        ObjectType::ObjectSequence => RelationKind::Sequence,
        ObjectType::ObjectForeignTable => RelationKind::ForeignTable,
        _ => RelationKind::Table,
    }
}

fn on_relation(kind: ObjectType, named: Named, c: &mut Collector<'_>, span: &Range<usize>) {
    if let Named::Known(oid) = named
        && let Some(message) = not_a(kind, oid, c)
    {
        c.error("42809", message, span.clone());
        return;
    }
    c.lock_it(named, LockMode::ShareUpdateExclusive, span);
}

/// `"x" is not a table`: the object is of another kind than the statement says.
pub(super) fn not_a(kind: ObjectType, oid: Oid, c: &Collector<'_>) -> Option<String> {
    let index = c.index(oid);
    let relation = c.relation(oid);
    if relation.is_some_and(|relation| !relation.complete) {
        return None;
    }
    let is = |wanted: RelationKind| relation.is_some_and(|relation| relation.kind == wanted);
    let (fits, noun) = match kind {
        ObjectType::ObjectTable => (
            is(RelationKind::Table) || is(RelationKind::PartitionedTable),
            "a table",
        ),
        ObjectType::ObjectView => (is(RelationKind::View), "a view"),
        ObjectType::ObjectMatview => (is(RelationKind::MaterializedView), "a materialized view"),
        ObjectType::ObjectSequence => (is(RelationKind::Sequence), "a sequence"),
        ObjectType::ObjectForeignTable => (is(RelationKind::ForeignTable), "a foreign table"),
        ObjectType::ObjectIndex => (index.is_some(), "an index"),
        ObjectType::ObjectType => (is(RelationKind::CompositeType), "a composite type"),
        _ => (true, ""),
    };
    let name = index
        .map(|index| &index.name)
        .or_else(|| relation.map(|relation| &relation.name))?;
    (!fits).then(|| format!("\"{}\" is not {noun}", name.name))
}

fn on_column(
    relation: &pg_query::protobuf::RangeVar,
    column: &str,
    c: &mut Collector<'_>,
    span: &Range<usize>,
) {
    let mode = LockMode::ShareUpdateExclusive;
    let Some(oid) = c.lock_named(relation, RelationKind::Table, mode, span) else {
        return;
    };
    if c.index(oid).is_some() {
        let message = format!("cannot set comment on relation \"{}\"", relation.relname);
        c.error("42809", message, span.clone());
        return;
    }
    if let Some(found) = c.complete_relation(oid)
        && found.kind != RelationKind::CompositeType
        && found.column(column).is_none()
    {
        let message = format!(
            "column \"{column}\" of relation \"{}\" does not exist",
            relation.relname
        );
        c.error("42703", message, span.clone());
    }
}

/// GRANT and REVOKE on relations that are named: no lock up to 17, AccessShare from 18 on (`objectNamesToOids` in
/// src/backend/catalog/aclchk.c). ALL TABLES IN SCHEMA locks nothing.
pub fn grant(stmt: &GrantStmt, c: &mut Collector<'_>) {
    if stmt.targtype() == GrantTargetType::AclTargetObject
        && let Some((sqlstate, message)) = super::grant::refusal(stmt, c)
    {
        c.error(sqlstate, message, c.input.span());
        return;
    }
    let on_relations = matches!(
        stmt.objtype(),
        ObjectType::ObjectTable | ObjectType::ObjectSequence
    );
    if !on_relations || stmt.targtype() != GrantTargetType::AclTargetObject {
        return;
    }
    for object in &stmt.objects {
        let Some(NodeEnum::RangeVar(name)) = &object.node else {
            continue;
        };
        let span = c.name_span(name.location);
        if let Some(oid) = c.input.oid(name)
            && let Some(message) = ungrantable(stmt.objtype(), oid, c)
        {
            c.error("42809", message, span);
            return;
        }
        if c.input.since(18) {
            let kind = relation_kind(stmt.objtype());
            c.lock_named(name, kind, LockMode::AccessShare, &span);
        }
    }
}

/// `ExecGrant_Relation`.
fn ungrantable(kind: ObjectType, oid: Oid, c: &Collector<'_>) -> Option<String> {
    if let Some(index) = c.index(oid) {
        return Some(format!("\"{}\" is an index", index.name.name));
    }
    let relation = c.complete_relation(oid)?;
    let name = &relation.name.name;
    if relation.kind == RelationKind::CompositeType {
        return Some(format!("\"{name}\" is a composite type"));
    }
    (kind == ObjectType::ObjectSequence && relation.kind != RelationKind::Sequence)
        .then(|| format!("\"{name}\" is not a sequence"))
}

/// ALTER TABLE ALL IN TABLESPACE ... SET TABLESPACE: AccessExclusive on each, and each is copied
/// (`AlterTableMoveAll` in src/backend/commands/tablecmds.c).
pub fn move_all(stmt: &AlterTableMoveAllStmt, c: &mut Collector<'_>) {
    if stmt.orig_tablespacename == stmt.new_tablespacename {
        return;
    }
    let span = c.input.span();
    c.assume(format!(
        "everything in tablespace {} is moved, also what no known migration put there",
        stmt.orig_tablespacename
    ));
    let wanted = stmt.orig_tablespacename.as_str();
    let before = c.input.before;
    if stmt.objtype() == ObjectType::ObjectIndex {
        let moved = before
            .indexes()
            .filter(|index| index.tablespace.as_deref().unwrap_or("pg_default") == wanted);
        for index in moved {
            c.lock(index.oid, LockMode::AccessExclusive, span.clone());
        }
        return;
    }
    let moved = before.relations().filter(|relation| {
        relation.tablespace.as_deref().unwrap_or("pg_default") == wanted
            && match stmt.objtype() {
                ObjectType::ObjectMatview => relation.kind == RelationKind::MaterializedView,
                _ => matches!(
                    relation.kind,
                    RelationKind::Table | RelationKind::PartitionedTable
                ),
            }
    });
    for relation in moved {
        c.lock(relation.oid, LockMode::AccessExclusive, span.clone());
        if relation.kind.has_storage() {
            c.new_storage(relation.oid);
            let reason = Reason::Storage {
                clause: "SET TABLESPACE",
            };
            c.work(relation.oid, WorkKind::Rewrite, reason, span.clone());
        }
    }
}

/// Every relation that the role owns is locked in AccessExclusive, briefly, one after the other until COMMIT. Who
/// owns what is not in the schema as migrations show it.
pub fn reassign_owned(_stmt: &ReassignOwnedStmt, c: &mut Collector<'_>) {
    every_relation_of_a_role(c, "changes its owner");
}

/// Locks everything known, since owners are not.
pub(super) fn every_relation_of_a_role(c: &mut Collector<'_>, what: &str) {
    let span = c.input.span();
    c.assume(format!(
        "who owns which relation is not known: the statement is assumed to lock every relation, and it {what}"
    ));
    let before = c.input.before;
    for relation in before.relations() {
        c.lock(relation.oid, LockMode::AccessExclusive, span.clone());
    }
}

/// Statements that lock no relation. Most of them PostgreSQL refuses inside a transaction block.
pub fn outside_transaction_only(node: &NodeEnum, c: &mut Collector<'_>) {
    match node {
        NodeEnum::CreatedbStmt(_) => c.forbidden_in_transaction("CREATE DATABASE"),
        NodeEnum::DropdbStmt(_) => c.forbidden_in_transaction("DROP DATABASE"),
        NodeEnum::CreateTableSpaceStmt(_) => c.forbidden_in_transaction("CREATE TABLESPACE"),
        NodeEnum::DropTableSpaceStmt(_) => c.forbidden_in_transaction("DROP TABLESPACE"),
        NodeEnum::AlterSystemStmt(_) => c.forbidden_in_transaction("ALTER SYSTEM"),
        NodeEnum::DiscardStmt(stmt) if stmt.target() == DiscardMode::DiscardAll => {
            c.forbidden_in_transaction("DISCARD ALL");
        }
        NodeEnum::AlterDatabaseStmt(stmt) => {
            let moves = options::options(&stmt.options).any(|option| option.name == "tablespace");
            if moves {
                c.forbidden_in_transaction("ALTER DATABASE SET TABLESPACE");
            }
        }
        // ALTER TABLESPACE SET and the lesser forms of DISCARD run anywhere.
        _ => {}
    }
}
