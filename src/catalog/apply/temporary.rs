//! Temporary relations, which end with their transaction or their session.

use super::Replay;
use super::object::Object;
use crate::catalog::{Catalog, Oid, Persistence, Relation};
use crate::session::Session;

impl Catalog {
    /// The temporary relations that this catalog has and an earlier one has not.
    pub fn temporary_since(&self, earlier: &Catalog) -> impl Iterator<Item = &Relation> {
        self.created_since(earlier)
            .filter(|relation| relation.persistence == Persistence::Temporary)
    }

    /// Drops relations with everything that depends on them; those that are gone already are passed over.
    pub fn drop_relations(&mut self, oids: &[Oid], session: &Session) {
        let targets: Vec<Object> = oids
            .iter()
            .filter(|&&oid| self.relation(oid).is_some())
            .map(|&oid| Object::Relation(oid))
            .collect();
        if targets.is_empty() {
            return;
        }
        let mut after = self.clone();
        let mut replay = Replay {
            catalog: &mut after,
            session,
            strict: false,
        };
        if replay.drop_objects(targets, true).is_ok() {
            *self = after;
        }
    }
}
