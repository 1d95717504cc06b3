//! Whole statements, and clauses that belong to one statement only.

use pg_query::NodeRef as R;
use pg_query::protobuf::{
    AlterSubscriptionType, CreateTrigStmt, GrantStmt, ObjectType, PublicationObjSpec,
    PublicationObjSpecType, ReindexObjectType, ReindexStmt, RenameStmt,
};
use pg_query::{Node, NodeEnum};

use super::Newer;
use crate::effects::options;

/// Bit of `DeclareCursorStmt.options`.
const CURSOR_OPT_ASENSITIVE: i32 = 0x0010;

pub(super) fn newer(node: R<'_>, text: &str) -> Option<Newer> {
    match node {
        R::MergeStmt(_) => Newer::new(15, "MERGE", -1),
        R::AlterTypeStmt(_) => Newer::new(13, "ALTER TYPE ... SET (...)", -1),
        R::AlterStatsStmt(stmt) if stmt.stxstattarget.is_none() => {
            Newer::new(17, "SET STATISTICS DEFAULT", -1)
        }
        R::AlterStatsStmt(_) => Newer::new(13, "ALTER STATISTICS ... SET STATISTICS", -1),
        R::AlterDatabaseRefreshCollStmt(_) => Newer::new(15, "REFRESH COLLATION VERSION", -1),
        R::CreateStatsStmt(stmt) if stmt.defnames.is_empty() => {
            Newer::new(16, "CREATE STATISTICS without a name", -1)
        }
        R::CreateStatsStmt(stmt) if stmt.exprs.iter().any(is_expression) => {
            // Older grammars take any expression; CreateStatistics in src/backend/commands/statscmds.c does not.
            Newer::refused("0A000", 14, "CREATE STATISTICS on an expression", -1)
        }
        R::DropdbStmt(stmt) if !stmt.options.is_empty() => {
            Newer::new(13, "DROP DATABASE with options", -1)
        }
        R::RenameStmt(stmt) => in_rename(stmt),
        R::AlterObjectDependsStmt(stmt) if stmt.remove => {
            Newer::new(13, "NO DEPENDS ON EXTENSION", -1)
        }
        R::CreateFunctionStmt(stmt) if stmt.sql_body.is_some() => {
            Newer::new(14, "a function body that is not a string", -1)
        }
        R::CreateTrigStmt(stmt) => in_trigger(stmt),
        R::IndexStmt(stmt) if stmt.nulls_not_distinct => Newer::new(15, "NULLS NOT DISTINCT", -1),
        R::ReindexStmt(stmt) => in_reindex(stmt, text),
        R::ClusterStmt(stmt) => {
            let parenthesised = options::options(&stmt.params)
                .any(|option| is_parenthesised(option.location, text));
            if parenthesised && stmt.relation.is_none() {
                return Newer::new(17, "options of CLUSTER without a table", -1);
            }
            parenthesised
                .then(|| Newer::new(14, "options of CLUSTER in parentheses", -1))
                .flatten()
        }
        R::DeclareCursorStmt(stmt) if stmt.options & CURSOR_OPT_ASENSITIVE != 0 => {
            Newer::new(14, "ASENSITIVE", -1)
        }
        R::PublicationObjSpec(object) => in_publication(object),
        R::AlterSubscriptionStmt(stmt) => match stmt.kind() {
            AlterSubscriptionType::AlterSubscriptionAddPublication
            | AlterSubscriptionType::AlterSubscriptionDropPublication => {
                Newer::new(14, "ADD or DROP PUBLICATION", -1)
            }
            AlterSubscriptionType::AlterSubscriptionSkip => Newer::new(15, "SKIP", -1),
            _ => None,
        },
        R::GrantStmt(stmt) => in_grant(stmt),
        R::GrantRoleStmt(stmt) => {
            let newer = options::options(&stmt.opt).find(|option| option.name != "admin")?;
            Newer::new(
                16,
                format!("WITH {}", newer.name.to_uppercase()),
                newer.location,
            )
        }
        R::AlterDomainStmt(stmt) if stmt.subtype == "C" => adds_not_null(stmt.def.as_deref())
            .then(|| Newer::new(17, "NOT NULL as a constraint of a domain", -1))
            .flatten(),
        _ => None,
    }
}

