//! SET LOGGED and SET UNLOGGED.

use super::{Outcome, Replay, refuse};
use crate::catalog::{Oid, Persistence, Relation, RelationKind};

impl Replay<'_> {
    /// SET LOGGED, SET UNLOGGED: from 15 on the sequences of the table's columns follow.
    pub(super) fn set_persistence(&mut self, table: Oid, unlogged: bool) -> Outcome {
        let relation = self.get(table)?;
        if relation.kind == RelationKind::PartitionedTable {
            if self.since(18) {
                return refuse(
                    "42809",
                    format!(
                        "ALTER action SET {} cannot be performed on relation \"{}\"",
                        if unlogged { "UNLOGGED" } else { "LOGGED" },
                        relation.name.name
                    ),
                );
            }
            return Ok(());
        }
        if relation.persistence == Persistence::Temporary {
            return refuse(
                "42P16",
                format!(
                    "cannot change logged status of table \"{}\" because it is temporary",
                    relation.name.name
                ),
            );
        }
        self.refuse_persistence_of_referenced(table, unlogged)?;
        let persistence = if unlogged {
            Persistence::Unlogged
        } else {
            Persistence::Permanent
        };
        let mut changed = vec![table];
        if self.since(15) {
            let sequences = self.catalog.sequences_of(table, None);
            changed.extend(sequences.iter().map(|sequence| sequence.oid));
        }
        for oid in changed {
            self.catalog
                .edit(oid, |relation| relation.persistence = persistence);
        }
        Ok(())
    }

    /// A logged table may not reference an unlogged one (`ATPrepChangePersistence`).
    fn refuse_persistence_of_referenced(&self, table: Oid, unlogged: bool) -> Outcome {
        let relation = self.get(table)?;
        let is = |other: &Relation, wanted: Persistence| {
            other.oid != table && other.persistence == wanted && other.complete
        };
        let blocking = if unlogged {
            self.catalog
                .foreign_keys_to(table)
                .map(|(referencing, _, _)| referencing)
                .find(|referencing| is(referencing, Persistence::Permanent))
        } else {
            relation
                .foreign_keys()
                .filter_map(|(_, key)| self.catalog.relation(key.references))
                .find(|referenced| is(referenced, Persistence::Unlogged))
        };
        match blocking {
            Some(other) if unlogged => refuse(
                "42P16",
                format!(
                    "could not change table \"{}\" to unlogged because it references logged table \"{}\"",
                    relation.name.name, other.name.name
                ),
            ),
            Some(other) => refuse(
                "42P16",
                format!(
                    "could not change table \"{}\" to logged because it references unlogged table \"{}\"",
                    relation.name.name, other.name.name
                ),
            ),
            None => Ok(()),
        }
    }
}
