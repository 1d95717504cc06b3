//! SQL that cannot be followed: dynamic SQL, files that psql brings in, whatever a placeholder may stand for.

use std::collections::BTreeSet;

use super::{Catalog, Oid};

impl Catalog {
    /// Something was done to the schema that could not be understood.
    pub fn lose_track(&mut self) {
        self.complete = false;
        self.disturbed = true;
    }

    /// As [`Catalog::lose_track`], by SQL with this text: whatever it mentions by name may have rows from now on.
    pub fn lose_track_in(&mut self, text: &str) {
        self.lose_track();
        let mentioned: BTreeSet<&str> = words(text).collect();
        let concerned: Vec<Oid> = self
            .relations()
            .filter(|relation| !relation.filled && mentioned.contains(relation.name.name.as_str()))
            .map(|relation| relation.oid)
            .collect();
        for oid in concerned {
            self.edit(oid, |relation| relation.filled = true);
        }
    }
}

/// The identifiers in a text, string literals included: dynamic SQL has its names in them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .filter(|word| !word.is_empty())
}
