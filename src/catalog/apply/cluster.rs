//! CLUSTER and ALTER TABLE ... CLUSTER ON: which index a table is clustered by (`mark_index_clustered` in
//! src/backend/commands/cluster.c).

use pg_query::protobuf::ClusterStmt;

use super::{Outcome, Replay, refuse};
use crate::catalog::resolve::range_var_name;
use crate::catalog::{Oid, QualifiedName};

impl Replay<'_> {
    pub(super) fn cluster(&mut self, stmt: &ClusterStmt) {
        let Some(name) = &stmt.relation else {
            return;
        };
        if stmt.indexname.is_empty() {
            return;
        }
        let (schema, name) = range_var_name(name);
        if let Some(table) = self.catalog.lookup(schema, name, self.search_path()) {
            self.cluster_on(table, &stmt.indexname);
        }
    }

    /// ALTER TABLE ... CLUSTER ON: the index is one of this table.
    pub(super) fn cluster_on_named(&mut self, table: Oid, index: &str) -> Outcome {
        let relation = self.get(table)?;
        let exists = (self.catalog.indexes_of(table)).any(|known| known.name.name == index);
        let elsewhere = QualifiedName::new(relation.name.schema.clone(), index);
        if relation.complete && !exists && self.catalog.relation_oid(&elsewhere).is_none() {
            return refuse(
                "42704",
                format!(
                    "index \"{index}\" for table \"{}\" does not exist",
                    relation.name.name
                ),
            );
        }
        self.cluster_on(table, index);
        Ok(())
    }

    /// Without a name no index is left marked.
    pub(super) fn cluster_on(&mut self, table: Oid, index: &str) {
        let Some(relation) = self.catalog.relation(table) else {
            return;
        };
        let wanted = QualifiedName::new(relation.name.schema.clone(), index);
        let marks: Vec<(Oid, bool)> = self
            .catalog
            .indexes_of(table)
            .map(|index| (index.oid, index.name == wanted, index.clustered))
            .filter(|(_, wanted, clustered)| wanted != clustered)
            .map(|(oid, wanted, _)| (oid, wanted))
            .collect();
        for (oid, clustered) in marks {
            self.catalog
                .edit_index(oid, |index| index.clustered = clustered);
        }
    }
}
