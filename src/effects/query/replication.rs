//! UPDATE and DELETE of a table that is published need a replica identity (`CheckCmdReplicaIdentity` in
//! src/backend/executor/execReplication.c).

use pg_query::protobuf::CmdType;

use crate::catalog::{
    ConstraintKind, Dependency, Oid, Persistence, Publication, Relation, RelationKind,
    ReplicaIdentity,
};
use crate::effects::{Collector, key_columns};

type Refusal = (&'static str, String);

pub(super) fn refusal(relation: &Relation, command: CmdType, c: &Collector<'_>) -> Option<Refusal> {
    let verb = match command {
        CmdType::CmdUpdate => "update",
        CmdType::CmdDelete => "delete from",
        _ => return None,
    };
    let catalog = c.input.before;
    if catalog.publications.is_empty() {
        return None;
    }
    // Of a partitioned table only partitions have rows.
    let written: Vec<&Relation> = catalog
        .family(relation.oid)
        .into_iter()
        .filter_map(|oid| catalog.relation(oid))
        .filter(|it| relation.kind == RelationKind::PartitionedTable || it.oid == relation.oid)
        .filter(|it| it.kind == RelationKind::Table && it.persistence == Persistence::Permanent)
        .collect();
    written
        .into_iter()
        .find_map(|table| of_table(table, command, verb, c))
}

fn of_table(table: &Relation, command: CmdType, verb: &str, c: &Collector<'_>) -> Option<Refusal> {
    if !table.complete {
        return None;
    }
    let with_roots = with_roots(table, c);
    let publications: Vec<&Publication> = c
        .input
        .before
        .publications
        .values()
        .filter(|publication| match command {
            CmdType::CmdUpdate => !publication.no_updates,
            _ => !publication.no_deletes,
        })
        .filter(|publication| publishes(publication, &with_roots, c))
        .collect();
    let name = &table.name.name;
    let identity = match identity(table, c) {
        _ if publications.is_empty() => return None,
        Identity::Full => None,
        Identity::Nothing => {
            let message = format!(
                "cannot {verb} table \"{name}\" because it does not have a replica identity and publishes changes"
            );
            return Some(("55000", message));
        }
        Identity::Columns(columns) => Some(columns),
    };
    // Row filters and column lists came with 15.
    let identity = identity.filter(|_| c.input.since(15))?;
    let of_table = |reads: &[Dependency]| -> Vec<String> {
        reads
            .iter()
            .filter(|read| read.relation == table.oid)
            .filter_map(|read| read.column.clone())
            .collect()
    };
    for publication in publications {
        let listed = of_table(&publication.columns);
        let filtered = of_table(&publication.filters)
            .iter()
            .any(|column| !identity.contains(column));
        let left_out = !listed.is_empty() && identity.iter().any(|column| !listed.contains(column));
        if filtered || left_out {
            let message = format!(
                "cannot {verb} table \"{name}\": a column of a publication does not go with its replica identity"
            );
            return Some(("42P10", message));
        }
    }
    None
}

enum Identity {
    Full,
    Nothing,
    Columns(Vec<String>),
}

fn identity(table: &Relation, c: &Collector<'_>) -> Identity {
    let index = match table.replica_identity {
        ReplicaIdentity::Full => return Identity::Full,
        ReplicaIdentity::Nothing => None,
        ReplicaIdentity::Index(index) => Some(index),
        ReplicaIdentity::Default => table.primary_key().and_then(|key| match key.kind {
            // A deferrable key identifies nothing.
            ConstraintKind::PrimaryKey { index } if !key.deferrable => Some(index),
            _ => None,
        }),
    };
    match index.and_then(|index| c.input.before.index(index)) {
        Some(index) => Identity::Columns(key_columns(index)),
        None => Identity::Nothing,
    }
}

/// The table and what it is a partition of.
fn with_roots(table: &Relation, c: &Collector<'_>) -> Vec<Oid> {
    let mut all = vec![table.oid];
    let mut next = Some(table);
    while let Some(parent) = next
        .filter(|relation| relation.is_partition())
        .and_then(|relation| relation.parents.first())
    {
        all.push(*parent);
        next = c.input.before.relation(*parent);
    }
    all
}

fn publishes(publication: &Publication, tables: &[Oid], c: &Collector<'_>) -> bool {
    publication.all_tables
        || tables.iter().any(|oid| {
            publication.tables.contains(oid)
                || c.input
                    .before
                    .relation(*oid)
                    .is_some_and(|table| publication.schemas.contains(&table.name.schema))
        })
}
