//! ALTER COLUMN ... ADD / SET / DROP IDENTITY.

use pg_query::protobuf::Constraint as ConstraintNode;
use pg_query::{Node, NodeEnum};

use super::column::identity_kind;
use super::{Outcome, Replay, refuse};
use crate::catalog::{NotNull, Oid};

impl Replay<'_> {
    pub(super) fn add_identity(
        &mut self,
        table: Oid,
        column: &str,
        definition: &ConstraintNode,
    ) -> Outcome {
        self.refuse_identity_of_partition(table, "add identity to")?;
        if !self.learn_column(table, column)? {
            return Ok(());
        }
        let relation = self.get(table)?;
        let name = relation.name.clone();
        let persistence = relation.persistence;
        if let Some(existing) = relation.column(column).filter(|_| relation.complete) {
            // The sequence is made first.
            if !existing.ty.array
                && existing
                    .ty
                    .builtin_name()
                    .is_some_and(|ty| !matches!(ty, "int2" | "int4" | "int8"))
            {
                let message = "identity column type must be smallint, integer, or bigint";
                return refuse("22023", message);
            }
            if existing.not_null == NotNull::No {
                return refuse(
                    "55000",
                    format!(
                        "column \"{column}\" of relation \"{}\" must be declared NOT NULL before identity can be added",
                        name.name
                    ),
                );
            }
            if existing.identity.is_some() {
                return refuse(
                    "55000",
                    format!(
                        "column \"{column}\" of relation \"{}\" is already an identity column",
                        name.name
                    ),
                );
            }
            if existing.default.is_some() {
                return refuse(
                    "55000",
                    format!(
                        "column \"{column}\" of relation \"{}\" already has a default value",
                        name.name
                    ),
                );
            }
        }
        let ty = relation.column(column).map_or_else(
            || crate::catalog::Type::unknown(""),
            |column| column.ty.clone(),
        );
        let sequence = self.identity_sequence(column, &name, ty, &definition.options);
        self.create_owned_sequence(&sequence, persistence)?;
        self.own_sequence(&sequence.name, table, column, true);
        let identity = identity_kind(&definition.generated_when);
        for member in self.identity_family(table) {
            self.edit_column(member, column, |column| column.identity = Some(identity));
        }
        Ok(())
    }

    pub(super) fn set_identity(&mut self, table: Oid, column: &str, options: &[Node]) -> Outcome {
        self.refuse_identity_of_partition(table, "alter identity of")?;
        if !self.learn_column(table, column)? {
            return Ok(());
        }
        self.require_identity(table, column)?;
        let generated = options
            .iter()
            .find_map(|option| match option.node.as_ref()? {
                NodeEnum::DefElem(option) if option.defname == "generated" => {
                    match option.arg.as_ref()?.node.as_ref()? {
                        NodeEnum::Integer(code) => u8::try_from(code.ival).ok().map(char::from),
                        NodeEnum::String(code) => code.sval.chars().next(),
                        _ => None,
                    }
                }
                _ => None,
            });
        let Some(generated) = generated else {
            return Ok(());
        };
        let identity = identity_kind(&generated.to_string());
        for member in self.identity_family(table) {
            self.edit_column(member, column, |column| column.identity = Some(identity));
        }
        Ok(())
    }

    /// The sequences behind an identity column; those of a serial are not among them.
    pub(super) fn identity_sequences(&self, table: Oid, column: &str) -> Vec<Oid> {
        self.catalog
            .sequences_of(table, Some(column))
            .into_iter()
            .filter(|sequence| {
                sequence
                    .owned_by
                    .as_ref()
                    .is_some_and(|owner| owner.identity)
            })
            .map(|sequence| sequence.oid)
            .collect()
    }

    pub(super) fn drop_identity(&mut self, table: Oid, column: &str, missing_ok: bool) -> Outcome {
        self.refuse_identity_of_partition(table, "drop identity from")?;
        if !self.learn_column(table, column)? {
            return Ok(());
        }
        if !missing_ok {
            self.require_identity(table, column)?;
        }
        for sequence in self.identity_sequences(table, column) {
            self.forget(sequence);
        }
        for member in self.identity_family(table) {
            self.edit_column(member, column, |column| column.identity = None);
        }
        Ok(())
    }

    /// From 17 on the root decides for its partitions.
    fn refuse_identity_of_partition(&self, table: Oid, what: &str) -> Outcome {
        if self.since(17) && self.get(table)?.is_partition() {
            return refuse("42P16", format!("cannot {what} a column of a partition"));
        }
        Ok(())
    }

    fn require_identity(&self, table: Oid, column: &str) -> Outcome {
        let relation = self.get(table)?;
        let identity = relation
            .column(column)
            .is_some_and(|column| column.identity.is_some());
        if relation.complete && !identity {
            return refuse(
                "55000",
                format!(
                    "column \"{column}\" of relation \"{}\" is not an identity column",
                    relation.name.name
                ),
            );
        }
        Ok(())
    }

    /// From 17 on partitions share the identity of their root.
    fn identity_family(&self, table: Oid) -> Vec<Oid> {
        if self.since(17) {
            self.catalog
                .family(table)
                .into_iter()
                .filter(|&oid| {
                    oid == table
                        || self
                            .catalog
                            .relation(oid)
                            .is_some_and(|relation| relation.is_partition())
                })
                .collect()
        } else {
            vec![table]
        }
    }
}
