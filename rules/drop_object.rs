//! DROP of a view, function, sequence, domain, extension and the like that does not come back in the same transaction.

use pg_query::protobuf::{DropOwnedStmt, ObjectType};
use pg_query::{Node, NodeEnum};

use crate::catalog::{Function, QualifiedName, TransactionId};
use crate::lint::parts::{listed, name_parts};
use crate::lint::{Check, Context, Finding, MigrationContext, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

/// What the old name means when the migration is done.
#[derive(Clone)]
enum Kind {
    Relation,
    /// The numbers of arguments that callers pass.
    Function(Vec<usize>),
    Type,
    Extension,
}

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if let NodeEnum::DropOwnedStmt(stmt) = cx.node {
        drop_owned(stmt, cx, report);
    }
    let NodeEnum::DropStmt(stmt) = cx.node else {
        return;
    };
    let Some(noun) = noun(stmt.remove_type()) else {
        return;
    };
    if cx.fails() {
        return;
    }
    for object in &stmt.objects {
        let Some((name, kind)) = in_use(object, stmt.remove_type(), stmt.missing_ok, cx) else {
            continue;
        };
        let short = short_name(&name);
        let finding = Finding::new(
            cx.span.clone(),
            format!("{noun} {short} is gone"),
            format!("every statement of the running code that uses {noun} {short} fails"),
        )
        .help(format!(
            "first release code that does not use {short}; then drop it and say so: \
             `-- humdrum: ignore drop-object: <reason>`"
        ))
        .about(&name);
        // DROP ... IF EXISTS of what no migration created, where some may be missing.
        let finding = if stmt.missing_ok && !is_known(&name, &kind, cx) {
            Finding {
                message: format!(
                    "if {noun} {short} is there, every statement of the running code that uses it fails"
                ),
                ..finding.severity(Severity::Note)
            }
        } else {
            finding
        };
        let transaction = cx.session.transaction_id;
        let disturbed = cx.before.disturbed;
        let what = format!("{noun} {short}");
        report.at_end(move |end| match replaced(&name, &kind, end) {
            // SQL that could not be read may have brought it back.
            None if end.after.disturbed && !disturbed => Some(finding.severity(Severity::Note)),
            None => Some(finding),
            Some(same) if same == transaction => None,
            Some(_) => Some(Finding {
                message: format!("statements that use {what} fail until it is created again, and for good if that fails"),
                help: Some("drop and create it in one transaction".to_owned()),
                ..finding
            }),
        });
    }
}

/// DROP OWNED names none of what goes.
fn drop_owned(stmt: &DropOwnedStmt, cx: &Context<'_>, report: &mut Report<'_>) {
    let roles = stmt.roles.iter().map(|role| match &role.node {
        Some(NodeEnum::RoleSpec(role)) if !role.rolename.is_empty() => role.rolename.clone(),
        _ => "the current user".to_owned(),
    });
    let roles = listed(&roles.collect::<Vec<String>>());
    let finding = Finding::new(
        cx.span.clone(),
        "names nothing of what it drops",
        format!("every table, view, function and type that {roles} owns in this database is lost with all rows, and every grant to {roles}"),
    )
    .help(format!(
        "REASSIGN OWNED BY {roles} first: then DROP OWNED takes the grants only"
    ))
    .severity(Severity::Error);
    report.push(finding);
}

fn noun(kind: ObjectType) -> Option<&'static str> {
    match kind {
        ObjectType::ObjectView => Some("view"),
        ObjectType::ObjectMatview => Some("materialized view"),
        ObjectType::ObjectSequence => Some("sequence"),
        ObjectType::ObjectForeignTable => Some("foreign table"),
        ObjectType::ObjectFunction => Some("function"),
        ObjectType::ObjectProcedure => Some("procedure"),
        ObjectType::ObjectRoutine => Some("routine"),
        ObjectType::ObjectAggregate => Some("aggregate"),
        ObjectType::ObjectDomain => Some("domain"),
        ObjectType::ObjectExtension => Some("extension"),
        _ => None,
    }
}

/// The object, when running code may use it: neither made nor renamed by this migration, nor certainly missing.
fn is_known(name: &QualifiedName, kind: &Kind, cx: &Context<'_>) -> bool {
    match kind {
        Kind::Relation => cx.before.relation_named(name).is_some(),
        Kind::Function(_) => cx.before.functions().any(|function| function.name == *name),
        Kind::Type => cx.before.type_oid(name).is_some(),
        Kind::Extension => cx.before.extensions.contains(&name.name),
    }
}

