//! Going back to an earlier catalog, and what has changed since one.

use super::{Birth, Catalog, Oid, Relation};

impl Catalog {
    /// Becomes the earlier catalog again. OIDs that were given out since stay used, so an object that
    /// is gone is never taken for a later one.
    pub fn rewind(&mut self, earlier: &Catalog) {
        let next_oid = self.next_oid.max(earlier.next_oid);
        *self = earlier.clone();
        self.next_oid = next_oid;
    }

    /// The relations that this catalog has and an earlier one has not.
    pub fn created_since(&self, earlier: &Catalog) -> impl Iterator<Item = &Relation> {
        self.relations
            .range(Oid(earlier.next_oid)..)
            .map(|(_, relation)| relation.as_ref())
    }

    /// The stubs that this catalog has and an earlier one has not: relations that nobody was seen to
    /// create and that were named for the first time since.
    pub fn stubs_since(&self, earlier: &Catalog) -> impl Iterator<Item = &Relation> {
        self.created_since(earlier)
            .filter(|relation| !relation.complete && relation.birth == Birth::BEFORE)
    }
}
