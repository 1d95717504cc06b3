//! DROP ... CASCADE: what goes without being named.

use pg_query::NodeEnum;
use pg_query::protobuf::{DropBehavior, ObjectType};

use crate::catalog::{Catalog, Relation};
use crate::lint::parts::{listed, name_parts};
use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    // Those rules list what goes themselves.
    let spoken = ["drop-schema", "drop-type"]
        .iter()
        .any(|rule| report.has(rule));
    if spoken || cx.fails() || !cascades(cx.node) {
        return;
    }
    let goes = goes(cx);
    let known = cx.before.complete || nothing_named_is_old(cx) || only_unknown_functions(cx);
    if goes.is_empty() && known {
        return;
    }
    let what = match goes.as_slice() {
        [] => "whatever depends on it is dropped as well, and what that is cannot be told from the migrations"
            .to_owned(),
        [one] => format!("{one} is dropped as well, and the statement does not say so"),
        _ => format!("{} are dropped as well, and the statement does not say so", listed(&goes)),
    };
    let finding = Finding::new(cx.span.clone(), "CASCADE takes what depends on it", what)
        .help("drop what depends on it by name first, then this one without CASCADE: PostgreSQL refuses if something was forgotten");
    report.push(if goes.is_empty() {
        finding.severity(Severity::Note)
    } else {
        finding
    });
}

fn cascades(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::DropStmt(stmt) => {
            stmt.behavior() == DropBehavior::DropCascade
                // Other rules speak of the first three, and nothing depends on the others.
                && !matches!(
                    stmt.remove_type(),
                    ObjectType::ObjectSchema
                        | ObjectType::ObjectType
                        | ObjectType::ObjectDomain
                        | ObjectType::ObjectTrigger
                        | ObjectType::ObjectPolicy
                        | ObjectType::ObjectRule
                )
        }
        NodeEnum::DropOwnedStmt(stmt) => stmt.behavior() == DropBehavior::DropCascade,
        NodeEnum::AlterTableStmt(stmt) => stmt.cmds.iter().any(|node| {
            matches!(&node.node, Some(NodeEnum::AlterTableCmd(command)) if command.behavior() == DropBehavior::DropCascade)
        }),
        _ => false,
    }
}

/// Every relation that the statement locks is new, or there is none that it could mean.
fn nothing_named_is_old(cx: &Context<'_>) -> bool {
    cx.effects
        .locks
        .iter()
        .filter(|lock| lock.because.is_none())
        .all(|lock| lock.target.new || cx.undoes_up(&lock.target.name, None))
        && !cx.effects.locks.is_empty()
}

/// DROP FUNCTION IF EXISTS of functions that no migration created.
fn only_unknown_functions(cx: &Context<'_>) -> bool {
    let NodeEnum::DropStmt(stmt) = cx.node else {
        return false;
    };
    let functions = matches!(
        stmt.remove_type(),
        ObjectType::ObjectFunction
            | ObjectType::ObjectProcedure
            | ObjectType::ObjectRoutine
            | ObjectType::ObjectAggregate
    );
    functions
        && stmt.missing_ok
        && stmt.objects.iter().all(|object| {
            let name = name_parts(object).pop().unwrap_or_default();
            !cx.before
                .functions()
                .any(|function| function.name.name == name)
        })
}

/// What the catalog sees go: other relations, and parts of relations that stay.
fn goes(cx: &Context<'_>) -> Vec<String> {
    let named: Vec<String> = match cx.node {
        NodeEnum::DropStmt(stmt) => stmt
            .objects
            .iter()
            .filter_map(|object| name_parts(object).pop())
            .collect(),
        _ => Vec::new(),
    };
    let altered = cx.altered().and_then(|target| target.oid);
    let difference = cx.difference();
    let mut goes = Vec::new();
    for relation in &difference.removed_relations {
        let part = relation.owned_by.is_some() || relation.is_partition();
        if !part && !named.contains(&relation.name.name) && !cx.made_here(relation.birth) {
            goes.push(format!(
                "{} {}",
                relation.kind.noun(),
                short_name(&relation.name)
            ));
        }
    }
    let removed = |relation: &Relation| cx.after.relation(relation.oid).is_none();
    for (relation, constraint) in difference.removed_constraints() {
        if !removed(relation) && Some(relation.oid) != altered && !cx.made_here(relation.birth) {
            goes.push(format!(
                "constraint {} of {}",
                constraint.name,
                short_name(&relation.name)
            ));
        }
    }
    for (old, new) in &difference.changed_relations {
        if Some(old.oid) == altered || cx.made_here(old.birth) {
            continue;
        }
        let lost = old
            .columns
            .iter()
            .filter(|column| new.column(&column.name).is_none());
        goes.extend(
            lost.map(|column| format!("column {} of {}", column.name, short_name(&old.name))),
        );
        let triggers = old
            .triggers
            .iter()
            .filter(|trigger| new.triggers.iter().all(|kept| kept.name != trigger.name));
        goes.extend(
            triggers
                .map(|trigger| format!("trigger {} of {}", trigger.name, short_name(&old.name))),
        );
    }
    for trigger in triggers_of_functions(cx, &named) {
        if !goes.contains(&trigger) {
            goes.push(trigger);
        }
    }
    goes
}

/// The triggers that call a function which is dropped. A trigger function has no overloads.
fn triggers_of_functions(cx: &Context<'_>, named: &[String]) -> Vec<String> {
    let functions = matches!(cx.node, NodeEnum::DropStmt(stmt) if matches!(
        stmt.remove_type(),
        ObjectType::ObjectFunction | ObjectType::ObjectRoutine
    ));
    let gone = |name: &String| {
        let is_named = |catalog: &Catalog| catalog.functions().any(|it| it.name.name == *name);
        functions && named.contains(name) && is_named(cx.before) && !is_named(cx.after)
    };
    let mut found = Vec::new();
    for relation in cx.before.relations() {
        let stays = cx.after.relation(relation.oid).is_some() && !cx.made_here(relation.birth);
        let calls = relation.triggers.iter().filter(|trigger| {
            stays && !trigger.inherited && trigger.function.last().is_some_and(gone)
        });
        found.extend(
            calls.map(|trigger| {
                format!("trigger {} of {}", trigger.name, short_name(&relation.name))
            }),
        );
    }
    found
}
