//! The locks that creating a foreign key takes on the referenced side, and what PostgreSQL refuses.

use std::ops::Range;

use pg_query::protobuf::Constraint;

use super::column_definition::is_system_column;
use super::index::key_columns;
use super::{Collector, LockMode, Target, node};
use crate::catalog::builtin::{self, CastContext};
use crate::catalog::{
    BaseType, Catalog, ConstraintKind, Oid, Relation, RelationKind, Type, UserTypeKind,
};

/// Locks the referenced table as `transformFkeyCheckAttrs` and `addFkRecurseReferenced` do: ShareRowExclusive
/// on it and, if it is partitioned, on its partitions. The answer is the referenced table, if it is known.
pub fn lock_referenced(
    c: &mut Collector<'_>,
    constraint: &Constraint,
    span: &Range<usize>,
) -> Option<Oid> {
    let name = constraint.pktable.as_ref()?;
    let because = "it is referenced: adding a foreign key creates triggers on both tables";
    let Some(referenced) = c.resolve(name) else {
        if c.input.before.complete {
            let message = format!("relation \"{}\" does not exist", name.relname);
            c.error("42P01", message, span.clone());
            return None;
        }
        let target: Target = c.unknown_target(c.input.qualified(name), RelationKind::Table);
        c.because_of_key(because, |c| {
            c.lock_target(target, LockMode::ShareRowExclusive, span.clone())
        });
        return None;
    };
    for oid in c.family_if_partitioned(referenced) {
        c.because_of_key(because, |c| {
            c.lock(oid, LockMode::ShareRowExclusive, span.clone())
        });
    }
    Some(referenced)
}

/// What PostgreSQL refuses about the columns of a foreign key, as far as both tables are known
/// (`ATAddForeignKeyConstraint`).
pub fn check(
    c: &mut Collector<'_>,
    table: Oid,
    columns: &[String],
    constraint: &Constraint,
    referenced: Oid,
    span: &Range<usize>,
) {
    let (Some(child), Some(parent)) = (c.input.after.relation(table), c.relation(referenced))
    else {
        return;
    };
    // A statement that is refused for another reason has changed nothing.
    let child = match c.input.before.relation(table) {
        Some(before) if !columns.iter().all(|name| child.column(name).is_some()) => before,
        _ => child,
    };
    if let Some((sqlstate, message)) = refusal(c, child, columns, constraint, parent) {
        c.error(sqlstate, message, span.clone());
    }
}

fn refusal(
    c: &Collector<'_>,
    child: &Relation,
    columns: &[String],
    constraint: &Constraint,
    parent: &Relation,
) -> Option<(&'static str, String)> {
    if !matches!(
        parent.kind,
        RelationKind::Table | RelationKind::PartitionedTable
    ) {
        return Some((
            "42809",
            format!(
                "referenced relation \"{}\" is not a table",
                parent.name.name
            ),
        ));
    }
    let written = node::strings(&constraint.pk_attrs);
    let system = columns
        .iter()
        .filter(|name| child.column(name).is_none())
        .chain(written.iter().filter(|name| parent.column(name).is_none()))
        .any(|name| is_system_column(name));
    if system {
        let message = "system columns cannot be used in foreign keys";
        return Some(("0A000", message.to_owned()));
    }
    // ON DELETE SET NULL (column)
    if let Some(other) = node::strings(&constraint.fk_del_set_cols)
        .into_iter()
        .find(|name| !columns.contains(name))
    {
        let message = format!(
            "column \"{other}\" referenced in ON DELETE SET action must be part of foreign key"
        );
        return Some(("42P10", message));
    }
    let persistence = |relation: &Relation| relation.persistence;
    if parent.complete && child.complete && persistence(child) < persistence(parent) {
        return Some((
            "42P16",
            "constraints on permanent tables may reference only permanent tables".to_owned(),
        ));
    }
    if child.complete
        && let Some(missing) = columns.iter().find(|name| child.column(name).is_none())
    {
        return Some((
            "42703",
            format!("column \"{missing}\" referenced in foreign key constraint does not exist"),
        ));
    }
    if !parent.complete {
        return None;
    }
    if let Some(missing) = written.iter().find(|name| parent.column(name).is_none()) {
        return Some((
            "42703",
            format!("column \"{missing}\" referenced in foreign key constraint does not exist"),
        ));
    }
    // NO ACTION is all that a temporal key has (`ATAddForeignKeyConstraint`).
    let acts = [
        ("ON UPDATE", &constraint.fk_upd_action),
        ("ON DELETE", &constraint.fk_del_action),
    ];
    if constraint.fk_with_period
        && let Some((event, _)) = acts
            .into_iter()
            .find(|(_, action)| matches!(action.as_str(), "r" | "c" | "n" | "d"))
    {
        let message = format!("unsupported {event} action for foreign key constraint using PERIOD");
        return Some(("0A000", message));
    }
    let Some(key) = referenced_key(c.input.before, parent, &written, constraint.fk_with_period)
    else {
        let message = if written.is_empty() {
            format!(
                "there is no primary key for referenced table \"{}\"",
                parent.name.name
            )
        } else {
            format!(
                "there is no unique constraint matching given keys for referenced table \"{}\"",
                parent.name.name
            )
        };
        let sqlstate = if written.is_empty() { "42704" } else { "42830" };
        return Some((sqlstate, message));
    };
    if key.len() != columns.len() {
        return Some((
            "42830",
            "number of referencing and referenced columns for foreign key disagree".to_owned(),
        ));
    }
    columns.iter().zip(&key).find_map(|(own, referenced)| {
        let (own, referenced) = (child.column(own)?, parent.column(referenced)?);
        if c.input.since(18) && own.collation != referenced.collation {
            let blurred = |name: &Option<String>| {
                let name = name.as_deref().unwrap_or_default();
                let mut all = c.input.before.collations.iter();
                all.any(|(known, it)| known.name == name && !it.deterministic)
            };
            if blurred(&own.collation) || blurred(&referenced.collation) {
                let message = format!(
                    "foreign key constraint cannot be implemented: key columns \"{}\" and \"{}\" have incompatible collations",
                    own.name, referenced.name
                );
                return Some(("42P21", message));
            }
        }
        let comparable = comparable(c, &own.ty, &referenced.ty);
        (!comparable).then(|| {
            (
                "42804",
                format!(
                    "foreign key constraint cannot be implemented: key columns \"{}\" and \"{}\" are of incompatible types: {} and {}",
                    own.name,
                    referenced.name,
                    c.input.before.type_display(&own.ty),
                    c.input.before.type_display(&referenced.ty),
                ),
            )
        })
    })
}

