//! What GRANT and REVOKE refuse: privileges that an object of that kind does not have, columns, functions and schemas
//! that do not exist (`ExecuteGrantStmt` in src/backend/catalog/aclchk.c).

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AccessPriv, GrantStmt, GrantTargetType, ObjectType, RangeVar, RoleSpecType,
};

use super::{Collector, node};
use crate::catalog::{Relation, RelationKind};

type Refusal = (&'static str, String);

/// Every privilege that has a name, on whatever kind of object (`string_to_privilege`).
const KNOWN: &[&str] = &[
    "select",
    "insert",
    "update",
    "delete",
    "truncate",
    "references",
    "trigger",
    "maintain",
    "usage",
    "execute",
    "create",
    "connect",
    "temporary",
    "temp",
    "set",
    "alter system",
    "rule",
];

const OF_TABLE: &[&str] = &[
    "select",
    "insert",
    "update",
    "delete",
    "truncate",
    "references",
    "trigger",
    "maintain",
];
const OF_COLUMN: &[&str] = &["select", "insert", "update", "references"];
const OF_SEQUENCE: &[&str] = &["usage", "select", "update"];

/// The refusal of a GRANT or REVOKE on objects that are named.
pub fn refusal(stmt: &GrantStmt, c: &Collector<'_>) -> Option<Refusal> {
    missing_object(stmt, c)
        .or_else(|| unknown_privilege(stmt))
        .or_else(|| wrong_privilege(stmt, c))
        .or_else(|| missing_column(stmt, c))
        .or_else(|| grantable_by_public(stmt))
}

/// `merge_acl_with_grant`
fn grantable_by_public(stmt: &GrantStmt) -> Option<Refusal> {
    let to_public = stmt.grantees.iter().any(|grantee| {
        matches!(&grantee.node, Some(NodeEnum::RoleSpec(role)) if role.roletype() == RoleSpecType::RolespecPublic)
    });
    let named = stmt.targtype() == GrantTargetType::AclTargetObject;
    (stmt.is_grant && stmt.grant_option && to_public && named).then(|| {
        let message = "grant options can only be granted to roles";
        ("0LP01", message.to_owned())
    })
}

fn privileges(stmt: &GrantStmt) -> impl Iterator<Item = &AccessPriv> {
    stmt.privileges.iter().filter_map(|it| match &it.node {
        Some(NodeEnum::AccessPriv(privilege)) => Some(privilege),
        _ => None,
    })
}

fn relations<'s, 'a>(
    stmt: &'s GrantStmt,
    c: &'s Collector<'a>,
) -> impl Iterator<Item = &'a Relation> + 's {
    stmt.objects.iter().filter_map(|object| match &object.node {
        Some(NodeEnum::RangeVar(name)) => known(name, c),
        _ => None,
    })
}

fn known<'a>(name: &RangeVar, c: &Collector<'a>) -> Option<&'a Relation> {
    c.input.relation(name).filter(|relation| relation.complete)
}

fn missing_object(stmt: &GrantStmt, c: &Collector<'_>) -> Option<Refusal> {
    let before = c.input.before;
    if matches!(
        stmt.objtype(),
        ObjectType::ObjectTable | ObjectType::ObjectSequence
    ) {
        return stmt.objects.iter().find_map(|object| match &object.node {
            Some(NodeEnum::RangeVar(name))
                if c.input.oid(name).is_none() && c.is_certainly_missing(name) =>
            {
                let message = format!("relation \"{}\" does not exist", name.relname);
                Some(("42P01", message))
            }
            _ => None,
        });
    }
    if stmt.objtype() != ObjectType::ObjectSchema || !before.complete {
        return None;
    }
    let missing = stmt
        .objects
        .iter()
        .filter_map(node::string)
        .find(|name| !before.has_schema(name) && !is_system_schema(name))?;
    Some(("3F000", format!("schema \"{missing}\" does not exist")))
}

