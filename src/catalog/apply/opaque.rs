//! SQL that cannot be followed: dynamic SQL, procedures, whatever a placeholder may stand for.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Oid};

impl Catalog {
    /// Takes account of SQL that is not understood: every relation that its text mentions by name may
    /// have been changed, dropped or filled, and anything may have been created.
    pub fn distrust(&mut self, text: &str) {
        self.complete = false;
        let mentioned: BTreeSet<&str> = words(text).collect();
        let concerned: Vec<Oid> = self
            .relations()
            .filter(|relation| mentioned.contains(relation.name.name.as_str()))
            .map(|relation| relation.oid)
            .collect();
        for oid in concerned {
            self.edit(oid, |relation| {
                relation.complete = false;
                relation.filled = true;
            });
        }
    }
}

/// The identifiers in a text, string literals included: dynamic SQL has its names in them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .filter(|word| !word.is_empty())
}