/// The columns that the key refers to: those written, if a unique index is on exactly them, or the primary key's.
fn referenced_key(
    catalog: &Catalog,
    parent: &Relation,
    written: &[String],
    with_period: bool,
) -> Option<Vec<String>> {
    if written.is_empty() {
        let ConstraintKind::PrimaryKey { index } = parent.primary_key()?.kind else {
            return None;
        };
        return Some(key_columns(catalog.index(index)?));
    }
    let unique = catalog.indexes_of(parent.oid).any(|index| {
        let columns = key_columns(index);
        index.is_referable(parent, with_period)
            && index.predicate.is_none()
            && columns.len() == index.keys.len()
            && columns.len() == written.len()
            && columns.iter().all(|column| written.contains(column))
    });
    unique.then(|| written.to_vec())
}

/// Whether an equality operator compares the two, or the referencing type is implicitly coerced to the
/// referenced one. Types that are not known well are taken to be comparable.
fn comparable(c: &Collector<'_>, own: &Type, referenced: &Type) -> bool {
    let (own, referenced) = (base(c.input.before, own), base(c.input.before, referenced));
    if own.base == referenced.base {
        return own.array == referenced.array;
    }
    if own.array != referenced.array {
        return false;
    }
    match (&own.base, &referenced.base) {
        (BaseType::Unknown(_), _) | (_, BaseType::Unknown(_)) => true,
        (BaseType::Builtin(own), BaseType::Builtin(referenced)) => {
            let version = c.input.version();
            builtin::operators("=", version).any(|operator| {
                operator.left == Some(&**referenced) && operator.right == Some(&**own)
            }) || builtin::cast(own, referenced, version)
                .is_some_and(|cast| cast.context == CastContext::Implicit)
        }
        // An extension's type may have casts of its own.
        (BaseType::User(oid), other) | (other, BaseType::User(oid)) => {
            let from_extension = c
                .input
                .before
                .user_type(*oid)
                .is_some_and(|ty| ty.extension.is_some());
            from_extension || matches!(other, BaseType::Unknown(_))
        }
    }
}

/// The type under any domains.
fn base(catalog: &Catalog, ty: &Type) -> Type {
    let mut ty = ty.clone();
    while let BaseType::User(oid) = ty.base
        && !ty.array
        && let Some(UserTypeKind::Domain(domain)) = catalog.user_type(oid).map(|found| &found.kind)
    {
        ty = domain.base.clone();
    }
    ty
}
