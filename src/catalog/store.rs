//! Putting objects into the catalog and taking them out, with every derived map kept true.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::{
    Catalog, Constraint, ConstraintKind, Function, Index, Oid, QualifiedName, Relation, UserType,
    UserTypeKind,
};

/// What other objects a relation is found by.
#[derive(Default, PartialEq)]
struct Links {
    parents: BTreeSet<Oid>,
    references: BTreeSet<Oid>,
    owner: Option<Oid>,
    reads: BTreeSet<Oid>,
    constraints: BTreeSet<Arc<str>>,
}

impl Links {
    fn of(relation: &Relation) -> Self {
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
                .map(|constraint| constraint.name.as_str().into())
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
        one.name == other.name && key(one) == key(other)
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
        if let Some(relation) = Arc::get_mut(slot) {
            // Changed by this statement before: it need not be copied again.
            let (links, name) = (Links::of(relation), relation.name.clone());
            let result = change(relation);
            let after = (Links::of(relation), relation.name.clone());
            self.found_otherwise(oid, &name, &after.1);
            if links != after.0 {
                self.relink(oid, &links, &after.0);
            }
            return Some(result);
        }
        let before = Arc::clone(slot);
        let relation = Arc::make_mut(slot);
        let result = change(relation);
        let links = (!links_alike(&before, relation)).then(|| Links::of(relation));
        let name = relation.name.clone();
        self.found_otherwise(oid, &before.name, &name);
        if let Some(links) = links {
            self.relink(oid, &Links::of(&before), &links);
        }
        Some(result)
    }

    fn found_otherwise(&mut self, oid: Oid, before: &QualifiedName, after: &QualifiedName) {
        if before != after {
            self.relation_names.remove(before);
            self.relation_names.insert(after, oid);
        }
    }

    /// Takes the relation itself out, and nothing that depends on it.
    pub(super) fn remove_relation(&mut self, oid: Oid) -> Option<Arc<Relation>> {
        let relation = self.relations.remove(&oid)?;
        self.relation_names.remove(&relation.name);
        self.relink(oid, &Links::of(&relation), &Links::default());
        Some(relation)
    }

    fn relink(&mut self, oid: Oid, before: &Links, after: &Links) {
        relink(&mut self.children, oid, &before.parents, &after.parents);
        relink(
            &mut self.referencing,
            oid,
            &before.references,
            &after.references,
        );
        relink(&mut self.readers, oid, &before.reads, &after.reads);
        relink(
            &mut self.constraint_names,
            oid,
            &before.constraints,
            &after.constraints,
        );
        let owner = |links: &Links| links.owner.into_iter().collect();
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
        relink(
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
        let before = domain_checks(slot);
        let old_name = slot.name.clone();
        let ty = Arc::make_mut(slot);
        let result = change(ty);
        let after = domain_checks(ty);
        if ty.name != old_name {
            let name = ty.name.clone();
            self.type_names.remove(&old_name);
            self.type_names.insert(&name, oid);
        }
        relink(&mut self.constraint_names, oid, &before, &after);
        Some(result)
    }

    pub(super) fn remove_type(&mut self, oid: Oid) -> Option<Arc<UserType>> {
        let ty = self.types.remove(&oid)?;
        self.type_names.remove(&ty.name);
        relink(
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

fn domain_checks(ty: &UserType) -> BTreeSet<Arc<str>> {
    match &ty.kind {
        UserTypeKind::Domain(domain) => domain
            .checks
            .iter()
            .map(|check| check.name.as_str().into())
            .collect(),
        _ => BTreeSet::new(),
    }
}

fn relink<K: Ord + Clone>(
    map: &mut OrdMap<K, OrdSet<Oid>>,
    oid: Oid,
    before: &BTreeSet<K>,
    after: &BTreeSet<K>,
) {
    for key in before.difference(after) {
        unlink(map, key, oid);
    }
    for key in after.difference(before) {
        map.entry(key.clone()).or_default().insert(oid);
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