fn in_use(
    object: &Node,
    kind: ObjectType,
    missing_ok: bool,
    cx: &Context<'_>,
) -> Option<(QualifiedName, Kind)> {
    let parts = name_parts(object);
    let (schema, last) = match parts.as_slice() {
        [] => return None,
        [name] => (None, name),
        [.., schema, name] => (Some(schema.as_str()), name),
    };
    let earlier = cx.migration.before_up;
    let missing = |known: bool| !known && missing_ok && cx.before.complete;
    match kind {
        ObjectType::ObjectExtension => {
            let old = cx.start.extensions.contains(last) || !cx.before.extensions.contains(last);
            let by_up = earlier.is_some_and(|earlier| !earlier.extensions.contains(last));
            let name = QualifiedName::new("public", last);
            (old && !by_up && !missing(cx.before.extensions.contains(last)))
                .then_some((name, Kind::Extension))
        }
        ObjectType::ObjectDomain => {
            let name = cx.type_name(&parts)?;
            let known = cx
                .before
                .type_oid(&name)
                .and_then(|oid| cx.before.user_type(oid));
            let new = known.is_some_and(|ty| {
                cx.made_here(ty.birth) || cx.start.type_oid(&name) != Some(ty.oid)
            });
            let by_up = earlier.is_some_and(|earlier| earlier.type_oid(&name).is_none());
            (!new && !by_up && !missing(known.is_some())).then_some((name, Kind::Type))
        }
        ObjectType::ObjectFunction
        | ObjectType::ObjectProcedure
        | ObjectType::ObjectRoutine
        | ObjectType::ObjectAggregate => {
            let candidates = cx
                .before
                .lookup_functions(schema, last, &cx.session.settings);
            let gone: Vec<&Function> = candidates
                .iter()
                .filter(|oid| cx.after.function(**oid).is_none())
                .filter_map(|oid| cx.before.function(*oid))
                .collect();
            let name = gone.first().map_or_else(
                || cx.before.qualify(schema, last, &cx.session.settings),
                |known| known.name.clone(),
            );
            let unused = |function: &&Function| {
                cx.made_here(function.birth)
                    || returns_trigger(function)
                    || cx
                        .start
                        .functions_named(&name)
                        .all(|old| old.oid != function.oid)
            };
            let by_up =
                earlier.is_some_and(|earlier| earlier.functions_named(&name).next().is_none());
            if by_up || missing(!gone.is_empty()) || !gone.is_empty() && gone.iter().all(unused) {
                return None;
            }
            let arguments = gone
                .iter()
                .map(|function| function.arguments.len())
                .collect();
            Some((name, Kind::Function(arguments)))
        }
        _ => {
            let oid = cx
                .before
                .lookup(schema, last, &cx.session.settings.search_path);
            let name = oid
                .and_then(|oid| cx.before.name_of(oid))
                .cloned()
                .unwrap_or_else(|| cx.before.qualify(schema, last, &cx.session.settings));
            let known = oid.and_then(|oid| cx.before.relation(oid));
            let new = known.is_some_and(|relation| {
                relation.complete
                    && (cx.made_here(relation.birth) || cx.start.relation_oid(&name) != oid)
            });
            let by_up = earlier.is_some_and(|earlier| earlier.relation_named(&name).is_none());
            (!new && !by_up && !missing(known.is_some())).then_some((name, Kind::Relation))
        }
    }
}

fn returns_trigger(function: &Function) -> bool {
    function
        .returns
        .as_ref()
        .and_then(|ty| ty.builtin_name())
        .is_some_and(|name| matches!(name, "trigger" | "event_trigger"))
}

/// The transaction that created what now has the name, if it can stand in for the old object.
fn replaced(
    name: &QualifiedName,
    kind: &Kind,
    end: &MigrationContext<'_>,
) -> Option<TransactionId> {
    match kind {
        Kind::Relation => Some(end.after.relation_named(name)?.birth.transaction),
        Kind::Type => {
            let oid = end.after.type_oid(name)?;
            Some(end.after.user_type(oid)?.birth.transaction)
        }
        Kind::Function(arguments) => end
            .after
            .functions_named(name)
            .find(|function| arguments.iter().all(|&count| function.accepts(count)))
            .map(|function| function.birth.transaction),
        // When an extension came is not known.
        Kind::Extension => None,
    }
}
