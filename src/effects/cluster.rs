//! Effects of CLUSTER.

use std::ops::Range;

use pg_query::protobuf::ClusterStmt;

use super::named::Named;
use super::{Collector, LockMode, Reason};
use crate::catalog::{Index, Oid, Relation, RelationKind};

/// CLUSTER of one table, of a partitioned table, or of every table that was clustered before
/// (src/backend/commands/cluster.c).
pub fn cluster(stmt: &ClusterStmt, c: &mut Collector<'_>) {
    let span = c.input.span();
    let Some(name) = &stmt.relation else {
        c.forbidden_in_transaction("CLUSTER");
        c.released_at_statement_end();
        if !c.failed() {
            cluster_all(c, &span);
        }
        return;
    };
    let mode = LockMode::AccessExclusive;
    let table = match c.named(name, RelationKind::Table) {
        Named::Known(oid) => oid,
        Named::Unknown(target) => {
            c.lock_target(target.clone(), mode, span.clone());
            let work = super::WorkKind::Rewrite;
            c.work_on(target, work, None, Reason::Cluster, span);
            return;
        }
        Named::Nothing => return,
    };
    c.lock(table, mode, span.clone());
    let Some(relation) = c.relation(table) else {
        return;
    };
    if !relation.complete {
        c.rewrite(table, &Reason::Cluster, &span);
        return;
    }
    let index = match cluster_index(stmt, relation, c) {
        Ok(index) => index,
        Err((sqlstate, message)) => {
            c.error(sqlstate, message, span.clone());
            if c.in_doubt() {
                c.rewrite(table, &Reason::Cluster, &span);
            }
            return;
        }
    };
    if relation.kind != RelationKind::PartitionedTable {
        c.rewrite(table, &Reason::Cluster, &span);
        return;
    }
    c.forbidden_in_transaction("CLUSTER");
    c.released_at_statement_end();
    if c.failed() {
        return;
    }
    // Only looked at; its partitions are what the rows are ordered by.
    c.lock(index.oid, LockMode::AccessShare, span.clone());
    let leaves: Vec<Oid> = c.family(table);
    for leaf in leaves {
        let stored = c
            .relation(leaf)
            .is_some_and(|relation| relation.kind == RelationKind::Table);
        if stored {
            let because = format!("it is a partition that index {} reaches", index.name.name);
            c.because(because, |c| {
                c.lock(leaf, mode, span.clone());
                c.rewrite(leaf, &Reason::Cluster, &span);
            });
        }
    }
}

fn cluster_all(c: &mut Collector<'_>, span: &Range<usize>) {
    let before = c.input.before;
    let clustered: Vec<Oid> = before
        .indexes()
        .filter(|index| index.clustered)
        .map(|index| index.table)
        .collect();
    for table in clustered {
        c.lock(table, LockMode::AccessExclusive, span.clone());
        c.rewrite(table, &Reason::Cluster, span);
    }
    c.assume(
        "tables that were clustered before are meant, also those that no known migration created",
    );
}

/// The index to cluster by, or what PostgreSQL refuses (`cluster`, `check_index_is_clusterable`).
fn cluster_index<'a>(
    stmt: &ClusterStmt,
    relation: &Relation,
    c: &Collector<'a>,
) -> Result<&'a Index, (&'static str, String)> {
    let table = &relation.name.name;
    match relation.kind {
        RelationKind::Table | RelationKind::MaterializedView => {}
        RelationKind::PartitionedTable if c.input.since(15) => {}
        RelationKind::PartitionedTable => {
            return Err(("0A000", "cannot cluster a partitioned table".to_owned()));
        }
        RelationKind::View
        | RelationKind::Sequence
        | RelationKind::ForeignTable
        | RelationKind::CompositeType => {
            let message = format!("\"{table}\" is not a table or materialized view");
            return Err(("42809", message));
        }
    }
    let index = if stmt.indexname.is_empty() {
        let found = c
            .input
            .before
            .indexes_of(relation.oid)
            .find(|index| index.clustered);
        found.ok_or_else(|| {
            (
                "42704",
                format!("there is no previously clustered index for table \"{table}\""),
            )
        })?
    } else {
        let name = crate::catalog::QualifiedName::new(
            relation.name.schema.clone(),
            stmt.indexname.clone(),
        );
        c.input.before.index_named(&name).ok_or_else(|| {
            (
                "42704",
                format!(
                    "index \"{}\" for table \"{table}\" does not exist",
                    stmt.indexname
                ),
            )
        })?
    };
    let name = &index.name.name;
    if index.table != relation.oid {
        let message = format!("\"{name}\" is not an index for table \"{table}\"");
        return Err(("42809", message));
    }
    match not_clusterable(index) {
        Some(message) => Err(("0A000", message)),
        None => Ok(index),
    }
}

/// `check_index_is_clusterable`
pub fn not_clusterable(index: &Index) -> Option<String> {
    let what = if !matches!(index.method.as_str(), "btree" | "gist") {
        "its access method does not support clustering"
    } else if index.predicate.is_some() {
        "it is partial"
    } else if !index.valid {
        "it is not valid"
    } else {
        return None;
    };
    Some(format!(
        "cannot cluster on index \"{}\": {what}",
        index.name.name
    ))
}
