//! CREATE SEQUENCE and ALTER SEQUENCE.

use pg_query::protobuf::{AlterSeqStmt, CreateSeqStmt};
use pg_query::{Node, NodeEnum};

use super::create_table::persistence;
use super::spec::name_list;
use super::{Outcome, Replay};
use crate::catalog::{OwnedBy, Relation, RelationKind, Type};

/// What OWNED BY says.
enum Owner {
    None,
    Column(OwnedBy),
}

impl Replay<'_> {
    pub(super) fn create_sequence(&mut self, stmt: &CreateSeqStmt) -> Outcome {
        let Some(range_var) = &stmt.sequence else {
            return Ok(());
        };
        let name = self.new_relation_name(range_var)?;
        if stmt.if_not_exists && self.catalog.relation_oid(&name).is_some() {
            return Ok(());
        }
        self.make_room(&name)?;
        let oid = self.catalog.new_oid();
        let birth = self.birth_of_new(stmt.if_not_exists);
        let mut sequence = Relation::new(oid, name.clone(), RelationKind::Sequence, birth);
        sequence.persistence = persistence(range_var, &name);
        sequence.sequence_type = Some(
            self.sequence_type(&stmt.options)
                .unwrap_or_else(|| Type::builtin("int8")),
        );
        let owner = self.sequence_owner(&stmt.options)?;
        if let Some(Owner::Column(owner)) = owner {
            sequence.owned_by = Some(owner);
        }
        self.catalog.insert_relation(sequence);
        Ok(())
    }

    pub(super) fn alter_sequence(&mut self, stmt: &AlterSeqStmt) -> Outcome {
        let Some(range_var) = &stmt.sequence else {
            return Ok(());
        };
        if stmt.missing_ok && self.lookup(range_var).is_none() {
            return Ok(());
        }
        let sequence = self.relation(range_var, RelationKind::Sequence)?;
        let ty = self.sequence_type(&stmt.options);
        let owner = self.sequence_owner(&stmt.options)?;
        self.catalog.edit(sequence, |sequence| {
            if ty.is_some() {
                sequence.sequence_type = ty;
            }
            match owner {
                Some(Owner::None) => sequence.owned_by = None,
                Some(Owner::Column(owner)) => sequence.owned_by = Some(owner),
                None => {}
            }
        });
        Ok(())
    }

    fn sequence_type(&self, options: &[Node]) -> Option<Type> {
        options
            .iter()
            .find_map(|option| match option.node.as_ref()? {
                NodeEnum::DefElem(option) if option.defname == "as" => {
                    match option.arg.as_ref()?.node.as_ref()? {
                        NodeEnum::TypeName(name) => {
                            Some(self.catalog.resolve_type(name, &self.session.settings))
                        }
                        _ => None,
                    }
                }
                _ => None,
            })
    }

    fn sequence_owner(&mut self, options: &[Node]) -> Outcome<Option<Owner>> {
        let owned_by = options
            .iter()
            .find_map(|option| match option.node.as_ref()? {
                NodeEnum::DefElem(option) if option.defname == "owned_by" => {
                    match option.arg.as_ref()?.node.as_ref()? {
                        NodeEnum::List(list) => Some(name_list(&list.items)),
                        _ => None,
                    }
                }
                _ => None,
            });
        let Some(parts) = owned_by else {
            return Ok(None);
        };
        let (column, table) = match parts.as_slice() {
            [.., schema, table, column] => (column, (Some(schema.as_str()), table)),
            [table, column] => (column, (None, table)),
            _ => return Ok(Some(Owner::None)),
        };
        let table = self.relation_in(table.0, table.1, RelationKind::Table)?;
        self.learn_column(table, column)?;
        Ok(Some(Owner::Column(OwnedBy {
            table,
            column: column.clone(),
            identity: false,
        })))
    }
}
