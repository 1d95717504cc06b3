//! GRANT to PUBLIC of what PUBLIC does not have anyway.

use pg_query::protobuf::{GrantStmt, ObjectType, RoleSpecType};
use pg_query::{Node, NodeEnum};

use crate::catalog::Persistence;
use crate::lint::{Check, Context, Finding, Report};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let grant = match cx.node {
        NodeEnum::GrantStmt(stmt) => stmt,
        NodeEnum::AlterDefaultPrivilegesStmt(stmt) => match &stmt.action {
            Some(grant) => grant,
            None => return,
        },
        _ => return,
    };
    if !grant.is_grant
        || has_anyway(grant)
        || !grant.grantees.iter().any(is_public)
        || is_temporary(grant, cx)
    {
        return;
    }
    let privileges: Vec<&str> = grant
        .privileges
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::AccessPriv(privilege)) => Some(privilege.priv_name.as_str()),
            _ => None,
        })
        .collect();
    let what = if privileges.is_empty() {
        "everything".to_owned()
    } else {
        privileges.join(", ").to_ascii_uppercase()
    };
    report.push(
        Finding::new(
            cx.span.clone(),
            "PUBLIC is every role, now and later",
            format!("{what} is allowed to every role that can connect, also to those that are created later"),
        )
        .help("grant to the roles that need it"),
    );
}

/// `acldefault` in src/backend/utils/adt/acl.c: EXECUTE on functions, USAGE on types and languages, CONNECT
/// and TEMPORARY on databases. USAGE on a schema gives nothing by itself.
fn has_anyway(grant: &GrantStmt) -> bool {
    match grant.objtype() {
        ObjectType::ObjectFunction
        | ObjectType::ObjectProcedure
        | ObjectType::ObjectRoutine
        | ObjectType::ObjectType
        | ObjectType::ObjectDomain
        | ObjectType::ObjectLanguage => true,
        ObjectType::ObjectDatabase | ObjectType::ObjectSchema => {
            !grant.privileges.is_empty()
                && grant.privileges.iter().all(|node| {
                    matches!(&node.node, Some(NodeEnum::AccessPriv(privilege))
                        if matches!(privilege.priv_name.as_str(), "connect" | "temporary" | "temp" | "usage"))
                })
        }
        _ => false,
    }
}

fn is_public(grantee: &Node) -> bool {
    matches!(&grantee.node, Some(NodeEnum::RoleSpec(role)) if role.roletype() == RoleSpecType::RolespecPublic)
}

fn is_temporary(grant: &GrantStmt, cx: &Context<'_>) -> bool {
    !grant.objects.is_empty()
        && grant.objects.iter().all(|object| match &object.node {
            Some(NodeEnum::RangeVar(name)) => cx
                .before
                .lookup_range_var(name, &cx.session.settings)
                .and_then(|oid| cx.before.relation(oid))
                .is_some_and(|relation| relation.persistence == Persistence::Temporary),
            _ => false,
        })
}
