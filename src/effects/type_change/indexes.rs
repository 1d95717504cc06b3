//! Which indexes a type change builds again (`TryReuseIndex`, `CheckIndexCompatible` in
//! src/backend/commands/indexcmds.c).

use pg_query::NodeEnum;

use super::super::expression::types::{Types, is, same};
use super::{Input, TypeChange, columns_read};
use crate::catalog::builtin::{Opclass, extension_opclasses, is_known_extension, opclasses};
use crate::catalog::{BaseType, Catalog, Index, IndexKey, IndexTarget, RelationKind, Type};
use crate::version::PgVersion;

type Refusal = (&'static str, String);

/// Notes the indexes that are defined anew and those of them that are built.
pub fn follow(input: &Input, change: &mut TypeChange) -> Result<(), Refusal> {
    let stored = input.relation.kind != RelationKind::PartitionedTable;
    for index in input.catalog.indexes_of(input.relation.oid) {
        let redefined = mentions(input, index);
        if redefined {
            change.indexes_redefined.push(index.oid);
        }
        let compatible = !redefined || is_compatible(input, index, &mut change.assumptions)?;
        // The index of a partition is made by way of the partitioned table's, which knows no old storage
        // (`DefineIndex`).
        let kept = compatible && !(redefined && index.parent.is_some());
        // A partitioned table has nothing to build.
        if stored && (change.rewrite || !kept) {
            change.indexes_rebuilt.push(index.oid);
        }
    }
    Ok(())
}

/// Whether the index depends on the column.
fn mentions(input: &Input, index: &Index) -> bool {
    let column = &input.column.name;
    index.include.contains(column)
        || index.keys.iter().any(|key| match &key.target {
            IndexTarget::Column(name) => name == column,
            IndexTarget::Expression(node) => columns_read(input, node).contains(column),
        })
        || index
            .predicate
            .as_ref()
            .is_some_and(|predicate| columns_read(input, predicate).contains(column))
}

/// Whether its storage can be kept. Expressions and predicates are never compared.
fn is_compatible(
    input: &Input,
    index: &Index,
    assumptions: &mut Vec<String>,
) -> Result<bool, Refusal> {
    let mut kept = index.valid && index.predicate.is_none();
    for key in &index.keys {
        let Some((name, collation)) = plain_column(key) else {
            kept = false;
            continue;
        };
        if name == input.column.name {
            kept &= key_is_compatible(input, index, key, collation, assumptions)?;
        } else {
            kept &= !stores_another_type(input, index, key, name);
        }
    }
    Ok(kept)
}

/// The column that a key is on, and the collation that it names. `((x))` and `((x COLLATE "C"))` are plain
/// columns too (`ComputeIndexAttrs`).
fn plain_column(key: &IndexKey) -> Option<(&str, Option<&str>)> {
    let node = match &key.target {
        IndexTarget::Column(name) => return Some((name, key.collation.as_deref())),
        IndexTarget::Expression(node) => node.node.as_ref()?,
    };
    let (reference, collation) = match node {
        NodeEnum::ColumnRef(reference) => (reference, key.collation.as_deref()),
        NodeEnum::CollateClause(clause) => match clause.arg.as_ref()?.node.as_ref()? {
            NodeEnum::ColumnRef(reference) => (
                reference,
                clause
                    .collname
                    .last()
                    .and_then(crate::effects::node::string),
            ),
            _ => return None,
        },
        _ => return None,
    };
    let name = reference
        .fields
        .last()
        .and_then(crate::effects::node::string)?;
    Some((name, collation))
}

fn key_is_compatible(
    input: &Input,
    index: &Index,
    key: &IndexKey,
    collation: Option<&str>,
    assumptions: &mut Vec<String>,
) -> Result<bool, Refusal> {
    let types = input.types();
    let (old, new) = (&input.column.ty, input.ty);
    let same_collation = collation_is_kept(input, collation)?;
    if !types.is_known(old) || !types.is_known(new) {
        let kept = same(old, new) && same_collation;
        if !kept {
            assumptions.push(format!(
                "the operator classes of {} and {} are not known: index {} is assumed to be built again",
                types.display(old),
                types.display(new),
                index.name.name
            ));
        }
        return Ok(kept);
    }
    let all = all_opclasses(input.catalog, &index.method, input.version);
    let usual = default_opclass(types, &all, old);
    let old_class = match &key.opclass {
        Some(name) => all
            .iter()
            .find(|class| class.name == unqualified(name))
            .copied(),
        None => usual,
    };
    let Some(old_class) = old_class else {
        // Of an extension that is not known here.
        let kept = same(old, new) && same_collation;
        if !kept {
            assumptions.push(format!(
                "the operator class of index {} is not known: assumed that the index is built again",
                index.name.name
            ));
        }
        return Ok(kept);
    };
    let written = usual != Some(old_class);
    let new_class = match written {
        true => accepted(types, old_class, new)?,
        false => needed(types, &all, &index.method, new)?,
    };
    let polymorphic = polymorphic_changes(types, &index.method, old_class, old, new);
    Ok(same_collation && new_class == old_class && !polymorphic)
}

/// The index is collated by the column's collation, unless another one is written.
fn collation_is_kept(input: &Input, written: Option<&str>) -> Result<bool, Refusal> {
    let (old, new) = input.collations();
    match written.filter(|written| Some(*written) != old.as_deref()) {
        Some(_) if new.is_none() && input.types().is_known(input.ty) => {
            let ty = input.types().display(input.ty);
            Err((
                "42804",
                format!("collations are not supported by type {ty}"),
            ))
        }
        Some(_) => Ok(true),
        None => Ok(old == new),
    }
}

fn unqualified(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The operator classes of an access method, with those of the extensions that are there.
pub fn all_opclasses(catalog: &Catalog, method: &str, version: PgVersion) -> Vec<Opclass> {
    let installed = |extension: &str| catalog.extensions.contains(extension) || !catalog.complete;
    opclasses(method, version)
        .chain(
            extension_opclasses(method, version)
                .filter(|(extension, _)| installed(extension))
                .map(|(_, class)| class),
        )
        .collect()
}

/// Whether no extension is there whose operator classes are not known.
pub fn all_opclasses_known(catalog: &Catalog) -> bool {
    !catalog.customized
        && catalog
            .extensions
            .iter()
            .all(|extension| is_known_extension(extension))
}

/// 42704 where a type has no default operator class.
pub fn refused_default_opclass(
    types: Types<'_>,
    all: &[Opclass],
    method: &str,
    ty: &Type,
) -> Option<Refusal> {
    needed(types, all, method, ty).err()
}

/// 42804 where an operator class is not for the type.
pub fn refused_opclass(types: Types<'_>, class: Opclass, ty: &Type) -> Option<Refusal> {
    accepted(types, class, ty).err()
}

/// `GetDefaultOpClass`: an exact match, else the one that is binary coercible, preferred types first.
pub fn default_opclass(types: Types<'_>, all: &[Opclass], ty: &Type) -> Option<Opclass> {
    let ty = types.base(ty);
    let category = types.category(&ty).0;
    let defaults = || all.iter().copied().filter(|class| class.default);
    let exact =
        |class: &Opclass| may_be_named(&ty, class.input) && same(&types.named(class.input), &ty);
    if let Some(exact) = defaults().find(exact) {
        return Some(exact);
    }
    let fitting: Vec<Opclass> = defaults()
        .filter(|class| types.is_binary_coercible(&ty, &types.named(class.input)))
        .collect();
    let preferred: Vec<&Opclass> = fitting
        .iter()
        .filter(|class| types.is_preferred(category, &types.named(class.input)))
        .collect();
    match (preferred.as_slice(), fitting.as_slice()) {
        ([only], _) => Some(**only),
        ([], [only]) => Some(*only),
        _ => None,
    }
}

/// Whether a name can mean the type, before it is looked up: there are many classes.
fn may_be_named(ty: &Type, name: &str) -> bool {
    match &ty.base {
        BaseType::Builtin(own) => **own == *name || name.strip_prefix('_') == Some(own),
        BaseType::User(_) | BaseType::Unknown(_) => true,
    }
}

fn needed(types: Types<'_>, all: &[Opclass], method: &str, ty: &Type) -> Result<Opclass, Refusal> {
    default_opclass(types, all, ty).ok_or_else(|| {
        let ty = types.display(ty);
        (
            "42704",
            format!("data type {ty} has no default operator class for access method \"{method}\""),
        )
    })
}

/// A class that the index names is looked up by its name again.
fn accepted(types: Types<'_>, class: Opclass, ty: &Type) -> Result<Opclass, Refusal> {
    match types.is_binary_coercible(ty, &types.named(class.input)) {
        true => Ok(class),
        false => {
            let (name, ty) = (class.name, types.display(ty));
            Err((
                "42804",
                format!("operator class \"{name}\" does not accept data type {ty}"),
            ))
        }
    }
}

fn polymorphic_changes(
    types: Types<'_>,
    method: &str,
    class: Opclass,
    old: &Type,
    new: &Type,
) -> bool {
    let input = types.named(class.input);
    let polymorphic = super::super::expression::coerce::is_polymorphic(&input);
    polymorphic && (!same(old, new) || stores_other_than(method, &input))
}

/// The index stores an array's elements or a value's hash; it is never found to be of the column's type.
fn stores_other_than(method: &str, input: &Type) -> bool {
    method == "hash" || (method == "gin" && is(input, "anyarray"))
}

/// A key on another column of an index that is defined anew.
fn stores_another_type(input: &Input, index: &Index, key: &IndexKey, column: &str) -> bool {
    let Some(column) = input.relation.column(column) else {
        return false;
    };
    let types = input.types();
    let all = all_opclasses(input.catalog, &index.method, input.version);
    let class = match &key.opclass {
        Some(name) => all
            .iter()
            .find(|class| class.name == unqualified(name))
            .copied(),
        None => default_opclass(types, &all, &column.ty),
    };
    class.is_some_and(|class| {
        polymorphic_changes(types, &index.method, class, &column.ty, &column.ty)
    })
}