fn is_system_schema(name: &str) -> bool {
    name.starts_with("pg_") || name == "information_schema"
}

fn unknown_privilege(stmt: &GrantStmt) -> Option<Refusal> {
    let unknown = privileges(stmt)
        .find(|it| !it.priv_name.is_empty() && !KNOWN.contains(&it.priv_name.as_str()))?;
    Some((
        "42601",
        format!("unrecognized privilege type \"{}\"", unknown.priv_name),
    ))
}

fn wrong_privilege(stmt: &GrantStmt, c: &Collector<'_>) -> Option<Refusal> {
    let (allowed, noun): (&[&str], _) = match stmt.objtype() {
        ObjectType::ObjectTable => return wrong_for_relations(stmt, c),
        ObjectType::ObjectSequence => (OF_SEQUENCE, "sequence"),
        ObjectType::ObjectDatabase => (&["create", "temporary", "temp", "connect"], "database"),
        ObjectType::ObjectFunction | ObjectType::ObjectProcedure | ObjectType::ObjectRoutine => {
            (&["execute"], "function")
        }
        ObjectType::ObjectLanguage => (&["usage"], "language"),
        ObjectType::ObjectLargeobject => (&["select", "update"], "large object"),
        ObjectType::ObjectSchema => (&["usage", "create"], "schema"),
        ObjectType::ObjectTablespace => (&["create"], "tablespace"),
        ObjectType::ObjectType | ObjectType::ObjectDomain => (&["usage"], "type"),
        ObjectType::ObjectFdw => (&["usage"], "foreign-data wrapper"),
        ObjectType::ObjectForeignServer => (&["usage"], "foreign server"),
        ObjectType::ObjectParameterAcl => (&["set", "alter system"], "parameter"),
        _ => return None,
    };
    if privileges(stmt).any(|it| !it.cols.is_empty()) {
        let message = "column privileges are only valid for relations";
        return Some(("0LP01", message.to_owned()));
    }
    let wrong = privileges(stmt)
        .find(|it| !it.priv_name.is_empty() && !allowed.contains(&it.priv_name.as_str()))?;
    Some(invalid(&wrong.priv_name, noun))
}

/// A sequence may be named as a table.
fn wrong_for_relations(stmt: &GrantStmt, c: &Collector<'_>) -> Option<Refusal> {
    for privilege in privileges(stmt) {
        let name = privilege.priv_name.as_str();
        if name.is_empty() {
            continue;
        }
        if !privilege.cols.is_empty() {
            if !OF_COLUMN.contains(&name) {
                return Some(invalid(name, "column"));
            }
            continue;
        }
        if !OF_TABLE.contains(&name) && !OF_SEQUENCE.contains(&name) && name != "rule" {
            return Some(invalid(name, "relation"));
        }
        let on_table = relations(stmt, c).any(|relation| relation.kind != RelationKind::Sequence);
        if name == "usage" && on_table {
            return Some(invalid(name, "table"));
        }
    }
    None
}

fn invalid(privilege: &str, noun: &str) -> Refusal {
    (
        "0LP01",
        format!(
            "invalid privilege type {} for {noun}",
            privilege.to_uppercase()
        ),
    )
}

fn missing_column(stmt: &GrantStmt, c: &Collector<'_>) -> Option<Refusal> {
    if stmt.objtype() != ObjectType::ObjectTable {
        return None;
    }
    for relation in relations(stmt, c) {
        let missing = privileges(stmt)
            .flat_map(|privilege| &privilege.cols)
            .filter_map(node::string)
            .find(|name| relation.column(name).is_none() && !is_system_column(name));
        if let Some(name) = missing {
            let message = format!(
                "column \"{name}\" of relation \"{}\" does not exist",
                relation.name.name
            );
            return Some(("42703", message));
        }
    }
    None
}

fn is_system_column(name: &str) -> bool {
    matches!(
        name,
        "ctid" | "xmin" | "cmin" | "xmax" | "cmax" | "tableoid"
    )
}
