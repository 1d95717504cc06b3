//! ALTER INDEX, and ALTER TABLE of an index.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableStmt, AlterTableType as Kind};

use super::spec::options;
use super::{Outcome, Replay};
use crate::catalog::Oid;

use super::alter_table::list;

impl Replay<'_> {
    pub(super) fn alter_index(&mut self, index: Oid, stmt: &AlterTableStmt) -> Outcome {
        for command in &stmt.cmds {
            let Some(NodeEnum::AlterTableCmd(command)) = &command.node else {
                continue;
            };
            let definition = command.def.as_deref().and_then(|def| def.node.as_ref());
            match (command.subtype(), definition) {
                (Kind::AtAttachPartition, Some(NodeEnum::PartitionCmd(partition))) => {
                    self.attach_index_partition(index, partition)?;
                }
                (Kind::AtSetTableSpace, _) => {
                    let tablespace = Some(command.name.clone());
                    self.catalog
                        .edit_index(index, |index| index.tablespace = tablespace);
                }
                (Kind::AtSetRelOptions, definition) => {
                    let set = list(definition).map(options).unwrap_or_default();
                    self.catalog
                        .edit_index(index, |index| index.options.extend(set));
                }
                (Kind::AtResetRelOptions, definition) => {
                    let reset = list(definition).map(options).unwrap_or_default();
                    self.catalog.edit_index(index, |index| {
                        index.options.retain(|name, _| !reset.contains_key(name));
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}
