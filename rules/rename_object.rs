//! RENAME and SET SCHEMA of what is no table, and of enum labels, with nothing of the old name in its place.

use pg_query::NodeEnum;
use pg_query::protobuf::ObjectType;

use crate::catalog::{Birth, QualifiedName, RelationKind, UserTypeKind};
use crate::effects::{ChangeKind, TargetKind};
use crate::lint::parts::name_parts;
use crate::lint::{Check, Context, Finding, MigrationContext, Report, short_name};

pub const CHECK: Check = Check::Statement(check);

/// How to find the old name when the migration is done.
enum Old {
    Relation(QualifiedName),
    Type(QualifiedName),
    Function(QualifiedName),
    Schema(String),
    Label(QualifiedName, String),
}

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    if cx.fails() {
        return;
    }
    let Some((noun, old)) = renamed(cx).or_else(|| relation(cx)) else {
        return;
    };
    let name = match &old {
        Old::Relation(name) | Old::Type(name) | Old::Function(name) => short_name(name),
        Old::Schema(name) => name.clone(),
        Old::Label(ty, label) => format!("'{label}' of {}", short_name(ty)),
    };
    let help = match &old {
        Old::Label(..) => {
            format!("add the new label, release code that uses it, and leave {name} in place")
        }
        Old::Relation(_) => format!(
            "leave a view named {name} in the same transaction, and drop it once no released code uses it"
        ),
        Old::Schema(_) => format!(
            "leave a schema {name} with views in the same transaction, or release code that finds both first"
        ),
        Old::Type(_) | Old::Function(_) => {
            format!(
                "create the new one beside {name}, move the code over, and drop {name} in a later release"
            )
        }
    };
    let finding = Finding::new(
        cx.span.clone(),
        format!("code that is running still says {name}"),
        format!("every statement of the running code that names {noun} {name} fails at once"),
    )
    .help(help);
    report.at_end(move |end| (!lives_on(&old, end)).then_some(finding));
}

fn lives_on(old: &Old, end: &MigrationContext<'_>) -> bool {
    match old {
        Old::Relation(name) => end.after.relation_named(name).is_some(),
        Old::Type(name) => end.after.type_oid(name).is_some(),
        Old::Function(name) => end.after.functions_named(name).next().is_some(),
        Old::Schema(name) => end.after.has_schema(name),
        Old::Label(ty, label) => {
            let ty = end
                .after
                .type_oid(ty)
                .and_then(|oid| end.after.user_type(oid));
            // With the type itself the label is out of use.
            ty.is_none_or(|ty| match &ty.kind {
                UserTypeKind::Enum { values } => values.iter().any(|value| value.name == *label),
                _ => false,
            })
        }
    }
}

/// Views, sequences and the like, and tables that change their schema.
fn relation(cx: &Context<'_>) -> Option<(&'static str, Old)> {
    cx.effects.changes.iter().find_map(|change| {
        let ChangeKind::RelationRenamed { relation, to } = &change.kind else {
            return None;
        };
        let TargetKind::Relation(kind) = relation.kind else {
            return None;
        };
        let is_table = matches!(
            kind,
            RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable
        );
        let moved = to.schema != relation.name.schema;
        let birth = relation
            .oid
            .and_then(|oid| cx.before.relation(oid))
            .map(|known| known.birth);
        let unknown_to_others = relation.new
            || birth.is_some_and(|birth| cx.made_here(birth))
            || cx.undoes_up(&relation.name, None);
        (!unknown_to_others && (moved || !is_table))
            .then(|| (kind.noun(), Old::Relation(relation.name.clone())))
    })
}

/// What is no relation.
fn renamed(cx: &Context<'_>) -> Option<(&'static str, Old)> {
    let (kind, object) = match cx.node {
        NodeEnum::RenameStmt(stmt) if stmt.rename_type() == ObjectType::ObjectSchema => {
            let new = !cx.start.has_schema(&stmt.subname) && cx.before.has_schema(&stmt.subname);
            return (!new).then(|| ("schema", Old::Schema(stmt.subname.clone())));
        }
        NodeEnum::RenameStmt(stmt) => (stmt.rename_type(), stmt.object.as_ref()?),
        NodeEnum::AlterObjectSchemaStmt(stmt) => (stmt.object_type(), stmt.object.as_ref()?),
        NodeEnum::AlterEnumStmt(stmt) if !stmt.old_val.is_empty() => {
            let name = cx.type_name(&crate::sql::names::parts(&stmt.type_name))?;
            let known = cx
                .before
                .type_oid(&name)
                .and_then(|oid| cx.before.user_type(oid));
            let new = known.is_some_and(|ty| cx.made_here(ty.birth));
            return (!new).then(|| ("label", Old::Label(name, stmt.old_val.clone())));
        }
        _ => return None,
    };
    let parts = name_parts(object);
    let old = |birth: Option<Birth>| birth.is_none_or(|birth| !cx.made_here(birth));
    match kind {
        ObjectType::ObjectType | ObjectType::ObjectDomain => {
            let name = cx.type_name(&parts)?;
            let birth = cx
                .before
                .type_oid(&name)
                .and_then(|oid| cx.before.user_type(oid))
                .map(|ty| ty.birth);
            old(birth).then_some(("type", Old::Type(name)))
        }
        ObjectType::ObjectFunction
        | ObjectType::ObjectProcedure
        | ObjectType::ObjectRoutine
        | ObjectType::ObjectAggregate => {
            let (schema, last) = match parts.as_slice() {
                [] => return None,
                [name] => (None, name),
                [.., schema, name] => (Some(schema.as_str()), name),
            };
            let known = cx
                .before
                .lookup_functions(schema, last, &cx.session.settings)
                .first()
                .and_then(|oid| cx.before.function(*oid));
            let trigger = known
                .and_then(|function| function.returns.as_ref()?.builtin_name())
                .is_some_and(|name| name == "trigger");
            let name = known.map_or_else(
                || cx.before.qualify(schema, last, &cx.session.settings),
                |function| function.name.clone(),
            );
            (!trigger && old(known.map(|function| function.birth)))
                .then_some(("function", Old::Function(name)))
        }
        _ => None,
    }
}