fn is_expression(element: &Node) -> bool {
    matches!(&element.node, Some(NodeEnum::StatsElem(element)) if element.expr.is_some())
}

fn in_rename(stmt: &RenameStmt) -> Option<Newer> {
    let view_column = stmt.rename_type() == ObjectType::ObjectColumn
        && stmt.relation_type() == ObjectType::ObjectView;
    view_column
        .then(|| Newer::new(13, "ALTER VIEW ... RENAME COLUMN", -1))
        .flatten()
}

fn in_trigger(stmt: &CreateTrigStmt) -> Option<Newer> {
    stmt.replace
        .then(|| Newer::new(14, "OR REPLACE of a trigger", -1))
        .flatten()
}

fn in_reindex(stmt: &ReindexStmt, text: &str) -> Option<Newer> {
    let whole_database = matches!(
        stmt.kind(),
        ReindexObjectType::ReindexObjectDatabase | ReindexObjectType::ReindexObjectSystem
    );
    if whole_database && stmt.name.is_empty() {
        return Newer::new(16, "REINDEX DATABASE without a name", -1);
    }
    let newer = options::options(&stmt.params).find(|option| {
        option.name == "tablespace"
            || option.name == "concurrently" && is_parenthesised(option.location, text)
    })?;
    Newer::new(
        14,
        format!("option {} of REINDEX", newer.name.to_uppercase()),
        newer.location,
    )
}

/// An option stands in a list in parentheses, not as a word of its own.
fn is_parenthesised(location: i32, text: &str) -> bool {
    usize::try_from(location)
        .ok()
        .and_then(|at| text.get(..at))
        .is_some_and(|before| before.trim_end().ends_with(['(', ',']))
}

fn in_publication(object: &PublicationObjSpec) -> Option<Newer> {
    let schema = matches!(
        object.pubobjtype(),
        PublicationObjSpecType::PublicationobjTablesInSchema
            | PublicationObjSpecType::PublicationobjTablesInCurSchema
    );
    if schema {
        return Newer::new(15, "TABLES IN SCHEMA", object.location);
    }
    let table = object.pubtable.as_ref()?;
    if table.where_clause.is_some() {
        return Newer::new(15, "WHERE of a published table", object.location);
    }
    (!table.columns.is_empty())
        .then(|| Newer::new(15, "columns of a published table", object.location))
        .flatten()
}

fn in_grant(stmt: &GrantStmt) -> Option<Newer> {
    match stmt.objtype() {
        ObjectType::ObjectParameterAcl => return Newer::new(15, "privileges on a parameter", -1),
        ObjectType::ObjectLargeobject if stmt.objects.is_empty() => {
            return Newer::new(18, "default privileges of large objects", -1);
        }
        _ => {}
    }
    if let Some(grantor) = &stmt.grantor {
        return Newer::new(14, "GRANTED BY", grantor.location);
    }
    let maintain = stmt
        .privileges
        .iter()
        .any(|privilege| match &privilege.node {
            Some(NodeEnum::AccessPriv(privilege)) => privilege.priv_name == "maintain",
            _ => false,
        });
    maintain
        .then(|| Newer::new(17, "privilege MAINTAIN", -1))
        .flatten()
}

fn adds_not_null(def: Option<&Node>) -> bool {
    match def.and_then(|def| def.node.as_ref()) {
        Some(NodeEnum::Constraint(constraint)) => {
            constraint.contype() == pg_query::protobuf::ConstrType::ConstrNotnull
        }
        _ => false,
    }
}
