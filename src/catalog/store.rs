//! Putting objects into the catalog and taking them out, with every derived map kept true.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::{
    Catalog, Constraint, ConstraintKind, Function, Index, Oid, QualifiedName, Relation, UserType,
    UserTypeKind,
};

/// What other objects a relation is found by.
#[derive(Default)]
struct Links<'a> {
    parents: BTreeSet<Oid>,
    references: BTreeSet<Oid>,
    owner: Option<Oid>,
    reads: BTreeSet<Oid>,
    constraints: BTreeSet<&'a str>,
}

impl<'a> Links<'a> {
    fn of(relation: &'a Relation) -> Self {
        let reads = relation.reads.iter();
        let rules = relation.rules.iter().flat_map(|rule| &rule.reads);
        let policies = relation.policies.iter().flat_map(|policy| &policy.reads);
        Links {
            parents: relation.parents.iter().copied().collect(),
            references: relation
                .foreign_keys()
                .map(|(_, key)| key.references)
                .collect(),
            owner: relation.owned_by.as_ref().map(|owner| owner.table),
            reads: reads
                .chain(rules)
                .chain(policies)
                .map(|dependency| dependency.relation)
                .filter(|&read| read != relation.oid)
                .collect(),
            constraints: relation
                .constraints
                .iter()
                .map(|constraint| constraint.name.as_str())
                .collect(),
        }
    }
}

/// Whether both are certainly found by the same: most changes of a relation are of its columns.
fn links_alike(one: &Relation, other: &Relation) -> bool {
    let owner = |relation: &Relation| relation.owned_by.as_ref().map(|owner| owner.table);
    let alike = |(one, other): (&Constraint, &Constraint)| {
        let key = |constraint: &Constraint| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some(key.references),
            _ => None,
        };
        std::ptr::eq(one, other) || one.name == other.name && key(one) == key(other)
    };
    one.parents == other.parents
        && owner(one) == owner(other)
        && one.constraints.len() == other.constraints.len()
        && one.constraints.iter().zip(&other.constraints).all(alike)
        && one.reads == other.reads
        && one.rules.is_empty()
        && other.rules.is_empty()
        && one.policies.is_empty()
        && other.policies.is_empty()
}

impl Catalog {
    pub(super) fn insert_relation(&mut self, relation: Relation) {
        let oid = relation.oid;
        self.relation_names.insert(&relation.name, oid);
        self.relink(oid, &Links::default(), &Links::of(&relation));
        self.relations.insert(oid, Arc::new(relation));
    }

    /// Changes a relation in place; its name and everything it is found by may change. Nothing
    /// happens when there is no such relation.
    pub(super) fn edit<T>(
        &mut self,
        oid: Oid,
        change: impl FnOnce(&mut Relation) -> T,
    ) -> Option<T> {
        let slot = self.relations.get_mut(&oid)?;
        let before = Arc::clone(slot);
        let result = change(Arc::make_mut(slot));
        let after = Arc::clone(slot);
        if before.name != after.name {
            self.relation_names.remove(&before.name);
            self.relation_names.insert(&after.name, oid);
        }
        if !links_alike(&before, &after) {
            self.relink(oid, &Links::of(&before), &Links::of(&after));
        }
        Some(result)
    }

    /// Takes the relation itself out, and nothing that depends on it.
    pub(super) fn remove_relation(&mut self, oid: Oid) -> Option<Arc<Relation>> {
        let relation = self.relations.remove(&oid)?;
        self.relation_names.remove(&relation.name);
        self.relink(oid, &Links::of(&relation), &Links::default());
        Some(relation)
    }

    fn relink(&mut self, oid: Oid, before: &Links<'_>, after: &Links<'_>) {
        relink(&mut self.children, oid, &before.parents, &after.parents);
        relink(
            &mut self.referencing,
            oid,
            &before.references,
            &after.references,
        );
        relink(&mut self.readers, oid, &before.reads, &after.reads);
        relink_names(
            &mut self.constraint_names,
            oid,
            &before.constraints,
            &after.constraints,
        );
        let owner = |links: &Links<'_>| links.owner.into_iter().collect();
        relink(
            &mut self.owned_sequences,
            oid,
            &owner(before),
            &owner(after),
        );
    }

    /// A schema that is there, whoever created it.
    pub fn add_schema(&mut self, name: &str) {
        if !self.schemas.contains(name) {
            self.schemas.insert(name.to_owned());
        }
    }

    pub(super) fn remove_schema(&mut self, name: &str) {
        self.schemas.remove(name);
    }

    pub(super) fn insert_index(&mut self, index: Index) {
        self.relation_names.insert(&index.name, index.oid);
        self.indexes_of
            .entry(index.table)
            .or_default()
            .insert(index.oid);
        self.indexes.insert(index.oid, Arc::new(index));
    }

    /// Changes an index in place; its name may change, its table may not.
    pub(super) fn edit_index<T>(
        &mut self,
        oid: Oid,
        change: impl FnOnce(&mut Index) -> T,
    ) -> Option<T> {
        let slot = self.indexes.get_mut(&oid)?;
        let old_name = slot.name.clone();
        let index = Arc::make_mut(slot);
        let result = change(index);
        if index.name != old_name {
            let name = index.name.clone();
            self.relation_names.remove(&old_name);
            self.relation_names.insert(&name, oid);
        }
        Some(result)
    }

