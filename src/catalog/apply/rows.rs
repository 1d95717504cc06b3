//! Statements that put rows into tables or take them all out.

use pg_query::protobuf::{CopyStmt, InsertStmt, MergeStmt, RangeVar, TruncateStmt};
use pg_query::{Node, NodeEnum};

use super::{Outcome, Replay, refuse};
use crate::catalog::tree::walk;
use crate::catalog::{Oid, RelationKind};

impl Replay<'_> {
    pub(super) fn insert(&mut self, stmt: &InsertStmt) -> Outcome {
        // Rows that are written out leave a table as small as the text.
        if is_written_out(stmt) {
            self.target(stmt.relation.as_ref())?;
            return Ok(());
        }
        self.filled_by(stmt.relation.as_ref())?;
        if stmt.select_stmt.as_deref().is_some_and(reads) {
            self.read_query(&Node {
                node: Some(NodeEnum::InsertStmt(Box::new(stmt.clone()))),
            })?;
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, stmt: &MergeStmt) -> Outcome {
        self.filled_by(stmt.relation.as_ref())?;
        self.read_query(&Node {
            node: Some(NodeEnum::MergeStmt(Box::new(stmt.clone()))),
        })?;
        Ok(())
    }

    pub(super) fn copy(&mut self, stmt: &CopyStmt) -> Outcome {
        if stmt.is_from {
            self.filled_by(stmt.relation.as_ref())
        } else {
            self.written_by_ctes(stmt.query.as_deref())
        }
    }

    /// Marks the tables that data-modifying WITH queries of this statement fill.
    pub(super) fn written_by_ctes(&mut self, statement: Option<&Node>) -> Outcome {
        let mut targets: Vec<&RangeVar> = Vec::new();
        if let Some(root) = statement.and_then(|statement| statement.node.as_ref()) {
            walk(root, |node| {
                match node {
                    NodeEnum::InsertStmt(insert) => targets.extend(&insert.relation),
                    NodeEnum::MergeStmt(merge) => targets.extend(&merge.relation),
                    _ => {}
                }
                true
            });
        }
        for target in targets {
            self.filled_by(Some(target))?;
        }
        Ok(())
    }

    pub(super) fn filled_by(&mut self, target: Option<&RangeVar>) -> Outcome {
        if let Some(oid) = self.target(target)? {
            self.fill(oid);
        }
        Ok(())
    }

    /// The relation that rows are put into; none for one of the system.
    fn target(&mut self, target: Option<&RangeVar>) -> Outcome<Option<Oid>> {
        match target.filter(|name| !Self::is_system_name(name)) {
            Some(target) => self.relation(target, RelationKind::Table).map(Some),
            None => Ok(None),
        }
    }

    /// Rows of a partitioned table may be in any partition; those of a view in any table behind it.
    pub(super) fn fill(&mut self, oid: Oid) {
        let Some(relation) = self.catalog.relation(oid) else {
            return;
        };
        let mut filled = match relation.kind {
            RelationKind::PartitionedTable => self.catalog.family(oid),
            _ => vec![oid],
        };
        if relation.kind == RelationKind::View {
            filled.extend(relation.reads.iter().map(|read| read.relation));
        }
        for oid in filled {
            if self
                .catalog
                .relation(oid)
                .is_some_and(|relation| !relation.filled)
            {
                self.catalog.edit(oid, |relation| relation.filled = true);
            }
        }
    }

    pub(super) fn truncate(&mut self, stmt: &TruncateStmt) -> Outcome {
        let mut truncated = Vec::new();
        for relation in &stmt.relations {
            if let Some(NodeEnum::RangeVar(name)) = &relation.node {
                let oid = self.relation(name, RelationKind::Table)?;
                if !name.inh && self.get(oid)?.kind == RelationKind::PartitionedTable {
                    return refuse("42809", "cannot truncate only a partitioned table");
                }
                truncated.extend(self.catalog.family(oid));
            }
        }
        let cascade = stmt.behavior() == pg_query::protobuf::DropBehavior::DropCascade;
        if !cascade {
            self.refuse_truncate_of_referenced(&truncated)?;
        }
        Ok(())
    }

    /// `heap_truncate_check_FKs` in src/backend/catalog/heap.c.
    fn refuse_truncate_of_referenced(&self, truncated: &[Oid]) -> Outcome {
        for &oid in truncated {
            let referencing =
                self.catalog
                    .foreign_keys_to(oid)
                    .any(|(referencing, constraint, _)| {
                        constraint.enforced && !truncated.contains(&referencing.oid)
                    });
            if referencing {
                return refuse(
                    "0A000",
                    "cannot truncate a table referenced in a foreign key constraint",
                );
            }
        }
        Ok(())
    }
}

/// INSERT ... VALUES and DEFAULT VALUES, of no more rows than somebody writes by hand.
fn is_written_out(stmt: &InsertStmt) -> bool {
    const BY_HAND: usize = 1000;
    match stmt.select_stmt.as_deref().map(|source| &source.node) {
        None => true,
        Some(Some(NodeEnum::SelectStmt(select))) => {
            (1..=BY_HAND).contains(&select.values_lists.len())
        }
        Some(_) => false,
    }
}

/// Whether the source of an INSERT may read relations; rows of VALUES hardly do, and there may be many.
fn reads(source: &Node) -> bool {
    !matches!(&source.node, Some(NodeEnum::SelectStmt(select)) if !select.values_lists.is_empty())
}
