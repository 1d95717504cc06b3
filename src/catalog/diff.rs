//! What differs between the catalog before and after a statement, without walking what they share.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use super::{Catalog, Constraint, Function, Index, Oid, Relation, UserType};

/// Objects that came, went or changed, in the order of their OIDs.
#[derive(Debug, Default)]
pub struct Difference<'a> {
    pub added_relations: Vec<&'a Relation>,
    pub removed_relations: Vec<&'a Relation>,
    /// Before and after.
    pub changed_relations: Vec<(&'a Relation, &'a Relation)>,
    pub added_indexes: Vec<&'a Index>,
    pub removed_indexes: Vec<&'a Index>,
    pub changed_indexes: Vec<(&'a Index, &'a Index)>,
}

/// The same value in memory, not the same content: two catalogs share what no statement touched, and
/// that is all that [`Catalog::difference`] asks.
impl PartialEq for Relation {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// As for [`Relation`].
impl PartialEq for Index {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// As for [`Relation`].
impl PartialEq for UserType {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// As for [`Relation`].
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// What a map has and another has not, or not as it is.
fn only_in<'a, V: PartialEq>(
    one: &'a OrdMap<Oid, Arc<V>>,
    other: &'a OrdMap<Oid, Arc<V>>,
) -> Vec<&'a V> {
    if one.ptr_eq(other) {
        return Vec::new();
    }
    let differences = one.diff(other).filter_map(|item| match item {
        DiffItem::Add(..) => None,
        DiffItem::Remove(_, gone) => Some(gone.as_ref()),
        DiffItem::Update { old, .. } => Some(old.1.as_ref()),
    });
    differences.collect()
}

impl Catalog {
    /// The types that this catalog has and the other has not, or not as they are here.
    pub fn types_unlike<'a>(&'a self, other: &'a Catalog) -> Vec<&'a UserType> {
        only_in(&self.types, &other.types)
    }

    /// As [`Catalog::types_unlike`].
    pub fn functions_unlike<'a>(&'a self, other: &'a Catalog) -> Vec<&'a Function> {
        only_in(&self.functions, &other.functions)
    }

    /// What `after` changed.
    pub fn difference<'a>(&'a self, after: &'a Catalog) -> Difference<'a> {
        let mut found = Difference::default();
        // Most statements touch neither, and many only one of the two.
        if !self.relations.ptr_eq(&after.relations) {
            for item in self.relations.diff(&after.relations) {
                match item {
                    DiffItem::Add(_, relation) => found.added_relations.push(relation),
                    DiffItem::Remove(_, relation) => found.removed_relations.push(relation),
                    DiffItem::Update { old, new } => found.changed_relations.push((old.1, new.1)),
                }
            }
        }
        if !self.indexes.ptr_eq(&after.indexes) {
            for item in self.indexes.diff(&after.indexes) {
                match item {
                    DiffItem::Add(_, index) => found.added_indexes.push(index),
                    DiffItem::Remove(_, index) => found.removed_indexes.push(index),
                    DiffItem::Update { old, new } => found.changed_indexes.push((old.1, new.1)),
                }
            }
        }
        found
    }
}

impl<'a> Difference<'a> {
    /// Constraints that are gone, with the relation that had them; also those of removed relations.
    pub fn removed_constraints(&self) -> impl Iterator<Item = (&'a Relation, &'a Constraint)> {
        let of_removed = self.removed_relations.iter().flat_map(|&relation| {
            relation
                .constraints
                .iter()
                .map(move |gone| (relation, gone))
        });
        let of_changed = self.changed_relations.iter().flat_map(|&(old, new)| {
            old.constraints
                .iter()
                .filter(|constraint| new.constraint(&constraint.name).is_none())
                .map(move |gone| (old, gone))
        });
        of_removed.chain(of_changed)
    }
}
