//! REPLICA IDENTITY.

use super::{Outcome, Replay, refuse};
use crate::catalog::{NotNull, Oid, ReplicaIdentity};

impl Replay<'_> {
    pub(super) fn replica_identity(&mut self, table: Oid, code: &str, index: &str) -> Outcome {
        let identity = match code {
            "n" => ReplicaIdentity::Nothing,
            "f" => ReplicaIdentity::Full,
            "i" => {
                let schema = &self.get(table)?.name.schema;
                let name = crate::catalog::QualifiedName::new(schema.clone(), index);
                match self.catalog.relation_oid(&name) {
                    Some(oid) => {
                        self.refuse_replica_identity(table, oid)?;
                        ReplicaIdentity::Index(oid)
                    }
                    None if self.get(table)?.complete => {
                        let table = self.name(table);
                        return refuse(
                            "42704",
                            format!("index \"{index}\" for table \"{table}\" does not exist"),
                        );
                    }
                    None => return Ok(()),
                }
            }
            _ => ReplicaIdentity::Default,
        };
        self.catalog
            .edit(table, |relation| relation.replica_identity = identity);
        Ok(())
    }

    /// `ATExecReplicaIdentity`: what an index must be like.
    fn refuse_replica_identity(&self, table: Oid, index: Oid) -> Outcome {
        let (Some(index), relation) = (self.catalog.index(index), self.get(table)?) else {
            return Ok(());
        };
        let name = &index.name.name;
        let deferrable = relation
            .constraints
            .iter()
            .any(|it| it.kind.index() == Some(index.oid) && it.deferrable);
        let (sqlstate, problem) = if index.table != table {
            let table = &relation.name.name;
            (
                "42809",
                format!("\"{name}\" is not an index for table \"{table}\""),
            )
        } else if !index.unique {
            (
                "42809",
                format!("cannot use non-unique index \"{name}\" as replica identity"),
            )
        } else if deferrable {
            (
                "0A000",
                format!("cannot use non-immediate index \"{name}\" as replica identity"),
            )
        } else if index.key_columns().len() != index.keys.len() {
            (
                "0A000",
                format!("cannot use expression index \"{name}\" as replica identity"),
            )
        } else if index.predicate.is_some() {
            (
                "0A000",
                format!("cannot use partial index \"{name}\" as replica identity"),
            )
        } else {
            let nullable = index.key_columns().into_iter().find(|key| {
                relation.complete
                    && relation
                        .column(key)
                        .is_some_and(|column| column.not_null == NotNull::No)
            });
            let Some(column) = nullable else {
                return Ok(());
            };
            (
                "42809",
                format!(
                    "index \"{name}\" cannot be used as replica identity because column \"{column}\" is nullable"
                ),
            )
        };
        refuse(sqlstate, problem)
    }
}
