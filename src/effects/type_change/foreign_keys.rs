//! Foreign keys that follow a type change, and whether their rows are looked up again
//! (`TryReuseForeignKey`, `ATAddForeignKeyConstraint`).

use super::super::expression::coerce::{self, Context, Path};
use super::super::expression::types::{Types, same};
use super::indexes::default_opclass;
use super::{ForeignKeyRemade, Input, TypeChange};
use crate::catalog::builtin::{Opclass, has_equality, opclasses};
use crate::catalog::{Constraint, ForeignKey, IndexTarget, Relation, Type};

type Refusal = (&'static str, String);

/// Notes the foreign keys of the column and to the column.
pub fn follow(input: &Input, change: &mut TypeChange) -> Result<(), Refusal> {
    let (relation, column) = (input.relation, &input.column.name);
    for (constraint, key) in relation.foreign_keys() {
        let own = key.columns.contains(column);
        let to_itself = key.references == relation.oid && references(key, column, change);
        if own || to_itself {
            remake(input, change, relation, constraint, key)?;
        }
    }
    for (table, constraint, key) in input.catalog.foreign_keys_to(relation.oid) {
        if table.oid != relation.oid && references(key, column, change) {
            remake(input, change, table, constraint, key)?;
        }
    }
    Ok(())
}

fn references(key: &ForeignKey, column: &str, change: &mut TypeChange) -> bool {
    if key.referenced_columns.is_empty() {
        change.assumptions.push(format!(
            "the columns that a foreign key references are not known: assumed to include {column}"
        ));
        return true;
    }
    key.referenced_columns.iter().any(|name| name == column)
}

fn remake(
    input: &Input,
    change: &mut TypeChange,
    table: &Relation,
    constraint: &Constraint,
    key: &ForeignKey,
) -> Result<(), Refusal> {
    let mut unchanged = !change.rewrite && !input.rewritten;
    for (at, column) in key.columns.iter().enumerate() {
        unchanged &= operators_unchanged(input, table, constraint, key, at, column)?;
    }
    change.foreign_keys.push(ForeignKeyRemade {
        table: table.oid,
        constraint: constraint.name.clone(),
        references: key.references,
        validated: constraint.valid && constraint.enforced && !unchanged,
    });
    Ok(())
}

/// How a foreign key compares its columns: with the equality of these two types, casting the referencing
/// value to the second.
struct Comparison {
    family: &'static str,
    left: Type,
    right: Type,
}

fn operators_unchanged(
    input: &Input,
    table: &Relation,
    constraint: &Constraint,
    key: &ForeignKey,
    at: usize,
    column: &str,
) -> Result<bool, Refusal> {
    let types = input.types();
    let changed = |relation: crate::catalog::Oid, name: &str| {
        relation == input.relation.oid && name == input.column.name
    };
    let Some(referencing) = table.column(column) else {
        return Ok(false);
    };
    let referenced_name = key.referenced_columns.get(at);
    let referenced = referenced_name.and_then(|name| {
        input
            .catalog
            .relation(key.references)
            .and_then(|relation| relation.column(name))
    });
    let (Some(referenced), Some(referenced_name)) = (referenced, referenced_name) else {
        return Ok(false);
    };
    let after = |relation, name: &str, ty: &Type| match changed(relation, name) {
        true => input.ty.clone(),
        false => ty.clone(),
    };
    let old_fk = &referencing.ty;
    let new_fk = after(table.oid, column, old_fk);
    let old_pk = &referenced.ty;
    let new_pk = after(key.references, referenced_name, old_pk);
    if [old_fk, &new_fk, old_pk, &new_pk]
        .iter()
        .any(|ty| !types.is_known(ty))
    {
        return Ok(same(old_fk, &new_fk) && same(old_pk, &new_pk));
    }
    let class = |ty: &Type| opclass(input, key, referenced_name, ty);
    let Some(new) = class(&new_pk).and_then(|class| comparison(types, class, &new_pk, &new_fk))
    else {
        let (fk, pk) = (types.display(&new_fk), types.display(&new_pk));
        return Err((
            "42804",
            format!(
                "foreign key constraint \"{}\" cannot be implemented: key columns \"{column}\" and \
                 \"{referenced_name}\" are of incompatible types: {fk} and {pk}",
                constraint.name
            ),
        ));
    };
    let Some(old) = class(old_pk).and_then(|class| comparison(types, class, old_pk, old_fk)) else {
        return Ok(false);
    };
    let same_operator =
        old.family == new.family && same(&old.left, &new.left) && same(&old.right, &new.right);
    let same_cast = cast_to(types, &new.right, old_fk) == cast_to(types, &new.right, &new_fk);
    let polymorphic = coerce::is_polymorphic(&new.right);
    Ok(same_operator && same_cast && (!polymorphic || same(old_fk, &new_fk)))
}

/// The operator class of the unique index's key, or the default one.
fn opclass(input: &Input, key: &ForeignKey, column: &str, ty: &Type) -> Option<Opclass> {
    let all: Vec<Opclass> = opclasses("btree", input.version).collect();
    let named = key
        .index
        .and_then(|index| input.catalog.index(index))
        .and_then(|index| {
            index.keys.iter().find(|key| match &key.target {
                IndexTarget::Column(name) => name == column,
                IndexTarget::Expression(_) => false,
            })
        })
        .and_then(|key| key.opclass.as_deref());
    match named {
        Some(name) => all.into_iter().find(|class| class.name == name),
        None => default_opclass(input.types(), &all, ty),
    }
}

fn comparison(types: Types<'_>, class: Opclass, pk: &Type, fk: &Type) -> Option<Comparison> {
    let left = types.named(class.input);
    let base = types.base(fk);
    let direct = base.builtin_name().is_some_and(|right| {
        let equal = |left| has_equality(class.family, left, right, types.version);
        equal(class.input) && equal(right)
    });
    if direct {
        return Some(Comparison {
            family: class.family,
            left,
            right: base,
        });
    }
    let castable = match coerce::is_polymorphic(&left) {
        true => same(&types.base(pk), &base),
        false => coerce::can_coerce(types, fk, &left, Context::Implicit) == Some(true),
    };
    castable.then(|| Comparison {
        family: class.family,
        right: left.clone(),
        left,
    })
}

/// `findFkeyCast`: a binary coercion counts as no cast.
fn cast_to(types: Types<'_>, target: &Type, source: &Type) -> Path {
    match coerce::is_polymorphic(target) || same(target, source) {
        true => Path::Relabel,
        false => coerce::pathway(types, source, target, Context::Implicit),
    }
}