    pub(super) fn remove_index(&mut self, oid: Oid) -> Option<Arc<Index>> {
        let index = self.indexes.remove(&oid)?;
        self.relation_names.remove(&index.name);
        unlink(&mut self.indexes_of, &index.table, oid);
        Some(index)
    }

    pub(super) fn insert_type(&mut self, ty: UserType) {
        self.type_names.insert(&ty.name, ty.oid);
        relink_names(
            &mut self.constraint_names,
            ty.oid,
            &BTreeSet::new(),
            &domain_checks(&ty),
        );
        self.types.insert(ty.oid, Arc::new(ty));
    }

    pub(super) fn edit_type<T>(
        &mut self,
        oid: Oid,
        change: impl FnOnce(&mut UserType) -> T,
    ) -> Option<T> {
        let slot = self.types.get_mut(&oid)?;
        let before = Arc::clone(slot);
        let result = change(Arc::make_mut(slot));
        let after = Arc::clone(slot);
        if before.name != after.name {
            self.type_names.remove(&before.name);
            self.type_names.insert(&after.name, oid);
        }
        relink_names(
            &mut self.constraint_names,
            oid,
            &domain_checks(&before),
            &domain_checks(&after),
        );
        Some(result)
    }

    pub(super) fn remove_type(&mut self, oid: Oid) -> Option<Arc<UserType>> {
        let ty = self.types.remove(&oid)?;
        self.type_names.remove(&ty.name);
        relink_names(
            &mut self.constraint_names,
            oid,
            &domain_checks(&ty),
            &BTreeSet::new(),
        );
        Some(ty)
    }

    pub(super) fn insert_function(&mut self, function: Function) {
        self.function_names
            .entry(Arc::new(function.name.clone()))
            .or_default()
            .insert(function.oid);
        self.functions.insert(function.oid, Arc::new(function));
    }

    pub(super) fn edit_function<T>(
        &mut self,
        oid: Oid,
        change: impl FnOnce(&mut Function) -> T,
    ) -> Option<T> {
        let slot = self.functions.get_mut(&oid)?;
        let old_name = slot.name.clone();
        let function = Arc::make_mut(slot);
        let result = change(function);
        if function.name != old_name {
            let name = Arc::new(function.name.clone());
            unlink(&mut self.function_names, &old_name, oid);
            self.function_names.entry(name).or_default().insert(oid);
        }
        Some(result)
    }

    pub(super) fn remove_function(&mut self, oid: Oid) -> Option<Arc<Function>> {
        let function = self.functions.remove(&oid)?;
        unlink(&mut self.function_names, &function.name, oid);
        Some(function)
    }

    /// Remembers that `user` (a relation, function or type) may use a type, function or sequence.
    pub(super) fn note_use(&mut self, used: Oid, user: Oid) {
        if used != user {
            self.users.entry(used).or_default().insert(user);
        }
    }

    /// Whether any relation, function or type may use this type, function or relation.
    pub fn is_used(&self, used: Oid) -> bool {
        self.users.get(&used).is_some_and(|users| !users.is_empty())
    }

    /// The relations, functions and types that may use this one.
    pub(super) fn users_of(&self, used: Oid) -> impl Iterator<Item = Oid> {
        self.users.get(&used).into_iter().flatten().copied()
    }

    /// Whether a constraint of this name exists on any relation or domain of the schema
    /// (`ConstraintNameExists` in src/backend/catalog/pg_constraint.c).
    pub(super) fn constraint_name_exists(&self, schema: &str, name: &str) -> bool {
        self.constraint_names.get(name).is_some_and(|owners| {
            owners.iter().any(|&oid| {
                let relation = self.relation(oid).map(|relation| &relation.name);
                let ty = || self.user_type(oid).map(|ty| &ty.name);
                relation
                    .or_else(ty)
                    .is_some_and(|name| name.schema == schema)
            })
        })
    }

    /// Whether a relation or index has this name.
    pub(super) fn relation_name_exists(&self, schema: &str, name: &str) -> bool {
        self.relation_oid(&QualifiedName::new(schema, name))
            .is_some()
    }
}

fn domain_checks(ty: &UserType) -> BTreeSet<&str> {
    match &ty.kind {
        UserTypeKind::Domain(domain) => domain
            .checks
            .iter()
            .map(|check| check.name.as_str())
            .collect(),
        _ => BTreeSet::new(),
    }
}

fn relink(
    map: &mut OrdMap<Oid, OrdSet<Oid>>,
    oid: Oid,
    before: &BTreeSet<Oid>,
    after: &BTreeSet<Oid>,
) {
    for key in before.difference(after) {
        unlink(map, key, oid);
    }
    for key in after.difference(before) {
        map.entry(*key).or_default().insert(oid);
    }
}

fn relink_names(
    map: &mut OrdMap<Arc<str>, OrdSet<Oid>>,
    oid: Oid,
    before: &BTreeSet<&str>,
    after: &BTreeSet<&str>,
) {
    for name in before.difference(after) {
        unlink(map, *name, oid);
    }
    for name in after.difference(before) {
        map.entry((*name).into()).or_default().insert(oid);
    }
}

fn unlink<K, Q>(map: &mut OrdMap<K, OrdSet<Oid>>, key: &Q, oid: Oid)
where
    K: Ord + Clone + std::borrow::Borrow<Q>,
    Q: Ord + ?Sized,
{
    let Some(set) = map.get_mut(key) else {
        return;
    };
    set.remove(&oid);
    if set.is_empty() {
        map.remove(key);
    }
}
